//! Items and what is derived from them: by blueprint, and who refers to whom.
//!
//! INVARIANT (referrers): `referrers[b]` holds `(f, a)` exactly when the stored field `f` of item `a` refers to `b`.
//! It holds because items enter, change and leave only through the functions here. `holders` is the same for files and
//! series.

use std::sync::Arc;

use super::state::{Held, Item, Items};
use crate::ids::{FieldId, ItemId};
use crate::state::State;
use crate::value::Value;

/// Adds a new item. Its id counts as handed out from now on.
pub(crate) fn insert_item(state: &mut State, item: Item) {
    let items = &mut state.items;
    if items.by_id.contains_key(&item.id) {
        return;
    }
    items.last_item = items.last_item.max(item.id.0);
    items.by_blueprint.entry(item.template.blueprint.clone()).or_default().insert(item.id);
    for (field, value) in &item.fields {
        refer(items, item.id, field, value);
    }
    items.by_id.insert(item.id, Arc::new(item));
}

/// Sets or clears one stored field.
pub(crate) fn set_field(state: &mut State, item: ItemId, field: &FieldId, value: Option<Value>) {
    let items = &mut state.items;
    let Some(found) = items.by_id.get_mut(&item) else { return };
    let found = Arc::make_mut(found);
    let old = match &value {
        Some(value) => found.fields.insert(field.clone(), value.clone()),
        None => found.fields.remove(field),
    };
    if let Some(old) = old {
        forget(items, item, field, &old);
    }
    if let Some(value) = value {
        refer(items, item, field, &value);
    }
}

/// Takes an item out, with everything derived from it. What others stored about it stays with them.
pub(crate) fn remove_item(state: &mut State, item: ItemId) {
    let items = &mut state.items;
    let Some(removed) = items.by_id.remove(&item) else { return };
    for (field, value) in &removed.fields {
        forget(items, item, field, value);
    }
    if let Some(ids) = items.by_blueprint.get_mut(&removed.template.blueprint) {
        ids.remove(&item);
    }
    items.pending.remove(&item);
    items.pages.remove(&item);
    let said: Vec<_> = super::talk::comments(items, item, None).map(|comment| (item, comment.id)).collect();
    for comment in said {
        items.comments.remove(&comment);
    }
}

/// Changes an item in place; not for fields, which are indexed.
pub(super) fn change(state: &mut State, item: ItemId, with: impl FnOnce(&mut Item)) {
    if let Some(found) = state.items.by_id.get_mut(&item) {
        with(Arc::make_mut(found));
    }
}

fn refer(items: &mut Items, from: ItemId, field: &FieldId, value: &Value) {
    for to in value.references() {
        items.referrers.entry(to).or_default().insert((field.clone(), from));
    }
    for held in Held::of(value) {
        items.holders.entry(held).or_default().insert((field.clone(), from));
    }
}

fn forget(items: &mut Items, from: ItemId, field: &FieldId, value: &Value) {
    for to in value.references() {
        let Some(referrers) = items.referrers.get_mut(&to) else { continue };
        referrers.remove(&(field.clone(), from));
        if referrers.is_empty() {
            items.referrers.remove(&to);
        }
    }
    for held in Held::of(value) {
        let Some(holders) = items.holders.get_mut(&held) else { continue };
        holders.remove(&(field.clone(), from));
        if holders.is_empty() {
            items.holders.remove(&held);
        }
    }
}
