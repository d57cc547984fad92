//! Uploaded files and pushed series.

use std::sync::Arc;

use imbl::OrdMap;

use crate::context::Principal;
use crate::ids::{Digest, FileId, SeriesId};
use crate::time::Timestamp;

/// What was uploaded. The bytes are in a content-addressed store outside.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// By id.
    pub by_id: OrdMap<FileId, Arc<File>>,
    /// The last id handed out.
    pub last_file: u32,
    /// Series that people made; those of evaluations are in `nodes`, and share the numbers.
    pub series: OrdMap<SeriesId, Arc<Series>>,
}

/// A time series that somebody pushes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Its id.
    pub id: SeriesId,
    /// Who made it; a series that no item refers to is his.
    pub owner: Principal,
    /// The values by time, each opaque JSON as text.
    pub points: OrdMap<Timestamp, Arc<str>>,
}

/// One point of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// What: opaque JSON as text.
    pub value: Arc<str>,
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
