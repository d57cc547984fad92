//! The way back from an export: an equal log from its lines, event by event, or none that is taken for one.
//!
//! Only the frames are believed, and only once each says that it is whole, stands where it is due and belongs to the log
//! that the first one creates. Secrets are not in an export: whoever serves the new log makes a key first.

use std::io::{self, BufRead, Read as _};

use countersign_core::ids::{LogId, Position};
use countersign_core::schema::{self, DecodeError, Encoded};
use countersign_core::{Event, Recorded, log};
use serde::Deserialize;

use crate::log::{AppendError, LogWriter};

/// Longest line, in bytes: an event is there three times, once in hex.
pub const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// Most events that are appended at once.
const GROUP_EVENTS_MAX: usize = 1024;

/// Why an export does not become a log.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The export cannot be read.
    #[error("the export could not be read")]
    Io(#[source] io::Error),
    /// A line is none of an export.
    #[error("line {line} is not one of an export")]
    NoLine {
        /// Which, from 1.
        line: u64,
        /// Why, when it is JSON at all that is missing.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// A line is longer than any event.
    #[error("line {line} has more than {LINE_BYTES_MAX} bytes")]
    LineTooLong {
        /// Which, from 1.
        line: u64,
    },
    /// The bytes of an event changed, or belong to another log.
    #[error("event {position} is not what was exported")]
    Damaged {
        /// Which.
        position: Position,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// An event is missing, doubled, or stands elsewhere.
    #[error("event {expected} is due and {found} was found")]
    Misplaced {
        /// What is due.
        expected: Position,
        /// What is there.
        found: Position,
    },
    /// What stands beside the frame is not its hash.
    #[error("event {position} has another hash than its line says")]
    OtherHash {
        /// Which.
        position: Position,
    },
    /// Only the first event creates the log, and it does.
    #[error("event {position} {}", if *position == Position(1) { "does not create the log" } else { "creates the log again" })]
    WrongBeginning {
        /// Which.
        position: Position,
    },
    /// The new log could not be written.
    #[error("the new log could not be written")]
    Append(#[source] AppendError),
}

impl ImportError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "export_read_failed",
            Self::NoLine { .. } => "export_line_invalid",
            Self::LineTooLong { .. } => "export_line_too_long",
            Self::Damaged { .. } => "event_damaged",
            Self::Misplaced { .. } => "event_misplaced",
            Self::OtherHash { .. } => "hash_mismatch",
            Self::WrongBeginning { .. } => "wrong_beginning",
            Self::Append(error) => error.code(),
        }
    }

    /// Whether the export itself is at fault, and not a disk.
    #[must_use]
    pub const fn is_violation(&self) -> bool {
        !matches!(self, Self::Io(_) | Self::Append(_))
    }
}

/// What is read of a line; the rest of it is for people.
#[derive(Deserialize)]
struct Line {
    hash: String,
    frame: String,
}

/// Appends every line of an export to an empty log; gives the last position written. `seen` is shown each event.
pub fn import(
    lines: impl BufRead,
    writer: &mut impl LogWriter,
    mut seen: impl FnMut(&Recorded),
) -> Result<Position, ImportError> {
    let (mut head, mut group) = (Position::ZERO, Vec::new());
    read(lines, |encoded, recorded| {
        group.push(encoded);
        seen(&recorded);
        if group.len() >= GROUP_EVENTS_MAX {
            head = writer.append(head, &group).map_err(ImportError::Append)?;
            group.clear();
        }
        Ok(())
    })?;
    writer.append(head, &group).map_err(ImportError::Append)
}

/// Checks every line of an export and hands each event on; gives the last position.
pub fn read(
    mut lines: impl BufRead,
    mut take: impl FnMut(Encoded, Recorded) -> Result<(), ImportError>,
) -> Result<Position, ImportError> {
    let (mut text, mut number, mut id) = (Vec::new(), 0_u64, None);
    loop {
        text.clear();
        let length = (&mut lines).take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut text).map_err(ImportError::Io)?;
        if length == 0 {
            return Ok(Position(number));
        }
        number += 1;
        if u64::try_from(length).unwrap_or(u64::MAX) > LINE_BYTES_MAX {
            return Err(ImportError::LineTooLong { line: number });
        }
        let (encoded, recorded) = event(&text, Position(number), &mut id)?;
        take(encoded, recorded)?;
    }
}

