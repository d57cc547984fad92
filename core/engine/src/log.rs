//! The event log as a port: what the engine needs of a log, and what every adapter owes it.
//!
//! A log stores encoded frames and never looks into them; what they mean is `countersign_core::schema`. The obligations
//! below are in words here and in code in `contract` (feature `testing`), which every adapter has to pass.

use std::io;

use countersign_core::Recorded;
use countersign_core::ids::Position;
use countersign_core::schema::{self, DecodeError, Encoded};

/// The writing end; there is one, and the engine's thread owns it.
///
/// INVARIANT (dense-positions): positions are 1, 2, 3 … without gaps. INVARIANT (one-writer): while a writer lives, no
/// other process or handle can open the same log.
pub trait LogWriter: Send {
    /// Appends all events or none, and returns the new head once they would survive a power cut. Blocks.
    ///
    /// `expected_head` must be the log's head and the events must follow it densely, else nothing is written and the
    /// writer goes on. Any other error leaves it unknown whether the events will be there after a restart, so the
    /// writer is *poisoned*: it refuses everything from then on, and a flush is never retried (the kernel may have
    /// thrown the pages away and would report the second one as a success). No events are no write.
    fn append(&mut self, expected_head: Position, events: &[Encoded]) -> Result<Position, AppendError>;
}

/// A reading end; a clone is another. Never waits for the writer, never holds it up.
pub trait LogReader: Clone + Send + Sync + 'static {
    /// The frames after `after`: ascending, without gaps, and nothing above the durable head of the moment of the call.
    /// After an error nothing more comes.
    fn frames(&self, after: Position) -> impl Iterator<Item = Result<(Position, Vec<u8>), ReadError>> + Send;

    /// The last event that survives a power cut. Only grows.
    fn durable_head(&self) -> Position;

    /// As [`Self::frames`], decoded: checksums are checked, old schemas told in today's shape. Leaf hashes are `verify`'s.
    fn read(&self, after: Position) -> impl Iterator<Item = Result<Recorded, ReadError>> + Send {
        self.frames(after).map(|frame| {
            let (position, bytes) = frame?;
            let recorded = schema::decode(&bytes).map_err(|source| ReadError::Damaged { position, source })?;
            if recorded.position == position {
                Ok(recorded)
            } else {
                Err(ReadError::Gap { expected: position, found: recorded.position })
            }
        })
    }
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The caller's view of the log is not the log; nothing was written, the writer goes on.
    #[error("the log is at {actual}, not at {expected}")]
    WrongHead {
        /// What the caller believed.
        expected: Position,
        /// What is.
        actual: Position,
    },
    /// The events do not follow the head densely; nothing was written, the writer goes on.
    #[error("an event claims position {found} where {expected} is due")]
    NotDense {
        /// What is due.
        expected: Position,
        /// What was given.
        found: Position,
    },
    /// One frame is above what the log can hold in one entry; nothing was written, the writer goes on.
    #[error("the frame of event {position} has {length_bytes} bytes; at most {max_bytes} are allowed")]
    FrameTooLarge {
        /// Which event.
        position: Position,
        /// Its frame's length.
        length_bytes: usize,
        /// The bound.
        max_bytes: usize,
    },
    /// The disk is full. The log is poisoned.
    #[error("the disk is full")]
    Full {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Writing or syncing failed. The log is poisoned.
    #[error("the log could not be written")]
    Io {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// An earlier append failed.
    #[error("the log refuses writes since an earlier one failed: {reason}")]
    Poisoned {
        /// What failed then.
        reason: String,
    },
}

impl AppendError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongHead { .. } => "wrong_head",
            Self::NotDense { .. } => "not_dense",
            Self::FrameTooLarge { .. } => "frame_too_large",
            Self::Full { .. } => "disk_full",
            Self::Io { .. } => "log_write_failed",
            Self::Poisoned { .. } => "log_poisoned",
        }
    }

    /// Whether the writer refuses everything from now on.
    #[must_use]
    pub const fn poisons(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Io { .. } | Self::Poisoned { .. })
    }

    /// A failed write or sync, told apart by what an operator has to do about it.
    #[must_use]
    pub fn of_io(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { source },
            _ => Self::Io { source },
        }
    }
}

/// Why the log could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A position is missing, doubled or mislabelled.
    #[error("event {expected} is due and {found} was found")]
    Gap {
        /// What is due.
        expected: Position,
        /// What is there; the head when there is nothing.
        found: Position,
    },
    /// A frame cannot be decoded: changed bytes, or written by a newer program.
    #[error("event {position} cannot be decoded")]
    Damaged {
        /// Which.
        position: Position,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// Reading failed.
    #[error("the log could not be read")]
    Io {
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl ReadError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Gap { .. } => "log_gap",
            Self::Damaged { .. } => "event_damaged",
            Self::Io { .. } => "log_read_failed",
        }
    }
}

/// The part of an append that no adapter may get wrong: the head is the expected one, and the events follow it densely.
pub(crate) fn check_dense(head: Position, expected_head: Position, events: &[Encoded]) -> Result<(), AppendError> {
    if head != expected_head {
        return Err(AppendError::WrongHead { expected: expected_head, actual: head });
    }
    let mut expected = head;
    for event in events {
        expected = expected.next();
        if event.position != expected {
            return Err(AppendError::NotDense { expected, found: event.position });
        }
    }
    Ok(())
}
