//! `0x08__`. Since 0.1.

use super::super::macros::{events, frozen};
use super::super::wire::{Hash, Ts, Uf, Whole};
use crate::series::{Event, Point};

frozen! {
    /// A point of a series: milliseconds, and opaque JSON as text.
    PointV1 for Point { at: i64, value: String }
}

events! { Event in Series;
    /// Somebody made a series; its points follow.
    0x0801 1 SeriesCreated => SeriesCreatedV1 { series: Ts }
    /// These points of a series are new, or say something else than before.
    0x0802 1 PointsPushed => PointsPushedV1 { series: Ts, points: Vec<PointV1> }
    /// The points of a series between these times are gone, both times included.
    0x0803 1 PointsDeleted => PointsDeletedV1 { series: Ts, from: Option<i64>, to: Option<i64> }
    /// A file was uploaded; its bytes were synced to the store before.
    0x0804 1 FileUploaded => FileUploadedV1 {
        file: Uf,
        name: String,
        size_bytes: Whole,
        media_type: Option<String>,
        digest: Hash,
    }
    /// Nobody can read the file any more; its bytes stay.
    0x0805 1 FileDeleted => FileDeletedV1 { file: Uf }
}
