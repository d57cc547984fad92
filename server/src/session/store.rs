//! Where sessions are kept: in memory, and those of people in one small file beside the vault, so that a restart
//! signs nobody out.
//!
//! The file holds the SHA-256 of each session's id: who reads it cannot take a session over. It is replaced as a whole
//! when somebody signs in or out; when a session was last used is written at a graceful stop only.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_core::ids::{Digest, UserId};
use countersign_core::time::Timestamp;
use countersign_engine::clock::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::{LOGIN, Login};
use crate::problem::Problem;

/// Most sessions of people; beyond them the one that was used least lately ends.
const SESSIONS_MAX: usize = 10_000;
/// Most sessions of one person; beyond them his oldest ends.
pub const SESSIONS_OF_ONE_MAX: usize = 20;
/// Most people at the same time between here and an identity provider; beyond them the oldest begins anew.
const PENDING_MAX: usize = 10_000;
/// How long somebody may take to prove who he is elsewhere.
const PENDING_TIME_MAX: Duration = Duration::from_secs(600);
/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
const FILE: &str = "sessions.json";
/// Layout of the file. Since 0.1; one of another layout is left aside, and people sign in again.
const FORMAT: u32 = 1;

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Without being used.
    pub idle: Duration,
    /// At all.
    pub whole: Duration,
}

/// The sessions. A clone is another handle on the same.
#[derive(Clone)]
pub struct Sessions(Arc<Inner>);

/// A session of a person.
#[derive(Debug, Clone)]
pub struct Standing {
    /// What is kept of its id.
    pub id: Digest,
    /// Whose it is, and since where in the log.
    pub login: Login,
    /// When it began.
    pub made: Timestamp,
    /// When it was last used.
    pub seen: Timestamp,
}

struct Inner {
    path: PathBuf,
    lifetime: Lifetime,
    table: Mutex<BTreeMap<Digest, Entry>>,
    /// One writer at a time, each with what is newest.
    writing: Mutex<()>,
}

#[derive(Clone)]
struct Entry {
    data: HashMap<String, Value>,
    /// Whose it is; nobody's while he is still to prove who he is.
    login: Option<Login>,
    made: Timestamp,
    seen: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    sessions: Vec<Kept>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    id: String,
    login: Login,
    made: i64,
    seen: i64,
}

impl Sessions {
    /// Opens what a stop left behind. What cannot be read is left aside: people sign in again.
    #[must_use]
    pub fn open(directory: &Path, lifetime: Lifetime) -> Self {
        let path = directory.join(FILE);
        let table = read(&path).unwrap_or_else(|error| {
            tracing::warn!(%error, "sessions could not be read: everybody has to sign in again");
            BTreeMap::new()
        });
        Self(Arc::new(Inner { path, lifetime, table: Mutex::new(table), writing: Mutex::new(()) }))
    }

    /// Whether the session is still one; asking is not using it.
    #[must_use]
    pub fn is_open(&self, id: Digest) -> bool {
        let now = SystemClock.now();
        self.table().get(&id).is_some_and(|entry| self.lives(entry, now))
    }

    /// The sessions of a person that still live, the oldest first: what is kept of the id, what it holds, when it began
    /// and when it was last used.
    #[must_use]
    pub fn of(&self, user: UserId) -> Vec<Standing> {
        let now = SystemClock.now();
        let table = self.table();
        let own = table.iter().filter_map(|(id, entry)| Some((id, entry, entry.login.as_ref()?)));
        let own = own.filter(|(_, entry, login)| login.user == user.0 && self.lives(entry, now));
        let standing = |(id, entry, login): (&Digest, &Entry, &Login)| Standing {
            id: *id,
            login: login.clone(),
            made: entry.made,
            seen: entry.seen,
        };
        let mut own: Vec<_> = own.map(standing).collect();
        own.sort_by_key(|one| (one.made, one.id));
        own
    }

    /// Ends one, whoever uses it; it opens nothing from now on.
    pub async fn end(&self, id: Digest) -> io::Result<()> {
        let was = self.table().remove(&id);
        if was.is_some() { self.keep().await } else { Ok(()) }
    }

