//! Making and changing items: one Save is one atomic command.

use std::sync::Arc;

use super::fields::{Save, json_bytes};
use super::rights::{changeable, field_access, is_people_field, refuse_locked, refuse_unreadable, refuse_unwritable};
use super::state::{Item, StepStatus};
use super::{Event, Rejection, sources, workflow};
use crate::access::FieldAccess;
use crate::access::may::{Action, Subject};
use crate::access::require::require;
use crate::blueprint::{Version, VersionStatus};
use crate::command::Proposal;
use crate::context::Principal;
use crate::draft::Draft;
use crate::ids::{BlueprintId, FieldId, ItemId, StepId, VersionId};
use crate::input::Input;
use crate::rejection::{FieldProblem, FieldProblems, common};
use crate::signoff;
use crate::state::State;
use crate::value::{FieldChange, OldValue};

/// Longest name of an item, in bytes.
pub const NAME_BYTES_MAX: usize = 1_024;
/// How many bytes of changed fields stand in one event; a larger Save makes several.
const CHANGES_BYTES_MAX: usize = 40 * 1024;

pub(super) fn create(
    draft: &mut Draft<'_>,
    (blueprint, version): (&BlueprintId, Option<&VersionId>),
    name: &Arc<str>,
    fields: &[(FieldId, Input)],
    steps: &[(StepId, StepStatus)],
) -> Result<(), crate::Rejection> {
    if draft.state().templates.blueprint(blueprint).is_none() {
        return Err(common::Rejection::NotFound { what: blueprint.to_string() }.into());
    }
    refuse_locked(draft.state(), blueprint)?;
    require(draft, Action::Create, Subject::Blueprint(blueprint))?;
    let version = choose(draft.state(), blueprint, version)?;
    check_name(name)?;
    let changes = check_fields(draft, &version, None, fields)?;
    let item = next_item(draft.state());
    let mut parts = split(changes).into_iter();
    let first = parts.next().unwrap_or_default();
    let fields = first.into_iter().filter_map(|change| Some((change.field, change.new?))).collect();
    draft.emit(Event::ItemCreated { item, template: version.id.clone(), name: name.clone(), fields });
    for changes in parts {
        draft.emit(Event::FieldsEdited { item, changes });
    }
    signoff::open_all(draft, item);
    if !steps.is_empty() {
        changeable(draft, item)?;
    }
    Ok(workflow::move_steps(draft, item, steps)?)
}

pub(super) fn save(
    draft: &mut Draft<'_>,
    item: ItemId,
    name: Option<&Arc<str>>,
    fields: &[(FieldId, Input)],
    steps: &[(StepId, StepStatus)],
) -> Result<(), crate::Rejection> {
    let found = changeable(draft, item)?;
    if let Some(new) = name {
        check_name(new)?;
    }
    if !fields.is_empty() {
        let version = version_of(draft.state(), &found)?;
        let changes = check_fields(draft, &version, Some(&found), fields)?;
        for changes in split(changes) {
            draft.emit(Event::FieldsEdited { item, changes });
        }
    }
    if let Some(new) = name.filter(|new| **new != found.name) {
        let (old, new) = (found.name.clone(), new.clone());
        draft.emit(Event::ItemRenamed { item, old, new, by_person: true });
    }
    workflow::move_steps(draft, item, steps)?;
    Ok(())
}

/// What a hook of the item's template wants. Templates speak for everybody: no right of the actor is asked for.
pub(crate) fn follow_hook(draft: &mut Draft<'_>, proposal: &Proposal) -> Result<(), crate::Rejection> {
    write_for_script(draft, proposal.item, proposal.name.as_ref(), &proposal.fields).map(|_| ())
}

/// Writes what a script wants an item to hold, and tells which fields changed.
pub(super) fn write_for_script(
    draft: &mut Draft<'_>,
    item: ItemId,
    name: Option<&Arc<str>>,
    fields: &[(FieldId, Input)],
) -> Result<Vec<FieldChange>, crate::Rejection> {
    let not_found = || common::Rejection::NotFound { what: item.to_string() };
    let found = draft.state().items.by_id.get(&item).cloned().ok_or_else(not_found)?;
    let version = version_of(draft.state(), &found)?;
    let (state, itself) = (draft.state(), Principal::System);
    let access = FieldAccess::on(state, &itself, item);
    let all = check_values(state, &itself, &version, Some(&found), &access, fields)?;
    for changes in split(all.clone()) {
        draft.emit_for_script(Event::FieldsEdited { item, changes });
    }
    if let Some(new) = name.filter(|new| **new != found.name) {
        check_name(new)?;
        let (old, new) = (found.name.clone(), new.clone());
        draft.emit_for_script(Event::ItemRenamed { item, old, new, by_person: true });
    }
    Ok(all)
}

