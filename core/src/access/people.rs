//! Rules about who there is.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::rules::named_in_signoffs;
use super::state::{Assignment, Group};
use super::{Command, Edit, Event, Rejection, UserEdit, documents, keys};
use crate::blueprint::Container;
use crate::context::Principal;
use crate::draft::Draft;
use crate::ids::{GroupId, ItemId, UserId};
use crate::personal::Personal;
use crate::rejection::common;

/// Longest login, in characters.
pub const LOGIN_CHARS_MAX: usize = 128;
/// Longest name of a group, in bytes.
pub const GROUP_NAME_BYTES_MAX: usize = 128;
/// Longest display name, e-mail address, profile or label of a key, in bytes.
pub const LABEL_BYTES_MAX: usize = 256;
/// Longest description of a group, in bytes.
pub const DESCRIPTION_BYTES_MAX: usize = 4 * 1024;
/// Most groups of one person or key.
pub const GROUPS_MAX: usize = 200;
/// Not a login: on the public API's paths it stands for actions on all users.
pub const LOGIN_RESERVED: &str = "actions";

pub(super) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    match command {
        Command::CreateUser { .. } => create_user(draft, command),
        Command::EditUser { user, edit } => edit_user(draft, *user, edit),
        Command::DisableUser { user } => disable_user(draft, *user),
        Command::DeleteUser { user } => delete_user(draft, *user),
        Command::CreateGroup { .. } => create_group(draft, command),
        Command::EditGroup { .. } => edit_group(draft, command),
        Command::DeleteGroup { group } => delete_group(draft, group),
        _ => keys::decide(draft, command),
    }
}

fn create_user(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    let Command::CreateUser { login, display_name, email, groups, profile, credential, document, own_document } =
        command
    else {
        return Ok(());
    };
    documents::check(document.as_ref())?;
    documents::check(own_document.as_ref())?;
    check_login(login)?;
    check_text("display name", display_name.as_ref())?;
    check_text("e-mail address", email.as_ref())?;
    check_text("profile", profile.as_ref())?;
    let groups = check_groups(draft, groups)?;
    if draft.state().access.logins.contains_key(login) {
        return Err(Rejection::LoginTaken { login: login.to_string() }.into());
    }
    let user = UserId(draft.state().access.last_user.saturating_add(1));
    let created = Event::UserCreated {
        user,
        item: next_item(draft),
        login: draft.personal(login),
        display_name: display_name.as_ref().map(|name| draft.personal(name)),
        email: email.as_ref().map(|email| draft.personal(email)),
        groups,
        profile: profile.clone(),
        credential: *credential,
    };
    draft.emit(created);
    let set = |document: &Option<Arc<str>>| document.clone().map_or(Edit::Keep, Edit::Set);
    let edit = UserEdit { document: set(document), own_document: set(own_document), ..UserEdit::default() };
    edit_user(draft, user, &edit)
}

/// A person changes what he keeps with himself, and nothing else of what is known of him.
pub(super) fn edit_oneself(draft: &mut Draft<'_>, own_document: &Edit<Arc<str>>) -> Result<(), crate::Rejection> {
    let Principal::User(user) = draft.context().caller.principal else {
        return Err(common::Rejection::Forbidden { needs: "a person".to_owned() }.into());
    };
    edit_user(draft, user, &UserEdit { own_document: own_document.clone(), ..UserEdit::default() })
}

fn disable_user(draft: &mut Draft<'_>, user: UserId) -> Result<(), crate::Rejection> {
    let Some(found) = draft.state().access.users.get(&user) else { return Err(missing(user)) };
    if found.is_enabled {
        draft.emit(Event::UserDisabled { user });
    }
    Ok(())
}

