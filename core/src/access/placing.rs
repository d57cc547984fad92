//! Places items that stand for people, groups and synced objects.

use std::sync::Arc;

use crate::artifact::{Item, Step, StepStatus};
use crate::ids::{FieldId, ItemId, TemplateId};
use crate::state::State;
use crate::value::Value;

pub(crate) fn insert_item(state: &mut State, item: Item) {
    let items = &mut state.items;
    items.last_item = items.last_item.max(item.id.0);
    items.by_blueprint.entry(item.template.blueprint.clone()).or_default().insert(item.id);
    items.by_id.insert(item.id, Arc::new(item));
}

pub(crate) fn set_field(state: &mut State, item: ItemId, field: &FieldId, value: Option<Value>) {
    let Some(found) = state.items.by_id.get_mut(&item) else { return };
    let fields = &mut Arc::make_mut(found).fields;
    match value {
        Some(value) => fields.insert(field.clone(), value),
        None => fields.remove(field),
    };
}

pub(crate) fn new_steps(state: &State, template: &TemplateId) -> Vec<Step> {
    let blueprint = state.templates.blueprints.get(&template.blueprint);
    let version = blueprint.and_then(|blueprint| blueprint.versions.get(&template.version));
    let steps = version.map(|version| version.definition.steps.as_slice()).unwrap_or_default();
    steps.iter().map(|step| Step { id: step.id.clone(), status: StepStatus::NotStarted }).collect()
}
