//! Integrity of a whole log, from its frames alone: nothing that a program said about it is believed.

use countersign_core::ids::{Digest, LogId, Position};
use countersign_core::schema::{self, DecodeError};
use countersign_core::time::Timestamp;
use countersign_core::{Event, log};
use sha2::{Digest as _, Sha256};

use crate::log::{LogReader, ReadError};

/// What an intact log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many events, which is also the last one's position.
    pub events: u64,
    /// Its id; nothing for an empty log.
    pub log: Option<LogId>,
    /// SHA-256 over all leaf hashes in order: two copies of one log agree on it.
    pub leaves: Digest,
    /// Times of the first and the last event.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// The first thing that is wrong. What follows it was not looked at.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// A position is missing or doubled, or the store cannot be read.
    #[error("the log breaks off")]
    Unreadable(#[source] ReadError),
    /// The bytes of an event changed, or no longer give the hash they were stored with.
    #[error("event {position} is not what was written")]
    Damaged {
        /// Which.
        position: Position,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// The event says that it stands elsewhere.
    #[error("event {position} claims to be event {claimed}")]
    Misplaced {
        /// Where it was found.
        position: Position,
        /// What it says.
        claimed: Position,
    },
    /// Time goes backwards.
    #[error("event {position} was recorded at {at}, before its predecessor's {before}")]
    TimeReversed {
        /// Which.
        position: Position,
        /// Its time.
        at: Timestamp,
        /// Its predecessor's.
        before: Timestamp,
    },
    /// Only the first event creates the log, and it does.
    #[error("event {position} {}", if *position == Position(1) { "does not create the log" } else { "creates the log again" })]
    WrongBeginning {
        /// Which.
        position: Position,
    },
}

impl Violation {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.code(),
            Self::Damaged { .. } => "event_damaged",
            Self::Misplaced { .. } => "event_misplaced",
            Self::TimeReversed { .. } => "time_reversed",
            Self::WrongBeginning { .. } => "wrong_beginning",
        }
    }

    /// Where, when it is one event's.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match self {
            Self::Unreadable(ReadError::Gap { expected: position, .. } | ReadError::Damaged { position, .. })
            | Self::Damaged { position, .. }
            | Self::Misplaced { position, .. }
            | Self::TimeReversed { position, .. }
            | Self::WrongBeginning { position } => Some(*position),
            Self::Unreadable(ReadError::Io { .. }) => None,
        }
    }
}

