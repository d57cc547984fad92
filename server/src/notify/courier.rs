//! One endpoint being told everything, one thing after the other: due again first, then new.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use countersign_core::ids::Position;
use countersign_engine::clock::{Clock as _, SystemClock};
use countersign_projections::Snapshot;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::ledger::{self, Job, Ledger, Outcome, Parcel};
use crate::app::App;

/// How long a delivery under way may take to end once the service stops; cut off, it is repeated at the next start.
const LAST_DELIVERY_TIME_MAX: Duration = Duration::from_secs(3);
/// The pause when nothing is known to be due.
const IDLE_MILLIS: i64 = 60_000;

/// What an endpoint is told next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The event that tells something, or the last that was looked at.
    pub upto: Position,
    /// What it tells.
    pub parcels: Vec<Parcel>,
}

/// What an endpoint is told, and how.
pub trait Carrier: Send + Sync + 'static {
    /// The first thing to tell after a position.
    fn next(&self, snapshot: &Snapshot, after: Position) -> Next;
    /// Tells it.
    fn carry(&self, snapshot: &Snapshot, parcel: Parcel) -> impl Future<Output = Outcome> + Send;
}

/// The ledger of one endpoint, shared by its courier and the API.
#[derive(Debug)]
pub struct Desk {
    ledger: Mutex<Ledger>,
    /// One write at a time, each of what there is then.
    writing: tokio::sync::Mutex<()>,
    wake: Notify,
}

impl Desk {
    /// Around an opened ledger.
    #[must_use]
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger: Mutex::new(ledger), writing: tokio::sync::Mutex::default(), wake: Notify::new() }
    }

    /// The ledger, for a moment.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes durable what the ledger holds now.
    pub async fn save(&self) -> io::Result<()> {
        let _one_at_a_time = self.writing.lock().await;
        let (path, contents) = self.ledger().to_write();
        let written = tokio::task::spawn_blocking(move || ledger::write(&path, &contents));
        written.await.map_err(io::Error::other)?
    }

    /// Lets the courier look again.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    fn next_job<C: Carrier>(&self, carrier: &C, snapshot: &Snapshot) -> Option<Job> {
        let (mut ledger, now) = (self.ledger(), now_millis());
        loop {
            if let Some(job) = ledger.due(now) {
                return Some(job);
            }
            let cursor = Position(ledger.contents.cursor);
            if cursor >= snapshot.position() || !ledger.has_room() {
                return None;
            }
            let Next { upto, parcels } = carrier.next(snapshot, cursor);
            if upto <= cursor {
                return None;
            }
            ledger.take(upto, parcels, now);
        }
    }

    fn pause(&self) -> Duration {
        let now = now_millis();
        let due = self.ledger().next_due_millis().unwrap_or(i64::MAX);
        let pause = due.saturating_sub(now).clamp(0, IDLE_MILLIS);
        Duration::from_millis(u64::try_from(pause).unwrap_or(0))
    }
}

/// Tells one endpoint everything until asked to stop.
pub async fn run<C: Carrier>(carrier: C, app: App, desk: std::sync::Arc<Desk>, stop: CancellationToken) {
    let mut head = app.snapshots.subscribe();
    while !stop.is_cancelled() {
        head.borrow_and_update();
        let snapshot = app.latest();
        let Some(job) = desk.next_job(&carrier, &snapshot) else {
            drop(snapshot);
            tokio::select! {
                changed = head.changed() => if changed.is_err() { stop.cancelled().await },
                () = desk.wake.notified() => {}
                () = tokio::time::sleep(desk.pause()) => {}
                () = stop.cancelled() => {}
            }
            continue;
        };
        let begun = Instant::now();
        let stopped = async {
            stop.cancelled().await;
            tokio::time::sleep(LAST_DELIVERY_TIME_MAX).await;
        };
        let outcome = tokio::select! {
            outcome = carrier.carry(&snapshot, job.parcel) => outcome,
            () = stopped => return,
        };
        if let Outcome::Failed { code, .. } = &outcome {
            tracing::warn!(position = job.parcel.position, attempt = job.number, code, "a delivery failed");
        }
        let took_millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        desk.ledger().settle(job, &outcome, (now_millis(), took_millis), chance());
        let saved = desk.save().await;
        app.notifier.report(&saved);
    }
}

/// Milliseconds since 1970.
#[must_use]
pub fn now_millis() -> i64 {
    SystemClock.now().millis()
}

/// 0 to 1, any.
fn chance() -> f64 {
    let [byte, ..] = *uuid::Uuid::new_v4().as_bytes();
    f64::from(byte) / f64::from(u8::MAX)
}
