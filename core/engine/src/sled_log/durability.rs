//! What makes bytes survive a power cut, as a port: so that a test can take the power away.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

/// The calls that stand between "written" and "durable". On return of each, what it names survives a power cut.
pub trait Durability: fmt::Debug + Send + Sync + 'static {
    /// The contents of `file`, which is open at `path`.
    fn sync_data(&self, path: &Path, file: &File) -> io::Result<()>;
    /// The entries of a directory: files made, renamed and removed in it.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// The operating system's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fdatasync;

impl Durability for Fdatasync {
    fn sync_data(&self, _path: &Path, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}
