//! What follows from the state about one item: parent, governing, hiding, current step. Pure look-ups, no rules.

use std::sync::{Arc, LazyLock};

use countersign_core::State;
use countersign_core::artifact::{Item, StepStatus};
use countersign_core::ids::{FieldId, ItemId, StepId};
use countersign_core::signoff::{Signoff, SignoffKey};

/// How many parents an item can have above it: bundle or version, model, project, initiative, and some to spare.
const ANCESTORS_MAX: usize = 16;

static DATAIKU_ITEM: LazyLock<FieldId> = LazyLock::new(|| FieldId::from("dataiku_item"));

/// The synced items that a govern item governs.
pub fn sources(item: &Item) -> impl Iterator<Item = ItemId> {
    item.fields.get(&*DATAIKU_ITEM).into_iter().flat_map(countersign_core::value::Value::references)
}

/// The govern item of a synced item; the first, should there ever be several.
#[must_use]
pub fn governed_by(state: &State, source: ItemId) -> Option<ItemId> {
    let referrers = state.items.referrers.get(&source)?;
    referrers
        .range((DATAIKU_ITEM.clone(), ItemId(0))..)
        .take_while(|(field, _)| *field == *DATAIKU_ITEM)
        .map(|(_, item)| *item)
        .find(|item| state.items.by_id.contains_key(item))
}

/// The item above this one, by its template's parent field.
#[must_use]
pub fn parent(state: &State, item: &Item) -> Option<ItemId> {
    let template = &item.template;
    let version = state.templates.blueprints.get(&template.blueprint)?.versions.get(&template.version)?;
    item.fields.get(version.definition.parent_field.as_ref()?)?.references().next()
}

/// Hidden itself, or below a hidden one.
#[must_use]
pub fn is_hidden(state: &State, item: &Item) -> bool {
    let mut hidden = item.is_hidden;
    let mut above = parent(state, item);
    for _ in 0..ANCESTORS_MAX {
        let Some(ancestor) = above.and_then(|id| state.items.by_id.get(&id)) else { break };
        hidden |= ancestor.is_hidden;
        above = parent(state, ancestor);
    }
    hidden
}

/// Where a workflow is: nothing before it began, else the ongoing step, else the first not started, else the last
/// finished.
#[must_use]
pub fn current_step(item: &Item) -> Option<&StepId> {
    let first = |status| item.steps.iter().find(|step| step.status == status);
    if item.steps.iter().all(|step| step.status == StepStatus::NotStarted) {
        return None;
    }
    first(StepStatus::Ongoing)
        .or_else(|| first(StepStatus::NotStarted))
        .or_else(|| item.steps.iter().rev().find(|step| step.status == StepStatus::Finished))
        .map(|step| &step.id)
}

/// The sign-off that stands for an item: that of its current step, else the last of its workflow that has one.
#[must_use]
pub fn signoff<'a>(state: &'a State, item: &Item) -> Option<(SignoffKey, &'a Arc<Signoff>)> {
    let of = |step: &StepId| {
        let key = SignoffKey { item: item.id, step: step.clone() };
        let signoff = state.signoffs.by_step.get(&key)?;
        Some((key, signoff))
    };
    current_step(item).and_then(of).or_else(|| item.steps.iter().rev().find_map(|step| of(&step.id)))
}
