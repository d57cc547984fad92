//! Rules about API keys. Their secrets are in the vault.

use std::sync::Arc;

use super::people::{check_groups, check_text, missing};
use super::state::Key;
use super::{Command, Event, KeyEdit, Rejection, documents};
use crate::draft::Draft;
use crate::ids::{CredentialId, GroupId, KeyId};
use crate::time::Timestamp;

pub(super) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    match command {
        Command::CreateKey { .. } => create(draft, command),
        Command::EditKey { key, edit } => change(draft, *key, edit),
        Command::RotateKey { key, credential, expires } => rotate(draft, *key, *credential, *expires),
        Command::RevokeKey { key } => revoke(draft, *key),
        _ => Ok(()),
    }
}

fn create(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    let Command::CreateKey { label, is_admin, is_architect, groups, credential, expires, document, node } = command
    else {
        return Ok(());
    };
    check_text("label", Some(label))?;
    check_expiry(draft, *expires)?;
    documents::check(document.as_ref())?;
    if let Some(node) = node {
        check_text("node", Some(&node.as_str().into()))?;
        check_rights(*is_admin || *is_architect, groups)?;
    }
    let groups = check_groups(draft, groups)?;
    // A credential is new for each key, so the same one again is the same wish again.
    if draft.state().access.credentials.contains_key(credential) {
        return Ok(());
    }
    let key = KeyId(draft.state().access.last_key.saturating_add(1));
    let (is_admin, is_architect, credential, expires) = (*is_admin, *is_architect, *credential, *expires);
    let (named, inside) = (label.clone(), groups.clone());
    let (owner, node) = (None, node.clone());
    draft.emit(Event::KeyCreated {
        key,
        label: named,
        is_admin,
        is_architect,
        groups: inside,
        credential,
        owner,
        node,
    });
    if expires.is_some() || document.is_some() {
        let (label, document) = (label.clone(), document.clone());
        draft.emit(Event::KeyEdited { key, label, is_admin, is_architect, groups, credential, expires, document });
    }
    Ok(())
}

fn change(draft: &mut Draft<'_>, key: KeyId, edit: &KeyEdit) -> Result<(), crate::Rejection> {
    let found = standing(draft, key)?;
    check_text("label", edit.label.as_ref())?;
    let expires = edit.expires.clone().apply(found.expires);
    if expires != found.expires {
        check_expiry(draft, expires)?;
    }
    let groups = edit.groups.as_ref().map(|groups| check_groups(draft, groups)).transpose()?;
    let new = Key {
        label: edit.label.clone().unwrap_or_else(|| found.label.clone()),
        is_admin: edit.is_admin.unwrap_or(found.is_admin),
        groups: groups.map_or_else(|| found.groups.clone(), |groups| groups.into_iter().collect()),
        expires,
        document: documents::edited(&edit.document, found.document.as_ref())?,
        ..Key::clone(&found)
    };
    if new.owner.is_some() || new.node.is_some() {
        let groups: Vec<_> = new.groups.iter().cloned().collect();
        check_rights(new.is_admin || new.is_architect, &groups)?;
    }
    if new != *found {
        draft.emit(edited(new));
    }
    Ok(())
}

fn rotate(
    draft: &mut Draft<'_>,
    key: KeyId,
    credential: CredentialId,
    expires: Option<Timestamp>,
) -> Result<(), crate::Rejection> {
    let found = standing(draft, key)?;
    check_expiry(draft, expires)?;
    if found.credential == credential {
        return Ok(());
    }
    let expires = expires.or(found.expires);
    // With the expiry it has a new secret would be as dead as the old one.
    check_expiry(draft, expires)?;
    draft.emit(edited(Key { credential, expires, ..Key::clone(&found) }));
    Ok(())
}

// Who holds a key that stands for somebody has that one's rights, and no others.
fn check_rights(is_more: bool, groups: &[GroupId]) -> Result<(), Rejection> {
    if is_more || !groups.is_empty() {
        return Err(Rejection::KeyStandsForAnother);
    }
    Ok(())
}

pub(super) fn edited(key: Key) -> Event {
    let Key { id: key, label, is_admin, is_architect, groups, credential, expires, document, .. } = key;
    let groups = groups.into_iter().collect();
    Event::KeyEdited { key, label, is_admin, is_architect, groups, credential, expires, document }
}

fn standing(draft: &Draft<'_>, key: KeyId) -> Result<Arc<Key>, crate::Rejection> {
    let found = draft.state().access.keys.get(&key).cloned().ok_or_else(|| missing(key))?;
    if found.is_revoked {
        return Err(Rejection::KeyRevoked { key }.into());
    }
    Ok(found)
}

pub(super) fn check_expiry(draft: &Draft<'_>, expires: Option<Timestamp>) -> Result<(), Rejection> {
    match expires {
        Some(expires) if expires <= draft.context().at => Err(Rejection::ExpiryPast { expires }),
        _ => Ok(()),
    }
}

fn revoke(draft: &mut Draft<'_>, key: KeyId) -> Result<(), crate::Rejection> {
    let Some(found) = draft.state().access.keys.get(&key) else { return Err(missing(key)) };
    if !found.is_revoked {
        draft.emit(Event::KeyRevoked { key });
    }
    Ok(())
}
