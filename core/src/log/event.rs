//! Facts about the log itself.

use std::sync::Arc;

use crate::ids::LogId;

/// `0x00__`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The first event: names the log for ever.
    LogCreated { log: LogId, product: Arc<str> },
}
