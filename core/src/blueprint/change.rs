//! What a change of template takes from items: values of fields that are gone or of another type, and steps.
//!
//! A field that only became narrower (range, categories, blueprints, cardinality, required) takes nothing: what is
//! there stays, and is checked when somebody next saves that field.

use std::fmt;

use super::state::{Definition, FieldDefinition, FieldKind, FieldSource, Version};
use crate::artifact::govern::SOURCE_FIELD;
use crate::artifact::{Item, StepStatus};
use crate::ids::{FieldId, StepId, TemplateId};
use crate::signoff::{self, Status};
use crate::state::State;
use crate::value::{FieldChange, OldValue, Value};

/// The stored fields of `old` whose values `new` cannot hold: gone, of another type, list or not, or computed now.
#[must_use]
pub fn lost_fields(old: &Definition, new: &Definition) -> Vec<FieldId> {
    let stored = old.fields.iter().filter(|field| field.source == FieldSource::Stored);
    let is_lost = |field: &&FieldDefinition| {
        field.id.as_str() != SOURCE_FIELD && new.field(&field.id).is_none_or(|new| !is_alike(field, new))
    };
    stored.filter(is_lost).map(|field| field.id.clone()).collect()
}

fn is_alike(old: &FieldDefinition, new: &FieldDefinition) -> bool {
    std::mem::discriminant(&old.kind) == std::mem::discriminant(&new.kind)
        && old.list.is_some() == new.list.is_some()
        && new.source == FieldSource::Stored
}

/// Whether a value is of a field's type, whatever its bounds.
fn fits(field: &FieldDefinition, value: &Value) -> bool {
    let is_kind = |scalar: &Value| {
        matches!(
            (&field.kind, scalar),
            (FieldKind::Text, Value::Text(_))
                | (FieldKind::Number { .. }, Value::Number(_))
                | (FieldKind::Boolean, Value::Boolean(_))
                | (FieldKind::Date, Value::Date(_))
                | (FieldKind::Category { .. }, Value::Category(_))
                | (FieldKind::Reference { .. }, Value::Reference(_))
                | (FieldKind::UploadedFile, Value::File(_))
                | (FieldKind::TimeSeries, Value::Series(_))
                | (FieldKind::Json, Value::Json(_))
        )
    };
    field.source == FieldSource::Stored
        && field.list.is_some() == matches!(value, Value::List(_))
        && value.scalars().all(is_kind)
}

/// What an item loses of these fields under a definition. What was saved under it already stays.
#[must_use]
pub fn dropped(item: &Item, definition: &Definition, lost: &[FieldId]) -> Vec<FieldChange> {
    let held = lost.iter().filter_map(|field| Some((field, item.fields.get(field)?)));
    let gone = held.filter(|(field, value)| definition.field(field).is_none_or(|field| !fits(field, value)));
    gone.map(|(field, value)| FieldChange { field: field.clone(), old: OldValue::of(Some(value)), new: None }).collect()
}

/// The items of a template, in order.
pub fn users<'a>(state: &'a State, template: &TemplateId) -> impl Iterator<Item = &'a Item> + use<'a> {
    let template = template.clone();
    let ids = state.items.by_blueprint.get(&template.blueprint).into_iter().flat_map(|ids| ids.iter());
    let items = ids.filter_map(|id| state.items.by_id.get(id)).map(|item| &**item);
    items.filter(move |item| item.template == template)
}

/// What items would lose, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loss {
    /// Fields, and in how many items each.
    pub fields: Vec<(FieldId, usize)>,
    /// Steps on which work or a sign-off has begun, and in how many items each.
    pub steps: Vec<(StepId, usize)>,
}

impl Loss {
    /// Of all items of a version, when its definition becomes this.
    pub(super) fn of(state: &State, version: &Version, definition: &Definition, lost: &[FieldId]) -> Self {
        let leaves = version.definition.steps.iter().any(|step| definition.step(&step.id).is_none());
        let mut loss = Self::default();
        if lost.is_empty() && !leaves {
            return loss;
        }
        for item in users(state, &version.id) {
            loss.add(&Self::of_item(state, item, definition, lost));
        }
        loss
    }

    /// Of one item.
    #[must_use]
    pub fn of_item(state: &State, item: &Item, definition: &Definition, lost: &[FieldId]) -> Self {
        let gone = item.steps.iter().filter(|step| definition.step(&step.id).is_none());
        let begun = gone.filter(|step| {
            let key = signoff::SignoffKey { item: item.id, step: step.id.clone() };
            let signoff = state.signoffs.by_step.get(&key);
            step.status != StepStatus::NotStarted
                || signoff.is_some_and(|signoff| signoff.status != Status::NotStarted || signoff.cycle > 1)
        });
        Self {
            fields: dropped(item, definition, lost).into_iter().map(|change| (change.field, 1)).collect(),
            steps: begun.map(|step| (step.id.clone(), 1)).collect(),
        }
    }

    fn add(&mut self, other: &Self) {
        count(&mut self.fields, &other.fields);
        count(&mut self.steps, &other.steps);
    }

    /// Nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.fields.is_empty() && self.steps.is_empty()
    }
}

fn count<Id: Clone + PartialEq>(into: &mut Vec<(Id, usize)>, more: &[(Id, usize)]) {
    for (id, items) in more {
        match into.iter_mut().find(|(known, _)| known == id) {
            Some((_, count)) => *count = count.saturating_add(*items),
            None => into.push((id.clone(), *items)),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.fields.iter().map(|(field, items)| format!("the field {field} of {items}"));
        let steps = self.steps.iter().map(|(step, items)| format!("the step {step} of {items}"));
        let parts: Vec<_> = fields.chain(steps).collect();
        write!(f, "{} items would be lost; accept that with dangerZoneAccepted", parts.join(", "))
    }
}
