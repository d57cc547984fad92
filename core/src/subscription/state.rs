//! Subscriptions as the state holds them.

use std::collections::BTreeMap;

use imbl::OrdMap;

use crate::artifact::{PARENTS_MAX, parent};
use crate::ids::{ItemId, UserId};
use crate::state::State;

/// What people have decided, or was decided by what they did.
#[derive(Debug, Clone, Default)]
pub struct Subscriptions {
    /// Per item, who is told (true) and who is not, although he is told of an item above (false).
    pub by_item: OrdMap<ItemId, OrdMap<UserId, bool>>,
}

/// Whether a person is told about an item: the decision on it counts, else that on the nearest item above.
#[must_use]
pub fn is_subscribed(state: &State, item: ItemId, user: UserId) -> bool {
    let decisions = &state.subscriptions.by_item;
    let decided = lineage(state, item).find_map(|item| decisions.get(&item)?.get(&user).copied());
    decided.unwrap_or(false)
}

/// Everyone who is told about an item.
#[must_use]
pub fn subscribers(state: &State, item: ItemId) -> Vec<UserId> {
    let mut decided = BTreeMap::new();
    for item in lineage(state, item) {
        for (user, is_told) in state.subscriptions.by_item.get(&item).into_iter().flatten() {
            decided.entry(*user).or_insert(*is_told);
        }
    }
    decided.into_iter().filter_map(|(user, is_told)| is_told.then_some(user)).collect()
}

/// The item and those above it.
fn lineage(state: &State, item: ItemId) -> impl Iterator<Item = ItemId> {
    let above = |item: &ItemId| state.items.by_id.get(item).and_then(|found| parent(state, found));
    std::iter::successors(Some(item), above).take(PARENTS_MAX)
}
