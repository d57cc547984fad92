//! The one function that says who may do what, and why. Every command and every query asks it.

use std::collections::BTreeSet;

use crate::blueprint::Container;
use crate::context::Principal;
use crate::ids::{BlueprintId, GroupId, ItemId};
use crate::state::State;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// See it.
    Read,
    /// Change it.
    Write,
    /// Make one.
    Create,
    /// Delete it.
    Delete,
    /// Decide who is who on it.
    Admin,
}

/// What it is wanted on.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// An item.
    Item(ItemId),
    /// A kind of item, as for creating one.
    Blueprint(&'a BlueprintId),
    /// The instance: users, keys, infrastructures, the whole log.
    Instance,
}

/// Whether, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether.
    pub is_allowed: bool,
    /// The rule that grants it, or what is missing, for people.
    pub because: String,
}

/// May this principal do this there?
#[must_use]
pub fn may(_state: &State, _principal: &Principal, _action: Action, _on: Subject<'_>) -> Verdict {
    Verdict { is_allowed: false, because: String::new() }
}

/// The groups that a principal is in now.
#[must_use]
pub fn groups_of(_state: &State, _principal: &Principal) -> Vec<GroupId> {
    Vec::new()
}

/// Known, enabled, not revoked.
#[must_use]
pub fn is_active(_state: &State, _principal: &Principal) -> bool {
    true
}

/// Administrators: members of an administrating group, keys made so, and the system.
#[must_use]
pub fn is_admin(_state: &State, _principal: &Principal) -> bool {
    false
}

/// Whether a users container holds a principal, for an item (roles depend on it).
#[must_use]
pub fn is_in(_state: &State, _container: &Container, _principal: &Principal, _item: ItemId) -> bool {
    false
}

/// Everyone whom a users container holds now, for an item: enabled people and unrevoked keys, in order.
#[must_use]
pub fn members(_state: &State, _container: &Container, _item: ItemId) -> BTreeSet<Principal> {
    BTreeSet::new()
}