pub(super) fn edit_user(draft: &mut Draft<'_>, user: UserId, edit: &UserEdit) -> Result<(), crate::Rejection> {
    let found = draft.state().access.users.get(&user).cloned().ok_or_else(|| missing(user))?;
    if found.is_deleted {
        return Err(Rejection::UserDeleted { user }.into());
    }
    if edit.is_enabled == Some(false) && found.is_enabled {
        draft.emit(Event::UserDisabled { user });
    }
    let given = |edit: &Edit<Arc<str>>| if let Edit::Set(text) = edit { Some(text.clone()) } else { None };
    check_text("display name", given(&edit.display_name).as_ref())?;
    check_text("e-mail address", given(&edit.email).as_ref())?;
    check_text("profile", given(&edit.profile).as_ref())?;
    documents::check(given(&edit.document).as_ref())?;
    documents::check(given(&edit.own_document).as_ref())?;
    let groups = match &edit.groups {
        Some(groups) => check_groups(draft, groups)?,
        None => found.groups.iter().cloned().collect(),
    };
    let display_name = personal(draft, &edit.display_name, found.display_name.as_ref());
    let email = personal(draft, &edit.email, found.email.as_ref());
    let profile = edit.profile.clone().apply(found.profile.clone());
    let credential = edit.credential.clone().apply(found.credential);
    let is_enabled = edit.is_enabled.unwrap_or(found.is_enabled);
    let document = personal(draft, &edit.document, found.document.as_ref());
    let own_document = personal(draft, &edit.own_document, found.own_document.as_ref());
    let is_same = display_name == found.display_name
        && email == found.email
        && groups.iter().collect::<BTreeSet<_>>() == found.groups.iter().collect()
        && profile == found.profile
        && credential == found.credential
        && (&document, &own_document) == (&found.document, &found.own_document)
        && (is_enabled == found.is_enabled || !is_enabled);
    if !is_same {
        draft.emit(Event::UserEdited {
            user,
            display_name,
            email,
            groups,
            profile,
            credential,
            is_enabled,
            document,
            own_document,
        });
    }
    Ok(())
}

// A value that stays keeps its commitment, so that an edit of something else says nothing about it.
fn personal(draft: &mut Draft<'_>, edit: &Edit<Arc<str>>, old: Option<&Personal>) -> Option<Personal> {
    match edit {
        Edit::Keep => old.cloned(),
        Edit::Clear => None,
        Edit::Set(text) if old.and_then(Personal::value) == Some(text) => old.cloned(),
        Edit::Set(text) => Some(draft.personal(text)),
    }
}

fn delete_user(draft: &mut Draft<'_>, user: UserId) -> Result<(), crate::Rejection> {
    let Some(found) = draft.state().access.users.get(&user) else { return Err(missing(user)) };
    if !found.is_deleted {
        draft.emit(Event::UserDeleted { user });
    }
    Ok(())
}

fn edit_group(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    let Command::EditGroup { group, description, is_admin, is_architect, document } = command else { return Ok(()) };
    let found = draft.state().access.groups.get(group).cloned().ok_or_else(|| missing(group))?;
    let description = description.clone().unwrap_or_else(|| found.description.clone());
    if description.len() > DESCRIPTION_BYTES_MAX {
        return Err(too_long("description", &description, DESCRIPTION_BYTES_MAX));
    }
    let is_admin = is_admin.unwrap_or(found.is_admin);
    let is_architect = is_architect.unwrap_or(found.is_architect);
    let document = documents::edited(document, found.document.as_ref())?;
    let new = Group { description, is_admin, is_architect, document, ..Group::clone(&found) };
    if new != *found {
        let Group { id: group, description, is_admin, is_architect, document, .. } = new;
        draft.emit(Event::GroupEdited { group, description, is_admin, is_architect, document });
    }
    Ok(())
}

