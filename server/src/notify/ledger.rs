//! What is told to one endpoint and what is not yet: a small file outside the log, replaced as a whole.
//!
//! INVARIANT (told-or-kept): everything at or below the cursor is delivered, among the open, or among the dead. The file
//! is written after a delivery, never before: what a crash cuts off is told again, under the same id.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use countersign_core::ids::{Position, UserId};
use serde::{Deserialize, Serialize};

use super::schedule;

/// Newest layout of the file. Since 0.1.
const FORMAT: u32 = 1;
/// Most parcels that wait for another attempt; beyond that the cursor waits.
pub const OPEN_MAX: usize = 500;
/// Most dead letters; beyond that the last open ones are tried on and the cursor waits.
pub const DEAD_MAX: usize = 1_000;
/// How many attempts are remembered.
pub const HISTORY_MAX: usize = 200;

/// One thing to be told to one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Parcel {
    /// The event.
    pub position: u64,
    /// To this person; none where the endpoint is the receiver.
    pub to: Option<u32>,
}

impl Parcel {
    /// Of an event, to nobody in particular or to one person.
    #[must_use]
    pub fn new(position: Position, to: Option<UserId>) -> Self {
        Self { position: position.0, to: to.map(|user| user.0) }
    }
}

/// A parcel that is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// What.
    pub parcel: Parcel,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before this time, in milliseconds since 1970.
    pub due_millis: i64,
}

/// A parcel that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    /// What.
    pub parcel: Parcel,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub code: String,
    /// When it was given up, in milliseconds since 1970.
    pub at_millis: i64,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What.
    pub parcel: Parcel,
    /// The first is 1.
    pub number: u32,
    /// When it ended, in milliseconds since 1970.
    pub at_millis: i64,
    /// How long it took.
    pub duration_millis: u64,
    /// `delivered`, `not_needed`, or why it failed.
    pub code: String,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered,
    /// Nobody wants it any more: the person is gone, has no address, or may not read the item.
    NotNeeded,
    /// The receiver does not have it; `is_final` when trying on is pointless.
    Failed {
        /// Stable, snake case.
        code: String,
        /// Not before so long, in the receiver's words.
        retry_after_millis: Option<i64>,
        /// It is a dead letter at once.
        is_final: bool,
    },
}

impl Outcome {
    fn code(&self) -> &str {
        match self {
            Self::Delivered => "delivered",
            Self::NotNeeded => "not_needed",
            Self::Failed { code, .. } => code,
        }
    }
}

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    format: u32,
    /// Everything up to here has been taken.
    pub cursor: u64,
    /// Nothing was told while this was so; the next start goes on from the head.
    pub is_off: bool,
    /// Taken, and not delivered yet.
    pub open: Vec<Open>,
    /// Given up.
    pub dead: Vec<Dead>,
    /// The last attempts, oldest first.
    pub history: VecDeque<Attempt>,
}

/// The file of one endpoint, as it is to be.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    /// What it holds.
    pub contents: Contents,
    /// Raised whenever parcels are taken anew: an attempt from before no longer settles anything.
    generation: u64,
}

/// An attempt under way.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// What.
    pub parcel: Parcel,
    /// The first is 1.
    pub number: u32,
    generation: u64,
}

