//! Who may do something: the question of `may` turned round, for whoever has to be asked to do it.

use std::collections::BTreeSet;

use super::may::{Action, Subject, allows, is_active, is_architect, members, permissions_of};
use super::roles::{INHERITANCE_BLUEPRINTS_MAX, collect, reach};
use crate::blueprint::Container;
use crate::context::Principal;
use crate::ids::{BlueprintId, ItemId, RoleId};
use crate::state::State;

/// Everyone who may do this there now: enabled people and unrevoked keys, those by their roles first, then everybody
/// else. Roles are looked up from their side, so that not everyone is asked about every item.
#[must_use]
pub fn able(state: &State, action: Action, on: Subject<'_>) -> Vec<Principal> {
    let (blueprint, item) = match on {
        Subject::Item(item) => (state.items.by_id.get(&item).map(|found| &found.template.blueprint), Some(item)),
        Subject::Blueprint(blueprint) => (Some(blueprint), None),
        Subject::Design | Subject::Instance => (None, None),
    };
    let mut candidates: Vec<Principal> = Vec::new();
    if let Some(blueprint) = blueprint {
        let permissions = permissions_of(state, blueprint);
        for (role, _) in permissions.roles.iter().filter(|(_, rights)| action.is_within(*rights)) {
            candidates.extend(holders(state, role, blueprint, item));
        }
        if action.is_within(permissions.everyone) {
            candidates.extend(all(state));
        }
    }
    candidates.extend(all(state).filter(|principal| is_architect(state, principal)));
    let mut seen = BTreeSet::new();
    candidates.retain(|principal| seen.insert(principal.clone()) && allows(state, principal, action, on));
    candidates
}

fn all(state: &State) -> impl Iterator<Item = Principal> {
    let users = state.access.users.keys().map(|user| Principal::User(*user));
    let keys = state.access.keys.keys().map(|key| Principal::Key(*key));
    users.chain(keys).filter(|principal| is_active(state, principal))
}

fn holders(state: &State, role: &RoleId, blueprint: &BlueprintId, item: Option<ItemId>) -> BTreeSet<Principal> {
    if let Some(item) = item {
        return members(state, &Container::Role(role.clone()), item);
    }
    let mut found = BTreeSet::new();
    let mut blueprints = vec![blueprint];
    let mut next = 0;
    while let Some(at) = blueprints.get(next).copied() {
        next += 1;
        let rules = state.access.assignments.get(at).into_iter().flat_map(|rules| rules.iter());
        for rule in rules.filter(|rule| rule.is_about(role) && rule.criteria.is_empty()) {
            rule.containers.iter().for_each(|container| collect(state, container, &mut found));
            if let Some(from) = &rule.inherited_from {
                reach(&mut blueprints, from, INHERITANCE_BLUEPRINTS_MAX);
            }
        }
    }
    found
}
