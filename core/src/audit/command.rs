//! What shells tell about what came to nothing, about who comes and goes, and what leaves the instance.

use std::sync::Arc;

use super::event::Method;
use crate::context::Principal;
use crate::ids::{FileId, KeyId, UserId};
use crate::time::Timestamp;

/// What can be told. Counts and keys' addresses are told by the system only, the rest by whom it is about.
#[derive(Debug, Clone)]
pub enum Command {
    /// These commands were refused since the last telling.
    CountRefusals { refused: Vec<Refused> },
    /// These attempts to sign in failed since the last telling.
    CountFailedSignIns { failed: Vec<FailedSignIn> },
    /// The caller has proven who he is.
    SignIn { method: Method, address: Option<Arc<str>> },
    /// The caller leaves.
    SignOut,
    /// A key was used from there.
    NoteKey { key: KeyId, address: Arc<str> },
    /// An entry by the caller.
    Add { entry: Entry },
}

/// What the caller did, or wants to have noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Of a kind of his own, with a JSON object that says more.
    Custom { name: Arc<str>, params: Arc<str> },
    /// He takes this out of the instance.
    Export { what: Arc<str> },
    /// He takes the bytes of an upload.
    Download { file: FileId },
}

/// How often one was refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Who asked.
    pub who: Principal,
    /// The key that acted as that person.
    pub via: Option<KeyId>,
    /// The refusal's stable code.
    pub code: Arc<str>,
    /// How often.
    pub times: u32,
    /// The first time.
    pub since: Timestamp,
}

/// How often somebody failed to sign in for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedSignIn {
    /// Whose login was given; nobody's, when there is no such login.
    pub user: Option<UserId>,
    /// The refusal's stable code.
    pub code: Arc<str>,
    /// How often.
    pub times: u32,
    /// The first time.
    pub since: Timestamp,
}
