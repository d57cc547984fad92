//! How far the log was durable, to the last group: written in place after each commit, and never synced itself.
//!
//! The page cache survives a killed process, so after kill −9 this is the exact head, and a store that recovers less
//! is damaged. After a power cut it may be stale or torn: it never says more than was durable, because the events are
//! synced before it is written, and a torn one is passed over.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use countersign_core::ids::Position;

const FILE_NAME: &str = "watermark";

/// The open file.
#[derive(Debug)]
pub(super) struct Watermark(File);

impl Watermark {
    /// Opens it, made when it is not there.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).truncate(false).write(true).open(directory.join(FILE_NAME)).map(Self)
    }

    /// Everything up to `head` is durable by now.
    pub(super) fn raise(&self, head: Position) -> io::Result<()> {
        self.0.write_all_at(&marked(head), 0)
    }

    /// What it said last; zero when it says nothing, or nothing whole.
    pub(super) fn read(directory: &Path) -> io::Result<Position> {
        let bytes = match fs::read(directory.join(FILE_NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Position::ZERO),
            read => read?,
        };
        let head = bytes.first_chunk().map(|head| Position(u64::from_be_bytes(*head))).unwrap_or_default();
        Ok(if bytes == marked(head) { head } else { Position::ZERO })
    }
}

/// The position and its crc32c.
fn marked(head: Position) -> Vec<u8> {
    let head = head.0.to_be_bytes();
    [head.as_slice(), &crc32c::crc32c(&head).to_be_bytes()].concat()
}
