//! Sign-off of one workflow step: feedback, then approval.
//!
//! Pure. Who may act is decided in `policy`; what people see is a projection. Start at `decide`.

mod case;
mod command;
mod decide;
mod event;
mod evolve;
mod fire;
mod people;
mod policy;
mod rejection;
mod schedule;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use case::allowed;
pub use command::{Action, Command, Notify};
pub use decide::COMMENT_BYTES_MAX;
pub use event::Event;
pub use people::{NOTIFIED_MAX, approvers, reviewers};
pub use rejection::Rejection;
pub use schedule::RECURRENCE_YEARS_MAX;
pub use state::{
    Approval, ApprovalStatus, Cycle, Delegation, GivenUp, Notified, Review, ReviewStatus, Signoff, SignoffKey,
    Signoffs, Status,
};

pub(crate) use decide::decide;
pub(crate) use evolve::{evolve, forget, retire};
pub(crate) use fire::{fire, open_all, open_unstarted};
pub(crate) use schedule::check_recurrence;

use crate::ids::{Digest, ItemId, Position, StepId};
use crate::state::State;
use crate::value::Value;

/// The sign-offs of an item, by step id.
pub fn of_item(state: &State, item: ItemId) -> impl Iterator<Item = (&SignoffKey, &Arc<Signoff>)> {
    let first = SignoffKey { item, step: StepId::from("") };
    state.signoffs.by_step.range(first..).take_while(move |(key, _)| key.item == item)
}

/// What is left of sign-offs whose step is no longer in the template of an item, by step id.
pub fn former(state: &State, item: ItemId) -> impl Iterator<Item = (&SignoffKey, &Vec<Arc<Cycle>>)> {
    let first = SignoffKey { item, step: StepId::from("") };
    state.signoffs.former.range(first..).take_while(move |(key, _)| key.item == item)
}

/// The content that an approval of this govern item is bound to now: its source's digest, or a digest over all of
/// them when it has several; none while a source names none.
#[must_use]
pub fn content_digest(state: &State, item: ItemId) -> Option<Digest> {
    let sources = state.items.by_id.get(&item)?.fields.get("dataiku_item")?;
    let digests: Option<Vec<_>> =
        Value::references(sources).map(|source| state.items.by_id.get(&source)?.source.as_ref()?.digest).collect();
    match digests?.as_slice() {
        [] => None,
        [one] => Some(*one),
        several => Some(Digest::of(&several.iter().flat_map(|digest| digest.0).collect::<Vec<_>>())),
    }
}

/// The configuration that a new or reloaded sign-off of this step gets.
fn latest_configuration(state: &State, key: &SignoffKey) -> Option<Position> {
    let template = &state.items.by_id.get(&key.item)?.template;
    let version = state.templates.blueprints.get(&template.blueprint)?.versions.get(&template.version)?;
    version.configured.get(&key.step).copied()
}
