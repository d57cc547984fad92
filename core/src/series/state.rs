//! Uploaded files.

use std::sync::Arc;

use imbl::OrdMap;

use crate::context::Principal;
use crate::ids::{Digest, FileId};
use crate::time::Timestamp;

/// What was uploaded. The bytes are in a content-addressed store outside.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// By id.
    pub by_id: OrdMap<FileId, Arc<File>>,
    /// The last id handed out.
    pub last_file: u32,
}

/// An uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its id.
    pub id: FileId,
    /// Its name, as uploaded.
    pub name: Arc<str>,
    /// Its length.
    pub size_bytes: u64,
    /// As the client said.
    pub media_type: Option<Arc<str>>,
    /// SHA-256 of its bytes: its place in the store.
    pub digest: Digest,
    /// Who uploaded it; a file that no item refers to is his.
    pub owner: Principal,
    /// When.
    pub at: Timestamp,
}
