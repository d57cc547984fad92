//! Rules about telling: bounded, and each thing by whom it concerns only.

use std::sync::Arc;

use super::{Command, Entry, EntryKind, Event, FailedSignIn, Method, Refused};
use crate::access::require::require_system;
use crate::context::Principal;
use crate::draft::Draft;
use crate::ids::{FileId, KeyId, UserId};
use crate::rejection::common;

/// Most counts in one telling.
pub const REFUSED_MAX: usize = 256;
/// Longest kind of an entry of the caller's own, and longest name of an export, in bytes.
pub const ENTRY_NAME_BYTES_MAX: usize = 256;
/// Longest document of an entry of the caller's own, in bytes.
pub const ENTRY_PARAMS_BYTES_MAX: usize = 16 * 1024;
/// Longest network address, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 64;
/// Most addresses that are told and remembered of one key; the first beyond them is told as "further ones".
pub const KEY_ADDRESSES_MAX: usize = 64;
/// Stands among a key's addresses for all beyond [`KEY_ADDRESSES_MAX`].
pub const FURTHER_ADDRESSES: &str = "*";

crate::rejections! {
    /// Counts are told in at most 256 at once.
    Input TooManyCounts { counts: usize } = "too_many_counts", "{counts} counts are too many; at most 256 are told at once";
    /// What an audit entry of one's own says is a JSON object.
    Input EntryParamsInvalid = "entry_params_invalid", "what an audit entry says must be a JSON object";
    /// An address is 1 to 64 bytes without control characters.
    Input AddressInvalid = "address_invalid", "an address has 1 to 64 bytes without control characters";
}

type Decision = Result<(), crate::Rejection>;

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Decision {
    match command {
        Command::CountRefusals { refused } => count_refusals(draft, refused),
        Command::CountFailedSignIns { failed } => count_failures(draft, failed),
        Command::SignIn { method, address } => sign_in(draft, *method, address.as_ref()),
        Command::SignOut => {
            let user = person(draft)?;
            draft.emit(Event::SignedOut { user });
            Ok(())
        }
        Command::NoteKey { key, address } => note_key(draft, *key, address),
        Command::Add { entry } => add(draft, entry),
    }
}

fn count_refusals(draft: &mut Draft<'_>, refused: &[Refused]) -> Decision {
    check_telling(draft, refused.len())?;
    for one in refused.iter().filter(|one| one.times > 0) {
        let Refused { who, via, code, times, since } = one.clone();
        draft.emit(Event::RefusalsCounted { who, via, code, times, since });
    }
    Ok(())
}

fn count_failures(draft: &mut Draft<'_>, failed: &[FailedSignIn]) -> Decision {
    check_telling(draft, failed.len())?;
    for one in failed.iter().filter(|one| one.times > 0) {
        let FailedSignIn { user, code, times, since } = one.clone();
        draft.emit(Event::SignInFailed { user, code, times, since });
    }
    Ok(())
}

fn check_telling(draft: &Draft<'_>, counts: usize) -> Decision {
    require_system(draft)?;
    if counts > REFUSED_MAX {
        return Err(Rejection::TooManyCounts { counts }.into());
    }
    Ok(())
}

fn person(draft: &Draft<'_>) -> Result<UserId, crate::Rejection> {
    match draft.context().caller.principal {
        Principal::User(user) => Ok(user),
        _ => Err(common::Rejection::Forbidden { needs: "a person".to_owned() }.into()),
    }
}

fn sign_in(draft: &mut Draft<'_>, method: Method, address: Option<&Arc<str>>) -> Decision {
    let user = person(draft)?;
    if let Some(address) = address {
        check_address(address)?;
    }
    let address = address.map(|address| draft.personal(address));
    draft.emit(Event::SignedIn { user, method, address });
    Ok(())
}

fn note_key(draft: &mut Draft<'_>, key: KeyId, address: &str) -> Decision {
    require_system(draft)?;
    check_address(address)?;
    if !draft.state().access.keys.contains_key(&key) {
        return Err(common::Rejection::NotFound { what: key.to_string() }.into());
    }
    if is_known_from(draft.state(), key, address) {
        return Ok(());
    }
    let known = draft.state().access.key_addresses.get(&key).map_or(0, imbl::OrdSet::len);
    let address = (known < KEY_ADDRESSES_MAX).then(|| draft.personal(address));
    emit(draft, EntryKind::KeyUsed, key.to_string().into(), "{}".into(), address);
    Ok(())
}

/// Whether the use of a key from there is nothing new; of one that comes from everywhere, no address is new.
#[must_use]
pub fn is_known_from(state: &crate::State, key: KeyId, address: &str) -> bool {
    let known = state.access.key_addresses.get(&key);
    known.is_some_and(|known| known.contains(address) || known.contains(FURTHER_ADDRESSES))
}

fn check_address(address: &str) -> Result<(), Rejection> {
    let is_good = (1..=ADDRESS_BYTES_MAX).contains(&address.len())
        && address != FURTHER_ADDRESSES
        && !address.contains(char::is_control);
    is_good.then_some(()).ok_or(Rejection::AddressInvalid)
}

fn add(draft: &mut Draft<'_>, entry: &Entry) -> Decision {
    if !matches!(draft.context().caller.principal, Principal::User(_) | Principal::Key(_)) {
        return Err(common::Rejection::Forbidden { needs: "a person or a key".to_owned() }.into());
    }
    let nothing: Arc<str> = "{}".into();
    match entry {
        Entry::Custom { name, params } => {
            check_name(name)?;
            check_params(params)?;
            emit(draft, EntryKind::Custom, name.clone(), params.clone(), None);
        }
        Entry::Export { what } => {
            check_name(what)?;
            emit(draft, EntryKind::Export, what.clone(), nothing, None);
        }
        Entry::Download { file } => {
            check_file(draft, *file)?;
            emit(draft, EntryKind::Download, file.to_string().into(), nothing, None);
        }
    }
    Ok(())
}

fn emit(
    draft: &mut Draft<'_>,
    kind: EntryKind,
    name: Arc<str>,
    params: Arc<str>,
    address: Option<crate::personal::Personal>,
) {
    draft.emit(Event::AuditEntryAdded { kind, name, params, address });
}

// Time travel gives out what was deleted since, too.
fn check_file(draft: &Draft<'_>, file: FileId) -> Decision {
    if (1..=draft.state().files.last_file).contains(&file.0) {
        return Ok(());
    }
    Err(common::Rejection::NotFound { what: file.to_string() }.into())
}

fn check_name(name: &str) -> Decision {
    let what = "the kind of an audit entry";
    if name.len() > ENTRY_NAME_BYTES_MAX {
        let (length_bytes, max_bytes) = (name.len(), ENTRY_NAME_BYTES_MAX);
        return Err(common::Rejection::TextTooLong { what, length_bytes, max_bytes }.into());
    }
    if name.trim().is_empty() || name.contains(char::is_control) {
        return Err(common::Rejection::NameInvalid { what }.into());
    }
    Ok(())
}

fn check_params(params: &str) -> Decision {
    if params.len() > ENTRY_PARAMS_BYTES_MAX {
        let (length_bytes, max_bytes) = (params.len(), ENTRY_PARAMS_BYTES_MAX);
        let what = "what an audit entry says";
        return Err(common::Rejection::TextTooLong { what, length_bytes, max_bytes }.into());
    }
    match serde_json::from_str::<serde_json::Value>(params) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        _ => Err(Rejection::EntryParamsInvalid.into()),
    }
}
