//! Personal data that can be forgotten without breaking a proof.
//!
//! The event and its hash hold only SHA-256(salt ‖ value); value and salt stand beside it and can be erased.

use std::sync::Arc;

use crate::ids::Digest;

/// Shown in place of what was erased.
pub const ERASED: &str = "[erased]";

/// A login, display name, e-mail or free comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personal {
    commitment: Digest,
    open: Option<Opening>,
}

/// What an erasure removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Makes the commitment useless for guessing the value.
    pub salt: [u8; 16],
    /// The value itself.
    pub value: Arc<str>,
}

/// An opening that does not belong to its commitment: the stored value was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a personal value does not match its commitment")]
pub struct CommitmentMismatch;

impl Personal {
    /// Commits to `value` under `salt`, which must be used once only.
    pub fn new(salt: [u8; 16], value: impl Into<Arc<str>>) -> Self {
        let value = value.into();
        Self { commitment: commit(salt, &value), open: Some(Opening { salt, value }) }
    }

    /// From what a log holds; refused when the two do not belong together.
    pub fn try_from_parts(commitment: Digest, open: Option<Opening>) -> Result<Self, CommitmentMismatch> {
        match &open {
            Some(opening) if commit(opening.salt, &opening.value) != commitment => Err(CommitmentMismatch),
            _ => Ok(Self { commitment, open }),
        }
    }

    /// The value, unless it was erased.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.open.as_ref().map(|opening| &*opening.value)
    }

    /// The value, or [`ERASED`].
    #[must_use]
    pub fn shown(&self) -> &str {
        self.value().unwrap_or(ERASED)
    }

    /// What stands in the event's payload and leaf.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        self.commitment
    }

    /// Salt and value, unless erased.
    #[must_use]
    pub fn opening(&self) -> Option<&Opening> {
        self.open.as_ref()
    }
}

fn commit(salt: [u8; 16], value: &str) -> Digest {
    let mut bytes = salt.to_vec();
    bytes.extend_from_slice(value.as_bytes());
    Digest::of(&bytes)
}
