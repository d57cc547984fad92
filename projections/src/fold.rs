//! From the log into a snapshot: at the start, for time travel, for a rebuild.

use countersign_core::ids::Position;

use crate::history::Loaded;
use crate::snapshot::Snapshot;
use countersign_engine::log::{LogReader, ReadError};

/// After how many events a long fold tells how far it is.
const PROGRESS_EVENTS: u64 = 10_000;

/// Why a log could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The log could not be read on.
    #[error("the log could not be folded beyond position {position}")]
    Read {
        /// The last event that was folded in.
        position: Position,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// The log ended, or went on elsewhere, before its durable head.
    #[error("event {expected} is due and the log does not give it")]
    Gap {
        /// What is due.
        expected: Position,
    },
}

impl LoadError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "log_read_failed",
            Self::Gap { .. } => "log_gap",
        }
    }
}

/// Replays the whole log, as a start does; `progress` is told the position reached and the head.
pub fn load<R: LogReader>(reader: &R, mut progress: impl FnMut(Position, Position)) -> Result<Loaded, LoadError> {
    let head = reader.durable_head();
    let mut loaded = Loaded::default();
    let mut snapshot = Snapshot::default();
    fold(reader, &mut snapshot, head, |snapshot| {
        if loaded.history.wants(snapshot.position()) {
            loaded.history.keep(&snapshot.shared());
        }
        if snapshot.position().0.is_multiple_of(PROGRESS_EVENTS) || snapshot.position() == head {
            progress(snapshot.position(), head);
        }
    })?;
    loaded.snapshot = snapshot;
    Ok(loaded)
}

/// Takes a snapshot forward to a position; `each` sees it after every event.
pub(crate) fn fold<R: LogReader>(
    reader: &R,
    snapshot: &mut Snapshot,
    to: Position,
    mut each: impl FnMut(&Snapshot),
) -> Result<(), LoadError> {
    if snapshot.position() >= to {
        return Ok(());
    }
    for event in reader.read(snapshot.position()) {
        let event = event.map_err(|source| LoadError::Read { position: snapshot.position(), source })?;
        let expected = snapshot.position().next();
        if event.position != expected {
            return Err(LoadError::Gap { expected });
        }
        snapshot.fold(&event);
        each(snapshot);
        if snapshot.position() == to {
            return Ok(());
        }
    }
    Err(LoadError::Gap { expected: snapshot.position().next() })
}
