//! Facts about uploaded files.

use std::sync::Arc;

use crate::ids::{Digest, FileId};

/// `0x08__`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The bytes were synced to the store before this event was appended.
    FileUploaded { file: FileId, name: Arc<str>, size_bytes: u64, media_type: Option<Arc<str>>, digest: Digest },
}
