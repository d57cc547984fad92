//! Users, groups, keys, roles, assignments, permissions.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::artifact::Item;
use crate::blueprint::Container;
use crate::context::Principal;
use crate::ids::{
    BlueprintId, CredentialId, FieldId, GroupId, ItemId, KeyId, NodeId, Position, RoleId, StepId, UserId, VersionId,
};
use crate::personal::Personal;
use crate::time::Timestamp;

/// Who there is and what they may do.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// People.
    pub users: OrdMap<UserId, Arc<User>>,
    /// People by login; without those whose login was erased.
    pub logins: OrdMap<Arc<str>, UserId>,
    /// People by their `bp.system.user` item.
    pub user_items: OrdMap<ItemId, UserId>,
    /// When people last came and went; nothing of those who never did.
    pub activity: OrdMap<UserId, Activity>,
    /// Groups.
    pub groups: OrdMap<GroupId, Arc<Group>>,
    /// Groups by their `bp.system.group` item.
    pub group_items: OrdMap<ItemId, GroupId>,
    /// API keys.
    pub keys: OrdMap<KeyId, Arc<Key>>,
    /// API keys by the vault's name of their secret.
    pub credentials: OrdMap<CredentialId, KeyId>,
    /// Where keys came from, as far as it is told; see `audit`.
    pub key_addresses: OrdMap<KeyId, OrdSet<Arc<str>>>,
    /// Roles.
    pub roles: OrdMap<RoleId, Arc<Role>>,
    /// Who gets which role on the items of a blueprint.
    pub assignments: OrdMap<BlueprintId, Arc<Vec<Assignment>>>,
    /// Who gets which role on one item, beyond that.
    pub item_assignments: OrdMap<ItemId, Arc<Vec<Assignment>>>,
    /// Deleted items as they last were: their history is for those who have a role on them still.
    pub buried: OrdMap<ItemId, Arc<Item>>,
    /// What roles may do with the items of a blueprint.
    pub permissions: OrdMap<BlueprintId, Arc<Permissions>>,
    /// What they may do where nothing is set.
    pub default_permissions: Arc<Permissions>,
    /// What a client keeps with the assignments of a blueprint.
    pub assignment_documents: OrdMap<BlueprintId, Arc<str>>,
    /// What a client keeps with the permissions of a blueprint, or with the default ones.
    pub permission_documents: OrdMap<Option<BlueprintId>, Arc<str>>,
    /// The last user id handed out.
    pub last_user: u32,
    /// The last key id handed out.
    pub last_key: u32,
}

/// A person.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Without anything personal in it.
    pub id: UserId,
    /// The `bp.system.user` item that fields refer to.
    pub item: ItemId,
    /// The login.
    pub login: Personal,
    /// What others read.
    pub display_name: Option<Personal>,
    /// Where mail goes.
    pub email: Option<Personal>,
    /// The groups.
    pub groups: OrdSet<GroupId>,
    /// Kept and shown; gates nothing.
    pub profile: Option<Arc<str>>,
    /// The password's name in the vault.
    pub credential: Option<CredentialId>,
    /// A disabled person can do nothing.
    pub is_enabled: bool,
    /// A deleted person is kept for the history, disabled for ever.
    pub is_deleted: bool,
    /// What administrators keep with the person: a JSON object.
    pub document: Option<Personal>,
    /// What the person keeps with himself: a JSON object.
    pub own_document: Option<Personal>,
    /// Since when the person is known.
    pub created: Timestamp,
    /// Who signed in before this position is signed out: there the person was disabled, or got another password.
    pub signed_out: Position,
}

/// When a person last came, went, or was not let in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Activity {
    /// Signed in.
    pub signed_in: Option<Timestamp>,
    /// Somebody failed to sign in with his login.
    pub failed: Option<Timestamp>,
    /// Signed in or out.
    pub seen: Option<Timestamp>,
}

