//! Folds facts about uploaded files and pushed series.

use std::sync::Arc;

use super::Event;
use super::state::{File, Series};
use crate::recorded::Recorded;
use crate::state::State;

pub(crate) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    match event {
        Event::SeriesCreated { series: id } => {
            let made = Series { id: *id, owner: recorded.actor.clone(), points: imbl::OrdMap::new() };
            state.nodes.last_series = state.nodes.last_series.max(id.0);
            state.files.series.insert(*id, Arc::new(made));
        }
        Event::PointsPushed { series, points } => {
            let Some(found) = state.files.series.get_mut(series) else { return };
            let found = Arc::make_mut(found);
            for point in points {
                found.points.insert(point.at, point.value.clone());
            }
        }
        Event::PointsDeleted { series, from, to } => {
            let Some(found) = state.files.series.get_mut(series) else { return };
            let found = Arc::make_mut(found);
            let gone: Vec<_> = super::points::within(&found.points, *from, *to).map(|(at, _)| *at).collect();
            for at in gone {
                found.points.remove(&at);
            }
        }
        Event::FileDeleted { file } => drop(state.files.by_id.remove(file)),
        Event::FileUploaded { file, name, size_bytes, media_type, digest } => {
            let uploaded = File {
                id: *file,
                name: name.clone(),
                size_bytes: *size_bytes,
                media_type: media_type.clone(),
                digest: *digest,
                owner: recorded.actor.clone(),
                at: recorded.recorded_at,
            };
            let files = &mut state.files;
            files.last_file = files.last_file.max(file.0);
            files.by_id.insert(*file, Arc::new(uploaded));
        }
    }
}
