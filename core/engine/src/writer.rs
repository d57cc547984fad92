//! The writer's thread: takes commands, lets time pass, commits groups.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use countersign_core::ids::{CorrelationId, Position};
use countersign_core::{Caller, Command, State, artifact, log};
use tokio::sync::watch;

use crate::clock::{Clock, Entropy};
use crate::engine::{Committed, Health, Message, Request};
use crate::group::{Group, Rules};
use crate::log::LogWriter;

/// Longest sleep before the clock is looked at again: it may have been set meanwhile.
const SLEEP_MAX: Duration = Duration::from_secs(30);

pub(crate) type Observer = Box<dyn FnMut(Vec<Committed>) + Send>;

pub(crate) struct Writer<W> {
    log: W,
    /// Durable.
    state: State,
    requests: mpsc::Receiver<Message>,
    head: watch::Sender<Position>,
    rules: Rules,
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
    observer: Observer,
    is_stopping: bool,
    /// Where the system's own commands last made nothing of what is due: asking again there would spin.
    stalled_due: Option<Position>,
    /// The same of what is pending.
    stalled_pending: Option<Position>,
}

/// What the thread woke up for.
enum Wake {
    Request(Box<Request>),
    /// Something is due, or the sleep was long enough.
    Time,
    End,
}

impl<W: LogWriter> Writer<W> {
    #[expect(clippy::too_many_arguments, reason = "called once, by the engine, with what it was started with")]
    pub(crate) fn new(
        log: W,
        state: State,
        requests: mpsc::Receiver<Message>,
        head: watch::Sender<Position>,
        rules: Rules,
        clock: Box<dyn Clock>,
        entropy: Box<dyn Entropy>,
        observer: Observer,
    ) -> Self {
        let (is_stopping, stalled_due, stalled_pending) = (false, None, None);
        Self { log, state, requests, head, rules, clock, entropy, observer, is_stopping, stalled_due, stalled_pending }
    }

    /// Until it is stopped or cannot go on; says which.
    pub(crate) fn run(mut self) -> Health {
        // A panic outside of a decision may have left the working state half-changed: no more writes on it.
        let ended = catch_unwind(AssertUnwindSafe(|| {
            loop {
                let first = match self.wait() {
                    Wake::Request(request) => Some(request),
                    Wake::Time => None,
                    Wake::End => return Health::Stopped,
                };
                if let Err(reason) = self.turn(first) {
                    return Health::Poisoned { reason };
                }
            }
        }));
        let health = ended.unwrap_or_else(|_| Health::Poisoned { reason: "the writer panicked".to_owned() });
        if let Health::Poisoned { reason } = &health {
            tracing::error!(reason, "the log is poisoned; nothing more is written");
        }
        health
    }

    fn wait(&mut self) -> Wake {
        let now = self.clock.now();
        let head = Some(self.state.head);
        let due = (self.rules.due)(&self.state).filter(|_| self.stalled_due != head);
        let is_pending = (self.rules.is_pending)(&self.state) && self.stalled_pending != head;
        let is_late = is_pending || due.is_some_and(|due| due <= now);
        if is_late || self.is_stopping {
            return match self.requests.try_recv() {
                Ok(message) => self.wake(message),
                Err(TryRecvError::Empty) if !self.is_stopping => Wake::Time,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => Wake::End,
            };
        }
        let Some(due) = due else {
            return self.requests.recv().map_or(Wake::End, |message| self.wake(message));
        };
        let millis = u64::try_from(due.millis().saturating_sub(now.millis())).unwrap_or(0);
        match self.requests.recv_timeout(Duration::from_millis(millis).min(SLEEP_MAX)) {
            Ok(message) => self.wake(message),
            Err(RecvTimeoutError::Timeout) => Wake::Time,
            Err(RecvTimeoutError::Disconnected) => Wake::End,
        }
    }

    fn wake(&mut self, message: Message) -> Wake {
        match message {
            Message::Submit(request) => Wake::Request(request),
            Message::Stop => {
                self.is_stopping = true;
                Wake::Time
            }
        }
    }

    /// One group, from what is due to the answers.
    fn turn(&mut self, first: Option<Box<Request>>) -> Result<(), String> {
        let mut group = Group::new(&self.state);
        self.fire_due(&mut group);
        if let Some(request) = first {
            self.take(&mut group, *request);
        }
        while group.has_room() {
            match self.requests.try_recv() {
                Ok(Message::Submit(request)) => self.take(&mut group, *request),
                Ok(Message::Stop) => self.is_stopping = true,
                Err(_empty_or_gone) => break,
            }
        }
        self.govern_pending(&mut group);
        self.commit(group)
    }

    fn take(&mut self, group: &mut Group, request: Request) {
        let Request { command, caller, reply, permit } = request;
        drop(permit);
        let (at, seed) = (self.clock.now(), self.entropy.seed());
        let answer = group.decide(&self.rules, &command, caller, at, seed);
        group.answers.push((reply, answer));
    }

    fn fire_due(&mut self, group: &mut Group) {
        let now = self.clock.now();
        while group.has_room() && (self.rules.due)(&group.state).is_some_and(|due| due <= now) {
            if self.stalled_due == Some(group.state.head) || !self.act(group, log::Command::FireDue.into()) {
                self.stalled_due = Some(group.state.head);
                return;
            }
        }
    }

    fn govern_pending(&mut self, group: &mut Group) {
        while group.has_room() && (self.rules.is_pending)(&group.state) {
            let is_stalled = self.stalled_pending == Some(group.state.head);
            if is_stalled || !self.act(group, artifact::Command::GovernPending.into()) {
                self.stalled_pending = Some(group.state.head);
                return;
            }
        }
    }

    /// The system's own command; whether it made anything.
    fn act(&mut self, group: &mut Group, command: Command) -> bool {
        let (at, seed) = (self.clock.now(), self.entropy.seed());
        let caller = Caller::system(CorrelationId(random_id(self.entropy.seed())));
        match group.decide(&self.rules, &command, caller, at, seed) {
            Ok(receipt) => !receipt.events.is_empty(),
            Err(error) => {
                tracing::error!(%error, ?command, "the system's own command was refused");
                false
            }
        }
    }

    fn commit(&mut self, group: Group) -> Result<(), String> {
        let Group { base, state, encoded, committed, answers, .. } = group;
        if !encoded.is_empty() {
            // Dropped unanswered on failure, the requests are told by the engine's health.
            self.log.append(base, &encoded).map_err(|error| with_causes(&error))?;
        }
        self.state = state;
        self.head.send_replace(self.state.head);
        for (reply, answer) in answers {
            // Whoever asked may be gone; what happened stays.
            drop(reply.send(answer));
        }
        if !committed.is_empty() {
            (self.observer)(committed);
        }
        Ok(())
    }
}

fn random_id(seed: [u8; 32]) -> uuid::Uuid {
    let bytes = seed.first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
