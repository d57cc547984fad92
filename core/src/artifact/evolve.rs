//! Folds facts about items and workflows.

use std::sync::Arc;

use imbl::OrdMap;

use super::Event;
use super::index::{change, insert_item, remove_item, set_field};
use super::state::{ChildRule, ChildrenRules, Item, Step, StepStatus};
use crate::access;
use crate::ids::{FieldId, ItemId, StepId, TemplateId};
use crate::recorded::Recorded;
use crate::signoff;
use crate::state::State;
use crate::value::Value;

pub(crate) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    match event {
        Event::ItemCreated { item, template, name, fields } => {
            insert_item(state, new_item(state, recorded, *item, template, name, fields));
        }
        Event::ItemGoverned { item, source: _, template, name, fields, children } => {
            let mut governed = new_item(state, recorded, *item, template, name, fields);
            governed.is_named_by_person = false;
            governed.children = *children;
            insert_item(state, governed);
        }
        Event::ItemAttached { item, source, children } => attach(state, *item, *source, *children),
        Event::ItemHidden { item } => change(state, *item, |item| item.is_hidden = true),
        Event::ItemShown { item } => change(state, *item, |item| item.is_hidden = false),
        Event::FieldsEdited { item, changes } => {
            for edit in changes {
                set_field(state, *item, &edit.field, edit.new.clone());
            }
        }
        Event::ItemRenamed { item, new, by_person, .. } => change(state, *item, |item| {
            item.name = new.clone();
            item.is_named_by_person |= by_person;
        }),
        Event::ItemArchived { item } => change(state, *item, |item| item.is_archived = true),
        Event::ItemRestored { item } => change(state, *item, |item| item.is_archived = false),
        Event::ItemDeleted { item } => {
            signoff::forget(state, *item);
            crate::sync::forget(state, *item);
            access::bury(state, *item);
            remove_item(state, *item);
            super::follow::settle(state);
        }
        Event::StepStarted { item, step } => set_step(state, *item, step, StepStatus::Ongoing),
        Event::StepFinished { item, step } => set_step(state, *item, step, StepStatus::Finished),
        Event::StepReopened { item, step, is_ongoing } => {
            let status = if *is_ongoing { StepStatus::Ongoing } else { StepStatus::NotStarted };
            set_step(state, *item, step, status);
        }
        Event::StepSkipped { item, step } => set_step(state, *item, step, StepStatus::Skipped),
        // The gate reads the sign-off itself; this event is there for people.
        Event::SignoffPassedOver { .. } => {}
        Event::ItemMigrated { item, to, dropped, .. } => super::follow::evolve(state, recorded, *item, to, dropped),
        Event::CommentAdded { .. }
        | Event::CommentEdited { .. }
        | Event::CommentDeleted { .. }
        | Event::PageSet { .. }
        | Event::PageRemoved { .. } => super::talk::evolve(state, recorded, event),
    }
    super::govern::settle(state, event);
}

/// The steps of a new item: every one NOT_STARTED.
pub(crate) fn new_steps(state: &State, template: &TemplateId) -> Vec<Step> {
    let version = state.templates.version(template);
    let steps = version.map(|version| version.definition.steps.as_slice()).unwrap_or_default();
    steps.iter().map(|step| Step { id: step.id.clone(), status: StepStatus::NotStarted }).collect()
}

fn new_item(
    state: &State,
    recorded: &Recorded,
    item: ItemId,
    template: &TemplateId,
    name: &Arc<str>,
    fields: &[(FieldId, Value)],
) -> Item {
    Item {
        id: item,
        name: name.clone(),
        is_named_by_person: true,
        template: template.clone(),
        fields: fields.iter().cloned().collect::<OrdMap<_, _>>(),
        steps: new_steps(state, template),
        is_archived: false,
        is_hidden: false,
        source: None,
        children: ChildrenRules::default(),
        position: recorded.position,
        created: recorded.position,
    }
}

fn attach(state: &mut State, item: ItemId, source: ItemId, children: ChildrenRules) {
    let field = FieldId::from(super::govern::SOURCE_FIELD);
    let Some(found) = state.items.by_id.get(&item) else { return };
    let mut sources: Vec<Value> =
        found.fields.get(&field).map(|value| value.scalars().cloned().collect()).unwrap_or_default();
    sources.push(Value::Reference(source));
    set_field(state, item, &field, Some(Value::List(sources.into())));
    change(state, item, |item| {
        item.children = ChildrenRules {
            bundles: wider(item.children.bundles, children.bundles),
            models: wider(item.children.models, children.models),
            model_versions: wider(item.children.model_versions, children.model_versions),
        };
    });
}

const fn wider(one: ChildRule, other: ChildRule) -> ChildRule {
    match (one, other) {
        (ChildRule::All, _) | (_, ChildRule::All) => ChildRule::All,
        (ChildRule::Existing, _) | (_, ChildRule::Existing) => ChildRule::Existing,
        (ChildRule::None, ChildRule::None) => ChildRule::None,
    }
}

fn set_step(state: &mut State, item: ItemId, step: &StepId, status: StepStatus) {
    change(state, item, |item| {
        if let Some(found) = item.steps.iter_mut().find(|found| found.id == *step) {
            found.status = status;
        }
    });
}
