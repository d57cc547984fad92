//! Rules about uploaded files and pushed series. Whoever is active may upload and make series; what may be done with one
//! follows from the items that refer to it. What none refers to is for its owner and for architects.

use super::{Command, Event, points};
use crate::access::FieldAccess;
use crate::access::may::{Action, Subject, allows, is_architect};
use crate::artifact::Held;
use crate::context::Principal;
use crate::draft::Draft;
use crate::ids::{FileId, SeriesId};
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
    /// A file that items refer to is not deleted.
    State FileInUse { file: FileId, items: usize } = "file_in_use", "{file} is in use by {items} items";
    /// Series of evaluations are what nodes tell.
    State SeriesOfNode { series: SeriesId } = "series_of_node", "{series} comes from a node and is not for people to change";
    /// A point holds a bounded value.
    Input PointTooLarge { length_bytes: usize } = "point_too_large", "a value has {length_bytes} bytes as JSON; at most 4096 are allowed";
    /// A series has a bounded number of points.
    State TooManyPoints { points: usize } = "too_many_points", "the series would have {points} points; at most 100000 are allowed";
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
        Command::DeleteFile { file } => delete_file(draft, *file),
        Command::CreateSeries { points } => points::create(draft, points),
        Command::PushPoints { series, points, replaces } => {
            changeable(draft, *series)?;
            points::push(draft, *series, points, *replaces)
        }
        Command::DeletePoints { series, from, to } => {
            changeable(draft, *series)?;
            points::delete(draft, *series, *from, *to);
            Ok(())
        }
    }
}

fn delete_file(draft: &mut Draft<'_>, file: FileId) -> Result<(), crate::Rejection> {
    let missing = || common::Rejection::NotFound { what: file.to_string() };
    let owner = draft.state().files.by_id.get(&file).map(|found| found.owner.clone()).ok_or_else(missing)?;
    let items = may_change(draft, Held::File(file), &owner, &file.to_string())?;
    if items > 0 {
        return Err(Rejection::FileInUse { file, items }.into());
    }
    draft.emit(Event::FileDeleted { file });
    Ok(())
}

fn changeable(draft: &Draft<'_>, series: SeriesId) -> Result<(), crate::Rejection> {
    let missing = || common::Rejection::NotFound { what: series.to_string() };
    let state = draft.state();
    let Some(found) = state.files.series.get(&series) else {
        let item = state.nodes.series.get(&series).ok_or_else(missing)?;
        let is_seen = allows(state, &draft.context().caller.principal, Action::Read, Subject::Item(*item));
        return Err(if is_seen { Rejection::SeriesOfNode { series }.into() } else { missing().into() });
    };
    may_change(draft, Held::Series(series), &found.owner, &series.to_string()).map(drop)
}

/// Whether the actor may change what these items hold, or what nobody holds; gives how many do.
fn may_change(draft: &Draft<'_>, held: Held, owner: &Principal, what: &str) -> Result<usize, crate::Rejection> {
    let (state, principal) = (draft.state(), &draft.context().caller.principal);
    let holders = state.items.holders.get(&held);
    let items = holders.map_or(0, imbl::OrdSet::len);
    if is_architect(state, principal) || (items == 0 && owner == principal) {
        return Ok(items);
    }
    let mut is_seen = false;
    for (field, item) in holders.into_iter().flatten() {
        if !allows(state, principal, Action::Read, Subject::Item(*item)) {
            continue;
        }
        let access = FieldAccess::on(state, principal, *item);
        if access.writes(field) && allows(state, principal, Action::Write, Subject::Item(*item)) {
            return Ok(items);
        }
        is_seen |= access.reads(field);
    }
    Err(match is_seen {
        true => common::Rejection::Forbidden { needs: format!("the right to write an item that holds {what}") }.into(),
        false => common::Rejection::NotFound { what: what.to_owned() }.into(),
    })
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