/// Checks every event up to the durable head of now; `progress` is told each position.
pub fn verify(reader: &impl LogReader, mut progress: impl FnMut(Position)) -> Result<Report, Violation> {
    let (mut leaves, mut id, mut span, mut events) = (Sha256::new(), None, None, 0_u64);
    for frame in reader.frames(Position::ZERO) {
        let (position, frame) = frame.map_err(Violation::Unreadable)?;
        let damaged = |source| Violation::Damaged { position, source };
        let recorded = schema::decode(&frame).map_err(damaged)?;
        if recorded.position != position {
            return Err(Violation::Misplaced { position, claimed: recorded.position });
        }
        let log = match (&recorded.event, id) {
            (Event::Log(log::Event::LogCreated { log, .. }), None) if position == Position(1) => *log,
            (Event::Log(log::Event::LogCreated { .. }), _) | (_, None) => {
                return Err(Violation::WrongBeginning { position });
            }
            (_, Some(log)) => log,
        };
        id = Some(log);
        schema::verify_leaf(&frame, log).map_err(damaged)?;
        let at = recorded.recorded_at;
        let (first, before) = span.unwrap_or((at, at));
        if at < before {
            return Err(Violation::TimeReversed { position, at, before });
        }
        span = Some((first, at));
        leaves.update(schema::stored_leaf(&frame).map_err(damaged)?.0);
        events = position.0;
        progress(position);
    }
    Ok(Report { events, log: id, leaves: Digest(leaves.finalize().into()), span })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use countersign_core::Recorded;
    use countersign_core::schema::Encoded;

    use super::*;
    use crate::log::LogWriter;
    use crate::memory_log::{self, MemoryReader};
    use crate::sample;

    /// A log of three events, changed before they were written as `change` says.
    fn log_with(change: impl Fn(&mut Recorded)) -> MemoryReader {
        let (mut writer, reader) = memory_log::open(MemoryReader::default());
        let events: Vec<_> = (1..=3)
            .map(|position| {
                let mut recorded = sample::recorded(Position(position), 20);
                change(&mut recorded);
                Encoded { position: Position(position), ..schema::encode(&recorded, sample::LOG).unwrap() }
            })
            .collect();
        writer.append(Position::ZERO, &events).unwrap();
        reader
    }

    fn violation(reader: &MemoryReader) -> (&'static str, Option<u64>) {
        let violation = verify(reader, |_| {}).unwrap_err();
        (violation.code(), violation.position().map(|position| position.0))
    }

    #[test]
    fn an_intact_log_is_reported_with_every_position_told() {
        let mut told = Vec::new();
        let report = verify(&log_with(|_| {}), |position| told.push(position.0)).unwrap();
        assert_eq!(told, [1, 2, 3]);
        assert_eq!((report.events, report.log), (3, Some(sample::LOG)));
        assert_eq!(report, verify(&log_with(|_| {}), |_| {}).unwrap());
        let other = log_with(|recorded| recorded.correlation.0 = uuid::Uuid::from_u128(9));
        assert_ne!(report.leaves, verify(&other, |_| {}).unwrap().leaves);
    }

    #[test]
    fn an_empty_log_is_intact() {
        assert_eq!(verify(&MemoryReader::default(), |_| {}).unwrap().events, 0);
    }

    #[test]
    fn a_time_before_its_predecessors_is_named() {
        let reader = log_with(|recorded| {
            if recorded.position == Position(3) {
                recorded.recorded_at = Timestamp::from_millis(1);
            }
        });
        assert_eq!(violation(&reader), ("time_reversed", Some(3)));
    }

    #[test]
    fn an_event_that_claims_another_place_is_named() {
        let reader = log_with(|recorded| {
            if recorded.position == Position(2) {
                recorded.position = Position(3);
            }
        });
        assert_eq!(violation(&reader), ("event_misplaced", Some(2)));
    }

    #[test]
    fn a_log_that_is_created_twice_or_never_is_named() {
        let twice = log_with(|recorded| {
            if recorded.position == Position(2) {
                recorded.event = sample::recorded(Position(1), 0).event;
            }
        });
        assert_eq!(violation(&twice), ("wrong_beginning", Some(2)));
        let never = log_with(|recorded| recorded.event = sample::recorded(Position(2), 5).event);
        assert_eq!(violation(&never), ("wrong_beginning", Some(1)));
    }

    #[test]
    fn a_changed_byte_anywhere_in_a_frame_is_found() {
        let whole = sample::encoded(Position::ZERO, 2, 20);
        for offset in 0..whole.last().unwrap().frame.len() {
            let mut events = whole.clone();
            *events.last_mut().unwrap().frame.get_mut(offset).unwrap() ^= 1;
            let (mut writer, reader) = memory_log::open(MemoryReader::default());
            writer.append(Position::ZERO, &events).unwrap();
            assert_eq!(violation(&reader), ("event_damaged", Some(2)), "byte {offset}");
        }
    }

    #[test]
    fn an_event_of_another_log_is_found_by_its_leaf() {
        let mut events = sample::encoded(Position::ZERO, 2, 20);
        let foreign = countersign_core::ids::LogId(uuid::Uuid::from_u128(7));
        events.pop();
        events.push(schema::encode(&sample::recorded(Position(2), 20), foreign).unwrap());
        let (mut writer, reader) = memory_log::open(MemoryReader::default());
        writer.append(Position::ZERO, &events).unwrap();
        assert_eq!(violation(&reader), ("event_damaged", Some(2)));
    }
}
