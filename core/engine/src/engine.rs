//! The single writer: one thread that decides, appends a whole group in one durable commit, and only then answers.
//!
//! No answer of any kind, not even a refusal, rests on an event that a power cut could still take back. After a failed
//! append nothing more is written: the engine is poisoned and the process is to end. Start at [`Engine::submit`].

use std::fmt;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use countersign_core::ids::{Digest, Position};
use countersign_core::{Caller, Command, Recorded, Rejection, State};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::clock::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::group::{Answer, Rules};
use crate::log::LogWriter;
use crate::writer::Writer;

pub use crate::group::{GROUP_BYTES_MAX, GROUP_COMMANDS_MAX};

/// The handle on the writer's thread; a clone is another. The thread ends when the last one is gone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    queue: mpsc::Sender<Message>,
    permits: Arc<Semaphore>,
    submit_wait: Duration,
    head: watch::Receiver<Position>,
    health: watch::Receiver<Health>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How an engine is to run.
pub struct Settings {
    /// How many commands may wait.
    pub queue_max: usize,
    /// How long a command waits for a place in the queue before it is refused as busy.
    pub submit_wait: Duration,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Randomness.
    pub entropy: Box<dyn Entropy>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue_max: 4096,
            submit_wait: Duration::from_secs(2),
            clock: Box::new(SystemClock),
            entropy: Box::new(SystemEntropy),
        }
    }
}

/// What came of an accepted command; durable.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The last event that the answer rests on: its own last one, or the head that a repeated wish was decided on.
    pub position: Position,
    /// What happened; empty when the wish was already fulfilled.
    pub events: Vec<Arc<Recorded>>,
    /// First and last event of the earlier request that this one repeats.
    pub repeated: Option<(Position, Position)>,
    /// The state that the answer rests on: right after its own events.
    pub state: State,
}

/// Why a command has no receipt.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SubmitError {
    /// It is not allowed; decided on the durable log up to `position`.
    #[error("refused")]
    Rejected {
        /// Why.
        #[source]
        rejection: Rejection,
        /// The head it was decided on.
        position: Position,
    },
    /// The queue stayed full. Nothing happened; try again later.
    #[error("too many commands are waiting")]
    Busy,
    /// The log refuses writes. Whether the command will be there after a restart is unknown.
    #[error("the log refuses writes")]
    Poisoned,
    /// The engine was stopped before the command's turn. Nothing happened.
    #[error("the engine is stopped")]
    Stopped,
    /// The decision failed by a fault of the program. Nothing happened.
    #[error("the command could not be decided")]
    Internal,
}

impl SubmitError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rejected { rejection, .. } => rejection.code(),
            Self::Busy => "busy",
            Self::Poisoned => "log_poisoned",
            Self::Stopped => "stopped",
            Self::Internal => "internal",
        }
    }
}

/// Whether the engine takes commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Running,
    /// It never will again: an append failed. The process has to end.
    Poisoned {
        /// What failed.
        reason: String,
    },
    /// It was stopped.
    Stopped,
}

/// A durable event, with the state right after it.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The event.
    pub recorded: Arc<Recorded>,
    /// Its leaf hash.
    pub leaf: Digest,
    /// The state after exactly this event.
    pub state: State,
}

pub(crate) enum Message {
    Submit(Box<Request>),
    Stop,
}

pub(crate) struct Request {
    pub(crate) command: Command,
    pub(crate) caller: Caller,
    pub(crate) reply: oneshot::Sender<Answer>,
    /// The place in the queue, given back when the writer takes the request.
    pub(crate) permit: OwnedSemaphorePermit,
}

