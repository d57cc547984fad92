//! `0x0505` to `0x0507`, `0x0515`, `0x0901`. Since 0.1.

use super::super::macros::{events, words};
use super::super::wire::{Ak, Sealed, Us};
use super::header::PrincipalV1;
use crate::audit::{EntryKind, Event, Method};

words! {
    Method "a way to sign in" { Password "password", Oidc "oidc" }
    EntryKind "a kind of audit entry" {
        Custom "custom", Export "export", Download "download", KeyUsed "key_used",
    }
}

events! { Event in Audit;
    /// A person signed in, from this network address.
    0x0505 1 SignedIn => SignedInV1 { user: Us, method: String, address: Option<Sealed> }
    /// A person signed out.
    0x0506 1 SignedOut => SignedOutV1 { user: Us }
    /// So often, from then until the event's own time, somebody failed to sign in as this person, or with an unknown login.
    0x0507 1 SignInFailed => SignInFailedV1 { user: Option<Us>, code: String, times: u32, since: i64 }
    /// So often, from then until the event's own time, commands were refused to one who lacked the right.
    0x0515 1 RefusalsCounted => RefusalsCountedV1 { who: PrincipalV1, via: Option<Ak>, code: String, times: u32, since: i64 }
    /// Something was noted: a custom entry, an export, a download, or a key that came from a new address.
    0x0901 1 AuditEntryAdded => AuditEntryAddedV1 { kind: String, name: String, params: String, address: Option<Sealed> }
}
