//! Wishes about who there is, and who may do what.

use std::sync::Arc;

use super::state::{Assignment, Permissions};
use crate::ids::{BlueprintId, CredentialId, GroupId, ItemId, KeyId, NodeId, RoleId, UserId};
use crate::time::Timestamp;

/// What can be asked. Secrets are in the vault before the command names them. Documents are JSON objects that a client
/// keeps with a thing; nothing here reads them.
#[derive(Debug, Clone)]
pub enum Command {
    /// A new person.
    CreateUser {
        login: Arc<str>,
        display_name: Option<Arc<str>>,
        email: Option<Arc<str>>,
        groups: Vec<GroupId>,
        profile: Option<Arc<str>>,
        credential: Option<CredentialId>,
        document: Option<Arc<str>>,
        own_document: Option<Arc<str>>,
    },
    /// Something else about a person; what is kept is left out.
    EditUser { user: UserId, edit: UserEdit },
    /// Something else in the caller's own document.
    EditOneself { own_document: Edit<Arc<str>> },
    /// No longer.
    DisableUser { user: UserId },
    /// Never again.
    DeleteUser { user: UserId },
    /// A new group.
    CreateGroup {
        group: GroupId,
        description: Arc<str>,
        is_admin: bool,
        is_architect: bool,
        document: Option<Arc<str>>,
    },
    /// Something else about a group; what is kept is left out.
    EditGroup {
        group: GroupId,
        description: Option<Arc<str>>,
        is_admin: Option<bool>,
        is_architect: Option<bool>,
        document: Edit<Arc<str>>,
    },
    /// Away with a group that no rule and no field names.
    DeleteGroup { group: GroupId },
    /// Another password for the caller himself.
    ChangeOwnPassword { credential: CredentialId },
    /// A new key that acts as the caller himself.
    CreateOwnKey { label: Arc<str>, credential: CredentialId, expires: Option<Timestamp> },
    /// A new key; with a node it acts as that node, and administers nothing.
    CreateKey {
        label: Arc<str>,
        is_admin: bool,
        is_architect: bool,
        groups: Vec<GroupId>,
        credential: CredentialId,
        expires: Option<Timestamp>,
        document: Option<Arc<str>>,
        node: Option<NodeId>,
    },
    /// Something else about a key; what is kept is left out, its secret stays.
    EditKey { key: KeyId, edit: KeyEdit },
    /// Another secret in place of the one it has; the old one opens nothing any more. Without an expiry it keeps its own.
    RotateKey { key: KeyId, credential: CredentialId, expires: Option<Timestamp> },
    /// No longer.
    RevokeKey { key: KeyId },
    /// A new role.
    CreateRole { role: RoleId, label: Arc<str>, description: Arc<str>, document: Option<Arc<str>> },
    /// Other words for a role.
    EditRole { role: RoleId, label: Arc<str>, description: Arc<str>, document: Edit<Arc<str>> },
    /// Away with a role that nothing names.
    DeleteRole { role: RoleId },
    /// Who gets which role there.
    SetAssignments { on: Scope, assignments: Vec<Assignment>, is_new: bool, document: Option<Arc<str>> },
    /// Nobody, there.
    RemoveAssignments { on: Scope },
    /// What may be done with the items of a blueprint, or where nothing is set.
    SetPermissions {
        blueprint: Option<BlueprintId>,
        permissions: Permissions,
        is_new: bool,
        document: Option<Arc<str>>,
    },
    /// As where nothing is set.
    RemovePermissions { blueprint: BlueprintId },
}

/// Where assignment rules stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// On all items of a blueprint.
    Blueprint(BlueprintId),
    /// On one item, beyond those.
    Item(ItemId),
}

/// What is to change about a person.
#[derive(Debug, Clone, Default)]
pub struct UserEdit {
    /// What others read.
    pub display_name: Edit<Arc<str>>,
    /// Where mail goes.
    pub email: Edit<Arc<str>>,
    /// The groups, all of them.
    pub groups: Option<Vec<GroupId>>,
    /// Kept and shown; gates nothing.
    pub profile: Edit<Arc<str>>,
    /// The password's name in the vault.
    pub credential: Edit<CredentialId>,
    /// Enabled or disabled.
    pub is_enabled: Option<bool>,
    /// What administrators keep with the person.
    pub document: Edit<Arc<str>>,
    /// What the person keeps with himself.
    pub own_document: Edit<Arc<str>>,
}

/// What is to change about a key.
#[derive(Debug, Clone, Default)]
pub struct KeyEdit {
    /// What people call it.
    pub label: Option<Arc<str>>,
    /// It administers the instance, or not.
    pub is_admin: Option<bool>,
    /// The groups, all of them.
    pub groups: Option<Vec<GroupId>>,
    /// When it ends.
    pub expires: Edit<Timestamp>,
    /// What a client keeps with it.
    pub document: Edit<Arc<str>>,
}

/// A change of something that may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// As it was.
    #[default]
    Keep,
    /// Away with it.
    Clear,
    /// This.
    Set(T),
}

impl<T> Edit<T> {
    /// What comes of it.
    pub fn apply(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Keep => old,
            Self::Clear => None,
            Self::Set(new) => Some(new),
        }
    }
}
