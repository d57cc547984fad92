//! The questions that every command here asks of [`allows`] before it looks at anything else.

use std::sync::Arc;

use super::Rejection;
use super::state::Item;
use crate::access::FieldAccess;
use crate::access::may::{Action, Subject, allows};
use crate::access::require::require;
use crate::blueprint::Version;
use crate::draft::Draft;
use crate::ids::{BlueprintId, FieldId, ItemId};
use crate::input::Input;
use crate::rejection::{FieldProblem, FieldProblems, common};
use crate::state::State;
use crate::value::FieldChange;

/// The item, when the actor may see it; what he may not see does not exist for him.
pub(super) fn readable(draft: &Draft<'_>, item: ItemId) -> Result<Arc<Item>, crate::Rejection> {
    let principal = &draft.context().caller.principal;
    let found = draft.state().items.by_id.get(&item);
    let found = found.filter(|_| allows(draft.state(), principal, Action::Read, Subject::Item(item)));
    found.cloned().ok_or_else(|| common::Rejection::NotFound { what: item.to_string() }.into())
}

/// The item, when the actor may see it and do this with it, and it is not synced.
pub(super) fn own(draft: &Draft<'_>, item: ItemId, action: Action) -> Result<Arc<Item>, crate::Rejection> {
    let found = readable(draft, item)?;
    refuse_locked(draft.state(), &found.template.blueprint)?;
    require(draft, action, Subject::Item(item))?;
    Ok(found)
}

/// The item, when the actor may change it and it is neither synced nor archived.
pub(super) fn changeable(draft: &Draft<'_>, item: ItemId) -> Result<Arc<Item>, crate::Rejection> {
    let found = own(draft, item, Action::Write)?;
    refuse_archived(&found)?;
    Ok(found)
}

pub(super) fn refuse_archived(item: &Item) -> Result<(), crate::Rejection> {
    if item.is_archived { Err(Rejection::ItemArchived { item: item.id }.into()) } else { Ok(()) }
}

pub(super) fn refuse_locked(state: &State, blueprint: &BlueprintId) -> Result<(), crate::Rejection> {
    if state.templates.is_locked(blueprint) {
        return Err(Rejection::BlueprintLocked { blueprint: blueprint.clone() }.into());
    }
    Ok(())
}

/// What the actor may do with the fields of an item, or of one still to be made.
pub(super) fn field_access<'a>(draft: &'a Draft<'_>, version: &Version, item: Option<&Item>) -> FieldAccess<'a> {
    let (state, principal) = (draft.state(), &draft.context().caller.principal);
    match item {
        Some(item) => FieldAccess::on(state, principal, item.id),
        None => FieldAccess::on_new(state, principal, &version.id.blueprint),
    }
}

/// Refuses fields that the actor may not see, whatever is wished for them: they do not exist for him.
pub(super) fn refuse_unreadable(access: &FieldAccess<'_>, given: &[(FieldId, Input)]) -> Result<(), crate::Rejection> {
    let unreadable = given.iter().filter(|(field, _)| !access.reads(field));
    let problem = |(field, _): &(FieldId, Input)| FieldProblem {
        field: field.clone(),
        code: "unknown_field",
        message: "is not a field of this template".to_owned(),
    };
    let problems: Vec<_> = unreadable.map(problem).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Rejection::FieldsInvalid { problems: FieldProblems(problems) }.into())
    }
}

/// Refuses changes of fields that are not for the actor.
pub(super) fn refuse_unwritable(access: &FieldAccess<'_>, changes: &[FieldChange]) -> Result<(), crate::Rejection> {
    match changes.iter().find(|change| !access.writes(&change.field)) {
        None => Ok(()),
        Some(change) => {
            let needs = format!("the right to write the field {}", change.field);
            Err(common::Rejection::Forbidden { needs }.into())
        }
    }
}

/// Whether a field decides who has which role: on its item, or on an existing one by what it inherits from.
pub(super) fn is_people_field(state: &State, version: &Version, field: &FieldId, exists: bool) -> bool {
    let assignments = state.access.assignments.get(&version.id.blueprint);
    let mut assignments = assignments.into_iter().flat_map(|found| found.iter());
    field.as_str().ends_with("_reviewers")
        || field.as_str() == "final_approvers"
        || assignments
            .any(|one| one.fields.contains(field) || (exists && one.inherited_through.as_ref() == Some(field)))
}
