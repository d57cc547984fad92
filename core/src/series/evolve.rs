//! Folds facts about uploaded files.

use std::sync::Arc;

use super::Event;
use super::state::File;
use crate::recorded::Recorded;
use crate::state::State;

pub(crate) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    match event {
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
