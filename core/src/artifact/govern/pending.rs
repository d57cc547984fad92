//! What is still to be governed below a govern item: derived from its rules and the present state.

use super::{
    SOURCE_FIELD, can_be_governed, child_kinds, children_beyond, governing_item, rule_for, source_parent, sources,
};
use crate::artifact::Event;
use crate::artifact::index::change;
use crate::artifact::state::{ChildRule, ChildrenRules, Item};
use crate::ids::ItemId;
use crate::rules;
use crate::state::State;
use crate::sync::{SyncKey, SyncObject};

/// The next child, after `cursor` in the order of keys, that a govern item's rules still want governed.
pub(super) fn next_child(state: &State, govern_item: &Item, cursor: Option<&SyncKey>) -> Option<ItemId> {
    let by_rules = |object: &SyncObject| {
        let kind = rules::Kind::of(object);
        kind.is_some_and(|kind| rules::may_apply(state, kind))
    };
    let has_rules = !state.rules.by_place.is_empty();
    if govern_item.is_archived || (govern_item.children == ChildrenRules::default() && !has_rules) {
        return None;
    }
    sources(govern_item).find_map(|source| {
        let parent = &state.items.by_id.get(&source)?.source.as_ref()?.key;
        let by_parent = |object: &SyncObject| rule_for(govern_item.children, object) != ChildRule::None;
        let kinds = child_kinds(&parent.object).into_iter().filter(|kind| by_parent(kind) || by_rules(kind));
        kinds.map(|first| SyncKey { node: parent.node.clone(), object: first }).find_map(|first| {
            let from = cursor.filter(|cursor| **cursor > first).unwrap_or(&first);
            let is_wanted = |child| by_parent(&first.object) || rules::automatic(state, child).is_some();
            children_beyond(state, parent, &first.object, from)
                .find(|child| can_be_governed(state, *child) && is_wanted(*child))
        })
    })
}

/// Keeps `pending` true after an event: a govern item stands there exactly while its rules want something governed.
pub(in crate::artifact) fn settle(state: &mut State, event: &Event) {
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
        Event::FieldsEdited { item, changes } if changes.iter().any(|edit| edit.field.as_str() == SOURCE_FIELD) => {
            settle_one(state, *item, true);
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

/// Looks below a govern item again, whether or not anything was pending there.
pub(crate) fn settle_begun(state: &mut State, item: ItemId) {
    settle_one(state, item, true);
}

/// The same for what governs a synced item and for what is governed below that.
pub(crate) fn settle_below(state: &mut State, source: ItemId) {
    let Some(item) = governing_item(state, source) else { return };
    let below: Vec<ItemId> = super::governed_below(state, item).collect();
    for item in std::iter::once(item).chain(below) {
        settle_one(state, item, true);
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
    let done = |rule| if rule == ChildRule::All { ChildRule::All } else { ChildRule::None };
    let ChildrenRules { bundles, models, model_versions } = found.children;
    let left = ChildrenRules { bundles: done(bundles), models: done(models), model_versions: done(model_versions) };
    let is_done = left == found.children;
    state.items.pending.remove(&item);
    if !is_done {
        change(state, item, |item| item.children = left);
    }
}
