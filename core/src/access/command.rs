//! Wishes about who there is.

use std::sync::Arc;

use crate::ids::{CredentialId, GroupId, KeyId, UserId};
use crate::time::Timestamp;

/// What can be asked. Secrets are in the vault before the command names them.
#[derive(Debug, Clone)]
pub enum Command {
    /// A new person.
    CreateUser {
        login: Arc<str>,
        display_name: Option<Arc<str>>,
        email: Option<Arc<str>>,
        groups: Vec<GroupId>,
        profile: Option<Arc<str>>,
        credential: Option<CredentialId>,
    },
    /// No longer.
    DisableUser { user: UserId },
    /// A new group.
    CreateGroup { group: GroupId, description: Arc<str>, is_admin: bool },
    /// A new key.
    CreateKey {
        label: Arc<str>,
        is_admin: bool,
        groups: Vec<GroupId>,
        credential: CredentialId,
        expires: Option<Timestamp>,
    },
    /// Another secret in place of the one it has; the old one opens nothing any more. Without an expiry it keeps its own.
    RotateKey { key: KeyId, credential: CredentialId, expires: Option<Timestamp> },
    /// No longer.
    RevokeKey { key: KeyId },
}
