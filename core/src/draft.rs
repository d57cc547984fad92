//! A command being decided: the events so far and the state after them.
//!
//! Each rule sees what the rules before it did, which is what makes one Save with several moves one atomic command.

use crate::access::may::groups_of;
use crate::context::{Caller, Context};
use crate::event::Event;
use crate::evolve::evolve;
use crate::ids::Position;
use crate::personal::Personal;
use crate::recorded::Recorded;
use crate::rejection::{Rejection, common};
use crate::state::State;

/// Most events of one command.
pub const COMMAND_EVENTS_MAX: usize = 500;

/// The working copy on which one command is decided.
#[derive(Debug)]
pub struct Draft<'a> {
    context: &'a Context,
    state: State,
    events: Vec<Recorded>,
    salts: u32,
}

impl<'a> Draft<'a> {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(state: &State, context: &'a Context) -> Self {
        Self { context, state: state.clone(), events: Vec::new(), salts: 0 }
    }

    /// The state after the events so far.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Who asks, when. Outlives the borrow of the draft.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// A personal value under a fresh salt.
    pub fn personal(&mut self, value: &str) -> Personal {
        self.salts = self.salts.saturating_add(1);
        Personal::new(self.context.salt(self.salts), value)
    }

    /// This happened.
    pub fn emit(&mut self, event: impl Into<Event>) {
        let context = self.context;
        self.record(&context.caller, event.into(), None, None);
    }

    /// This happened, for this reason unless the caller gave another.
    pub fn emit_because(&mut self, event: impl Into<Event>, because: &str) {
        let context = self.context;
        self.record(&context.caller, event.into(), Some(because), None);
    }

    /// This happened because a script judged what had just happened: Countersign did it, not who asked.
    pub(crate) fn emit_for_script(&mut self, event: impl Into<Event>) {
        let causation = self.events.last().map(|last| last.position);
        self.record(&Caller::system(self.context.caller.correlation), event.into(), None, causation);
    }

    fn record(&mut self, caller: &Caller, event: Event, because: Option<&str>, causation: Option<Position>) {
        let number = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        let reason = caller.reason.as_deref().or(because).map(|reason| self.personal(reason));
        let recorded = Recorded {
            position: self.state.head.next(),
            id: self.context.event_id(number),
            recorded_at: self.context.at.max(self.state.head_at),
            actor: caller.principal.clone(),
            groups: groups_of(&self.state, &caller.principal),
            via: caller.via,
            channel: caller.channel,
            reason,
            correlation: caller.correlation,
            causation,
            request: self.context.caller.request.clone(),
            event,
        };
        evolve(&mut self.state, &recorded);
        self.events.push(recorded);
    }

    /// Where the next event will stand.
    #[must_use]
    pub fn next_position(&self) -> Position {
        self.state.head.next()
    }

    /// What happened so far.
    #[must_use]
    pub fn events(&self) -> &[Recorded] {
        &self.events
    }

    /// How many events there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(crate) fn finish(self) -> Result<(Vec<Recorded>, State), Rejection> {
        if self.events.len() > COMMAND_EVENTS_MAX {
            return Err(common::Rejection::TooManyEvents { events: self.events.len() }.into());
        }
        Ok((self.events, self.state))
    }
}
