//! Facts that change nothing.

use std::sync::Arc;

use crate::context::Principal;
use crate::ids::KeyId;
use crate::time::Timestamp;

/// `0x0515`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Between `since` and the event's own time, these commands were refused to one who lacked the right.
    RefusalsCounted { who: Principal, via: Option<KeyId>, code: Arc<str>, times: u32, since: Timestamp },
}
