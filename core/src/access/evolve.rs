//! Folds facts about who there is.

use std::sync::Arc;

use super::Event;
use super::state::{Group, Key, Role, User};
use crate::artifact::insert_item;
use crate::artifact::{ChildrenRules, Item};
use crate::ids::{BlueprintId, ItemId, TemplateId, VersionId};
use crate::recorded::Recorded;
use crate::state::State;

/// The locked blueprint of the items that stand for people.
pub const USER_BLUEPRINT: &str = "bp.system.user";
/// The locked blueprint of the items that stand for groups.
pub const GROUP_BLUEPRINT: &str = "bp.system.group";
/// The one version of every standard blueprint of synced and system items.
pub const SYSTEM_VERSION: &str = "bv.system.default";

pub(crate) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    match event {
        Event::UserCreated { .. } => user_created(state, recorded, event),
        Event::UserDisabled { user } => {
            if let Some(user) = state.access.users.get_mut(user) {
                Arc::make_mut(user).is_enabled = false;
            }
        }
        Event::GroupCreated { group, item, description, is_admin } => {
            insert_item(state, person_item(*item, GROUP_BLUEPRINT, group.as_str().into(), recorded));
            let description = description.clone();
            let made = Group { id: group.clone(), item: *item, description, is_admin: *is_admin };
            state.access.group_items.insert(*item, group.clone());
            state.access.groups.insert(group.clone(), Arc::new(made));
        }
        Event::KeyCreated { key, label, is_admin, groups, credential } => {
            let made = Key {
                id: *key,
                label: label.clone(),
                is_admin: *is_admin,
                groups: groups.iter().cloned().collect(),
                credential: *credential,
                expires: None,
                is_revoked: false,
            };
            let access = &mut state.access;
            access.last_key = access.last_key.max(key.0);
            access.credentials.insert(*credential, *key);
            access.keys.insert(*key, Arc::new(made));
        }
        Event::KeyEdited { .. } => key_edited(state, event),
        Event::KeyRevoked { key } => {
            if let Some(key) = state.access.keys.get_mut(key) {
                Arc::make_mut(key).is_revoked = true;
            }
        }
        Event::RoleCreated { role, label, description } => {
            let made = Role { id: role.clone(), label: label.clone(), description: description.clone() };
            state.access.roles.insert(role.clone(), Arc::new(made));
        }
        Event::AssignmentsSet { blueprint, assignments } => {
            state.access.assignments.insert(blueprint.clone(), Arc::new(assignments.clone()));
        }
        Event::PermissionsSet { blueprint: Some(blueprint), permissions } => {
            state.access.permissions.insert(blueprint.clone(), Arc::new(permissions.clone()));
        }
        Event::PermissionsSet { blueprint: None, permissions } => {
            state.access.default_permissions = Arc::new(permissions.clone());
        }
    }
}

fn key_edited(state: &mut State, event: &Event) {
    let Event::KeyEdited { key, label, is_admin, groups, credential, expires } = event else { return };
    let access = &mut state.access;
    let Some(found) = access.keys.get_mut(key) else { return };
    // The old secret's name goes, and with it the way from the secret to the key.
    access.credentials.remove(&found.credential);
    access.credentials.insert(*credential, *key);
    let found = Arc::make_mut(found);
    found.label = label.clone();
    found.is_admin = *is_admin;
    found.groups = groups.iter().cloned().collect();
    found.credential = *credential;
    found.expires = *expires;
}

fn user_created(state: &mut State, recorded: &Recorded, event: &Event) {
    let Event::UserCreated { user, item, login, display_name, email, groups, profile, credential } = event else {
        return;
    };
    // The login is personal and must stay erasable, an item's name is not: readers render the login from here.
    insert_item(state, person_item(*item, USER_BLUEPRINT, user.to_string().into(), recorded));
    let made = User {
        id: *user,
        item: *item,
        login: login.clone(),
        display_name: display_name.clone(),
        email: email.clone(),
        groups: groups.iter().cloned().collect(),
        profile: profile.clone(),
        credential: *credential,
        is_enabled: true,
    };
    let access = &mut state.access;
    access.last_user = access.last_user.max(user.0);
    if let Some(login) = login.value() {
        access.logins.insert(login.into(), *user);
    }
    access.user_items.insert(*item, *user);
    access.users.insert(*user, Arc::new(made));
}

fn person_item(id: ItemId, blueprint: &str, name: Arc<str>, recorded: &Recorded) -> Item {
    Item {
        id,
        name,
        is_named_by_person: false,
        template: TemplateId { blueprint: BlueprintId::from(blueprint), version: VersionId::from(SYSTEM_VERSION) },
        fields: imbl::OrdMap::new(),
        steps: Vec::new(),
        is_archived: false,
        is_hidden: false,
        source: None,
        children: ChildrenRules::default(),
        position: recorded.position,
        created: recorded.position,
    }
}
