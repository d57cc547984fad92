//! Remembers from where keys came.

use super::decide::FURTHER_ADDRESSES;
use super::event::{EntryKind, Event};
use crate::ids::KeyId;
use crate::personal::Personal;
use crate::state::State;

pub(crate) fn evolve(state: &mut State, event: &Event) {
    let Event::AuditEntryAdded { kind: EntryKind::KeyUsed, name, address, .. } = event else { return };
    let Ok(key) = name.parse::<KeyId>() else { return };
    let address = address.as_ref().map_or(Some(FURTHER_ADDRESSES), Personal::value);
    if let Some(address) = address {
        state.access.key_addresses.entry(key).or_default().insert(address.into());
    }
}
