//! The one function that says who may do what, and why. Every command and every query asks it.
//!
//! Rights come from three places: being an administrator, the permissions of the item's blueprint (everyone's, and
//! those of the roles held on the item), and being asked: whoever may review or approve may read. What administrators
//! may do never makes them reviewers or approvers. Who is meant by a users container is in `roles`.
//!
//! Items of locked blueprints (synced ones, people, groups) are made, changed and deleted by their node or the system
//! alone; whether to hide or govern a synced item is a question of creating items of the blueprint that governs it.

use std::fmt;

use super::roles::{Asker, has_role, has_role_anywhere};
use super::state::{Permissions, Rights};
use crate::context::Principal;
use crate::ids::{BlueprintId, GroupId, ItemId, KeyId, NodeId, RoleId};
use crate::signoff::SignoffKey;
use crate::state::State;
use crate::time::Timestamp;

pub use super::roles::{is_in, members};

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

impl Action {
    /// The word for it in a sentence.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Admin => "admin",
        }
    }

    pub(super) const fn is_within(self, rights: Rights) -> bool {
        match self {
            Self::Read => rights.read || rights.write || rights.delete || rights.admin,
            Self::Write => rights.write || rights.admin,
            Self::Create => rights.create || rights.admin,
            Self::Delete => rights.delete || rights.admin,
            Self::Admin => rights.admin,
        }
    }
}

