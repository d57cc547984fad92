//! Facts about uploaded files and pushed series.

use std::sync::Arc;

use super::state::Point;
use crate::ids::{Digest, FileId, SeriesId};
use crate::time::Timestamp;

/// `0x08__`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody made a series; its points follow.
    SeriesCreated { series: SeriesId },
    /// These points are new, or say something else than before.
    PointsPushed { series: SeriesId, points: Vec<Point> },
    /// The points between these times are gone, both times included.
    PointsDeleted { series: SeriesId, from: Option<Timestamp>, to: Option<Timestamp> },
    /// The bytes were synced to the store before this event was appended.
    FileUploaded { file: FileId, name: Arc<str>, size_bytes: u64, media_type: Option<Arc<str>>, digest: Digest },
    /// Nobody can read the file any more. Its bytes stay in the store, where another upload may have the same.
    FileDeleted { file: FileId },
}
