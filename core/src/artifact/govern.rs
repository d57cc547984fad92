//! Governing: which govern item stands for a synced one, what lies below it, and what is still to be governed.

use std::ops::Bound;

use super::Event;
use super::index::change;
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

/// Whether a child could be governed by its parent's rule.
fn is_waiting(state: &State, child: ItemId) -> bool {
    let Some(item) = state.items.by_id.get(&child) else { return false };
    let Some(source) = &item.source else { return false };
    let Some(blueprint) = source.key.object.govern_blueprint().map(BlueprintId::from) else { return false };
    let has_template = state.templates.blueprint(&blueprint).is_some_and(|found| found.active().next().is_some());
    has_template && !source.is_gone && !item.is_hidden && governing_item(state, child).is_none()
}

/// The next child, after `cursor` in the order of keys, that a govern item's rules still want governed.
pub(super) fn next_child(state: &State, govern_item: &Item, cursor: Option<&SyncKey>) -> Option<ItemId> {
    if govern_item.is_archived || govern_item.children == ChildrenRules::default() {
        return None;
    }
    sources(govern_item).find_map(|source| {
        let parent = &state.items.by_id.get(&source)?.source.as_ref()?.key;
        let wanted = |object: &SyncObject| rule_for(govern_item.children, object) != ChildRule::None;
        let kinds = child_kinds(&parent.object).into_iter().filter(wanted);
        kinds.map(|first| SyncKey { node: parent.node.clone(), object: first }).find_map(|first| {
            let kind = std::mem::discriminant(&first.object);
            let is_child = |key: &SyncKey| {
                key.node == parent.node
                    && std::mem::discriminant(&key.object) == kind
                    && key.object.parent().as_ref() == Some(&parent.object)
            };
            let from = cursor.filter(|cursor| **cursor > first).unwrap_or(&first);
            let range = state.nodes.items.range::<_, SyncKey>((Bound::Excluded(from), Bound::Unbounded));
            range.take_while(|(key, _)| is_child(key)).map(|(_, child)| *child).find(|child| is_waiting(state, *child))
        })
    })
}

/// Keeps `pending` true after an event: a govern item stands there exactly while its rules want something governed.
pub(super) fn settle(state: &mut State, event: &Event) {
    match event {
        Event::ItemGoverned { item, source, .. } => {
            settle_one(state, *item, true);
            if let Some(parent) = source_parent(state, *source).and_then(|parent| governing_item(state, parent)) {
                let cursor = state.items.by_id.get(source).and_then(|item| Some(item.source.as_ref()?.key.clone()));
                if let Some(last) = state.items.pending.get_mut(&parent) {
                    *last = cursor;
                    settle_one(state, parent, false);
                }
            }
        }
        Event::ItemAttached { item, .. } | Event::ItemRestored { item } => settle_one(state, *item, true),
        Event::ItemArchived { item } => {
            state.items.pending.remove(item);
        }
        Event::ItemHidden { item } => {
            if let Some(parent) = source_parent(state, *item).and_then(|parent| governing_item(state, parent)) {
                settle_one(state, parent, false);
            }
        }
        _ => {}
    }
}

/// As [`settle`], for a synced item that its node no longer has.
pub(crate) fn settle_gone(state: &mut State, item: ItemId) {
    settle(state, &Event::ItemHidden { item });
}

// A child that arrives while its parent is still pending is taken for an existing one: what is left to do is derived
// from the present state, not from a list made at the time of governing.
fn settle_one(state: &mut State, item: ItemId, is_begun: bool) {
    let cursor = match state.items.pending.get(&item) {
        Some(cursor) => cursor.clone(),
        None if is_begun => None,
        None => return,
    };
    let Some(found) = state.items.by_id.get(&item) else { return };
    let has_more = next_child(state, found, cursor.as_ref()).is_some()
        || (cursor.is_some() && next_child(state, found, None).is_some());
    if has_more {
        state.items.pending.entry(item).or_default();
        return;
    }
    state.items.pending.remove(&item);
    let done = |rule| if rule == ChildRule::All { ChildRule::All } else { ChildRule::None };
    change(state, item, |item| {
        item.children = ChildrenRules {
            bundles: done(item.children.bundles),
            models: done(item.children.models),
            model_versions: done(item.children.model_versions),
        };
    });
}
