//! Remembers from where keys came, and when people came and went.

use super::decide::FURTHER_ADDRESSES;
use super::event::{EntryKind, Event};
use crate::ids::KeyId;
use crate::personal::Personal;
use crate::recorded::Recorded;
use crate::state::State;

pub(crate) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    let at = Some(recorded.recorded_at);
    let activity = &mut state.access.activity;
    match event {
        Event::SignedIn { user, .. } => {
            let known = activity.entry(*user).or_default();
            (known.signed_in, known.seen) = (at, at);
        }
        Event::SignedOut { user } => activity.entry(*user).or_default().seen = at,
        Event::SignInFailed { user: Some(user), .. } => activity.entry(*user).or_default().failed = at,
        Event::AuditEntryAdded { kind: EntryKind::KeyUsed, name, address, .. } => {
            let address = address.as_ref().map_or(Some(FURTHER_ADDRESSES), Personal::value);
            if let (Ok(key), Some(address)) = (name.parse::<KeyId>(), address) {
                state.access.key_addresses.entry(key).or_default().insert(address.into());
            }
        }
        Event::SignInFailed { user: None, .. } | Event::RefusalsCounted { .. } | Event::AuditEntryAdded { .. } => {}
    }
}
