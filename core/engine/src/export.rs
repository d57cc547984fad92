//! The whole log as JSON lines: readable by anything, and exact enough to rebuild an equal log from.
//!
//! One line per event: `position`, `leaf` (the very text that is hashed), `hash`, `data` (for people: personal values in
//! place of their commitments), `frame` (hex, all there is, personal openings too). Secrets are not in a log.

use std::io::{self, Write};

use countersign_core::ids::{LogId, Position};
use countersign_core::schema::{self, DecodeError};
use countersign_core::{Event, log};

use crate::log::{LogReader, ReadError};

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log cannot be read on.
    #[error("the log breaks off")]
    Unreadable(#[source] ReadError),
    /// An event cannot be told.
    #[error("event {position} cannot be exported")]
    Damaged {
        /// Which.
        position: Position,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// The log does not begin with its creation.
    #[error("the first event does not create the log")]
    WrongBeginning,
    /// The output failed.
    #[error("the export could not be written")]
    Io(#[source] io::Error),
}

impl ExportError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.code(),
            Self::Damaged { .. } => "event_damaged",
            Self::WrongBeginning => "wrong_beginning",
            Self::Io(_) => "export_write_failed",
        }
    }
}

/// Writes every event up to the durable head of now; gives the last position written.
pub fn export(
    reader: &impl LogReader,
    writer: &mut impl Write,
    mut progress: impl FnMut(Position),
) -> Result<Position, ExportError> {
    let (mut id, mut head): (Option<LogId>, _) = (None, Position::ZERO);
    for frame in reader.frames(Position::ZERO) {
        let (position, frame) = frame.map_err(ExportError::Unreadable)?;
        let damaged = |source| ExportError::Damaged { position, source };
        let recorded = schema::decode(&frame).map_err(damaged)?;
        if let Event::Log(log::Event::LogCreated { log, .. }) = &recorded.event {
            id = id.or(Some(*log));
        }
        let log = id.ok_or(ExportError::WrongBeginning)?;
        let hash = schema::stored_leaf(&frame).map_err(damaged)?;
        // The leaf goes out as the text it is: parsing it and printing it again could change numbers.
        let leaf = schema::leaf_json(&frame, log).map_err(damaged)?;
        let (number, data, frame) = (position.0, schema::data_json(&recorded.event), hex::encode(&frame));
        writeln!(writer, r#"{{"position":{number},"leaf":{leaf},"hash":"{hash}","data":{data},"frame":"{frame}"}}"#)
            .map_err(ExportError::Io)?;
        head = position;
        progress(position);
    }
    writer.flush().map_err(ExportError::Io)?;
    Ok(head)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test should panic")]
mod tests {
    use countersign_core::ids::Digest;

    use super::*;
    use crate::log::LogWriter;
    use crate::memory_log::{self, MemoryReader};
    use crate::sample;

    #[test]
    fn every_line_holds_the_hashed_text_and_the_very_frame() {
        let events = sample::encoded(Position::ZERO, 3, 20);
        let (mut writer, reader) = memory_log::open(MemoryReader::default());
        writer.append(Position::ZERO, &events).unwrap();
        let mut out = Vec::new();
        assert_eq!(export(&reader, &mut out, |_| {}).unwrap(), Position(3));
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 3);
        for (line, event) in text.lines().zip(&events) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(hex::decode(value["frame"].as_str().unwrap()).unwrap(), event.frame);
            let leaf = line.split_once(r#""leaf":"#).unwrap().1.split_once(r#","hash":"#).unwrap().0;
            assert_eq!(Digest::of(&[&[0], leaf.as_bytes()].concat()).to_string(), value["hash"].as_str().unwrap());
            assert_eq!(value["hash"], event.leaf.to_string());
        }
    }

    #[test]
    fn a_full_output_is_its_own_error() {
        let (mut writer, reader) = memory_log::open(MemoryReader::default());
        writer.append(Position::ZERO, &sample::encoded(Position::ZERO, 1, 20)).unwrap();
        let mut small = [0_u8; 8];
        assert_eq!(export(&reader, &mut small.as_mut_slice(), |_| {}).unwrap_err().code(), "export_write_failed");
    }
}
