//! Opening a store without ever making damage worse.
//!
//! Order: lock; note; is the file as it was left? else open a *copy* and check that; only then open the original.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use countersign_core::ids::Position;
use countersign_core::schema::{self, DecodeError};

use super::durability::Durability;
use super::entry::Entries;
use super::note::{self, Note, NoteError};
use super::to_io;
use super::watermark::Watermark;
use crate::log::ReadError;

/// sled's file.
pub(crate) const DATABASE: &str = "db";
const LOCK: &str = "lock";
const COPY: &str = "copy";
const BLOBS: &str = "blobs";
/// Fixed when a store is made; moves the size from which sled writes blob files from 128 KiB to about 2 MiB.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;
const CACHE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Why a log could not be opened. In every case the store is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another handle in this one, has it open.
    #[error("the data directory {directory} is in use by another process")]
    InUse {
        /// Which.
        directory: PathBuf,
    },
    /// A newer program wrote it.
    #[error("the log in {directory} has format {found}; this program reads up to {}", note::FORMAT)]
    NewerFormat {
        /// Which.
        directory: PathBuf,
        /// Its format.
        found: u32,
    },
    /// It is not what it was when it was last known to be whole.
    #[error("the log in {directory} is damaged: {what}; nothing in it was changed. Keep a copy before anything else")]
    Damaged {
        /// Which.
        directory: PathBuf,
        /// How it shows.
        what: String,
        /// Why, when there is more to say.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The disk failed, or there is no space for the copy.
    #[error("the log in {directory} could not be opened")]
    Io {
        /// Which.
        directory: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl OpenError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "data_directory_in_use",
            Self::NewerFormat { .. } => "log_newer_format",
            Self::Damaged { .. } => "log_damaged",
            Self::Io { .. } => "log_open_failed",
        }
    }

    fn damaged(directory: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { directory: directory.to_path_buf(), what: what.into(), source: None }
    }
}

pub(super) struct Opened {
    pub(super) store: sled::Db,
    pub(super) database: File,
    pub(super) lock: File,
    pub(super) watermark: Watermark,
    pub(super) head: Position,
}

