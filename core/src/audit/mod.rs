//! Entries of the audit trail: who came and went, what left, what was tried and came to nothing.
//!
//! A refusal itself is no event, or a storm of refusals would be a storm of events. Shells count them, and failed
//! attempts to sign in, and now and then tell the counts here. Of a key, each address it comes from is told once.

mod command;
mod decide;
mod event;
mod evolve;

pub use command::{Command, Entry, FailedSignIn, Refused};
pub use decide::{
    ADDRESS_BYTES_MAX, ENTRY_NAME_BYTES_MAX, ENTRY_PARAMS_BYTES_MAX, FURTHER_ADDRESSES, KEY_ADDRESSES_MAX, REFUSED_MAX,
    Rejection, is_known_from,
};
pub use event::{EntryKind, Event, Method};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;

#[cfg(test)]
mod tests;
