//! What people do about their own way in: passwords, and keys that act as them.
//!
//! Only in person: a key that got into other hands must not be able to make further ones, or to lock its owner out.

use std::sync::Arc;

use super::keys::check_expiry;
use super::may::is_expired;
use super::people::{self, check_text};
use super::{Edit, Event, Rejection, User, UserEdit};
use crate::context::Principal;
use crate::draft::Draft;
use crate::ids::{CredentialId, KeyId};
use crate::rejection::common;
use crate::time::Timestamp;

/// Most keys of one person that open something.
pub const OWN_KEYS_MAX: usize = 50;

pub(super) fn change_password(draft: &mut Draft<'_>, credential: CredentialId) -> Result<(), crate::Rejection> {
    let user = in_person(draft)?;
    if user.credential.is_none() {
        return Err(Rejection::NoPassword.into());
    }
    if user.credential == Some(credential) {
        return Ok(());
    }
    let edit = UserEdit { credential: Edit::Set(credential), ..UserEdit::default() };
    people::edit_user(draft, user.id, &edit)
}

pub(super) fn create_key(
    draft: &mut Draft<'_>,
    label: &Arc<str>,
    credential: CredentialId,
    expires: Option<Timestamp>,
) -> Result<(), crate::Rejection> {
    let owner = in_person(draft)?.id;
    check_text("label", Some(label))?;
    check_expiry(draft, expires)?;
    let (state, at) = (draft.state(), draft.context().at);
    if state.access.credentials.contains_key(&credential) {
        return Ok(());
    }
    let opens = |id: &KeyId| !is_expired(state, &Principal::Key(*id), at);
    let own = state.access.keys.values().filter(|key| key.owner == Some(owner) && !key.is_revoked);
    if own.filter(|key| opens(&key.id)).count() >= OWN_KEYS_MAX {
        return Err(Rejection::TooManyOwnKeys.into());
    }
    let key = KeyId(state.access.last_key.saturating_add(1));
    let (is_admin, is_architect, groups) = (false, false, Vec::new());
    draft.emit(Event::KeyCreated {
        key,
        label: label.clone(),
        is_admin,
        is_architect,
        groups: Vec::new(),
        credential,
        owner: Some(owner),
        node: None,
    });
    if expires.is_some() {
        let (label, document) = (label.clone(), None);
        draft.emit(Event::KeyEdited { key, label, is_admin, is_architect, groups, credential, expires, document });
    }
    Ok(())
}

/// Whether the caller is the person whom the key acts as.
pub(super) fn is_owner(draft: &Draft<'_>, key: KeyId) -> bool {
    let owner = draft.state().access.keys.get(&key).and_then(|key| key.owner);
    owner.is_some_and(|owner| draft.context().caller.principal == Principal::User(owner))
}

fn in_person(draft: &Draft<'_>) -> Result<Arc<User>, crate::Rejection> {
    let caller = &draft.context().caller;
    let user = match (&caller.principal, caller.via) {
        (Principal::User(user), None) => draft.state().access.users.get(user).cloned(),
        _ => None,
    };
    user.ok_or_else(|| common::Rejection::Forbidden { needs: "the person, without a key".to_owned() }.into())
}