/// The event of a line, which has to be this one, of the log that the first one names.
fn event(text: &[u8], expected: Position, id: &mut Option<LogId>) -> Result<(Encoded, Recorded), ImportError> {
    let line = expected.0;
    let read: Line =
        serde_json::from_slice(text).map_err(|source| ImportError::NoLine { line, source: Some(source) })?;
    let frame = hex::decode(&read.frame).map_err(|_| ImportError::NoLine { line, source: None })?;
    let damaged = |source| ImportError::Damaged { position: expected, source };
    let recorded = schema::decode(&frame).map_err(damaged)?;
    if recorded.position != expected {
        return Err(ImportError::Misplaced { expected, found: recorded.position });
    }
    let log = match (&recorded.event, *id) {
        (Event::Log(log::Event::LogCreated { log, .. }), None) => *log,
        (Event::Log(log::Event::LogCreated { .. }), _) | (_, None) => {
            return Err(ImportError::WrongBeginning { position: expected });
        }
        (_, Some(log)) => log,
    };
    *id = Some(log);
    schema::verify_leaf(&frame, log).map_err(damaged)?;
    let leaf = schema::stored_leaf(&frame).map_err(damaged)?;
    if leaf.to_string() != read.hash {
        return Err(ImportError::OtherHash { position: expected });
    }
    Ok((Encoded { position: expected, frame, leaf }, recorded))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;
    use crate::export::export;
    use crate::log::LogReader as _;
    use crate::memory_log::{self, MemoryReader};
    use crate::sample;
    use crate::verify::verify;

    fn exported(events: u64) -> (MemoryReader, String) {
        let (mut writer, reader) = memory_log::open(MemoryReader::default());
        writer.append(Position::ZERO, &sample::encoded(Position::ZERO, events, 20)).unwrap();
        let mut out = Vec::new();
        export(&reader, &mut out, |_| {}).unwrap();
        (reader, String::from_utf8(out).unwrap())
    }

    fn imported(text: &str) -> Result<MemoryReader, ImportError> {
        let (mut writer, reader) = memory_log::open(MemoryReader::default());
        import(text.as_bytes(), &mut writer, |_| {})?;
        Ok(reader)
    }

    #[test]
    fn an_export_becomes_a_log_that_is_equal_to_the_byte() {
        let (log, text) = exported(u64::try_from(GROUP_EVENTS_MAX).unwrap() + 3);
        let again = imported(&text).unwrap();
        assert_eq!(verify(&again, |_| {}).unwrap(), verify(&log, |_| {}).unwrap());
        let frames = |log: &MemoryReader| log.frames(Position::ZERO).map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(frames(&again), frames(&log));
        assert_eq!(verify(&imported("").unwrap(), |_| {}).unwrap().events, 0);
    }

    #[test]
    fn a_line_that_is_missing_doubled_changed_or_of_another_log_is_refused() {
        let (_, text) = exported(3);
        let lines: Vec<&str> = text.lines().collect();
        let [first, second, third] = *lines.as_slice() else { unreachable!("three events") };
        let foreign = schema::encode(&sample::recorded(Position(2), 20), LogId(uuid::Uuid::from_u128(7))).unwrap();
        let foreign = format!(r#"{{"hash":"{}","frame":"{}"}}"#, foreign.leaf, hex::encode(&foreign.frame));
        let flipped = second.replace(r#""frame":"4353"#, r#""frame":"4354"#);
        let other_hash = second.replace(r#""hash":""#, r#""hash":"0"#);
        let half = second.get(..second.len() / 2).unwrap();
        let long = " ".repeat(usize::try_from(LINE_BYTES_MAX).unwrap() + 1);
        for (lines, code) in [
            (vec![first, third], "event_misplaced"),
            (vec![first, second, second], "event_misplaced"),
            (vec![second], "event_misplaced"),
            (vec![first, &flipped], "event_damaged"),
            (vec![first, &other_hash], "hash_mismatch"),
            (vec![first, &foreign], "event_damaged"),
            (vec![first, "{}"], "export_line_invalid"),
            (vec![first, half], "export_line_invalid"),
            (vec![first, &long], "export_line_too_long"),
        ] {
            assert_eq!(imported(&lines.join("\n")).unwrap_err().code(), code, "{lines:?}");
        }
    }
}
