//! Disks that fail on purpose (feature `testing`): the power goes off, a sync fails, the space is used up.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::sled_log::Durability;

/// The unit in which a disk keeps or loses what was not synced.
const PAGE_BYTES: usize = 4096;

/// What becomes of bytes that were written and not synced when the power goes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsynced {
    /// All are lost.
    Lost,
    /// Each page is kept or lost, by this seed.
    Torn(u64),
}

/// A disk of which only what was synced survives: in `survivor`, a directory that can be opened afterwards.
///
/// The power goes off during the `cut_at`-th sync of the database after it was opened. From then on every sync fails.
#[derive(Debug)]
pub struct PowerCut {
    directory: PathBuf,
    survivor: PathBuf,
    cut_at: u64,
    unsynced: Unsynced,
    power: Mutex<Power>,
}

#[derive(Debug, Default)]
struct Power {
    /// Syncs of the database so far; the first is that of its opening.
    syncs: u64,
    is_off: bool,
}

impl PowerCut {
    /// A disk under `directory`. What is in there already survives.
    pub fn new(directory: &Path, survivor: &Path, cut_at: u64, unsynced: Unsynced) -> io::Result<Self> {
        fs::create_dir_all(survivor)?;
        fs::create_dir_all(directory)?;
        let disk = Self {
            directory: directory.to_path_buf(),
            survivor: survivor.to_path_buf(),
            cut_at: cut_at.max(1),
            unsynced,
            power: Mutex::default(),
        };
        for name in disk.names()? {
            disk.keep(&name)?;
        }
        Ok(disk)
    }

    /// Whether it happened.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.power.lock().unwrap_or_else(PoisonError::into_inner).is_off
    }

    /// Files that may survive; the lock goes with its process.
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_file() && name != "lock" {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn keep(&self, name: &str) -> io::Result<()> {
        fs::copy(self.directory.join(name), self.survivor.join(name)).map(|_| ())
    }

    /// Some of the pages that differ from what was synced made it to the disk after all.
    fn tear(&self, path: &Path, seed: u64) -> io::Result<()> {
        let (synced, written) = (fs::read(self.survivor.join("db"))?, fs::read(path)?);
        let survivor = File::options().write(true).open(self.survivor.join("db"))?;
        let mut random = Random(seed);
        for (number, page) in written.chunks(PAGE_BYTES).enumerate() {
            let offset = number * PAGE_BYTES;
            let before = synced.get(offset..).unwrap_or_default();
            if !before.starts_with(page) && random.next().is_multiple_of(2) {
                survivor.write_all_at(page, offset as u64)?;
            }
        }
        Ok(())
    }
}

impl Durability for PowerCut {
    fn sync_data(&self, path: &Path, _file: &File) -> io::Result<()> {
        let mut power = self.power.lock().unwrap_or_else(PoisonError::into_inner);
        if power.is_off {
            return Err(io::Error::other("the power is out"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name != "db" {
            return self.keep(&name);
        }
        if power.syncs == self.cut_at {
            if let Unsynced::Torn(seed) = self.unsynced {
                self.tear(path, seed)?;
            }
            power.is_off = true;
            return Err(io::Error::other("the power went off"));
        }
        power.syncs += 1;
        // Copying each time would only be slower: nothing can be lost before the sync at which the power goes off.
        if power.syncs == self.cut_at { self.keep("db") } else { Ok(()) }
    }

    /// Renames and removals survive, and the snapshots that sled makes when it opens, which it syncs itself.
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        if self.is_off() {
            return Err(io::Error::other("the power is out"));
        }
        if path != self.directory {
            return Ok(());
        }
        let names = self.names()?;
        for entry in fs::read_dir(&self.survivor)? {
            let entry = entry?;
            if !names.contains(&entry.file_name().to_string_lossy().into_owned()) {
                fs::remove_file(entry.path())?;
            }
        }
        for name in names.iter().filter(|name| *name == "note" || name.starts_with("snap.")) {
            self.keep(name)?;
        }
        Ok(())
    }
}

/// A disk whose database can no longer be synced after some time.
#[derive(Debug)]
pub struct FailingSync {
    /// How many syncs of the database succeed, that of the opening not counted.
    pub syncs: u64,
    /// How the next ones fail.
    pub kind: io::ErrorKind,
    done: Mutex<u64>,
}

impl FailingSync {
    /// Fails after `syncs` syncs; with [`io::ErrorKind::StorageFull`] it is a full disk.
    #[must_use]
    pub fn new(syncs: u64, kind: io::ErrorKind) -> Self {
        Self { syncs, kind, done: Mutex::new(0) }
    }
}

impl Durability for FailingSync {
    fn sync_data(&self, path: &Path, file: &File) -> io::Result<()> {
        if path.file_name().is_some_and(|name| name == "db") {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            if *done > self.syncs {
                return Err(io::Error::new(self.kind, "made to fail"));
            }
            *done += 1;
        }
        file.sync_data()
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// Small, seeded, and the same everywhere (xorshift64*): for moments and sizes in tests.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "endless: there is no None to look for")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.max(1);
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// The next number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound.max(1)
    }
}
