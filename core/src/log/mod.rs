//! The log's own facts: its first start, and the passing of time.

mod command;
mod decide;
mod event;

pub use command::Command;
pub use decide::{FIRED_MAX, FIRST_KEY_LABEL, Rejection};
pub use event::Event;

pub(crate) use decide::decide;

use crate::state::State;

pub(crate) fn evolve(state: &mut State, event: &Event) {
    match event {
        Event::LogCreated { log, .. } => state.log = Some(*log),
    }
}
