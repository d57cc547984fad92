//! Governing: which govern item stands for a synced one, what lies below it, and what is still to be governed.

mod decide;
mod pending;
mod scripted;

pub use decide::GOVERNED_MAX;
pub use scripted::PREFILL_BYTES_MAX;

pub(super) use decide::{govern, govern_pending, governable, hide, show};
pub(crate) use decide::{govern_upcoming, rename_from_source};
pub(super) use pending::settle;
pub(crate) use pending::{settle_begun, settle_below, settle_gone};
pub(crate) use scripted::{active_version, check_wanted, freed_by, turn};

use std::ops::Bound;

use super::state::{ChildRule, ChildrenRules, Item};
use crate::ids::{BlueprintId, FieldId, ItemId};
use crate::state::State;
use crate::sync::{SyncKey, SyncObject};

/// The field of a govern item that lists what it governs.
pub const SOURCE_FIELD: &str = "dataiku_item";

/// The govern item of a synced one. There is at most one.
#[must_use]
pub fn governing_item(state: &State, source: ItemId) -> Option<ItemId> {
    let from = (FieldId::from(SOURCE_FIELD), ItemId(0));
    let referrers = state.items.referrers.get(&source)?;
    referrers.range(from..).take_while(|(field, _)| field.as_str() == SOURCE_FIELD).map(|(_, item)| *item).next()
}

/// The synced items that a govern item stands for, in the order in which they were attached.
pub fn sources(item: &Item) -> impl Iterator<Item = ItemId> {
    item.fields.get(SOURCE_FIELD).into_iter().flat_map(|value| value.references())
}

/// Whether a synced item is hidden, by itself or by something it lies in.
#[must_use]
pub fn is_hidden(state: &State, item: ItemId) -> bool {
    let Some(found) = state.items.by_id.get(&item) else { return false };
    found.is_hidden || source_parent(state, item).is_some_and(|parent| is_hidden(state, parent))
}

/// The synced item that a synced item lies in.
#[must_use]
pub fn source_parent(state: &State, item: ItemId) -> Option<ItemId> {
    let key = &state.items.by_id.get(&item)?.source.as_ref()?.key;
    let parent = SyncKey { node: key.node.clone(), object: key.object.parent()? };
    state.nodes.items.get(&parent).copied()
}

/// The synced items that lie in a synced item, one level deep.
#[must_use]
pub fn synced_children(state: &State, source: ItemId) -> Vec<ItemId> {
    let key = state.items.by_id.get(&source).and_then(|item| Some(&item.source.as_ref()?.key));
    let Some(parent) = key else { return Vec::new() };
    let of_kind = |object| {
        let first = SyncKey { node: parent.node.clone(), object };
        children_beyond(state, parent, &first.object, &first)
    };
    child_kinds(&parent.object).into_iter().flat_map(of_kind).collect()
}

/// The children of a synced item that are of this kind, and beyond a key.
fn children_beyond<'a>(
    state: &'a State,
    parent: &'a SyncKey,
    kind: &SyncObject,
    from: &SyncKey,
) -> impl Iterator<Item = ItemId> + use<'a> {
    let kind = std::mem::discriminant(kind);
    let is_child = move |key: &SyncKey| {
        key.node == parent.node
            && std::mem::discriminant(&key.object) == kind
            && key.object.parent().as_ref() == Some(&parent.object)
    };
    let keys = state.nodes.items.range::<_, SyncKey>((Bound::Excluded(from), Bound::Unbounded));
    keys.take_while(move |(key, _)| is_child(key)).map(|(_, child)| *child)
}

/// The govern items that hang below a govern item because their sources lie in its sources.
pub fn governed_below(state: &State, item: ItemId) -> impl Iterator<Item = ItemId> {
    let referrers = state.items.referrers.get(&item).into_iter().flatten();
    let is_below = move |child: &ItemId| {
        let found = state.items.by_id.get(child);
        let above = |source| source_parent(state, source).and_then(|above| governing_item(state, above));
        found.is_some_and(|found| sources(found).any(|source| above(source) == Some(item)))
    };
    referrers.map(|(_, child)| *child).filter(is_below)
}

/// The kinds of children of an object, each by a key that stands before all of them.
fn child_kinds(of: &SyncObject) -> Vec<SyncObject> {
    match of {
        SyncObject::Project { project } => vec![
            SyncObject::SavedModel { project: project.clone(), model: "".into() },
            SyncObject::Bundle { project: project.clone(), bundle: "".into() },
        ],
        SyncObject::SavedModel { project, model } => {
            vec![SyncObject::ModelVersion { project: project.clone(), model: model.clone(), version: "".into() }]
        }
        _ => Vec::new(),
    }
}

const fn rule_for(rules: ChildrenRules, object: &SyncObject) -> ChildRule {
    match object {
        SyncObject::Bundle { .. } => rules.bundles,
        SyncObject::SavedModel { .. } => rules.models,
        SyncObject::ModelVersion { .. } => rules.model_versions,
        SyncObject::Project { .. } | SyncObject::Dataset { .. } | SyncObject::Deployment { .. } => ChildRule::None,
    }
}

/// Whether a synced item could be governed by a rule, as far as itself is concerned.
pub(crate) fn can_be_governed(state: &State, child: ItemId) -> bool {
    let Some(item) = state.items.by_id.get(&child) else { return false };
    let Some(source) = &item.source else { return false };
    let Some(blueprint) = source.key.object.govern_blueprint().map(BlueprintId::from) else { return false };
    let has_template = state.templates.blueprint(&blueprint).is_some_and(|found| found.active().next().is_some());
    has_template && !source.is_gone && !item.is_hidden && governing_item(state, child).is_none()
}