/// Changes stored fields by a rule, not by a person's input; nothing happens when they hold that already.
pub(super) fn set_by_rule(draft: &mut Draft<'_>, item: ItemId, field: &FieldId, new: Option<crate::value::Value>) {
    let Some(found) = draft.state().items.by_id.get(&item) else { return };
    let old = found.fields.get(field);
    if old == new.as_ref() {
        return;
    }
    let change = FieldChange { field: field.clone(), old: OldValue::of(old), new };
    draft.emit(Event::FieldsEdited { item, changes: vec![change] });
}

/// The id that the next new item gets.
pub(super) fn next_item(state: &State) -> ItemId {
    ItemId(state.items.last_item.saturating_add(1))
}

/// The template to apply: the named one, or the only active one.
pub(super) fn choose(
    state: &State,
    blueprint: &BlueprintId,
    version: Option<&VersionId>,
) -> Result<Arc<Version>, Rejection> {
    let none = || Rejection::VersionNotActive { blueprint: blueprint.clone() };
    let found = state.templates.blueprint(blueprint).ok_or_else(none)?;
    if let Some(version) = version {
        let named = found.versions.get(version).filter(|named| named.status == VersionStatus::Active);
        return named.cloned().ok_or_else(none);
    }
    let mut active = found.active();
    let only = active.next().cloned().ok_or_else(none)?;
    match active.next() {
        None => Ok(only),
        Some(_) => Err(Rejection::TemplateNeeded { blueprint: blueprint.clone() }),
    }
}

/// The template that an item is of.
pub(super) fn version_of(state: &State, item: &Item) -> Result<Arc<Version>, crate::Rejection> {
    let found = state.templates.version(&item.template);
    found.cloned().ok_or_else(|| common::Rejection::NotFound { what: item.template.to_string() }.into())
}

fn check_fields(
    draft: &Draft<'_>,
    version: &Version,
    item: Option<&Item>,
    given: &[(FieldId, Input)],
) -> Result<Vec<FieldChange>, crate::Rejection> {
    let (state, principal) = (draft.state(), &draft.context().caller.principal);
    let access = field_access(draft, version, item);
    refuse_unreadable(&access, given)?;
    let changes = check_values(state, principal, version, item, &access, given)?;
    refuse_unwritable(&access, &changes)?;
    if changes.iter().any(|change| is_people_field(state, version, &change.field, item.is_some())) {
        let subject = item.map_or(Subject::Blueprint(&version.id.blueprint), |item| Subject::Item(item.id));
        require(draft, Action::Admin, subject)?;
    }
    Ok(changes)
}

/// The fields that change, if they may be what is given, whoever gives it.
fn check_values(
    state: &State,
    principal: &Principal,
    version: &Version,
    item: Option<&Item>,
    access: &FieldAccess<'_>,
    given: &[(FieldId, Input)],
) -> Result<Vec<FieldChange>, Rejection> {
    let invalid = |problems: Vec<FieldProblem>| Rejection::FieldsInvalid { problems: FieldProblems(problems) };
    let save = Save { state, principal, definition: &version.definition, item, access };
    let changes = save.check(given).map_err(invalid)?;
    let problems = sources::problems(state, principal, &version.definition, item, &changes);
    if problems.is_empty() { Ok(changes) } else { Err(invalid(problems)) }
}

fn check_name(name: &str) -> Result<(), common::Rejection> {
    if name.trim().is_empty() || name.contains(char::is_control) {
        return Err(common::Rejection::NameInvalid { what: "the name" });
    }
    if name.len() > NAME_BYTES_MAX {
        let (length_bytes, max_bytes) = (name.len(), NAME_BYTES_MAX);
        return Err(common::Rejection::TextTooLong { what: "the name", length_bytes, max_bytes });
    }
    Ok(())
}

/// Changes in parts that fit into an event each.
pub(super) fn split(changes: Vec<FieldChange>) -> Vec<Vec<FieldChange>> {
    let mut parts: Vec<Vec<FieldChange>> = Vec::new();
    let mut room = 0;
    for change in changes {
        let old = if let OldValue::Value(value) = &change.old { json_bytes(value) } else { 0 };
        let bytes = old + change.new.as_ref().map_or(0, json_bytes) + change.field.as_str().len();
        match parts.last_mut() {
            Some(part) if bytes <= room => part.push(change),
            _ => {
                room = CHANGES_BYTES_MAX;
                parts.push(vec![change]);
            }
        }
        room = room.saturating_sub(bytes);
    }
    parts
}
