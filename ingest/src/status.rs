//! How a part that talks to NATS is doing, for `/readyz`.

/// The last word of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It has not stood yet.
    Starting,
    /// Streams and consumer stand.
    Ready,
    /// It is trying again.
    Degraded {
        /// Stable, snake case: `nats_unreachable`, `nats_lost`, `ingest_stream_unavailable`, …
        reason: &'static str,
        /// What went wrong, for people.
        detail: String,
    },
    /// It ended, as asked.
    Stopped,
}

impl Status {
    /// Why it is not ready.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Ready => None,
            Self::Starting => Some("starting"),
            Self::Degraded { reason, .. } => Some(reason),
            Self::Stopped => Some("stopped"),
        }
    }
}
