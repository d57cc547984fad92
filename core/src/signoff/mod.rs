//! Sign-off of one workflow step: feedback, then approval.
//!
//! Pure. Who may act is decided in `policy`; what people see is a projection. Start at `decide`.

mod command;
mod decide;
mod event;
mod evolve;
mod schedule;
mod state;

use std::sync::Arc;

pub use command::{Action, Command, Notify};
pub use decide::Rejection;
pub use event::Event;
pub use schedule::RECURRENCE_YEARS_MAX;
pub use state::{
    Approval, ApprovalStatus, Cycle, Delegation, Notified, Review, ReviewStatus, Signoff, SignoffKey, Signoffs, Status,
};

pub(crate) use decide::{decide, fire, open_all};
pub(crate) use evolve::{evolve, forget};

use crate::ids::{ItemId, StepId};
use crate::state::State;

/// The sign-offs of an item, by step id.
pub fn of_item(state: &State, item: ItemId) -> impl Iterator<Item = (&SignoffKey, &Arc<Signoff>)> {
    let first = SignoffKey { item, step: StepId::from("") };
    state.signoffs.by_step.range(first..).take_while(move |(key, _)| key.item == item)
}
