//! What the log's directory remembers about itself beside sled: format, a head that was durable, how it was closed.
//!
//! sled opens a store that lost its tail, or all of it, without an error. The note tells: a store that recovers less
//! than was once durable is damaged. And opening a damaged store destroys it, so whether it was closed cleanly, and
//! with which bytes, has to be known before sled sees it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use countersign_core::ids::Position;

use super::durability::Durability;

/// Newest layout of the directory that this program reads. Since 0.1.
pub(crate) const FORMAT: u32 = 1;
const FILE_NAME: &str = "note";
const STAGED_NAME: &str = "note.new";
const NOTE_BYTES_MAX: u64 = 1024;

/// One line: `countersign-log 1 head 42 open`, or `… closed LENGTH CRC32C` of the file `db`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Note {
    /// Every event up to here was durable at some time.
    pub(crate) head: Position,
    /// Length and crc32c of `db`, when nobody has it open.
    pub(crate) closed: Option<(u64, u32)>,
}

/// Why there is no note.
#[derive(Debug)]
pub(crate) enum NoteError {
    Io(io::Error),
    Newer(u32),
    Unreadable,
}

impl Note {
    pub(crate) fn read(directory: &Path) -> Result<Option<Self>, NoteError> {
        let file = match File::open(directory.join(FILE_NAME)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(NoteError::Io(error)),
        };
        let mut text = String::new();
        match file.take(NOTE_BYTES_MAX).read_to_string(&mut text) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(NoteError::Unreadable),
            read => read.map_err(NoteError::Io)?,
        };
        Self::parse(&text).map(Some)
    }

    /// Replaces the note; durable on return.
    pub(crate) fn write(self, directory: &Path, durability: &dyn Durability) -> io::Result<()> {
        let staged = directory.join(STAGED_NAME);
        let mut file = File::create(&staged)?;
        let state = match self.closed {
            None => "open".to_owned(),
            Some((length, crc)) => format!("closed {length} {crc}"),
        };
        writeln!(file, "countersign-log {FORMAT} head {} {state}", self.head.0)?;
        durability.sync_data(&staged, &file)?;
        fs::rename(&staged, directory.join(FILE_NAME))?;
        durability.sync_directory(directory)
    }

    fn parse(text: &str) -> Result<Self, NoteError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let ["countersign-log", format, rest @ ..] = words.as_slice() else { return Err(NoteError::Unreadable) };
        let format: u32 = number(format)?;
        if format > FORMAT {
            return Err(NoteError::Newer(format));
        }
        let (head, closed) = match rest {
            ["head", head, "open"] => (head, None),
            ["head", head, "closed", length, crc] => (head, Some((number(length)?, number(crc)?))),
            _ => return Err(NoteError::Unreadable),
        };
        Ok(Self { head: Position(number(head)?), closed })
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, NoteError> {
    text.parse().map_err(|_| NoteError::Unreadable)
}

/// Length and crc32c of a file.
pub(crate) fn sum_of(path: &Path) -> io::Result<(u64, u32)> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1024 * 1024];
    let (mut length, mut crc) = (0_u64, 0);
    loop {
        let read = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok((length, crc)) };
        crc = crc32c::crc32c_append(crc, bytes);
        length = length.saturating_add(bytes.len() as u64);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a failing test should panic")]
mod tests {
    use super::super::durability::Fdatasync;
    use super::*;

    #[test]
    fn a_note_comes_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        for closed in [None, Some((8_388_608, 0xdead_beef))] {
            let note = Note { head: Position(42), closed };
            note.write(folder.path(), &Fdatasync).unwrap();
            assert_eq!(Note::read(folder.path()).unwrap(), Some(note));
        }
    }

    #[test]
    fn a_newer_note_and_an_unreadable_one_are_told_apart() {
        assert!(matches!(Note::parse("countersign-log 2 something else"), Err(NoteError::Newer(2))));
        for text in ["", "countersign-log", "countersign-log x", "countersign-log 1 head 3", "other 1 head 3 open"] {
            match Note::parse(text) {
                Err(NoteError::Unreadable) => {}
                other => panic!("{text:?} gave {other:?}"),
            }
        }
    }
}
