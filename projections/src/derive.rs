//! What follows from the state about one item: governing, hiding, current step. Pure look-ups by the core's rules.

use std::sync::Arc;

use countersign_core::State;
use countersign_core::artifact::{Item, govern, workflow};
use countersign_core::ids::StepId;
use countersign_core::signoff::{Signoff, SignoffKey};

pub use countersign_core::artifact::govern::{governing_item as governed_by, sources};
pub use countersign_core::artifact::parent;

/// Hidden itself, or in something hidden.
#[must_use]
pub fn is_hidden(state: &State, item: &Item) -> bool {
    govern::is_hidden(state, item.id)
}

/// Where a workflow is: nothing before it began, else the ongoing step, else the first not started, else the last
/// finished; steps that do not show do not count.
#[must_use]
pub fn current_step(state: &State, item: &Item) -> Option<StepId> {
    workflow::legacy_step_id(state, item)
}

/// The sign-off that stands for an item: that of its current step, else the last of its workflow that has one.
#[must_use]
pub fn signoff<'a>(state: &'a State, item: &Item) -> Option<(SignoffKey, &'a Arc<Signoff>)> {
    let of = |step: StepId| {
        let key = SignoffKey { item: item.id, step };
        let signoff = state.signoffs.by_step.get(&key)?;
        Some((key, signoff))
    };
    current_step(state, item).and_then(of).or_else(|| item.steps.iter().rev().find_map(|step| of(step.id.clone())))
}
