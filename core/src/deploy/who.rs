//! Who can do something about what is missing at a gate, now.

use std::collections::BTreeSet;

use crate::access::able;
use crate::access::may::{Action, Subject};
use crate::context::Principal;
use crate::ids::{BlueprintId, ItemId};
use crate::signoff::{self, SignoffKey};
use crate::state::State;

/// The next step towards what is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Next {
    /// None here: only what a node tells can change it.
    NodesWord,
    /// Govern it.
    Govern(BlueprintId),
    /// Give the template's step a sign-off.
    Configure,
    /// Change the govern item: restore it, work on its steps, request a review, reset a sign-off.
    Change(ItemId),
    /// Give feedback, or request the approval without.
    Feedback(SignoffKey),
    /// Approve.
    Approve(SignoffKey),
}

/// Everyone who can take that step now, who is asked for it first.
#[must_use]
pub fn who_can(state: &State, next: &Next) -> Vec<Principal> {
    match next {
        Next::NodesWord => Vec::new(),
        Next::Govern(blueprint) => able(state, Action::Create, Subject::Blueprint(blueprint)),
        Next::Configure => able(state, Action::Write, Subject::Design),
        Next::Change(item) => able(state, Action::Write, Subject::Item(*item)),
        Next::Feedback(key) => feedback(state, key),
        Next::Approve(key) => {
            // Being an approver is not enough where the options say more.
            let can = |principal: &Principal| signoff::allowed(state, key, principal).contains(&"submit_approval");
            signoff::approvers(state, key).into_iter().filter(can).collect()
        }
    }
}

fn feedback(state: &State, key: &SignoffKey) -> Vec<Principal> {
    let found = state.signoffs.by_step.get(key);
    let configuration = found.and_then(|found| state.templates.configurations.get(&found.configured_at));
    let groups = configuration.into_iter().flat_map(|configuration| &configuration.groups);
    let mut seen: BTreeSet<Principal> = groups.flat_map(|group| signoff::reviewers(state, key, &group.id)).collect();
    let mut all: Vec<Principal> = seen.iter().cloned().collect();
    let writers = able(state, Action::Write, Subject::Item(key.item)).into_iter();
    all.extend(writers.filter(|writer| seen.insert(writer.clone())));
    all
}
