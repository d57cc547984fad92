//! Wishes about uploaded files.

use std::sync::Arc;

use crate::ids::Digest;

/// What can be asked.
#[derive(Debug, Clone)]
pub enum Command {
    /// A file is in the store, durable; give it an id.
    RegisterFile { name: Arc<str>, size_bytes: u64, media_type: Option<Arc<str>>, digest: Digest },
}
