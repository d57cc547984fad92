//! What shells tell about what came to nothing.

use std::sync::Arc;

use crate::context::Principal;
use crate::ids::KeyId;
use crate::time::Timestamp;

/// What only the system asks for.
#[derive(Debug, Clone)]
pub enum Command {
    /// These commands were refused since the last telling.
    CountRefusals { refused: Vec<Refused> },
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
