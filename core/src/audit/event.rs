//! Facts for the record. They change nothing, but for the addresses that a key is known from.

use std::sync::Arc;

use crate::context::Principal;
use crate::ids::{KeyId, UserId};
use crate::personal::Personal;
use crate::time::Timestamp;

/// `0x0505` to `0x0507`, `0x0515`, `0x0901`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A person signed in, from this network address.
    SignedIn { user: UserId, method: Method, address: Option<Personal> },
    /// A person signed out.
    SignedOut { user: UserId },
    /// Between `since` and the event's own time, somebody failed to sign in as this person, or with an unknown login.
    SignInFailed { user: Option<UserId>, code: Arc<str>, times: u32, since: Timestamp },
    /// Between `since` and the event's own time, these commands were refused to one who lacked the right.
    RefusalsCounted { who: Principal, via: Option<KeyId>, code: Arc<str>, times: u32, since: Timestamp },
    /// Something was noted: a kind of the caller's own, or what `name` (a file, an export, a key) says.
    AuditEntryAdded { kind: EntryKind, name: Arc<str>, params: Arc<str>, address: Option<Personal> },
}

/// How somebody proved who he is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// A password that we keep.
    Password,
    /// An identity provider said so.
    Oidc,
}

/// What was noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// What the caller chose to.
    Custom,
    /// Something left the instance.
    Export,
    /// The bytes of an upload left the instance.
    Download,
    /// A key came from an address that it had not come from before.
    KeyUsed,
}
