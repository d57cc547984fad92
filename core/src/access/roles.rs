//! Who is meant: users containers, and who has a role on an item.
//!
//! Evaluated at the moment of the question, from the fields as they are then. Roles inherited through reference
//! fields are followed breadth-bounded, so that a circle of references ends.

use std::collections::BTreeSet;

use super::may::is_active;
use super::state::Assignment;
use crate::blueprint::Container;
use crate::context::Principal;
use crate::ids::{BlueprintId, FieldId, GroupId, ItemId, RoleId};
use crate::state::State;

/// Most items that are looked at to find who has a role on one item, itself included.
const INHERITANCE_ITEMS_MAX: usize = 64;

/// Whether a users container holds a principal, for an item (roles depend on it). Never holds the disabled.
#[must_use]
pub fn is_in(state: &State, container: &Container, principal: &Principal, item: ItemId) -> bool {
    is_active(state, principal)
        && match container {
            Container::Role(role) => has_role(state, role, principal, item),
            plain => holds(state, plain, principal),
        }
}

/// Everyone whom a users container holds now, for an item: enabled people and unrevoked keys, in order.
#[must_use]
pub fn members(state: &State, container: &Container, item: ItemId) -> BTreeSet<Principal> {
    let mut found = BTreeSet::new();
    match container {
        Container::Role(role) => {
            for_each_assignment(state, role, item, |at, assignment| {
                assignment.containers.iter().for_each(|container| collect(state, container, &mut found));
                for container in people(state, at, &assignment.fields) {
                    collect(state, &container, &mut found);
                }
                false
            });
        }
        plain => collect(state, plain, &mut found),
    }
    found.retain(|principal| is_active(state, principal));
    found
}

/// Whether somebody has a role on an item, by any assignment of its blueprint.
pub(super) fn has_role(state: &State, role: &RoleId, principal: &Principal, item: ItemId) -> bool {
    for_each_assignment(state, role, item, |at, assignment| {
        assignment.containers.iter().any(|container| holds(state, container, principal))
            || people(state, at, &assignment.fields).any(|container| holds(state, &container, principal))
    })
}

/// Whether somebody has a role on all items of a blueprint, those still to be made included: by name, not by a field.
pub(super) fn has_role_anywhere(state: &State, role: &RoleId, principal: &Principal, blueprint: &BlueprintId) -> bool {
    let assignments = state.access.assignments.get(blueprint).into_iter().flat_map(|assignments| assignments.iter());
    assignments
        .filter(|assignment| assignment.role == *role)
        .any(|assignment| assignment.containers.iter().any(|container| holds(state, container, principal)))
}

// A role within an assignment's containers would make roles depend on each other; it holds nobody.
fn holds(state: &State, container: &Container, principal: &Principal) -> bool {
    match (container, principal) {
        (Container::User(user), Principal::User(principal)) => user == principal,
        (Container::Key(key), Principal::Key(principal)) => key == principal,
        (Container::Group(group), Principal::User(user)) => {
            state.access.users.get(user).is_some_and(|user| user.groups.contains(group))
        }
        (Container::Group(group), Principal::Key(key)) => {
            state.access.keys.get(key).is_some_and(|key| key.groups.contains(group))
        }
        _ => false,
    }
}

fn collect(state: &State, container: &Container, into: &mut BTreeSet<Principal>) {
    match container {
        Container::User(user) => {
            into.insert(Principal::User(*user));
        }
        Container::Key(key) => {
            into.insert(Principal::Key(*key));
        }
        Container::Group(group) => collect_group(state, group, into),
        Container::Role(_) => {}
    }
}

fn collect_group(state: &State, group: &GroupId, into: &mut BTreeSet<Principal>) {
    let users = state.access.users.values().filter(|user| user.groups.contains(group));
    into.extend(users.map(|user| Principal::User(user.id)));
    let keys = state.access.keys.values().filter(|key| key.groups.contains(group));
    into.extend(keys.map(|key| Principal::Key(key.id)));
}

/// The people and groups to whose items these fields of an item refer.
fn people<'a>(state: &'a State, item: ItemId, fields: &'a [FieldId]) -> impl Iterator<Item = Container> + 'a {
    let item = state.items.by_id.get(&item);
    let values = fields.iter().filter_map(move |field| item.and_then(|item| item.fields.get(field)));
    values.flat_map(|value| value.references()).filter_map(|referred| {
        let user = state.access.user_items.get(&referred).map(|user| Container::User(*user));
        user.or_else(|| state.access.group_items.get(&referred).map(|group| Container::Group(group.clone())))
    })
}

/// Visits the assignments of a role on an item and on those it is inherited from, until one answers true.
fn for_each_assignment(
    state: &State,
    role: &RoleId,
    item: ItemId,
    mut visit: impl FnMut(ItemId, &Assignment) -> bool,
) -> bool {
    let mut reached = vec![item];
    let mut next = 0;
    while let Some(at) = reached.get(next).copied() {
        next += 1;
        let Some(found) = state.items.by_id.get(&at) else { continue };
        let Some(assignments) = state.access.assignments.get(&found.template.blueprint) else { continue };
        for assignment in assignments.iter().filter(|assignment| assignment.role == *role) {
            if visit(at, assignment) {
                return true;
            }
            let Some(through) = &assignment.inherited_through else { continue };
            let referred = found.fields.get(through).into_iter().flat_map(|value| value.references());
            for item in referred {
                if reached.len() < INHERITANCE_ITEMS_MAX && !reached.contains(&item) {
                    reached.push(item);
                }
            }
        }
    }
    false
}