/// A group of people and keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name.
    pub id: GroupId,
    /// The `bp.system.group` item that fields refer to.
    pub item: ItemId,
    /// What it is for.
    pub description: Arc<str>,
    /// Its members administer the instance.
    pub is_admin: bool,
    /// Its members are architects: they may all but administer the system.
    pub is_architect: bool,
    /// What a client keeps with it: a JSON object.
    pub document: Option<Arc<str>>,
}

/// An API key: global, or one that acts as its person or node.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// What people call it.
    pub label: Arc<str>,
    /// It administers the instance.
    pub is_admin: bool,
    /// It may all but administer the system.
    pub is_architect: bool,
    /// The groups.
    pub groups: OrdSet<GroupId>,
    /// The secret's name in the vault.
    pub credential: CredentialId,
    /// From then on it opens nothing.
    pub expires: Option<Timestamp>,
    /// It no longer opens anything.
    pub is_revoked: bool,
    /// What a client keeps with it: a JSON object.
    pub document: Option<Arc<str>>,
    /// Since when it opens something.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: Principal,
    /// The person that it acts as.
    pub owner: Option<UserId>,
    /// The node that it acts as, at the gate.
    pub node: Option<NodeId>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// `ro.…`.
    pub id: RoleId,
    /// What people read.
    pub label: Arc<str>,
    /// What it is for.
    pub description: Arc<str>,
    /// What a client keeps with it: a JSON object.
    pub document: Option<Arc<str>>,
}

/// A rule that gives a role to people, on the items of one blueprint or on one item. Several for one role add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The role; [`EVERY_ROLE`] in a rule that only inherits.
    pub role: RoleId,
    /// Only where all of these hold; always when there are none.
    pub criteria: Vec<Criterion>,
    /// To these.
    pub containers: Vec<Container>,
    /// To the people and groups that these fields of the item refer to.
    pub fields: Vec<FieldId>,
    /// To whoever has the role on the item that this field refers to.
    pub inherited_through: Option<FieldId>,
    /// To whom the rules without criteria of this blueprint would give it.
    pub inherited_from: Option<BlueprintId>,
}

/// Stands for all roles in a rule that only inherits.
pub const EVERY_ROLE: &str = "*";

impl Assignment {
    /// Gives the role to nobody yet.
    #[must_use]
    pub fn of(role: impl Into<RoleId>) -> Self {
        Self {
            role: role.into(),
            criteria: Vec::new(),
            containers: Vec::new(),
            fields: Vec::new(),
            inherited_through: None,
            inherited_from: None,
        }
    }

    pub(crate) fn is_about(&self, role: &RoleId) -> bool {
        self.role == *role || self.role.as_str() == EVERY_ROLE
    }
}

/// What has to hold for a rule to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Criterion {
    /// The item is of this version of its blueprint.
    Version(VersionId),
    /// The field holds this, or has it among its values; or does not.
    Field {
        /// Which.
        field: FieldId,
        /// As text; other kinds as their JSON.
        value: Arc<str>,
        /// It must not hold this.
        is_negated: bool,
    },
    /// The workflow is at this step.
    Step(StepId),
    /// The item exists: neither still to be made nor deleted.
    Exists,
    /// The item was deleted; what is left is its history.
    Deleted,
}

/// What everybody and each role may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    /// Everybody who is enabled.
    pub everyone: Rights,
    /// Holders of a role, beyond that.
    pub roles: Vec<(RoleId, Rights)>,
    /// What each of them may do with fields, where that differs from what they may do with the item.
    pub fields: Vec<FieldRule>,
}

/// What everybody, or holders of a role, may do with a field. Rules of several roles add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRule {
    /// Of whom; of everybody when left out.
    pub role: Option<RoleId>,
    /// An exception for this field; for all others when left out.
    pub field: Option<FieldId>,
    /// See it.
    pub read: bool,
    /// Change it; implies seeing it.
    pub write: bool,
}

/// What may be done with an item. Write and delete imply read; admin implies all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    /// See it.
    pub read: bool,
    /// Change it, work on its steps, request on its sign-offs.
    pub write: bool,
    /// Make one, govern.
    pub create: bool,
    /// Delete it.
    pub delete: bool,
    /// Decide who is who on it: the people fields.
    pub admin: bool,
}
