//! Which fields of an item somebody may see and change.
//!
//! Fields follow the item's rights unless the blueprint's permissions say otherwise: for everybody or for a role, for
//! one field (an exception) or for all others. What everybody and several roles may do adds up.

use super::may::{Action, Subject, allows, is_architect, permissions_of};
use super::roles::{Asker, has_role, has_role_anywhere};
use super::state::{FieldRule, Permissions, Rights};
use crate::context::Principal;
use crate::ids::{BlueprintId, FieldId, ItemId, RoleId};
use crate::state::State;

/// What somebody may do with the fields of one item; made once for all of them.
#[derive(Debug, Clone)]
pub struct FieldAccess<'a> {
    permissions: &'a Permissions,
    holders: Vec<Holder<'a>>,
    is_unbounded: bool,
}

/// Everybody, or the holders of a role.
#[derive(Debug, Clone, Copy)]
struct Holder<'a> {
    role: Option<&'a RoleId>,
    rights: Rights,
}

impl<'a> FieldAccess<'a> {
    /// On an item, a deleted one included. That the item itself may be read is asked for beside it.
    #[must_use]
    pub fn on(state: &'a State, principal: &Principal, item: ItemId) -> Self {
        let living = state.items.by_id.get(&item);
        let found = living.or_else(|| state.access.buried.get(&item));
        let Some(found) = found else { return Self::nothing(&state.access.default_permissions) };
        let permissions = permissions_of(state, &found.template.blueprint);
        // Without rules a reader of the item reads its fields, by whatever he reads it.
        if permissions.fields.is_empty() {
            let can_write = || allows(state, principal, Action::Write, Subject::Item(item));
            let rights = Rights { read: true, write: can_write(), ..Rights::default() };
            return Self { permissions, holders: vec![Holder { role: None, rights }], is_unbounded: false };
        }
        let asker = Asker::of(state, principal);
        let mut made = Self::with(state, principal, permissions, |role| has_role(state, role, &asker, item));
        // Whoever reads as a reviewer or approver has no right of his own; he sees what everybody could be shown.
        if !made.holders.iter().any(|holder| Action::Read.is_within(holder.rights)) {
            made.holders.push(Holder { role: None, rights: Rights { read: true, ..Rights::default() } });
        }
        made
    }

    /// Whether some field of items of this blueprint may be hidden from somebody who reads the item.
    #[must_use]
    pub fn hides_in(state: &State, blueprint: &BlueprintId) -> bool {
        !permissions_of(state, blueprint).fields.is_empty()
    }

    /// Whether some field of an item may be hidden from this reader of it. Cheap, for lists: most readers see all.
    #[must_use]
    pub fn hides_from(state: &State, principal: &Principal) -> bool {
        let access = &state.access;
        let mut all = std::iter::once(&access.default_permissions).chain(access.permissions.values());
        all.any(|permissions| !permissions.fields.is_empty())
            && matches!(principal, Principal::User(_) | Principal::Key(_))
            && !is_architect(state, principal)
    }

    /// On an item that is still to be made.
    #[must_use]
    pub fn on_new(state: &'a State, principal: &Principal, blueprint: &BlueprintId) -> Self {
        let permissions = permissions_of(state, blueprint);
        let asker = Asker::of(state, principal);
        let mut made =
            Self::with(state, principal, permissions, |role| has_role_anywhere(state, role, &asker, blueprint));
        for holder in &mut made.holders {
            holder.rights.write |= holder.rights.create;
        }
        made
    }

    fn nothing(permissions: &'a Permissions) -> Self {
        Self { permissions, holders: Vec::new(), is_unbounded: false }
    }

    fn with(state: &State, principal: &Principal, permissions: &'a Permissions, has: impl Fn(&RoleId) -> bool) -> Self {
        let is_outside = matches!(principal, Principal::System | Principal::Node(_));
        let mut holders = vec![Holder { role: None, rights: permissions.everyone }];
        let named = permissions.fields.iter().filter_map(|rule| rule.role.as_ref());
        let fields_only = named.filter(|role| !permissions.roles.iter().any(|(known, _)| known == *role));
        let all = permissions.roles.iter().map(|(role, rights)| (role, *rights));
        for (role, rights) in all.chain(fields_only.map(|role| (role, Rights::default()))) {
            if !holders.iter().any(|holder| holder.role == Some(role)) && has(role) {
                holders.push(Holder { role: Some(role), rights });
            }
        }
        let is_unbounded = is_outside || is_architect(state, principal) || holders.iter().any(|one| one.rights.admin);
        Self { permissions, holders, is_unbounded }
    }

    /// May the field be seen?
    #[must_use]
    pub fn reads(&self, field: &FieldId) -> bool {
        self.is_unbounded || self.holders.iter().any(|holder| self.of(holder, field).0)
    }

    /// May the field be changed?
    #[must_use]
    pub fn writes(&self, field: &FieldId) -> bool {
        self.is_unbounded || self.holders.iter().any(|holder| self.of(holder, field).1)
    }

    fn of(&self, holder: &Holder<'_>, field: &FieldId) -> (bool, bool) {
        let rules = || self.permissions.fields.iter().filter(|rule| rule.role.as_ref() == holder.role);
        let exception = rules().find(|rule| rule.field.as_ref() == Some(field));
        match exception.or_else(|| rules().find(|rule| rule.field.is_none())) {
            Some(FieldRule { read, write, .. }) => (*read || *write, *write),
            None => (Action::Read.is_within(holder.rights), Action::Write.is_within(holder.rights)),
        }
    }
}
