//! Facts about who there is and what they may do.

use std::sync::Arc;

use super::state::{Assignment, Permissions};
use crate::ids::{BlueprintId, CredentialId, GroupId, ItemId, KeyId, RoleId, UserId};
use crate::personal::Personal;
use crate::time::Timestamp;

/// `0x05__`. Secrets are never in here: they are in the vault, under a credential's id.
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
    /// A person can do nothing from now on.
    UserDisabled { user: UserId },
    /// A group, with the item that fields refer to.
    GroupCreated { group: GroupId, item: ItemId, description: Arc<str>, is_admin: bool },
    /// An API key.
    KeyCreated { key: KeyId, label: Arc<str>, is_admin: bool, groups: Vec<GroupId>, credential: CredentialId },
    /// What an API key is from now on; it opens nothing from `expires` on.
    KeyEdited {
        key: KeyId,
        label: Arc<str>,
        is_admin: bool,
        groups: Vec<GroupId>,
        credential: CredentialId,
        expires: Option<Timestamp>,
    },
    /// It opens nothing from now on.
    KeyRevoked { key: KeyId },
    /// A role.
    RoleCreated { role: RoleId, label: Arc<str>, description: Arc<str> },
    /// Who gets which role on the items of a blueprint; replaces what was set.
    AssignmentsSet { blueprint: BlueprintId, assignments: Vec<Assignment> },
    /// What roles may do, on the items of a blueprint or, without one, where nothing is set; replaces what was set.
    PermissionsSet { blueprint: Option<BlueprintId>, permissions: Permissions },
}

impl Event {
    /// The item it is about: a user's or a group's.
    #[must_use]
    pub fn item(&self) -> Option<ItemId> {
        match self {
            Self::UserCreated { item, .. } | Self::GroupCreated { item, .. } => Some(*item),
            _ => None,
        }
    }
}
