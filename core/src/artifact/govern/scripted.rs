//! Follows what rules and the instance's script decided about a synced item.

use std::sync::Arc;

use super::decide::{INITIATIVE, govern_upcoming, version_for};
use super::{SOURCE_FIELD, governing_item, sources, synced_children};
use crate::access::FieldAccess;
use crate::artifact::edit::{choose, split};
use crate::artifact::fields::{Save, json_bytes};
use crate::artifact::rights::refuse_archived;
use crate::artifact::{Event, Rejection};
use crate::blueprint::{FieldSource, Version};
use crate::context::Principal;
use crate::draft::Draft;
use crate::event::Event as Any;
use crate::ids::{FieldId, ItemId, VersionId};
use crate::input::Input;
use crate::rejection::{FieldProblem, FieldProblems, common};
use crate::rules::{self, Decision, Kind, Said};
use crate::state::State;
use crate::value::{FieldChange, OldValue, Value};

/// Most bytes of JSON that a script prefills: they stand in one event.
pub const PREFILL_BYTES_MAX: usize = 24 * 1024;

/// How a script wants an item governed.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Under which version; the one that `prefill` was checked against.
    pub(crate) version: Option<VersionId>,
    /// What the govern item shall hold.
    pub(crate) prefill: Vec<(FieldId, Value)>,
}

/// The synced items that will have lost their govern item, or what they lie in, once this has happened.
pub(crate) fn freed_by(state: &State, event: &Any) -> Vec<ItemId> {
    let item = match event {
        Any::Item(Event::ItemDeleted { item }) => *item,
        Any::Item(Event::FieldsEdited { item, changes })
            if changes.iter().any(|change| change.field.as_str() == SOURCE_FIELD) =>
        {
            *item
        }
        _ => return Vec::new(),
    };
    let Some(found) = state.items.by_id.get(&item) else { return Vec::new() };
    let mut freed: Vec<ItemId> = sources(found).chain(synced_children(state, item)).collect();
    let below: Vec<ItemId> = freed.iter().flat_map(|item| synced_children(state, *item)).collect();
    freed.extend(below);
    freed
}

/// Hides an item, or shows it again, when that is what its rule wants.
pub(crate) fn turn(draft: &mut Draft<'_>, item: ItemId) {
    if !draft.state().rules.turning.contains(&item) {
        return;
    }
    if draft.state().items.by_id.get(&item).is_some_and(|item| item.is_hidden) {
        draft.emit_for_script(Event::ItemShown { item });
        govern_upcoming(draft, item);
    } else {
        draft.emit_for_script(Event::ItemHidden { item });
    }
}

/// The active version that a script names for what governs a kind of items.
pub(crate) fn active_version(
    state: &State,
    kind: Kind,
    version: Option<&VersionId>,
) -> Result<Arc<Version>, crate::Rejection> {
    Ok(choose(state, &kind.govern_blueprint().into(), version)?)
}

/// What a script says about governing an item, when all of it can be done.
pub(crate) fn check_wanted(
    draft: &Draft<'_>,
    item: ItemId,
    kind: Kind,
    version: Option<VersionId>,
    said: &Said,
) -> Result<Wanted, crate::Rejection> {
    let state = draft.state();
    let initiative = said.initiative.map(|initiative| (FieldId::from(INITIATIVE), initiative));
    if let Some((_, initiative)) = &initiative {
        refuse_archived(present(state, *initiative)?)?;
    }
    let mut given = said.prefill.clone();
    given.retain(|(field, _)| initiative.as_ref().is_none_or(|(known, _)| known != field));
    given.extend(initiative.map(|(field, initiative)| (field, Input::Text(initiative.to_string().into()))));
    let applied = match (said.attach_to, &version) {
        (Some(target), _) => {
            let found = present(state, target)?;
            let is_kind = kind == Kind::Project && found.template.blueprint.as_str() == kind.govern_blueprint();
            if !is_kind || version.as_ref().is_some_and(|version| *version != found.template.version) {
                return Err(Rejection::AttachNotPossible { item: target }.into());
            }
            refuse_archived(found)?;
            state.templates.version(&found.template).cloned()
        }
        (None, Some(_)) => Some(active_version(state, kind, version.as_ref())?),
        (None, None) if given.is_empty() => return Ok(Wanted::default()),
        (None, None) => {
            let parent = super::source_parent(state, item).and_then(|parent| governing_item(state, parent));
            let parent = parent.and_then(|parent| state.items.by_id.get(&parent));
            version_for(state, &kind.govern_blueprint().into(), None, parent.map(Arc::as_ref))
        }
    };
    let Some(applied) = applied else {
        return Err(Rejection::VersionNotActive { blueprint: kind.govern_blueprint().into() }.into());
    };
    let prefill = check_values(state, &applied, &given)?;
    Ok(Wanted { version: Some(applied.id.version.clone()), prefill })
}

fn present(state: &State, item: ItemId) -> Result<&crate::artifact::Item, common::Rejection> {
    let found = state.items.by_id.get(&item).map(Arc::as_ref);
    found.ok_or_else(|| common::Rejection::NotFound { what: item.to_string() })
}

// The script speaks for everybody, as the rules do that ask it: no right is asked for.
fn check_values(
    state: &State,
    version: &Version,
    given: &[(FieldId, Input)],
) -> Result<Vec<(FieldId, Value)>, crate::Rejection> {
    let invalid = |problems| Rejection::FieldsInvalid { problems: FieldProblems(problems) };
    let access = FieldAccess::on_new(state, &Principal::System, &version.id.blueprint);
    let (definition, principal) = (&version.definition, &Principal::System);
    let save = Save { state, principal, definition, item: None, access: &access };
    let changes = save.check_given(given).map_err(invalid)?;
    if changes.iter().any(|change| change.field.as_str() == SOURCE_FIELD) {
        let message = "is what is governed, and not prefilled".to_owned();
        return Err(invalid(vec![FieldProblem { field: SOURCE_FIELD.into(), code: "source_fixed", message }]).into());
    }
    let length_bytes = changes.iter().filter_map(|change| change.new.as_ref()).map(json_bytes).sum();
    if length_bytes > PREFILL_BYTES_MAX {
        return Err(rules::Rejection::PrefillTooLong { length_bytes, max_bytes: PREFILL_BYTES_MAX }.into());
    }
    Ok(changes.into_iter().filter_map(|change| Some((change.field, change.new?))).collect())
}

/// Fills in what a decision prefills, where the govern item holds nothing and is of the version that it is for.
pub(super) fn prefill(draft: &mut Draft<'_>, item: ItemId, decision: &Decision) {
    let state = draft.state();
    let Some(found) = state.items.by_id.get(&item) else { return };
    if decision.rule.version.as_ref().is_some_and(|version| *version != found.template.version) {
        return;
    }
    let Some(version) = state.templates.version(&found.template) else { return };
    let takes = |field: &FieldId| {
        let defined = version.definition.field(field);
        !found.fields.contains_key(field) && defined.is_some_and(|field| field.source == FieldSource::Stored)
    };
    let filled = decision.prefill.iter().filter(|(field, _)| takes(field)).cloned();
    let changes = filled.map(|(field, value)| FieldChange { field, old: OldValue::Absent, new: Some(value) }).collect();
    for changes in split(changes) {
        draft.emit_for_script(Event::FieldsEdited { item, changes });
    }
}