fn delete_group(draft: &mut Draft<'_>, group: &GroupId) -> Result<(), crate::Rejection> {
    let state = draft.state();
    let found = state.access.groups.get(group).ok_or_else(|| missing(group))?;
    let container = Container::Group(group.clone());
    let names = |rules: &[Assignment]| rules.iter().any(|rule| rule.containers.contains(&container));
    let access = &state.access;
    let assigned = access.assignments.iter().find(|(_, rules)| names(rules));
    let on_item = || access.item_assignments.iter().find(|(_, rules)| names(rules));
    let referrer = || state.items.referrers.get(&found.item).and_then(|referrers| referrers.get_min());
    let by = assigned
        .map(|(blueprint, _)| format!("the role assignments of {blueprint}"))
        .or_else(|| on_item().map(|(item, _)| format!("the role assignments of {item}")))
        .or_else(|| named_in_signoffs(state, &container))
        .or_else(|| referrer().map(|(field, item)| format!("the field {field} of {item}")));
    if let Some(by) = by {
        return Err(Rejection::GroupInUse { group: group.clone(), by }.into());
    }
    let item = found.item;
    draft.emit(Event::GroupDeleted { group: group.clone(), item });
    Ok(())
}

fn create_group(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    let Command::CreateGroup { group, description, is_admin, is_architect, document } = command else { return Ok(()) };
    let (is_admin, is_architect) = (*is_admin, *is_architect);
    check_group_name(group)?;
    documents::check(document.as_ref())?;
    if description.len() > DESCRIPTION_BYTES_MAX {
        return Err(too_long("description", description, DESCRIPTION_BYTES_MAX));
    }
    if draft.state().access.groups.contains_key(group) {
        return Err(Rejection::GroupExists { group: group.clone() }.into());
    }
    let item = next_item(draft);
    draft.emit(Event::GroupCreated {
        group: group.clone(),
        item,
        description: description.clone(),
        is_admin,
        is_architect,
    });
    if document.is_some() {
        let (group, description, document) = (group.clone(), description.clone(), document.clone());
        draft.emit(Event::GroupEdited { group, description, is_admin, is_architect, document });
    }
    Ok(())
}

fn check_login(login: &str) -> Result<(), Rejection> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-' | '@');
    let length = login.chars().count();
    if (1..=LOGIN_CHARS_MAX).contains(&length) && login.chars().all(is_allowed) && login != LOGIN_RESERVED {
        return Ok(());
    }
    Err(Rejection::LoginInvalid { login: login.chars().take(LOGIN_CHARS_MAX).collect() })
}

fn check_group_name(group: &GroupId) -> Result<(), Rejection> {
    let name = group.as_str();
    let is_refused = |character: char| matches!(character, '/' | '?' | '#') || character.is_control();
    let has_length = (1..=GROUP_NAME_BYTES_MAX).contains(&name.len()) && !name.trim().is_empty();
    if has_length && !name.contains(is_refused) && !name.contains("..") {
        return Ok(());
    }
    Err(Rejection::GroupNameInvalid { group: name.chars().take(GROUP_NAME_BYTES_MAX).collect() })
}

pub(super) fn check_text(what: &'static str, text: Option<&Arc<str>>) -> Result<(), crate::Rejection> {
    let Some(text) = text else { return Ok(()) };
    if text.len() > LABEL_BYTES_MAX {
        return Err(too_long(what, text, LABEL_BYTES_MAX));
    }
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err(common::Rejection::NameInvalid { what }.into());
    }
    Ok(())
}

pub(super) fn check_groups(draft: &Draft<'_>, groups: &[GroupId]) -> Result<Vec<GroupId>, Rejection> {
    if groups.len() > GROUPS_MAX {
        return Err(Rejection::TooManyGroups { groups: groups.len() });
    }
    let mut known: Vec<GroupId> = Vec::with_capacity(groups.len());
    for group in groups {
        if !draft.state().access.groups.contains_key(group) {
            return Err(Rejection::GroupUnknown { group: group.clone() });
        }
        if !known.contains(group) {
            known.push(group.clone());
        }
    }
    Ok(known)
}

fn next_item(draft: &Draft<'_>) -> ItemId {
    ItemId(draft.state().items.last_item.saturating_add(1))
}

pub(super) fn missing(what: impl ToString) -> crate::Rejection {
    common::Rejection::NotFound { what: what.to_string() }.into()
}

pub(super) fn too_long(what: &'static str, text: &str, max_bytes: usize) -> crate::Rejection {
    common::Rejection::TextTooLong { what, length_bytes: text.len(), max_bytes }.into()
}
