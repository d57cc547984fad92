//! The relay's own state, folded from the durable log while it reads: no cursor, nothing shared.

use countersign_core::ids::Position;
use countersign_core::{Recorded, State, evolve};
use countersign_engine::log::{LogReader, ReadError};

use super::message::Mark;

/// Most events read at once.
pub(super) const CHUNK_EVENTS_MAX: usize = 256;

/// The state after an event, and which event that was.
#[derive(Debug, Clone, Default)]
pub(super) struct Fold {
    pub(super) state: State,
    pub(super) last: Option<Mark>,
}

/// Why the log could not be folded.
#[derive(Debug, thiserror::Error)]
pub(super) enum FoldError {
    #[error("the log could not be read")]
    Read(#[from] ReadError),
    #[error("the log ends at {found}, before {expected}")]
    Short { expected: Position, found: Position },
    #[error("folding the log failed")]
    Failed(#[from] tokio::task::JoinError),
}

impl Fold {
    /// Where it stands.
    pub(super) fn position(&self) -> Position {
        self.state.head
    }

    /// One event further. A clone costs nothing, and the state before is wanted too.
    pub(super) fn after(&self, recorded: &Recorded) -> Self {
        let mut state = self.state.clone();
        evolve(&mut state, recorded);
        Self { state, last: Some(Mark { position: recorded.position, id: recorded.id }) }
    }

    /// The fold at a position: from here when that is not behind, else from the beginning.
    pub(super) async fn at<R: LogReader>(self, position: Position, reader: R) -> Result<Self, FoldError> {
        let start = if position < self.position() { Self::default() } else { self };
        let folding = tokio::task::spawn_blocking(move || {
            let mut fold = start;
            for recorded in reader.read(fold.position()) {
                if fold.position() >= position {
                    break;
                }
                let recorded = recorded?;
                evolve(&mut fold.state, &recorded);
                fold.last = Some(Mark { position: recorded.position, id: recorded.id });
            }
            let found = fold.position();
            if found == position { Ok(fold) } else { Err(FoldError::Short { expected: position, found }) }
        });
        folding.await?
    }
}

/// The next events after a position, at most [`CHUNK_EVENTS_MAX`].
pub(super) async fn chunk<R: LogReader>(reader: R, after: Position) -> Result<Vec<Recorded>, FoldError> {
    let reading =
        tokio::task::spawn_blocking(move || reader.read(after).take(CHUNK_EVENTS_MAX).collect::<Result<Vec<_>, _>>());
    Ok(reading.await??)
}