/// What it is wanted on.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// An item.
    Item(ItemId),
    /// A kind of item, as for creating one.
    Blueprint(&'a BlueprintId),
    /// Templates, roles, permissions, settings: for architects.
    Design,
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
pub fn may(state: &State, principal: &Principal, action: Action, on: Subject<'_>) -> Verdict {
    match judge(state, principal, action, on) {
        Ok(ground) => Verdict { is_allowed: true, because: ground.to_string() },
        Err(lack) => Verdict { is_allowed: false, because: lack.tell(action) },
    }
}

/// The same without the reason: for lists, which ask it for every row.
#[must_use]
pub fn allows(state: &State, principal: &Principal, action: Action, on: Subject<'_>) -> bool {
    judge(state, principal, action, on).is_ok()
}

/// The groups that a principal is in now.
#[must_use]
pub fn groups_of(state: &State, principal: &Principal) -> Vec<GroupId> {
    let groups = match principal {
        Principal::User(user) => state.access.users.get(user).map(|user| &user.groups),
        Principal::Key(key) => state.access.keys.get(key).map(|key| &key.groups),
        Principal::Node(_) | Principal::System => None,
    };
    groups.into_iter().flatten().cloned().collect()
}

/// Known, enabled, not revoked. A node is what NATS says it is, and becomes known by its first message.
#[must_use]
pub fn is_active(state: &State, principal: &Principal) -> bool {
    match principal {
        Principal::User(user) => state.access.users.get(user).is_some_and(|user| user.is_enabled),
        Principal::Key(key) => state.access.keys.get(key).is_some_and(|key| {
            let owner = key.owner.map(Principal::User);
            !key.is_revoked && owner.is_none_or(|owner| is_active(state, &owner))
        }),
        Principal::Node(_) | Principal::System => true,
    }
}

/// Whom a key stands for: its person, its node, or itself.
#[must_use]
pub fn acts_as(state: &State, key: KeyId) -> Principal {
    match state.access.keys.get(&key).map(|key| (key.owner, &key.node)) {
        Some((Some(owner), _)) => Principal::User(owner),
        Some((None, Some(node))) => Principal::Node(node.clone()),
        _ => Principal::Key(key),
    }
}

/// Whether a key acts for somebody who is not the one it stands for.
#[must_use]
pub fn is_impersonated(state: &State, principal: &Principal, via: Option<KeyId>) -> bool {
    via.is_some_and(|key| acts_as(state, key) != *principal)
}

/// Whether it is a key whose time is over. Time is the asker's: the state has none of its own.
#[must_use]
pub fn is_expired(state: &State, principal: &Principal, at: Timestamp) -> bool {
    let Principal::Key(key) = principal else { return false };
    state.access.keys.get(key).and_then(|key| key.expires).is_some_and(|expires| expires <= at)
}

/// Administrators: members of an administrating group, keys made so, and the system.
#[must_use]
pub fn is_admin(state: &State, principal: &Principal) -> bool {
    let access = &state.access;
    let administers = |group: &GroupId| access.groups.get(group).is_some_and(|group| group.is_admin);
    match principal {
        Principal::System => true,
        Principal::Node(_) => false,
        Principal::User(user) => {
            access.users.get(user).is_some_and(|user| user.is_enabled && user.groups.iter().any(administers))
        }
        Principal::Key(key) => {
            let key = access.keys.get(key).filter(|key| !key.is_revoked);
            key.is_some_and(|key| key.is_admin || key.groups.iter().any(administers))
        }
    }
}

/// Architects: members of an architects' group, keys made so, and administrators.
#[must_use]
pub fn is_architect(state: &State, principal: &Principal) -> bool {
    let access = &state.access;
    let designs = |group: &GroupId| access.groups.get(group).is_some_and(|group| group.is_architect);
    let is_one = match principal {
        Principal::User(user) => {
            access.users.get(user).is_some_and(|user| user.is_enabled && user.groups.iter().any(designs))
        }
        Principal::Key(key) => {
            let key = access.keys.get(key).filter(|key| !key.is_revoked);
            key.is_some_and(|key| key.is_architect || key.groups.iter().any(designs))
        }
        Principal::Node(_) | Principal::System => false,
    };
    is_one || is_admin(state, principal)
}

/// May the history of this deleted item be read: by whoever may read by its blueprint's permissions, with the roles
/// that rules still give on it.
#[must_use]
pub fn may_read_deleted(state: &State, principal: &Principal, item: ItemId) -> bool {
    let Some(buried) = state.access.buried.get(&item) else { return false };
    if !matches!(principal, Principal::User(_) | Principal::Key(_)) || !is_active(state, principal) {
        return *principal == Principal::System;
    }
    let permissions = permissions_of(state, &buried.template.blueprint);
    let asker = Asker::of(state, principal);
    is_architect(state, principal)
        || Action::Read.is_within(permissions.everyone)
        || permissions
            .roles
            .iter()
            .any(|(role, rights)| Action::Read.is_within(*rights) && has_role(state, role, &asker, item))
}

/// A rule that grants something.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ground<'a> {
    System,
    Administrator,
    Architect,
    Node,
    Everyone,
    Role(&'a RoleId),
    Signoff,
}

impl fmt::Display for Ground<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("Countersign itself may"),
            Self::Administrator => f.write_str("administrators may"),
            Self::Architect => f.write_str("architects may"),
            Self::Node => f.write_str("a node may change its own objects"),
            Self::Everyone => f.write_str("everyone who is enabled may"),
            Self::Role(role) => write!(f, "the role {role} on the item"),
            Self::Signoff => f.write_str("reviewers and approvers may read"),
        }
    }
}

/// What is missing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lack {
    Active,
    Existence(ItemId),
    OnlyNodes,
    OnlyAdministrators,
    OnlyArchitects,
    OnlySync,
    Right,
}

impl Lack {
    pub(super) fn tell(self, action: Action) -> String {
        match self {
            Self::Active => "the actor is unknown, disabled or revoked".to_owned(),
            Self::Existence(item) => format!("{item} does not exist"),
            Self::OnlyNodes => "only its node makes, changes or deletes a synced item".to_owned(),
            Self::OnlyAdministrators => "administrators only".to_owned(),
            Self::OnlyArchitects => "architects and administrators only".to_owned(),
            Self::OnlySync => "a node may change its own objects only".to_owned(),
            Self::Right => format!("the right to {} through a role on the item, or for everyone", action.word()),
        }
    }
}

