//! Who is meant: users containers, and who has a role on an item.
//!
//! Evaluated at the moment of the question, from the fields as they are then. Roles inherited through reference
//! fields are followed breadth-bounded, so that a circle of references ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdSet;

use super::may::is_active;
use super::state::{Assignment, Criterion};
use crate::artifact::{Item, StepStatus, field_value};
use crate::blueprint::Container;
use crate::context::Principal;
use crate::ids::{BlueprintId, FieldId, GroupId, ItemId, RoleId};
use crate::state::State;
use crate::value::Value;

/// Most items that are looked at to find who has a role on one item, itself included.
const INHERITANCE_ITEMS_MAX: usize = 64;

/// Most blueprints whose rules are looked at for one item, its own included.
pub(super) const INHERITANCE_BLUEPRINTS_MAX: usize = 16;

/// Whether a users container holds a principal, for an item (roles depend on it). Never holds the disabled.
#[must_use]
pub fn is_in(state: &State, container: &Container, principal: &Principal, item: ItemId) -> bool {
    is_active(state, principal)
        && match container {
            Container::Role(role) => has_role(state, role, &Asker::of(state, principal), item),
            plain => Asker::of(state, principal).is_held_by(plain),
        }
}

/// Everyone whom a users container holds now, for an item: enabled people and unrevoked keys, in order.
#[must_use]
pub fn members(state: &State, container: &Container, item: ItemId) -> BTreeSet<Principal> {
    let mut found = BTreeSet::new();
    match container {
        Container::Role(role) => {
            for_each_rule(state, role, item, |rule| {
                rule.assignment.containers.iter().for_each(|container| collect(state, container, &mut found));
                for container in people(state, rule.at, &rule.assignment.fields) {
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

/// A principal with its groups, looked up once for many questions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) principal: &'a Principal,
    groups: Option<&'a OrdSet<GroupId>>,
}

impl<'a> Asker<'a> {
    pub(super) fn of(state: &'a State, principal: &'a Principal) -> Self {
        let groups = match principal {
            Principal::User(user) => state.access.users.get(user).map(|user| &user.groups),
            Principal::Key(key) => state.access.keys.get(key).map(|key| &key.groups),
            Principal::Node(_) | Principal::System => None,
        };
        Self { principal, groups }
    }

    // A role within an assignment's containers would make roles depend on each other; it holds nobody.
    pub(super) fn is_held_by(&self, container: &Container) -> bool {
        match (container, self.principal) {
            (Container::User(user), Principal::User(principal)) => user == principal,
            (Container::Key(key), Principal::Key(principal)) => key == principal,
            (Container::Group(group), _) => self.groups.is_some_and(|groups| groups.contains(group)),
            _ => false,
        }
    }
}

/// Whether somebody has a role on an item, by any rule of its blueprint, of the item, or inherited.
pub(super) fn has_role(state: &State, role: &RoleId, asker: &Asker<'_>, item: ItemId) -> bool {
    for_each_rule(state, role, item, |rule| gives(state, rule, asker))
}

/// Whether this rule gives its role to somebody.
pub(super) fn gives(state: &State, rule: &Rule<'_>, asker: &Asker<'_>) -> bool {
    rule.assignment.containers.iter().any(|container| asker.is_held_by(container))
        || people(state, rule.at, &rule.assignment.fields).any(|container| asker.is_held_by(&container))
}

/// Whether somebody has a role on all items of a blueprint, those still to be made included: by a rule without
/// criteria that names him, not by a field.
pub(super) fn has_role_anywhere(state: &State, role: &RoleId, asker: &Asker<'_>, blueprint: &BlueprintId) -> bool {
    let mut blueprints = vec![blueprint];
    let mut next = 0;
    while let Some(at) = blueprints.get(next).copied() {
        next += 1;
        let rules = state.access.assignments.get(at).into_iter().flat_map(|rules| rules.iter());
        for rule in rules.filter(|rule| rule.is_about(role) && rule.criteria.is_empty()) {
            if rule.containers.iter().any(|container| asker.is_held_by(container)) {
                return true;
            }
            if let Some(from) = &rule.inherited_from {
                reach(&mut blueprints, from, INHERITANCE_BLUEPRINTS_MAX);
            }
        }
    }
    false
}

pub(super) fn collect(state: &State, container: &Container, into: &mut BTreeSet<Principal>) {
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
pub(super) fn people<'a>(
    state: &'a State,
    item: &'a Item,
    fields: &'a [FieldId],
) -> impl Iterator<Item = Container> + 'a {
    let values = fields.iter().filter_map(|field| item.fields.get(field));
    values.flat_map(|value| value.references()).filter_map(|referred| {
        let user = state.access.user_items.get(&referred).map(|user| Container::User(*user));
        user.or_else(|| state.access.group_items.get(&referred).map(|group| Container::Group(group.clone())))
    })
}

/// The item as it is, or as it last was.
pub(super) fn living_or_buried(state: &State, item: ItemId) -> Option<&Arc<Item>> {
    state.items.by_id.get(&item).or_else(|| state.access.buried.get(&item))
}

/// A rule that counts, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'a> {
    /// The item whose fields it looks at: the one asked about, or one from which roles are inherited.
    pub(super) at: &'a Item,
    /// Whose rule it is; none for a rule of the item itself.
    pub(super) blueprint: Option<&'a BlueprintId>,
    /// Its place there, from 0.
    pub(super) number: usize,
    /// It.
    pub(super) assignment: &'a Assignment,
}

/// Visits the rules that give a role on an item and on those it is inherited from, until one answers true.
pub(super) fn for_each_rule<'a>(
    state: &'a State,
    role: &RoleId,
    item: ItemId,
    mut visit: impl FnMut(&Rule<'a>) -> bool,
) -> bool {
    let mut reached = vec![item];
    let mut next = 0;
    while let Some(at) = reached.get(next).copied() {
        next += 1;
        let living = state.items.by_id.get(&at);
        let Some(found) = living.or_else(|| state.access.buried.get(&at)) else { continue };
        let mut take = |rule: &Rule<'a>| {
            if visit(rule) {
                return true;
            }
            if let Some(through) = &rule.assignment.inherited_through {
                let referred = found.fields.get(through).into_iter().flat_map(|value| value.references());
                referred.for_each(|item| reach(&mut reached, item, INHERITANCE_ITEMS_MAX));
            }
            false
        };
        if for_each_rule_on(state, role, found, living.is_some(), &mut take) {
            return true;
        }
    }
    false
}

// INVARIANT (inherited-without-criteria): of another blueprint only the rules without criteria count.
fn for_each_rule_on<'a>(
    state: &'a State,
    role: &RoleId,
    at: &'a Item,
    exists: bool,
    visit: &mut impl FnMut(&Rule<'a>) -> bool,
) -> bool {
    let own = state.access.item_assignments.get(&at.id).into_iter().flat_map(|rules| rules.iter());
    let mut blueprints = vec![&at.template.blueprint];
    for (number, assignment) in own.enumerate().filter(|(_, rule)| rule.is_about(role)) {
        if !hold(state, &assignment.criteria, at, exists) {
            continue;
        }
        if visit(&Rule { at, blueprint: None, number, assignment }) {
            return true;
        }
        if let Some(from) = &assignment.inherited_from {
            reach(&mut blueprints, from, INHERITANCE_BLUEPRINTS_MAX);
        }
    }
    let mut next = 0;
    while let Some(blueprint) = blueprints.get(next).copied() {
        let is_own = next == 0;
        next += 1;
        let rules = state.access.assignments.get(blueprint).into_iter().flat_map(|rules| rules.iter());
        for (number, assignment) in rules.enumerate().filter(|(_, rule)| rule.is_about(role)) {
            let counts =
                if is_own { hold(state, &assignment.criteria, at, exists) } else { assignment.criteria.is_empty() };
            if !counts {
                continue;
            }
            if visit(&Rule { at, blueprint: Some(blueprint), number, assignment }) {
                return true;
            }
            if let Some(from) = &assignment.inherited_from {
                reach(&mut blueprints, from, INHERITANCE_BLUEPRINTS_MAX);
            }
        }
    }
    false
}

pub(super) fn reach<T: PartialEq>(reached: &mut Vec<T>, one: T, max: usize) {
    if reached.len() < max && !reached.contains(&one) {
        reached.push(one);
    }
}

fn hold(state: &State, criteria: &[Criterion], item: &Item, exists: bool) -> bool {
    criteria.iter().all(|criterion| match criterion {
        Criterion::Version(version) => item.template.version == *version,
        Criterion::Field { field, value, is_negated } => {
            let held = field_value(state, item, field);
            let is = |one: &Value| one.text_form() == **value;
            held.is_some_and(|held| held.scalars().any(is)) != *is_negated
        }
        Criterion::Step(step) => {
            item.steps.iter().any(|found| found.id == *step && found.status == StepStatus::Ongoing)
        }
        Criterion::Exists => exists,
        Criterion::Deleted => !exists,
    })
}
