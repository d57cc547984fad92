//! `0x05__`. Since 0.1.

use serde::{Deserialize, Serialize};

use super::super::error::DecodeError;
use super::super::macros::{events, frozen};
use super::super::wire::{Ak, Ar, Freezing, Sealed, Thawing, Us, Uuid, Wire};
use super::pieces::ContainerV1;
use crate::access::{Assignment, Criterion, Event, FieldRule, Permissions, Rights};
use crate::ids::RoleId;

frozen! {
    /// Gives a role to people.
    AssignmentV1 for Assignment {
        role: String,
        criteria: Vec<CriterionV1>,
        containers: Vec<ContainerV1>,
        fields: Vec<String>,
        inherited_through: Option<String>,
        inherited_from: Option<String>,
    }
    /// What may be done with an item.
    RightsV1 for Rights { read: bool, write: bool, create: bool, delete: bool, admin: bool }
    /// What everybody and each role may do.
    PermissionsV1 for Permissions { everyone: RightsV1, roles: Vec<RoleRightsV1>, fields: Vec<FieldRuleV1> }
    /// What everybody or a role may do with a field, or with all others.
    FieldRuleV1 for FieldRule { role: Option<String>, field: Option<String>, read: bool, write: bool }
}

/// What has to hold: `version bv.x`, `field f` with a value, `not_field f`, `step s`, `exists`, `deleted`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CriterionV1 {
    pub(crate) kind: String,
    pub(crate) id: Option<String>,
    pub(crate) value: Option<String>,
}

impl Wire<Criterion> for CriterionV1 {
    fn freeze(domain: &Criterion, _: &mut Freezing) -> Self {
        let (kind, id, value) = match domain {
            Criterion::Version(version) => ("version", Some(version.to_string()), None),
            Criterion::Field { field, value, is_negated } => {
                (if *is_negated { "not_field" } else { "field" }, Some(field.to_string()), Some(value.to_string()))
            }
            Criterion::Step(step) => ("step", Some(step.to_string()), None),
            Criterion::Exists => ("exists", None, None),
            Criterion::Deleted => ("deleted", None, None),
        };
        Self { kind: kind.to_owned(), id, value }
    }

    fn thaw(self, _: &mut Thawing) -> Result<Criterion, DecodeError> {
        match (self.kind.as_str(), self.id, self.value) {
            ("version", Some(id), None) => Ok(Criterion::Version(id.into())),
            ("field" | "not_field", Some(id), Some(value)) => {
                Ok(Criterion::Field { field: id.into(), value: value.into(), is_negated: self.kind == "not_field" })
            }
            ("step", Some(id), None) => Ok(Criterion::Step(id.into())),
            ("exists", None, None) => Ok(Criterion::Exists),
            ("deleted", None, None) => Ok(Criterion::Deleted),
            _ => Err(DecodeError::unexpected(&self.kind, "a criterion with what it needs")),
        }
    }
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
    /// What is known of a person now; replaces what was.
    0x0502 1 UserEdited => UserEditedV1 {
        user: Us,
        display_name: Option<Sealed>,
        email: Option<Sealed>,
        groups: Vec<String>,
        profile: Option<String>,
        credential: Option<Uuid>,
        is_enabled: bool,
        document: Option<Sealed>,
        own_document: Option<Sealed>,
    }
    /// A person can do nothing from now on.
    0x0503 1 UserDisabled => UserDisabledV1 { user: Us }
    /// A person is gone for ever; the login stays taken.
    0x0504 1 UserDeleted => UserDeletedV1 { user: Us }
    /// A group, with the item that fields refer to.
    0x0508 1 GroupCreated => GroupCreatedV1 {
        group: String,
        item: Ar,
        description: String,
        is_admin: bool,
        is_architect: bool,
    }
    /// What a group is and may; replaces what was.
    0x0509 1 GroupEdited => GroupEditedV1 {
        group: String,
        description: String,
        is_admin: bool,
        is_architect: bool,
        document: Option<String>,
    }
    /// A group is gone, from people and keys too.
    0x050a 1 GroupDeleted => GroupDeletedV1 { group: String, item: Ar }
    /// An API key; its secret is in the vault. With an owner or a node it acts as that one.
    0x050b 1 KeyCreated => KeyCreatedV1 {
        key: Ak,
        label: String,
        is_admin: bool,
        is_architect: bool,
        groups: Vec<String>,
        credential: Uuid,
        owner: Option<Us>,
        node: Option<String>,
    }
    /// What an API key is from now on: a new secret, a day on which it ends.
    0x050c 1 KeyEdited => KeyEditedV1 {
        key: Ak,
        label: String,
        is_admin: bool,
        is_architect: bool,
        groups: Vec<String>,
        credential: Uuid,
        expires: Option<i64>,
        document: Option<String>,
    }
    /// A key opens nothing from now on.
    0x050d 1 KeyRevoked => KeyRevokedV1 { key: Ak }
    /// A role.
    0x050e 1 RoleCreated => RoleCreatedV1 { role: String, label: String, description: String }
    /// A role's words; replaces them.
    0x050f 1 RoleEdited => RoleEditedV1 { role: String, label: String, description: String, document: Option<String> }
    /// A role that nothing names any more is gone.
    0x0510 1 RoleDeleted => RoleDeletedV1 { role: String }
    /// Who gets which role on the items of a blueprint, or on one item beyond that; replaces what was set.
    0x0511 1 AssignmentsSet => AssignmentsSetV1 {
        blueprint: String,
        item: Option<Ar>,
        assignments: Vec<AssignmentV1>,
        document: Option<String>,
    }
    /// Nobody gets roles on the items of a blueprint, or on one item beyond that, any more.
    0x0512 1 AssignmentsRemoved => AssignmentsRemovedV1 { blueprint: String, item: Option<Ar> }
    /// What roles may do, on the items of a blueprint or where nothing is set; replaces what was set.
    0x0513 1 PermissionsSet => PermissionsSetV1 {
        blueprint: Option<String>,
        permissions: PermissionsV1,
        document: Option<String>,
    }
    /// The default permissions count for the items of a blueprint again.
    0x0514 1 PermissionsRemoved => PermissionsRemovedV1 { blueprint: String }
}
