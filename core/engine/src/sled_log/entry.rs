//! Groups of frames as sled entries. Since 0.1: key = first position, big-endian; value = frames back to back.

use countersign_core::ids::Position;
use countersign_core::schema::{self, Encoded};

use super::to_io;
use crate::log::{AppendError, ReadError};

/// Longest value. sled's pages are made of a few entries; above some 128 KiB they become blob files.
pub(crate) const ENTRY_BYTES_MAX: usize = 96 * 1024;

/// Packs events into entries: as few as their bound allows, all in one atomic batch.
pub(crate) fn pack(events: &[Encoded]) -> Result<sled::Batch, AppendError> {
    let mut batch = sled::Batch::default();
    let mut open: Option<(Position, Vec<u8>)> = None;
    for event in events {
        let (position, length_bytes) = (event.position, event.frame.len());
        if length_bytes > ENTRY_BYTES_MAX {
            return Err(AppendError::FrameTooLarge { position, length_bytes, max_bytes: ENTRY_BYTES_MAX });
        }
        if let Some((first, value)) = open.take_if(|(_, value)| value.len() + length_bytes > ENTRY_BYTES_MAX) {
            batch.insert(&first.0.to_be_bytes(), value);
        }
        open.get_or_insert_with(|| (position, Vec::new())).1.extend_from_slice(&event.frame);
    }
    if let Some((first, value)) = open {
        batch.insert(&first.0.to_be_bytes(), value);
    }
    Ok(batch)
}

/// The frames of the entries, one by one, from `due` to `head`.
pub(crate) struct Entries {
    entries: sled::Iter,
    /// What is left of the entry at hand.
    frames: sled::IVec,
    offset: usize,
    /// Position of the next frame in `frames`, or of the next entry; known once the first entry was seen.
    at: Option<Position>,
    due: Position,
    /// Where to stop; without it, where the entries do.
    head: Option<Position>,
    is_over: bool,
}

impl Entries {
    pub(crate) fn new(store: &sled::Db, after: Position, head: Option<Position>) -> Self {
        let due = after.next();
        // The entry that holds `due` begins there or before.
        let start = match store.get_lt(due.next().0.to_be_bytes()) {
            Ok(Some((key, _))) => key.to_vec(),
            // Nothing before it, or a page that cannot be read: the scan from the start will tell.
            Ok(None) | Err(_) => Vec::new(),
        };
        let frames = sled::IVec::default();
        Self { entries: store.range(start..), frames, offset: 0, at: None, due, head, is_over: false }
    }

    /// The next frame of the entry at hand, or of the next entry.
    fn step(&mut self) -> Result<Option<(Position, Vec<u8>)>, ReadError> {
        if self.offset >= self.frames.len() && !self.next_entry()? {
            return Ok(None);
        }
        let position = self.at.unwrap_or(self.due);
        let bytes = self.frames.get(self.offset..).unwrap_or_default();
        let (frame, _) = schema::split_frame(bytes).map_err(|source| ReadError::Damaged { position, source })?;
        self.offset = self.offset.saturating_add(frame.len());
        self.at = Some(position.next());
        Ok(Some((position, frame.to_vec())))
    }

    /// Whether there is one more.
    fn next_entry(&mut self) -> Result<bool, ReadError> {
        let expected = self.at.unwrap_or(self.due);
        let Some(entry) = self.entries.next() else {
            return match self.head {
                None => Ok(false),
                Some(_) => Err(ReadError::Gap { expected, found: Position(expected.0.saturating_sub(1)) }),
            };
        };
        let (key, value) = entry.map_err(|error| ReadError::Io { source: to_io(error) })?;
        let Ok(first) = <[u8; 8]>::try_from(key.as_ref()).map(|bytes| Position(u64::from_be_bytes(bytes))) else {
            return Err(ReadError::Gap { expected, found: Position::ZERO });
        };
        let is_right = match self.at {
            None => first <= self.due,
            Some(at) => first == at,
        };
        if !is_right || value.is_empty() {
            return Err(ReadError::Gap { expected, found: first });
        }
        (self.frames, self.offset, self.at) = (value, 0, Some(first));
        Ok(true)
    }
}

impl Iterator for Entries {
    type Item = Result<(Position, Vec<u8>), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over && self.head.is_none_or(|head| self.due <= head) {
            match self.step() {
                Ok(Some((position, _))) if position < self.due => {}
                Ok(Some((position, frame))) => {
                    self.due = position.next();
                    return Some(Ok((position, frame)));
                }
                Ok(None) => self.is_over = true,
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
