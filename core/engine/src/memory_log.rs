//! A log in memory: for tests, and for what-if runs that must leave no trace. Survives nothing.

use std::sync::{Arc, PoisonError, RwLock};

use countersign_core::ids::Position;
use countersign_core::schema::Encoded;

use crate::log::{AppendError, LogReader, LogWriter, ReadError, check_dense};

/// The writing end.
#[derive(Debug)]
pub struct MemoryWriter {
    reader: MemoryReader,
}

/// The reading end.
#[derive(Debug, Clone, Default)]
pub struct MemoryReader {
    /// The frame of position n is at n − 1.
    frames: Arc<RwLock<Vec<Arc<[u8]>>>>,
}

/// An empty log, or what another writer left in `reader`, whose writer must be gone.
#[must_use]
pub fn open(reader: MemoryReader) -> (MemoryWriter, MemoryReader) {
    (MemoryWriter { reader: reader.clone() }, reader)
}

impl MemoryReader {
    fn head(&self) -> usize {
        self.frames.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl LogWriter for MemoryWriter {
    fn append(&mut self, expected_head: Position, events: &[Encoded]) -> Result<Position, AppendError> {
        let mut frames = self.reader.frames.write().unwrap_or_else(PoisonError::into_inner);
        check_dense(Position(frames.len() as u64), expected_head, events)?;
        frames.extend(events.iter().map(|event| Arc::from(event.frame.as_slice())));
        Ok(Position(frames.len() as u64))
    }
}

impl LogReader for MemoryReader {
    fn frames(&self, after: Position) -> impl Iterator<Item = Result<(Position, Vec<u8>), ReadError>> + Send {
        let first = usize::try_from(after.0).unwrap_or(usize::MAX);
        (first..self.head()).map_while(|index| {
            let frames = self.frames.read().unwrap_or_else(PoisonError::into_inner);
            frames.get(index).map(|frame| Ok((Position(index as u64).next(), frame.to_vec())))
        })
    }

    fn durable_head(&self) -> Position {
        Position(self.head() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{self, Subject};

    #[derive(Default)]
    struct Memory {
        kept: MemoryReader,
    }

    impl Subject for Memory {
        type Writer = MemoryWriter;
        type Reader = MemoryReader;

        fn fresh(&mut self) -> (MemoryWriter, MemoryReader) {
            self.kept = MemoryReader::default();
            self.reopened()
        }

        fn reopened(&mut self) -> (MemoryWriter, MemoryReader) {
            open(self.kept.clone())
        }
    }

    #[test]
    fn the_memory_log_meets_the_contract() {
        contract::assert_all(&mut Memory::default());
    }
}
