//! Where requests get their snapshot from: the latest, one that covers a position, or one of the past.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use countersign_core::ids::Position;
use countersign_core::time::Timestamp;
use tokio::sync::{Semaphore, watch};

use crate::fold::{LoadError, fold};
use crate::history::{History, Loaded};
use crate::snapshot::Snapshot;
use crate::views::Views;
use countersign_engine::engine::Committed;
use countersign_engine::log::LogReader;

/// Most folds for time travel at once; further ones are refused.
pub const FOLDS_MAX: usize = 2;

/// The snapshots of one projector. A clone is the same.
#[derive(Debug)]
pub struct Snapshots<R> {
    pub(crate) shared: Arc<Shared<R>>,
}

impl<R> Clone for Snapshots<R> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

/// Why there is no snapshot that covers a position yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// It did not come in time.
    #[error("position {position} was not reached in time; the views are at {reached}")]
    TimedOut {
        /// What was waited for.
        position: Position,
        /// What there is.
        reached: Position,
    },
    /// It will never come.
    #[error("the projector has stopped at position {reached}")]
    Stopped {
        /// What there is.
        reached: Position,
    },
}

impl WaitError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TimedOut { .. } => "position_not_reached",
            Self::Stopped { .. } => "projector_stopped",
        }
    }
}

/// Why there is no snapshot of a past position.
#[derive(Debug, thiserror::Error)]
pub enum AtError {
    /// Nothing has happened there yet.
    #[error("position {position} is beyond the head, which is {head}")]
    BeyondHead {
        /// What was asked for.
        position: Position,
        /// What there is.
        head: Position,
    },
    /// As many folds as are allowed are running; ask again in a moment.
    #[error("too many journeys into the past at once")]
    Busy,
    /// The log could not be folded.
    #[error("the past could not be folded up")]
    Fold {
        /// Why.
        #[source]
        source: LoadError,
    },
    /// The runtime is shutting down, or a view panicked.
    #[error("the fold was broken off")]
    BrokenOff,
}

impl AtError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BeyondHead { .. } => "as_of_beyond_head",
            Self::Busy => "busy",
            Self::Fold { source } => source.code(),
            Self::BrokenOff => "internal",
        }
    }
}

/// How a view stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub name: &'static str,
    /// Its revision.
    pub revision: u32,
    /// The last event in it.
    pub position: Position,
    /// How many durable events are not in it yet.
    pub lag_events: u64,
}

impl<R: LogReader> Snapshots<R> {
    pub(crate) fn new(shared: Arc<Shared<R>>) -> Self {
        Self { shared }
    }

    /// What is published now.
    #[must_use]
    pub fn latest(&self) -> Arc<Snapshot> {
        self.shared.latest()
    }

    /// The latest snapshot, once it covers a position.
    pub async fn wait_for(&self, position: Position, timeout: Duration) -> Result<Arc<Snapshot>, WaitError> {
        let mut head = self.shared.head.subscribe();
        let covered = head.wait_for(|head| head.position >= position || !head.is_running);
        let waited = tokio::time::timeout(timeout, covered).await.is_ok();
        let latest = self.latest();
        let reached = latest.position();
        if reached >= position {
            return Ok(latest);
        }
        if waited { Err(WaitError::Stopped { reached }) } else { Err(WaitError::TimedOut { position, reached }) }
    }

    /// Changes with each published group, for streams; the value is the position published.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Head> {
        self.shared.head.subscribe()
    }

    /// The snapshot at exactly a position: time travel. Folds on a blocking thread, from the nearest one before.
    pub async fn at(&self, position: Position) -> Result<Arc<Snapshot>, AtError> {
        let latest = self.latest();
        let head = latest.position();
        if position > head {
            return Err(AtError::BeyondHead { position, head });
        }
        if position == head {
            return Ok(latest);
        }
        let start = self.shared.history().nearest(position).unwrap_or_default();
        if start.position() == position {
            return Ok(start);
        }
        let permit = self.shared.folds.clone().try_acquire_owned().map_err(|_| AtError::Busy)?;
        let shared = self.shared.clone();
        let folded = tokio::task::spawn_blocking(move || {
            let mut snapshot = Snapshot::clone(&start);
            fold(&shared.reader, &mut snapshot, position, |_| {}).map(|()| {
                let snapshot = Arc::new(snapshot);
                shared.history().folded(&snapshot);
                drop(permit);
                snapshot
            })
        });
        folded.await.map_err(|_| AtError::BrokenOff)?.map_err(|source| AtError::Fold { source })
    }

    /// The snapshot as it was at an instant: after the last event recorded then or before.
    pub async fn at_time(&self, at: Timestamp) -> Result<Arc<Snapshot>, AtError> {
        let position = self.latest().views.timeline.position_at(at);
        self.at(position).await
    }

    /// Every view's revision, position and lag.
    #[must_use]
    pub fn status(&self) -> Vec<Status> {
        let position = self.latest().position();
        let lag_events = self.shared.reader.durable_head().0.saturating_sub(position.0);
        let status =
            |(name, revision): &(&'static str, u32)| Status { name, revision: *revision, position, lag_events };
        Views::ALL.iter().map(status).collect()
    }
}

/// How far the views are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last event that is published.
    pub position: Position,
    /// Whether there can be more.
    pub is_running: bool,
}

/// What projector, readers and rebuilds have in common.
#[derive(Debug)]
pub(crate) struct Shared<R> {
    latest: ArcSwap<Snapshot>,
    head: watch::Sender<Head>,
    /// Held while a new snapshot is made from the latest, so that no one's work is lost.
    publishing: Mutex<()>,
    history: Mutex<History>,
    pub(crate) folds: Arc<Semaphore>,
    pub(crate) rebuilds: Arc<Semaphore>,
    pub(crate) reader: R,
}

impl<R: LogReader> Shared<R> {
    pub(crate) fn new(loaded: Loaded, reader: R) -> Self {
        let Loaded { snapshot, history } = loaded;
        let head = Head { position: snapshot.position(), is_running: true };
        Self {
            latest: ArcSwap::from_pointee(snapshot),
            head: watch::Sender::new(head),
            publishing: Mutex::new(()),
            history: Mutex::new(history),
            folds: Arc::new(Semaphore::new(FOLDS_MAX)),
            rebuilds: Arc::new(Semaphore::new(1)),
            reader,
        }
    }

    pub(crate) fn latest(&self) -> Arc<Snapshot> {
        self.latest.load_full()
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one group into all views and publishes once.
    pub(crate) fn publish(&self, group: Vec<Committed>) {
        self.change(|snapshot| {
            for committed in group {
                // A rebuild may have read these from the log already.
                if committed.recorded.position > snapshot.position() {
                    snapshot.advance(&committed.recorded, committed.state);
                }
            }
        });
    }

    /// Makes a new latest snapshot out of the latest one, alone.
    pub(crate) fn change(&self, with: impl FnOnce(&mut Snapshot)) {
        let alone = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut snapshot = Snapshot::clone(&self.latest.load());
        with(&mut snapshot);
        let snapshot = Arc::new(snapshot);
        self.history().published(&snapshot);
        let position = snapshot.position();
        self.latest.store(snapshot);
        drop(alone);
        self.head.send_modify(|head| head.position = position);
    }

    pub(crate) fn stop(&self) {
        self.head.send_modify(|head| head.is_running = false);
    }
}
