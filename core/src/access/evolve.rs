//! Folds facts about who there is.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::Event;
use super::state::{Access, Group, Key, Role, User};
use crate::artifact::{ChildrenRules, Item, insert_item, remove_item};
use crate::ids::{BlueprintId, ItemId, Position, TemplateId, VersionId};
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
        Event::UserCreated { .. }
        | Event::UserEdited { .. }
        | Event::UserDisabled { .. }
        | Event::UserDeleted { .. } => {
            user_changed(state, recorded, event);
        }
        Event::GroupCreated { .. } | Event::GroupEdited { .. } | Event::GroupDeleted { .. } => {
            group_changed(state, recorded, event);
        }
        Event::KeyCreated { key, label, is_admin, is_architect, groups, credential, owner, node } => {
            let made = Key {
                id: *key,
                label: label.clone(),
                is_admin: *is_admin,
                is_architect: *is_architect,
                groups: groups.iter().cloned().collect(),
                credential: *credential,
                expires: None,
                is_revoked: false,
                document: None,
                created: recorded.recorded_at,
                created_by: recorded.actor.clone(),
                owner: *owner,
                node: node.clone(),
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
        _ => rules_changed(&mut state.access, event),
    }
}

fn rules_changed(access: &mut Access, event: &Event) {
    match event {
        Event::RoleCreated { role, label, description } => {
            let (label, description) = (label.clone(), description.clone());
            access.roles.insert(role.clone(), Arc::new(Role { id: role.clone(), label, description, document: None }));
        }
        Event::RoleEdited { role, label, description, document } => {
            let (label, description, document) = (label.clone(), description.clone(), document.clone());
            access.roles.insert(role.clone(), Arc::new(Role { id: role.clone(), label, description, document }));
        }
        Event::RoleDeleted { role } => {
            access.roles.remove(role);
        }
        Event::AssignmentsSet { blueprint, item, assignments, document } => {
            let assignments = Arc::new(assignments.clone());
            match item {
                Some(item) => access.item_assignments.insert(*item, assignments),
                None => {
                    set_or_remove(&mut access.assignment_documents, blueprint.clone(), document.clone());
                    access.assignments.insert(blueprint.clone(), assignments)
                }
            };
        }
        Event::AssignmentsRemoved { blueprint, item } => {
            match item {
                Some(item) => access.item_assignments.remove(item),
                None => {
                    access.assignment_documents.remove(blueprint);
                    access.assignments.remove(blueprint)
                }
            };
        }
        Event::PermissionsSet { blueprint, permissions, document } => {
            set_or_remove(&mut access.permission_documents, blueprint.clone(), document.clone());
            let permissions = Arc::new(permissions.clone());
            match blueprint {
                Some(blueprint) => _ = access.permissions.insert(blueprint.clone(), permissions),
                None => access.default_permissions = permissions,
            }
        }
        Event::PermissionsRemoved { blueprint } => {
            access.permission_documents.remove(&Some(blueprint.clone()));
            access.permissions.remove(blueprint);
        }
        _ => {}
    }
}

fn set_or_remove<K: Ord + Clone>(documents: &mut OrdMap<K, Arc<str>>, key: K, document: Option<Arc<str>>) {
    match document {
        Some(document) => documents.insert(key, document),
        None => documents.remove(&key),
    };
}

fn group_changed(state: &mut State, recorded: &Recorded, event: &Event) {
    match event {
        Event::GroupCreated { group, item, description, is_admin, is_architect } => {
            insert_item(state, person_item(*item, GROUP_BLUEPRINT, group.as_str().into(), recorded));
            let (is_admin, is_architect, description) = (*is_admin, *is_architect, description.clone());
            let made = Group { id: group.clone(), item: *item, description, is_admin, is_architect, document: None };
            state.access.group_items.insert(*item, group.clone());
            state.access.groups.insert(group.clone(), Arc::new(made));
        }
        Event::GroupEdited { group, description, is_admin, is_architect, document } => {
            let Some(found) = state.access.groups.get_mut(group) else { return };
            let found = Arc::make_mut(found);
            found.description = description.clone();
            (found.is_admin, found.is_architect) = (*is_admin, *is_architect);
            found.document = document.clone();
        }
        Event::GroupDeleted { group, item } => {
            let access = &mut state.access;
            access.groups.remove(group);
            access.group_items.remove(item);
            let users = access.users.values().filter(|user| user.groups.contains(group)).map(|user| user.id);
            for user in users.collect::<Vec<_>>() {
                if let Some(user) = access.users.get_mut(&user) {
                    Arc::make_mut(user).groups.remove(group);
                }
            }
            let keys = access.keys.values().filter(|key| key.groups.contains(group)).map(|key| key.id);
            for key in keys.collect::<Vec<_>>() {
                if let Some(key) = access.keys.get_mut(&key) {
                    Arc::make_mut(key).groups.remove(group);
                }
            }
            bury(state, *item);
            remove_item(state, *item);
        }
        _ => {}
    }
}

/// Remembers an item that is about to be deleted, for whoever has a role on it still.
pub(crate) fn bury(state: &mut State, item: ItemId) {
    if let Some(found) = state.items.by_id.get(&item) {
        state.access.buried.insert(item, found.clone());
    }
}

fn user_changed(state: &mut State, recorded: &Recorded, event: &Event) {
    match event {
        Event::UserEdited {
            user,
            display_name,
            email,
            groups,
            profile,
            credential,
            is_enabled,
            document,
            own_document,
        } => {
            let Some(found) = state.access.users.get_mut(user) else { return };
            let found = Arc::make_mut(found);
            found.display_name = display_name.clone();
            found.email = email.clone();
            found.groups = groups.iter().cloned().collect();
            found.profile = profile.clone();
            if found.credential != *credential || !is_enabled {
                found.signed_out = recorded.position;
            }
            found.credential = *credential;
            found.is_enabled = *is_enabled && !found.is_deleted;
            found.document = document.clone();
            found.own_document = own_document.clone();
        }
        Event::UserDisabled { user } => {
            let Some(found) = state.access.users.get_mut(user) else { return };
            let found = Arc::make_mut(found);
            (found.is_enabled, found.signed_out) = (false, recorded.position);
        }
        Event::UserDeleted { user } => {
            let Some(found) = state.access.users.get_mut(user) else { return };
            let found = Arc::make_mut(found);
            (found.is_enabled, found.is_deleted, found.credential) = (false, true, None);
            found.signed_out = recorded.position;
            found.groups = OrdSet::new();
        }
        _ => user_created(state, recorded, event),
    }
}

fn key_edited(state: &mut State, event: &Event) {
    let Event::KeyEdited { key, label, is_admin, is_architect, groups, credential, expires, document } = event else {
        return;
    };
    let access = &mut state.access;
    let Some(found) = access.keys.get_mut(key) else { return };
    // The old secret's name goes, and with it the way from the secret to the key.
    access.credentials.remove(&found.credential);
    access.credentials.insert(*credential, *key);
    let found = Arc::make_mut(found);
    found.label = label.clone();
    (found.is_admin, found.is_architect) = (*is_admin, *is_architect);
    found.groups = groups.iter().cloned().collect();
    found.credential = *credential;
    found.expires = *expires;
    found.document = document.clone();
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
        is_deleted: false,
        document: None,
        own_document: None,
        created: recorded.recorded_at,
        signed_out: Position::default(),
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
