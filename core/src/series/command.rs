//! Wishes about uploaded files and about time series that people push.

use std::sync::Arc;

use super::state::Point;
use crate::ids::{Digest, FileId, SeriesId};
use crate::time::Timestamp;

/// What can be asked.
#[derive(Debug, Clone)]
pub enum Command {
    /// A file is in the store, durable; give it an id.
    RegisterFile { name: Arc<str>, size_bytes: u64, media_type: Option<Arc<str>>, digest: Digest },
    /// Forget a file that no item refers to.
    DeleteFile { file: FileId },
    /// Make a series with these points.
    CreateSeries { points: Vec<Point> },
    /// Add points; what is there at the same time is replaced or kept.
    PushPoints { series: SeriesId, points: Vec<Point>, replaces: bool },
    /// Remove the points between these times, both of them included.
    DeletePoints { series: SeriesId, from: Option<Timestamp>, to: Option<Timestamp> },
}
