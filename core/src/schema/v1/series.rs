//! `0x08__`. Since 0.1.

use super::super::macros::events;
use super::super::wire::{Hash, Uf, Whole};
use crate::series::Event;

events! { Event in Series;
    /// A file was uploaded; its bytes were synced to the store before.
    0x0804 1 FileUploaded => FileUploadedV1 {
        file: Uf,
        name: String,
        size_bytes: Whole,
        media_type: Option<String>,
        digest: Hash,
    }
}
