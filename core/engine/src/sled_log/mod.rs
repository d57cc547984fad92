//! The log on sled 0.34: one entry per group commit, durable because the file itself is synced.
//!
//! What sled does not do and this module therefore does: `fdatasync` after each flush (sled stops at
//! `sync_file_range`), keep `blobs/` empty (sled never syncs it), keep readers below the durable head (batches are
//! readable before they are flushed), and look at a store that was not closed cleanly on a copy first (opening a damaged
//! one zeroes it). All measured; see `core/docs/adr/0002`. Start at [`SledLog::open`].

mod durability;
mod entry;
mod note;
mod open;
#[cfg(test)]
mod tests;
mod watermark;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use countersign_core::ids::Position;
use countersign_core::schema::Encoded;

pub use durability::{Durability, Fdatasync};
pub use open::OpenError;

use crate::log::{AppendError, LogReader, LogWriter, ReadError, check_dense};
use entry::Entries;
use note::Note;
use watermark::Watermark;

/// How many positions the note of the durable head may lag behind.
const NOTE_EVERY: u64 = 4096;

/// Opens logs on sled.
#[derive(Debug, Clone, Copy)]
pub struct SledLog;

/// The writing end.
#[derive(Debug)]
pub struct SledWriter {
    shared: Arc<Shared>,
    database: File,
    noted: Position,
    watermark: Watermark,
    poison: Option<String>,
}

/// The reading end. The store is closed when the writer and all readers are gone.
#[derive(Debug, Clone)]
pub struct SledReader {
    shared: Arc<Shared>,
}

/// Fields are dropped in this order: sled first, so that `closing` sees the file as it stays.
struct Shared {
    store: sled::Db,
    closing: Closing,
}

struct Closing {
    directory: PathBuf,
    durability: Arc<dyn Durability>,
    durable_head: AtomicU64,
    is_poisoned: AtomicBool,
    /// Held as long as anybody has the store open.
    _lock: File,
}

impl SledLog {
    /// Opens the log in `directory`, made on the first start. Blocks; reads every frame once to check it.
    pub fn open(directory: &Path) -> Result<(SledWriter, SledReader), OpenError> {
        Self::open_with(directory, Arc::new(Fdatasync))
    }

    /// As [`Self::open`], with another idea of what survives a power cut.
    pub fn open_with(directory: &Path, durability: Arc<dyn Durability>) -> Result<(SledWriter, SledReader), OpenError> {
        let opened = open::open(directory, durability.as_ref())?;
        let closing = Closing {
            directory: directory.to_path_buf(),
            durability,
            durable_head: AtomicU64::new(opened.head.0),
            is_poisoned: AtomicBool::new(false),
            _lock: opened.lock,
        };
        let shared = Arc::new(Shared { store: opened.store, closing });
        let writer = SledWriter {
            shared: Arc::clone(&shared),
            database: opened.database,
            noted: opened.head,
            watermark: opened.watermark,
            poison: None,
        };
        Ok((writer, SledReader { shared }))
    }
}

impl SledWriter {
    fn commit(&mut self, batch: sled::Batch, head: Position) -> io::Result<()> {
        let Closing { directory, durability, .. } = &self.shared.closing;
        self.shared.store.apply_batch(batch).map_err(to_io)?;
        self.shared.store.flush().map_err(to_io)?;
        // sled's flush stops at sync_file_range: no metadata, no disk cache. Acknowledging here would lose approvals
        // in a power cut, so the file itself is synced too.
        durability.sync_data(&directory.join(open::DATABASE), &self.database)?;
        open::check_no_blobs(directory)?;
        self.watermark.raise(head)?;
        if head.0.saturating_sub(self.noted.0) >= NOTE_EVERY {
            Note { head, closed: None }.write(directory, durability.as_ref())?;
            self.noted = head;
        }
        Ok(())
    }

    fn poison(&mut self, reason: String) {
        self.shared.closing.is_poisoned.store(true, Ordering::SeqCst);
        self.poison = Some(reason);
    }
}

impl LogWriter for SledWriter {
    fn append(&mut self, expected_head: Position, events: &[Encoded]) -> Result<Position, AppendError> {
        if let Some(reason) = &self.poison {
            return Err(AppendError::Poisoned { reason: reason.clone() });
        }
        let head = Position(self.shared.closing.durable_head.load(Ordering::SeqCst));
        check_dense(head, expected_head, events)?;
        let Some(last) = events.last() else { return Ok(head) };
        let batch = entry::pack(events)?;
        // Poisoned until proven otherwise: a panic in sled must not leave a writer that goes on.
        self.poison("an append did not finish".to_owned());
        if let Err(error) = self.commit(batch, last.position) {
            self.poison(error.to_string());
            return Err(AppendError::of_io(error));
        }
        self.poison = None;
        self.shared.closing.is_poisoned.store(false, Ordering::SeqCst);
        self.shared.closing.durable_head.store(last.position.0, Ordering::SeqCst);
        Ok(last.position)
    }
}

impl LogReader for SledReader {
    fn frames(&self, after: Position) -> impl Iterator<Item = Result<(Position, Vec<u8>), ReadError>> + Send {
        Entries::new(&self.shared.store, after, Some(self.durable_head()))
    }

    fn durable_head(&self) -> Position {
        Position(self.shared.closing.durable_head.load(Ordering::SeqCst))
    }
}

/// Marks the store as cleanly closed, by the bytes it was left with. A poisoned one is looked at on a copy again.
impl Drop for Closing {
    fn drop(&mut self) {
        if self.is_poisoned.load(Ordering::SeqCst) {
            return;
        }
        let head = Position(self.durable_head.load(Ordering::SeqCst));
        let path = self.directory.join(open::DATABASE);
        let marked = File::open(&path)
            .and_then(|database| self.durability.sync_data(&path, &database))
            .and_then(|()| note::sum_of(&path))
            .and_then(|sum| Note { head, closed: Some(sum) }.write(&self.directory, self.durability.as_ref()));
        if let Err(error) = marked {
            tracing::warn!(%error, "the log could not be marked as closed; the next start looks at a copy first");
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("directory", &self.closing.directory)
            .field("durable_head", &self.closing.durable_head)
            .finish_non_exhaustive()
    }
}

/// Length of the store on disk.
pub fn size_bytes(directory: &Path) -> io::Result<u64> {
    fs::metadata(directory.join(open::DATABASE)).map(|metadata| metadata.len())
}

pub(crate) fn to_io(error: sled::Error) -> io::Error {
    match error {
        sled::Error::Io(error) => error,
        error => io::Error::other(error),
    }
}
