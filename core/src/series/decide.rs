//! Rules about uploaded files. Whoever is active may upload; what may be done with a file follows from the items that
//! refer to it.

use super::{Command, Event};
use crate::draft::Draft;
use crate::ids::FileId;
use crate::rejection::common;

/// Longest name of a file, in bytes: what file systems allow.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// Longest media type, in bytes.
pub const MEDIA_TYPE_BYTES_MAX: usize = 255;
/// Largest file: 100 MiB.
pub const FILE_BYTES_MAX: u64 = 100 * 1024 * 1024;

crate::rejections! {
    /// An uploaded file has at most 100 MiB.
    Input FileTooLarge { size_bytes: u64 } = "file_too_large", "the file has {size_bytes} bytes; at most 104857600 are allowed";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    match command {
        Command::RegisterFile { name, size_bytes, media_type, digest } => {
            check("file name", name, FILE_NAME_BYTES_MAX)?;
            if let Some(media_type) = media_type {
                check("media type", media_type, MEDIA_TYPE_BYTES_MAX)?;
            }
            if *size_bytes > FILE_BYTES_MAX {
                return Err(Rejection::FileTooLarge { size_bytes: *size_bytes }.into());
            }
            let file = FileId(draft.state().files.last_file.saturating_add(1));
            let (name, media_type) = (name.clone(), media_type.clone());
            draft.emit(Event::FileUploaded { file, name, size_bytes: *size_bytes, media_type, digest: *digest });
            Ok(())
        }
    }
}

fn check(what: &'static str, text: &str, max_bytes: usize) -> Result<(), common::Rejection> {
    if text.len() > max_bytes {
        return Err(common::Rejection::TextTooLong { what, length_bytes: text.len(), max_bytes });
    }
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err(common::Rejection::NameInvalid { what });
    }
    Ok(())
}
