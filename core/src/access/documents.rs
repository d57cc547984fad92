//! What clients keep with people, groups, keys, roles and rules beyond what is known of them here: JSON objects, bounded,
//! that nothing reads.

use std::sync::Arc;

use super::{Edit, Rejection};
use crate::rejection::common;

/// Largest document of a person, group, key or role, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 16 * 1024;
/// Largest document of the rules of a blueprint, in bytes.
pub const RULES_DOCUMENT_BYTES_MAX: usize = 32 * 1024;

/// Refuses what is too large or no object.
pub(super) fn check(document: Option<&Arc<str>>) -> Result<(), crate::Rejection> {
    check_within(document, DOCUMENT_BYTES_MAX)
}

pub(super) fn check_within(document: Option<&Arc<str>>, max_bytes: usize) -> Result<(), crate::Rejection> {
    let Some(document) = document else { return Ok(()) };
    if document.len() > max_bytes {
        let (what, length_bytes) = ("what is kept with it", document.len());
        return Err(common::Rejection::TextTooLong { what, length_bytes, max_bytes }.into());
    }
    match serde_json::from_str::<serde_json::Value>(document) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        _ => Err(Rejection::DocumentInvalid.into()),
    }
}

/// What comes of an edit, when it may be kept.
pub(super) fn edited(edit: &Edit<Arc<str>>, old: Option<&Arc<str>>) -> Result<Option<Arc<str>>, crate::Rejection> {
    let new = edit.clone().apply(old.cloned());
    check(new.as_ref())?;
    Ok(new)
}