impl Ledger {
    /// Reads the file; a new one begins after `begin`.
    pub fn open(path: PathBuf, begin: Position) -> io::Result<Self> {
        let contents = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Contents {
                format: FORMAT,
                cursor: begin.0,
                is_off: false,
                open: Vec::new(),
                dead: Vec::new(),
                history: VecDeque::new(),
            },
            Err(error) => return Err(error),
        };
        if contents.format > FORMAT {
            return Err(io::Error::other(format!("{} is of a newer program", path.display())));
        }
        Ok(Self { path, contents, generation: 0 })
    }

    /// Where it is and what it holds, to be written on a thread that may block.
    #[must_use]
    pub fn to_write(&self) -> (PathBuf, Contents) {
        (self.path.clone(), self.contents.clone())
    }

    /// Whether more can be taken.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.contents.open.len() < OPEN_MAX && self.contents.dead.len() < DEAD_MAX
    }

    /// Takes an event with all it causes: the cursor is there now.
    pub fn take(&mut self, position: Position, parcels: impl IntoIterator<Item = Parcel>, now_millis: i64) {
        self.contents.cursor = self.contents.cursor.max(position.0);
        let open = |parcel| Open { parcel, attempts: 0, due_millis: now_millis };
        self.contents.open.extend(parcels.into_iter().map(open));
    }

    /// The parcel that is due first, oldest event first among equals.
    #[must_use]
    pub fn due(&self, now_millis: i64) -> Option<Job> {
        let due = self.contents.open.iter().filter(|open| open.due_millis <= now_millis);
        let open = due.min_by_key(|open| (open.due_millis, open.parcel))?;
        Some(Job { parcel: open.parcel, number: open.attempts.saturating_add(1), generation: self.generation })
    }

    /// When the next parcel is due.
    #[must_use]
    pub fn next_due_millis(&self) -> Option<i64> {
        self.contents.open.iter().map(|open| open.due_millis).min()
    }

    /// Takes down how an attempt ended; `chance` of 0 to 1 spreads the next one.
    pub fn settle(&mut self, job: Job, outcome: &Outcome, (now_millis, took_millis): (i64, u64), chance: f64) {
        let history = &mut self.contents.history;
        if history.len() >= HISTORY_MAX {
            history.pop_front();
        }
        let code = outcome.code().to_owned();
        history.push_back(Attempt {
            parcel: job.parcel,
            number: job.number,
            at_millis: now_millis,
            duration_millis: took_millis,
            code: code.clone(),
        });
        if job.generation != self.generation {
            return;
        }
        let Some(place) = self.contents.open.iter().position(|open| open.parcel == job.parcel) else { return };
        let Outcome::Failed { retry_after_millis, is_final, .. } = outcome else {
            self.contents.open.remove(place);
            return;
        };
        let pause = if *is_final { None } else { schedule::pause_millis(job.number, chance) };
        if pause.is_none() && self.contents.dead.len() < DEAD_MAX {
            self.contents.open.remove(place);
            let dead = Dead { parcel: job.parcel, attempts: job.number, code, at_millis: now_millis };
            self.contents.dead.push(dead);
            return;
        }
        let asked = retry_after_millis.unwrap_or(0).clamp(0, schedule::RETRY_AFTER_MILLIS_MAX);
        if let Some(open) = self.contents.open.get_mut(place) {
            open.attempts = job.number;
            open.due_millis = now_millis.saturating_add(pause.unwrap_or(schedule::LAST_PAUSE_MILLIS).max(asked));
        }
    }

    /// Tells everything from this position on again.
    pub fn go_back(&mut self, from: Position) {
        self.generation = self.generation.saturating_add(1);
        self.contents.cursor = from.0.saturating_sub(1);
        self.contents.open.retain(|open| open.parcel.position < from.0);
        self.contents.dead.retain(|dead| dead.parcel.position < from.0);
    }

    /// Tries as many dead letters again as there is room for; gives how many.
    pub fn revive(&mut self, now_millis: i64) -> usize {
        let room = OPEN_MAX.saturating_sub(self.contents.open.len()).min(self.contents.dead.len());
        let revived = self.contents.dead.drain(..room);
        let open = |dead: Dead| Open { parcel: dead.parcel, attempts: 0, due_millis: now_millis };
        self.contents.open.extend(revived.map(open));
        room
    }
}

/// Replaces a ledger's file: whoever reads, now or after a power cut, finds the old contents or the new.
pub fn write(path: &Path, contents: &Contents) -> io::Result<()> {
    let directory = path.parent().ok_or_else(|| io::Error::other("a ledger lies in a directory"))?;
    let staged = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&staged)?;
    file.write_all(&serde_json::to_vec(contents)?)?;
    file.sync_all()?;
    fs::rename(&staged, path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