    /// Writes when each was last used too.
    pub async fn keep(&self) -> io::Result<()> {
        let all = self.clone();
        tokio::task::spawn_blocking(move || all.write()).await.map_err(io::Error::other)?
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<Digest, Entry>> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lives(&self, entry: &Entry, now: Timestamp) -> bool {
        let Lifetime { idle, whole } = match entry.login {
            Some(_) => self.0.lifetime,
            None => Lifetime { idle: PENDING_TIME_MAX, whole: PENDING_TIME_MAX },
        };
        age(entry.made, now) < whole && age(entry.seen, now) < idle
    }

    fn put(&self, id: Digest, record: &Record, made: Option<Timestamp>) {
        let now = SystemClock.now();
        let login = record.data.get(LOGIN).cloned().and_then(|login| serde_json::from_value(login).ok());
        let data = record.data.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let entry = Entry { data, login, made: made.unwrap_or(now), seen: now };
        let mut table = self.table();
        make_room(&mut table, &entry, |entry| self.lives(entry, now));
        table.insert(id, entry);
    }

    fn write(&self) -> io::Result<()> {
        let _one_at_a_time = self.0.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = |(id, entry): (&Digest, &Entry)| {
            let (made, seen) = (entry.made.millis(), entry.seen.millis());
            entry.login.clone().map(|login| Kept { id: id.to_string(), login, made, seen })
        };
        let sessions = self.table().iter().filter_map(kept).collect();
        let bytes = serde_json::to_vec(&File { format: FORMAT, sessions })?;
        let directory = self.0.path.parent().unwrap_or(Path::new("."));
        // A temporary file is its owner's alone from its first byte.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(&self.0.path)?;
        std::fs::File::open(directory)?.sync_all()
    }

    async fn written(&self) -> Result<()> {
        self.keep().await.map_err(|error| Error::Backend(error.to_string()))
    }
}

/// What ends, for a new one to begin: what is over, of one person the oldest, of all the one used least lately.
fn make_room(table: &mut BTreeMap<Digest, Entry>, new: &Entry, lives: impl Fn(&Entry) -> bool) {
    let user = new.login.as_ref().map(|login| login.user);
    let same = |entry: &Entry| entry.login.as_ref().map(|login| login.user) == user;
    let of_kind = |entry: &Entry| entry.login.is_some() == user.is_some();
    if user.is_some() && table.values().filter(|entry| same(entry)).count() >= SESSIONS_OF_ONE_MAX {
        end_first(table, same, |entry| entry.made);
    }
    let most = if user.is_some() { SESSIONS_MAX } else { PENDING_MAX };
    if table.values().filter(|entry| of_kind(entry)).count() >= most {
        table.retain(|_, entry| lives(entry));
        if table.values().filter(|entry| of_kind(entry)).count() >= most {
            end_first(table, of_kind, |entry| entry.seen);
        }
    }
}

fn end_first(table: &mut BTreeMap<Digest, Entry>, of: impl Fn(&Entry) -> bool, by: impl Fn(&Entry) -> Timestamp) {
    let first = table.iter().filter(|(_, entry)| of(entry)).min_by_key(|(_, entry)| by(entry)).map(|(id, _)| *id);
    if let Some(first) = first {
        table.remove(&first);
    }
}

fn age(since: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.millis().saturating_sub(since.millis())).unwrap_or(0))
}

/// What is kept of an id.
pub(super) fn digest(id: Id) -> Digest {
    Digest::of(&id.0.to_be_bytes())
}

fn read(path: &Path) -> io::Result<BTreeMap<Digest, Entry>> {
    let text = match std::fs::metadata(path) {
        Ok(found) if found.len() > FILE_BYTES_MAX => return Err(io::Error::other("the file is too large")),
        Ok(_) => std::fs::read(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let file: File = serde_json::from_slice(&text)?;
    if file.format != FORMAT {
        return Err(io::Error::other(format!("the file has format {}", file.format)));
    }
    let entry = |kept: Kept| {
        let id: Digest = kept.id.parse().map_err(|_| io::Error::other("a session's id is none"))?;
        let data = HashMap::from([(LOGIN.to_owned(), serde_json::to_value(&kept.login)?)]);
        let (made, seen) = (Timestamp::from_millis(kept.made), Timestamp::from_millis(kept.seen));
        Ok((id, Entry { data, login: Some(kept.login), made, seen }))
    };
    file.sessions.into_iter().map(entry).collect()
}

#[async_trait::async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while self.table().contains_key(&digest(record.id)) {
            record.id = Id::default();
        }
        self.put(digest(record.id), record, None);
        if record.data.contains_key(LOGIN) { self.written().await } else { Ok(()) }
    }

    // One that has ended meanwhile stays ended.
    async fn save(&self, record: &Record) -> Result<()> {
        let id = digest(record.id);
        let made = self.table().remove(&id).map(|entry| entry.made);
        if made.is_some() {
            self.put(id, record, made);
            self.written().await?;
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now = SystemClock.now();
        let mut table = self.table();
        let found = digest(*id);
        let Some(entry) = table.get_mut(&found) else { return Ok(None) };
        if !self.lives(entry, now) {
            table.remove(&found);
            return Ok(None);
        }
        entry.seen = now;
        let data = entry.data.clone().into_iter().collect();
        // Its end is decided here alone; the middleware is told of one that does not come.
        Ok(Some(Record { id: *id, data, expiry_date: OffsetDateTime::now_utc() + PENDING_TIME_MAX }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let was = self.table().remove(&digest(*id));
        if was.is_some_and(|entry| entry.login.is_some()) { self.written().await } else { Ok(()) }
    }
}

/// Says how many there are, never whose.
impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("count", &self.table().len()).finish()
    }
}

/// A refusal of the store, as an answer.
pub(super) fn failed(error: &tower_sessions::session::Error) -> Problem {
    Problem::internal(error)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
