//! The points of pushed series: bounded, one value per time, in events that fit.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;

use super::state::Point;
use super::{Event, Rejection};
use crate::draft::Draft;
use crate::ids::SeriesId;
use crate::time::Timestamp;

/// Most points of a series.
pub const POINTS_MAX: usize = 100_000;
/// Longest value of a point, as JSON in bytes.
pub const POINT_BYTES_MAX: usize = 4 * 1024;
/// How many bytes of points stand in one event; a larger push makes several.
const EVENT_POINTS_BYTES_MAX: usize = 32 * 1024;
/// What a point takes in an event beside its value.
const POINT_OVERHEAD_BYTES: usize = 40;

pub(super) fn create(draft: &mut Draft<'_>, points: &[Point]) -> Result<(), crate::Rejection> {
    let series = SeriesId(draft.state().nodes.last_series.saturating_add(1));
    draft.emit(Event::SeriesCreated { series });
    push(draft, series, points, true)
}

pub(super) fn push(
    draft: &mut Draft<'_>,
    series: SeriesId,
    points: &[Point],
    replaces: bool,
) -> Result<(), crate::Rejection> {
    let Some(found) = draft.state().files.series.get(&series).cloned() else { return Ok(()) };
    let mut new: BTreeMap<Timestamp, &Arc<str>> = BTreeMap::new();
    for Point { at, value } in points {
        if value.len() > POINT_BYTES_MAX {
            return Err(Rejection::PointTooLarge { length_bytes: value.len() }.into());
        }
        let is_wanted = |held: &Arc<str>| replaces && held != value;
        if replaces || !new.contains_key(at) {
            match found.points.get(at) {
                Some(held) if !is_wanted(held) => drop(new.remove(at)),
                _ => drop(new.insert(*at, value)),
            }
        }
    }
    let added = new.keys().filter(|at| !found.points.contains_key(*at)).count();
    let all = found.points.len().saturating_add(added);
    if all > POINTS_MAX {
        return Err(Rejection::TooManyPoints { points: all }.into());
    }
    let mut part = Vec::new();
    let mut bytes = 0;
    for (at, value) in new {
        let size = value.len() + POINT_OVERHEAD_BYTES;
        if bytes + size > EVENT_POINTS_BYTES_MAX {
            draft.emit(Event::PointsPushed { series, points: std::mem::take(&mut part) });
            bytes = 0;
        }
        bytes += size;
        part.push(Point { at, value: value.clone() });
    }
    if !part.is_empty() {
        draft.emit(Event::PointsPushed { series, points: part });
    }
    Ok(())
}

pub(super) fn delete(draft: &mut Draft<'_>, series: SeriesId, from: Option<Timestamp>, to: Option<Timestamp>) {
    let Some(found) = draft.state().files.series.get(&series) else { return };
    if within(&found.points, from, to).next().is_some() {
        draft.emit(Event::PointsDeleted { series, from, to });
    }
}

/// The points between two times, both included.
pub(super) fn within(
    points: &OrdMap<Timestamp, Arc<str>>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> impl Iterator<Item = (&Timestamp, &Arc<str>)> {
    let points = points.iter().skip_while(move |(at, _)| from.is_some_and(|from| **at < from));
    points.take_while(move |(at, _)| to.is_none_or(|to| **at <= to))
}

impl super::Series {
    /// The points between two times, both included, in order.
    pub fn within(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> impl Iterator<Item = (Timestamp, &Arc<str>)> {
        within(&self.points, from, to).map(|(at, value)| (*at, value))
    }
}
