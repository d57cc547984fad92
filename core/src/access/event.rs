//! Facts about who there is and what they may do.

use std::sync::Arc;

use super::state::{Assignment, Permissions};
use crate::ids::{BlueprintId, CredentialId, GroupId, ItemId, KeyId, NodeId, RoleId, UserId};
use crate::personal::Personal;
use crate::time::Timestamp;

/// `0x05__`. Secrets are never in here: they are in the vault, under a credential's id. A document is what a client keeps
/// with a thing beyond what is known of it here: a JSON object that nothing reads, and that comes back as it was.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A person, with the item that fields refer to.
    UserCreated {
        user: UserId,
        item: ItemId,
        login: Personal,
        display_name: Option<Personal>,
        email: Option<Personal>,
        groups: Vec<GroupId>,
        profile: Option<Arc<str>>,
        credential: Option<CredentialId>,
    },
    /// What is known of a person now; replaces what was.
    UserEdited {
        user: UserId,
        display_name: Option<Personal>,
        email: Option<Personal>,
        groups: Vec<GroupId>,
        profile: Option<Arc<str>>,
        credential: Option<CredentialId>,
        is_enabled: bool,
        document: Option<Personal>,
        own_document: Option<Personal>,
    },
    /// A person can do nothing from now on.
    UserDisabled { user: UserId },
    /// A person is gone for ever; the login stays taken.
    UserDeleted { user: UserId },
    /// A group, with the item that fields refer to.
    GroupCreated { group: GroupId, item: ItemId, description: Arc<str>, is_admin: bool, is_architect: bool },
    /// What a group is and may; replaces what was.
    GroupEdited {
        group: GroupId,
        description: Arc<str>,
        is_admin: bool,
        is_architect: bool,
        document: Option<Arc<str>>,
    },
    /// A group is gone, from people and keys too.
    GroupDeleted { group: GroupId, item: ItemId },
    /// An API key; with an owner or a node it acts as that one, for ever.
    KeyCreated {
        key: KeyId,
        label: Arc<str>,
        is_admin: bool,
        is_architect: bool,
        groups: Vec<GroupId>,
        credential: CredentialId,
        owner: Option<UserId>,
        node: Option<NodeId>,
    },
    /// What an API key is from now on; it opens nothing from `expires` on.
    KeyEdited {
        key: KeyId,
        label: Arc<str>,
        is_admin: bool,
        is_architect: bool,
        groups: Vec<GroupId>,
        credential: CredentialId,
        expires: Option<Timestamp>,
        document: Option<Arc<str>>,
    },
    /// It opens nothing from now on.
    KeyRevoked { key: KeyId },
    /// A role.
    RoleCreated { role: RoleId, label: Arc<str>, description: Arc<str> },
    /// A role's words; replaces them.
    RoleEdited { role: RoleId, label: Arc<str>, description: Arc<str>, document: Option<Arc<str>> },
    /// A role that nothing names any more is gone.
    RoleDeleted { role: RoleId },
    /// Who gets which role on the items of a blueprint, or on one item beyond that; replaces what was set.
    AssignmentsSet {
        blueprint: BlueprintId,
        item: Option<ItemId>,
        assignments: Vec<Assignment>,
        document: Option<Arc<str>>,
    },
    /// Nobody gets roles there any more.
    AssignmentsRemoved { blueprint: BlueprintId, item: Option<ItemId> },
    /// What roles may do, on the items of a blueprint or, without one, where nothing is set; replaces what was set.
    PermissionsSet { blueprint: Option<BlueprintId>, permissions: Permissions, document: Option<Arc<str>> },
    /// The default permissions count for the items of a blueprint again.
    PermissionsRemoved { blueprint: BlueprintId },
}

impl Event {
    /// The item it is about: a user's, a group's, or the one whose roles are set.
    #[must_use]
    pub fn item(&self) -> Option<ItemId> {
        match self {
            Self::UserCreated { item, .. } | Self::GroupCreated { item, .. } | Self::GroupDeleted { item, .. } => {
                Some(*item)
            }
            Self::AssignmentsSet { item, .. } | Self::AssignmentsRemoved { item, .. } => *item,
            _ => None,
        }
    }
}