impl Engine {
    /// Starts the writer's thread on a log whose events `state` holds, all of them. `observer` is called on that thread
    /// with each durable group, after its answers were sent: it must be quick and must not panic.
    pub fn start<W: LogWriter + 'static>(
        writer: W,
        state: State,
        settings: Settings,
        observer: impl FnMut(Vec<Committed>) + Send + 'static,
    ) -> Self {
        Self::start_with(writer, state, settings, Rules::default(), observer)
    }

    pub(crate) fn start_with<W: LogWriter + 'static>(
        log: W,
        state: State,
        settings: Settings,
        rules: Rules,
        observer: impl FnMut(Vec<Committed>) + Send + 'static,
    ) -> Self {
        let Settings { queue_max, submit_wait, clock, entropy } = settings;
        let (queue, requests) = mpsc::channel();
        let permits = Arc::new(Semaphore::new(queue_max.clamp(1, Semaphore::MAX_PERMITS)));
        let (head_sender, head) = watch::channel(state.head);
        let (health_sender, health) = watch::channel(Health::Running);
        let writer = Writer::new(log, state, requests, head_sender, rules, clock, entropy, Box::new(observer));
        let closing = Arc::clone(&permits);
        let thread = thread::Builder::new().name("countersign-writer".to_owned());
        let spawned = thread.spawn({
            let health_sender = health_sender.clone();
            move || {
                let last = writer.run();
                // Health first: whoever finds the queue closed looks there for the reason.
                health_sender.send_replace(last);
                closing.close();
            }
        });
        let thread = match spawned {
            Ok(thread) => Some(thread),
            Err(error) => {
                health_sender.send_replace(Health::Poisoned { reason: format!("the writer has no thread: {error}") });
                permits.close();
                None
            }
        };
        let inner = Inner { queue, permits, submit_wait, head, health, thread: Mutex::new(thread) };
        Self { inner: Arc::new(inner) }
    }

    /// Decides and, when something comes of it, records; returns once that is durable. Dropping the future does not
    /// take a command back that is in the queue.
    pub async fn submit(&self, command: Command, caller: Caller) -> Result<Receipt, SubmitError> {
        let place = Arc::clone(&self.inner.permits).acquire_owned();
        let permit = match tokio::time::timeout(self.inner.submit_wait, place).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_closed)) => return Err(self.why_closed().await),
            Err(_elapsed) => return Err(SubmitError::Busy),
        };
        let (reply, answer) = oneshot::channel();
        let request = Box::new(Request { command, caller, reply, permit });
        if self.inner.queue.send(Message::Submit(request)).is_err() {
            return Err(self.why_closed().await);
        }
        match answer.await {
            Ok(answer) => answer,
            Err(_dropped) => Err(self.why_closed().await),
        }
    }

    /// The last durable event.
    #[must_use]
    pub fn durable_head(&self) -> watch::Receiver<Position> {
        self.inner.head.clone()
    }

    /// Whether it takes commands.
    #[must_use]
    pub fn health(&self) -> Health {
        self.inner.health.borrow().clone()
    }

    /// As [`Self::health`], to wait on: a poisoned engine ends the process.
    #[must_use]
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.inner.health.clone()
    }

    /// Takes no more commands, finishes those in the queue, and returns when the log is closed for writing.
    pub async fn stop(&self) {
        self.inner.permits.close();
        let is_gone = self.inner.queue.send(Message::Stop).is_err();
        let thread = self.inner.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread {
            // The writer's panics were caught inside; what is left of a join is waiting.
            Some(thread) => drop(tokio::task::spawn_blocking(move || thread.join()).await),
            None if is_gone => {}
            None => drop(self.ended().await),
        }
    }

    /// A closed queue, by the reason. An engine that is closing has not always said so yet.
    async fn why_closed(&self) -> SubmitError {
        match self.ended().await {
            Health::Poisoned { .. } => SubmitError::Poisoned,
            Health::Running | Health::Stopped => SubmitError::Stopped,
        }
    }

    async fn ended(&self) -> Health {
        let mut health = self.inner.health.clone();
        match health.wait_for(|health| *health != Health::Running).await {
            Ok(health) => health.clone(),
            Err(_gone) => Health::Stopped,
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = *self.inner.head.borrow();
        f.debug_struct("Engine").field("durable_head", &head).field("health", &self.health()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("queue_max", &self.queue_max)
            .field("submit_wait", &self.submit_wait)
            .finish_non_exhaustive()
    }
}