pub(super) fn judge<'a>(
    state: &'a State,
    principal: &Principal,
    action: Action,
    on: Subject<'_>,
) -> Result<Ground<'a>, Lack> {
    match principal {
        Principal::System => return Ok(Ground::System),
        Principal::Node(node) => return judge_node(state, node, action, on),
        Principal::User(_) | Principal::Key(_) => {}
    }
    if !is_active(state, principal) {
        return Err(Lack::Active);
    }
    let (blueprint, item) = match on {
        Subject::Instance if is_admin(state, principal) => return Ok(Ground::Administrator),
        Subject::Instance => return Err(Lack::OnlyAdministrators),
        Subject::Design if is_admin(state, principal) => return Ok(Ground::Administrator),
        Subject::Design if is_architect(state, principal) => return Ok(Ground::Architect),
        Subject::Design => return Err(Lack::OnlyArchitects),
        Subject::Blueprint(blueprint) => (blueprint, None),
        Subject::Item(id) => {
            let item = state.items.by_id.get(&id).ok_or(Lack::Existence(id))?;
            (&item.template.blueprint, Some(id))
        }
    };
    if matches!(action, Action::Write | Action::Create | Action::Delete) && is_locked(state, blueprint) {
        return Err(Lack::OnlyNodes);
    }
    if is_admin(state, principal) {
        return Ok(Ground::Administrator);
    }
    if is_architect(state, principal) {
        return Ok(Ground::Architect);
    }
    let permissions = permissions_of(state, blueprint);
    if action.is_within(permissions.everyone) {
        return Ok(Ground::Everyone);
    }
    let granting = permissions.roles.iter().filter(|(_, rights)| action.is_within(*rights)).map(|(role, _)| role);
    let asker = Asker::of(state, principal);
    for role in granting {
        if item.map_or_else(
            || has_role_anywhere(state, role, &asker, blueprint),
            |item| has_role(state, role, &asker, item),
        ) {
            return Ok(Ground::Role(role));
        }
    }
    match item {
        Some(item) if action == Action::Read && is_in_signoff(state, principal, item) => Ok(Ground::Signoff),
        _ => Err(Lack::Right),
    }
}

fn judge_node<'a>(state: &State, node: &NodeId, action: Action, on: Subject<'_>) -> Result<Ground<'a>, Lack> {
    let is_own = match on {
        Subject::Instance | Subject::Design => false,
        Subject::Blueprint(blueprint) => action == Action::Create && is_locked(state, blueprint),
        Subject::Item(item) => {
            let source = state.items.by_id.get(&item).and_then(|item| item.source.as_ref());
            source.is_some_and(|source| source.key.node == *node) && matches!(action, Action::Write | Action::Delete)
        }
    };
    if is_own { Ok(Ground::Node) } else { Err(Lack::OnlySync) }
}

fn is_locked(state: &State, blueprint: &BlueprintId) -> bool {
    state.templates.blueprints.get(blueprint).is_some_and(|blueprint| blueprint.locked)
}

pub(super) fn permissions_of<'a>(state: &'a State, blueprint: &BlueprintId) -> &'a Permissions {
    state.access.permissions.get(blueprint).unwrap_or(&state.access.default_permissions)
}

// Reading is part of being asked for a review or an approval, whatever the permissions say.
fn is_in_signoff(state: &State, principal: &Principal, item: ItemId) -> bool {
    let Some(found) = state.items.by_id.get(&item) else { return false };
    found.steps.iter().any(|step| {
        let key = SignoffKey { item, step: step.id.clone() };
        let Some(signoff) = state.signoffs.by_step.get(&key) else { return false };
        let configuration = state.templates.configurations.get(&signoff.configured_at);
        let configured = configuration.into_iter().flat_map(|configuration| {
            configuration.groups.iter().flat_map(|group| &group.members).chain(&configuration.approvers)
        });
        let delegated = signoff.delegations.iter().map(|delegation| &delegation.to);
        configured.chain(delegated).any(|container| is_in(state, container, principal, item))
    })
}
