//! Rules about who there is. Everything here is for administrators.

use std::sync::Arc;

use super::may::{Action, Subject, allows};
use super::{Command, Event};
use crate::draft::Draft;
use crate::ids::{CredentialId, GroupId, ItemId, KeyId, UserId};
use crate::rejection::common;
use crate::time::Timestamp;

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

crate::rejections! {
    /// A login has 1 to 128 ASCII letters, digits, and any of `. _ - @`, and is not `actions`.
    Input LoginInvalid { login: String } = "login_invalid", "{login:?} is not a login: 1 to 128 letters, digits, and . _ - @, and not \"actions\"";
    /// A login names one person for ever, also after it was disabled.
    State LoginTaken { login: String } = "login_taken", "the login {login} is taken";
    /// People and keys are put into groups that exist.
    Input GroupUnknown { group: GroupId } = "group_unknown", "the group {group} does not exist";
    /// A group's name has 1 to 128 bytes, none of `/ ? #`, no `..` and no control characters.
    Input GroupNameInvalid { group: String } = "group_name_invalid", "{group:?} is not a group's name: 1 to 128 bytes without / ? # .. and control characters";
    /// A group's name is unique.
    State GroupExists { group: GroupId } = "group_exists", "the group {group} already exists";
    /// A key expires in the future.
    Input ExpiryPast { expires: Timestamp } = "expiry_past", "{expires} has passed; a key expires later than now";
    /// A revoked key stays revoked: another one is made instead.
    State KeyRevoked { key: KeyId } = "key_revoked", "{key} is revoked and stays so";
    /// One person or key is in at most 200 groups.
    Input TooManyGroups { groups: usize } = "too_many_groups", "{groups} groups are too many; at most 200 are allowed";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    if !allows(draft.state(), &draft.context().caller.principal, Action::Admin, Subject::Instance) {
        return Err(common::Rejection::Forbidden { needs: "an administrator".to_owned() }.into());
    }
    match command {
        Command::CreateUser { .. } => create_user(draft, command),
        Command::DisableUser { user } => disable_user(draft, *user),
        Command::CreateGroup { group, description, is_admin } => create_group(draft, group, description, *is_admin),
        Command::CreateKey { label, is_admin, groups, credential, expires } => {
            create_key(draft, label, *is_admin, groups, *credential, *expires)
        }
        Command::RotateKey { key, credential, expires } => rotate_key(draft, *key, *credential, *expires),
        Command::RevokeKey { key } => revoke_key(draft, *key),
    }
}

fn create_user(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    let Command::CreateUser { login, display_name, email, groups, profile, credential } = command else {
        return Ok(());
    };
    check_login(login)?;
    check_text("display name", display_name.as_ref())?;
    check_text("e-mail address", email.as_ref())?;
    check_text("profile", profile.as_ref())?;
    let groups = check_groups(draft, groups)?;
    if draft.state().access.logins.contains_key(login) {
        return Err(Rejection::LoginTaken { login: login.to_string() }.into());
    }
    let created = Event::UserCreated {
        user: UserId(draft.state().access.last_user.saturating_add(1)),
        item: next_item(draft),
        login: draft.personal(login),
        display_name: display_name.as_ref().map(|name| draft.personal(name)),
        email: email.as_ref().map(|email| draft.personal(email)),
        groups,
        profile: profile.clone(),
        credential: *credential,
    };
    draft.emit(created);
    Ok(())
}

fn disable_user(draft: &mut Draft<'_>, user: UserId) -> Result<(), crate::Rejection> {
    let Some(found) = draft.state().access.users.get(&user) else { return Err(missing(user)) };
    if found.is_enabled {
        draft.emit(Event::UserDisabled { user });
    }
    Ok(())
}

fn create_group(
    draft: &mut Draft<'_>,
    group: &GroupId,
    description: &Arc<str>,
    is_admin: bool,
) -> Result<(), crate::Rejection> {
    check_group_name(group)?;
    if description.len() > DESCRIPTION_BYTES_MAX {
        return Err(too_long("description", description, DESCRIPTION_BYTES_MAX));
    }
    if draft.state().access.groups.contains_key(group) {
        return Err(Rejection::GroupExists { group: group.clone() }.into());
    }
    let item = next_item(draft);
    draft.emit(Event::GroupCreated { group: group.clone(), item, description: description.clone(), is_admin });
    Ok(())
}

fn create_key(
    draft: &mut Draft<'_>,
    label: &Arc<str>,
    is_admin: bool,
    groups: &[GroupId],
    credential: CredentialId,
    expires: Option<Timestamp>,
) -> Result<(), crate::Rejection> {
    check_text("label", Some(label))?;
    check_expiry(draft, expires)?;
    let groups = check_groups(draft, groups)?;
    // A credential is new for each key, so the same one again is the same wish again.
    if draft.state().access.credentials.contains_key(&credential) {
        return Ok(());
    }
    let key = KeyId(draft.state().access.last_key.saturating_add(1));
    let label = label.clone();
    draft.emit(Event::KeyCreated { key, label: label.clone(), is_admin, groups: groups.clone(), credential });
    if expires.is_some() {
        draft.emit(Event::KeyEdited { key, label, is_admin, groups, credential, expires });
    }
    Ok(())
}

fn rotate_key(
    draft: &mut Draft<'_>,
    key: KeyId,
    credential: CredentialId,
    expires: Option<Timestamp>,
) -> Result<(), crate::Rejection> {
    let found = draft.state().access.keys.get(&key).cloned().ok_or_else(|| missing(key))?;
    if found.is_revoked {
        return Err(Rejection::KeyRevoked { key }.into());
    }
    check_expiry(draft, expires)?;
    if found.credential == credential {
        return Ok(());
    }
    let expires = expires.or(found.expires);
    // With the expiry it has a new secret would be as dead as the old one.
    check_expiry(draft, expires)?;
    draft.emit(Event::KeyEdited {
        key,
        label: found.label.clone(),
        is_admin: found.is_admin,
        groups: found.groups.iter().cloned().collect(),
        credential,
        expires,
    });
    Ok(())
}

fn check_expiry(draft: &Draft<'_>, expires: Option<Timestamp>) -> Result<(), Rejection> {
    match expires {
        Some(expires) if expires <= draft.context().at => Err(Rejection::ExpiryPast { expires }),
        _ => Ok(()),
    }
}

fn revoke_key(draft: &mut Draft<'_>, key: KeyId) -> Result<(), crate::Rejection> {
    let Some(found) = draft.state().access.keys.get(&key) else { return Err(missing(key)) };
    if !found.is_revoked {
        draft.emit(Event::KeyRevoked { key });
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

fn check_text(what: &'static str, text: Option<&Arc<str>>) -> Result<(), crate::Rejection> {
    let Some(text) = text else { return Ok(()) };
    if text.len() > LABEL_BYTES_MAX {
        return Err(too_long(what, text, LABEL_BYTES_MAX));
    }
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err(common::Rejection::NameInvalid { what }.into());
    }
    Ok(())
}

fn check_groups(draft: &Draft<'_>, groups: &[GroupId]) -> Result<Vec<GroupId>, Rejection> {
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

fn missing(what: impl ToString) -> crate::Rejection {
    common::Rejection::NotFound { what: what.to_string() }.into()
}

fn too_long(what: &'static str, text: &str, max_bytes: usize) -> crate::Rejection {
    common::Rejection::TextTooLong { what, length_bytes: text.len(), max_bytes }.into()
}
