//! The first start and the passing of time.

use std::sync::Arc;

use crate::ids::{CredentialId, LogId};

/// What only the system asks for.
#[derive(Debug, Clone)]
pub enum Command {
    /// The first start: the log, the standard templates, roles, permissions and groups, and the administrator's key.
    Bootstrap { log: LogId, product: Arc<str>, admin_credential: CredentialId },
    /// Time has passed: everything that is due by the context's time happens, in due order.
    FireDue,
}