pub(super) fn open(directory: &Path, durability: &dyn Durability) -> Result<Opened, OpenError> {
    let failed = |source| OpenError::Io { directory: directory.to_path_buf(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    let lock = lock(directory)?;
    let noted = Note::read(directory).map_err(|error| match error {
        NoteError::Io(source) => failed(source),
        NoteError::Newer(found) => OpenError::NewerFormat { directory: directory.to_path_buf(), found },
        NoteError::Unreadable => OpenError::damaged(directory, "its note cannot be read"),
    })?;
    let path = directory.join(DATABASE);
    let floor = noted.map_or(Position::ZERO, |note| note.head).max(Watermark::read(directory).map_err(failed)?);
    let is_new = !path.try_exists().map_err(failed)?;
    if is_new && floor > Position::ZERO {
        return Err(OpenError::damaged(directory, format!("it held {floor} events and its file is missing")));
    }
    check_no_blobs(directory).map_err(|source| OpenError::Damaged {
        directory: directory.to_path_buf(),
        what: "there are blob files, which sled never syncs".to_owned(),
        source: Some(source.into()),
    })?;
    let is_as_left = match noted.and_then(|note| note.closed) {
        Some(left) => !is_new && note::sum_of(&path).map_err(failed)? == left,
        None => false,
    };
    if !is_new && !is_as_left {
        check_copy(directory, floor)?;
    }
    // A power cut can leave a half-written snapshot, and sled refuses to start with one. It holds nothing of its own.
    remove_half_snapshots(directory).map_err(failed)?;
    // From here on the file changes: no longer "as it was left".
    Note { head: floor, closed: None }.write(directory, durability).map_err(failed)?;
    let store = start(directory).map_err(|error| failed(to_io(error)))?;
    let database = File::open(&path).map_err(failed)?;
    settle(directory, &path, &database, durability).map_err(failed)?;
    let head = check(&store, directory, floor)?;
    Note { head, closed: None }.write(directory, durability).map_err(failed)?;
    let watermark = Watermark::open(directory).map_err(failed)?;
    Ok(Opened { store, database, lock, watermark, head })
}

/// `blobs/` must stay empty: what sled writes there is lost in a power cut, and the store with it.
pub(super) fn check_no_blobs(directory: &Path) -> io::Result<()> {
    match fs::read_dir(directory.join(BLOBS)) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(entry) => Err(io::Error::other(format!("sled wrote the blob file {:?}", entry?.file_name()))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn lock(directory: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Io { directory: directory.to_path_buf(), source };
    let path = directory.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { directory: directory.to_path_buf() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn start(directory: &Path) -> Result<sled::Db, sled::Error> {
    sled::Config::new()
        .path(directory)
        // The writer is the only flusher: a background flusher would swallow errors.
        .flush_every_ms(None)
        .segment_size(SEGMENT_BYTES)
        .cache_capacity(CACHE_BYTES_MAX)
        .open()
}

/// What sled made while it opened is synced once: its file, its settings, the directory and the directory's own entry.
fn settle(directory: &Path, path: &Path, database: &File, durability: &dyn Durability) -> io::Result<()> {
    durability.sync_data(path, database)?;
    let conf = directory.join("conf");
    durability.sync_data(&conf, &File::open(&conf)?)?;
    durability.sync_directory(directory)?;
    match directory.canonicalize()?.parent() {
        Some(parent) => durability.sync_directory(parent),
        None => Ok(()),
    }
}

/// Reads all: no gaps, every checksum right, nothing of what was once durable missing. Gives the head.
fn check(store: &sled::Db, directory: &Path, floor: Position) -> Result<Position, OpenError> {
    let damaged = |error: ReadError| OpenError::Damaged {
        directory: directory.to_path_buf(),
        what: format!("{error} ({})", error.code()),
        source: Some(Box::new(error)),
    };
    let mut head = Position::ZERO;
    for frame in Entries::new(store, Position::ZERO, None) {
        let (position, frame) = frame.map_err(damaged)?;
        // Takes the frame apart and compares its checksum, without reading what it says.
        match schema::stored_leaf(&frame) {
            Ok(_) => {}
            Err(DecodeError::UnknownFormat { format }) => {
                return Err(OpenError::NewerFormat { directory: directory.to_path_buf(), found: u32::from(format) });
            }
            Err(source) => return Err(damaged(ReadError::Damaged { position, source })),
        }
        head = position;
    }
    if head < floor {
        return Err(OpenError::damaged(directory, format!("it ends at event {head} and once held {floor}")));
    }
    Ok(head)
}

/// Opens a copy and checks that. sled zeroes what it calls torn segments, so the original must not be the first try.
fn check_copy(directory: &Path, floor: Position) -> Result<(), OpenError> {
    let failed = |source| OpenError::Io { directory: directory.to_path_buf(), source };
    let copy = directory.join(COPY);
    remove(&copy).map_err(failed)?;
    let checked = copy_store(directory, &copy).map_err(failed).and_then(|()| {
        // sled asserts where it finds what it does not expect.
        let opened = catch_unwind(AssertUnwindSafe(|| match start(&copy) {
            Ok(store) => check(&store, directory, floor).map(|_| ()),
            Err(error) => Err(OpenError::Damaged {
                directory: directory.to_path_buf(),
                what: "sled cannot open it".to_owned(),
                source: Some(Box::new(error)),
            }),
        }));
        opened.unwrap_or_else(|_| Err(OpenError::damaged(directory, "sled panicked while it opened a copy")))
    });
    remove(&copy).map_err(failed)?;
    checked
}

fn copy_store(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_sleds = name == DATABASE || name == "conf" || is_snapshot(&name.to_string_lossy());
        if is_sleds {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

fn is_snapshot(name: &str) -> bool {
    name.starts_with("snap.") && !name.ends_with(".generating")
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn remove_half_snapshots(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
