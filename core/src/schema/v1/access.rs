//! `0x05__`. Since 0.1.

use serde::{Deserialize, Serialize};

use super::super::error::DecodeError;
use super::super::macros::{events, frozen};
use super::super::wire::{Ak, Ar, Freezing, Sealed, Thawing, Us, Uuid, Wire};
use super::pieces::ContainerV1;
use crate::access::{Assignment, Event, Permissions, Rights};
use crate::ids::RoleId;

frozen! {
    /// Gives a role to people.
    AssignmentV1 for Assignment {
        role: String,
        containers: Vec<ContainerV1>,
        fields: Vec<String>,
        inherited_through: Option<String>,
    }
    /// What may be done with an item.
    RightsV1 for Rights { read: bool, write: bool, create: bool, delete: bool, admin: bool }
    /// What everybody and each role may do.
    PermissionsV1 for Permissions { everyone: RightsV1, roles: Vec<RoleRightsV1> }
}

/// What holders of a role may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoleRightsV1 {
    pub(crate) role: String,
    pub(crate) rights: RightsV1,
}

impl Wire<(RoleId, Rights)> for RoleRightsV1 {
    fn freeze((role, rights): &(RoleId, Rights), out: &mut Freezing) -> Self {
        Self { role: Wire::freeze(role, out), rights: Wire::freeze(rights, out) }
    }

    fn thaw(self, from: &mut Thawing) -> Result<(RoleId, Rights), DecodeError> {
        Ok((Wire::thaw(self.role, from)?, Wire::thaw(self.rights, from)?))
    }
}

events! { Event in Access;
    /// A person, with the item that fields refer to.
    0x0501 1 UserCreated => UserCreatedV1 {
        user: Us,
        item: Ar,
        login: Sealed,
        display_name: Option<Sealed>,
        email: Option<Sealed>,
        groups: Vec<String>,
        profile: Option<String>,
        credential: Option<Uuid>,
    }
    /// A person can do nothing from now on.
    0x0503 1 UserDisabled => UserDisabledV1 { user: Us }
    /// A group, with the item that fields refer to.
    0x0508 1 GroupCreated => GroupCreatedV1 { group: String, item: Ar, description: String, is_admin: bool }
    /// An API key; its secret is in the vault.
    0x050b 1 KeyCreated => KeyCreatedV1 {
        key: Ak,
        label: String,
        is_admin: bool,
        groups: Vec<String>,
        credential: Uuid,
    }
    /// What an API key is from now on: a new secret, a day on which it ends.
    0x050c 1 KeyEdited => KeyEditedV1 {
        key: Ak,
        label: String,
        is_admin: bool,
        groups: Vec<String>,
        credential: Uuid,
        expires: Option<i64>,
    }
    /// A key opens nothing from now on.
    0x050d 1 KeyRevoked => KeyRevokedV1 { key: Ak }
    /// A role.
    0x050e 1 RoleCreated => RoleCreatedV1 { role: String, label: String, description: String }
    /// Who gets which role on the items of a blueprint; replaces what was set.
    0x0511 1 AssignmentsSet => AssignmentsSetV1 { blueprint: String, assignments: Vec<AssignmentV1> }
    /// What roles may do, on the items of a blueprint or where nothing is set; replaces what was set.
    0x0513 1 PermissionsSet => PermissionsSetV1 { blueprint: Option<String>, permissions: PermissionsV1 }
}
