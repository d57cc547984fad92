//! One group of commands: decided one after the other on a working state, appended together, answered together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use countersign_core::ids::Position;
use countersign_core::rejection::common;
use countersign_core::schema::{self, EncodeError, Encoded};
use countersign_core::time::Timestamp;
use countersign_core::{Caller, Command, Context, Outcome, Recorded, Rejection, State, evolve};
use tokio::sync::oneshot;

use crate::engine::{Committed, Receipt, SubmitError};

/// Most commands that share one sync of the disk.
pub const GROUP_COMMANDS_MAX: usize = 1024;
/// Most bytes of frames that share one sync of the disk; the last command may go beyond.
pub const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(crate) type Answer = Result<Receipt, SubmitError>;

pub(crate) type Handle = Box<dyn Fn(&State, &Command, &Context) -> Result<Outcome, Rejection> + Send>;

/// What the engine asks of the domain; tests put other rules in.
pub(crate) struct Rules {
    pub(crate) handle: Handle,
    /// When the system has to act next.
    pub(crate) due: fn(&State) -> Option<Timestamp>,
    /// Whether the system has work left over.
    pub(crate) is_pending: fn(&State) -> bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            handle: Box::new(countersign_core::handle),
            due: |state| state.timers.next().map(|(due, _)| *due),
            is_pending: |state| state.items.is_pending() || state.rules.is_pending(),
        }
    }
}

/// Commands decided and not yet durable.
pub(crate) struct Group {
    /// The durable head that it builds on.
    pub(crate) base: Position,
    /// The state after all of it.
    pub(crate) state: State,
    pub(crate) encoded: Vec<Encoded>,
    pub(crate) committed: Vec<Committed>,
    pub(crate) answers: Vec<(oneshot::Sender<Answer>, Answer)>,
    commands: usize,
    bytes: usize,
}

impl Group {
    pub(crate) fn new(state: &State) -> Self {
        Self {
            base: state.head,
            state: state.clone(),
            encoded: Vec::new(),
            committed: Vec::new(),
            answers: Vec::new(),
            commands: 0,
            bytes: 0,
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.commands < GROUP_COMMANDS_MAX && self.bytes < GROUP_BYTES_MAX
    }

    /// Decides one command. Whatever comes of it must not be told before the group is durable.
    pub(crate) fn decide(
        &mut self,
        rules: &Rules,
        command: &Command,
        caller: Caller,
        at: Timestamp,
        seed: [u8; 32],
    ) -> Answer {
        self.commands += 1;
        let context = Context { caller, at: at.max(self.state.head_at), seed };
        let decided = catch_unwind(AssertUnwindSafe(|| {
            let outcome = (rules.handle)(&self.state, command, &context)?;
            Ok((encode(&outcome)?, outcome))
        }));
        let position = self.state.head;
        match decided {
            Ok(Ok((encoded, outcome))) => Ok(self.take(encoded, outcome)),
            Ok(Err(Undecided::Rejected(rejection))) => Err(SubmitError::Rejected { rejection, position }),
            Ok(Err(Undecided::Unwritable(error))) => {
                tracing::error!(%error, ?command, "an event of this command cannot be written");
                Err(SubmitError::Internal)
            }
            Err(_panic) => {
                // The state that the command worked on was a copy, and is gone.
                tracing::error!(?command, "the decision on this command panicked");
                Err(SubmitError::Internal)
            }
        }
    }

    fn take(&mut self, encoded: Vec<Encoded>, outcome: Outcome) -> Receipt {
        let Outcome { events, state: after, repeated } = outcome;
        let count = events.len();
        let events: Vec<Arc<Recorded>> = events.into_iter().map(Arc::new).collect();
        let mut state = std::mem::replace(&mut self.state, after);
        for (number, (recorded, encoded)) in events.iter().zip(&encoded).enumerate() {
            // Views want the state after exactly this event; for the last one it is there already.
            if number + 1 == count {
                state = self.state.clone();
            } else {
                evolve(&mut state, recorded);
            }
            let committed = Committed { recorded: Arc::clone(recorded), leaf: encoded.leaf, state: state.clone() };
            self.committed.push(committed);
        }
        self.bytes = encoded.iter().fold(self.bytes, |bytes, event| bytes.saturating_add(event.frame.len()));
        self.encoded.extend(encoded);
        Receipt { position: self.state.head, events, repeated, state: self.state.clone() }
    }
}

enum Undecided {
    Rejected(Rejection),
    Unwritable(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Rejection> for Undecided {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

fn encode(outcome: &Outcome) -> Result<Vec<Encoded>, Undecided> {
    if outcome.events.is_empty() {
        return Ok(Vec::new());
    }
    let log = outcome.state.log.ok_or_else(|| Undecided::Unwritable("the log has no first event yet".into()))?;
    let encoded = outcome.events.iter().map(|recorded| schema::encode(recorded, log));
    encoded.collect::<Result<_, _>>().map_err(|error| match error {
        EncodeError::TooLarge { length_bytes } => {
            Undecided::Rejected(common::Rejection::EventTooLarge { length_bytes }.into())
        }
        error => Undecided::Unwritable(error.into()),
    })
}
