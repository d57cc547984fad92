//! What evaluations say by now: opted out ones say nothing.

use std::sync::Arc;

use super::state::{Evaluation, OptOut, SyncKey};
use crate::context::Principal;
use crate::ids::{ItemId, Position};
use crate::state::State;
use crate::time::Timestamp;

/// Most evaluations that are looked through, latest first, for one that names a metric or drift.
const LOOKED_THROUGH_MAX: usize = 1_000;

/// The evaluations of a version that count, in order of time.
pub fn evaluations(
    state: &State,
    version: ItemId,
) -> impl DoubleEndedIterator<Item = (Timestamp, Position, &Arc<Evaluation>)> {
    let first = (version, Timestamp::from_millis(i64::MIN), Position::ZERO);
    let last = (version, Timestamp::from_millis(i64::MAX), Position(u64::MAX));
    let project = project_of(state, version);
    let all = state.nodes.evaluated.range(first..=last);
    all.filter(move |(_, evaluation)| !is_out(state, version, project, evaluation))
        .map(|((_, at, position), evaluation)| (*at, *position, evaluation))
}

/// The latest value of a version's metric.
#[must_use]
pub fn latest_metric(state: &State, version: ItemId, metric: &str) -> Option<(Timestamp, Position, f64)> {
    let latest = evaluations(state, version).rev().take(LOOKED_THROUGH_MAX);
    let mut found = latest.filter_map(|(at, position, evaluation)| {
        let measure = evaluation.metrics.iter().find(|measure| *measure.name == *metric)?;
        Some((at, position, measure.value))
    });
    found.next()
}

/// The latest drift of that name.
#[must_use]
pub fn latest_drift(state: &State, version: ItemId, drift: &str) -> Option<f64> {
    let latest = evaluations(state, version).rev().take(LOOKED_THROUGH_MAX);
    let mut found = latest.filter_map(|(_, _, evaluation)| {
        evaluation.drift.iter().find(|measure| *measure.name == *drift).map(|measure| measure.value)
    });
    found.next()
}

/// Whether somebody keeps this evaluation of a version out, by itself or with its store.
#[must_use]
pub fn is_opted_out(state: &State, version: ItemId, evaluation: &Evaluation) -> bool {
    is_out(state, version, project_of(state, version), evaluation)
}

/// The metric that somebody chose to look at.
#[must_use]
pub fn focus_of<'a>(state: &'a State, principal: &Principal) -> Option<&'a Arc<str>> {
    state.nodes.focus.get(principal)
}

/// The synced project that a synced item lies in; itself when it is one.
pub(super) fn project_of(state: &State, item: ItemId) -> Option<ItemId> {
    let source = state.items.by_id.get(&item)?.source.as_ref()?;
    let mut object = source.key.object.clone();
    while let Some(parent) = object.parent() {
        object = parent;
    }
    state.nodes.items.get(&SyncKey { node: source.key.node.clone(), object }).copied()
}

fn is_out(state: &State, version: ItemId, project: Option<ItemId>, evaluation: &Evaluation) -> bool {
    let out = &state.nodes.opted_out;
    if out.is_empty() {
        return false;
    }
    let store = evaluation.store.clone();
    let own = OptOut { item: version, store: store.clone(), evaluation: Some(evaluation.evaluation.clone()) };
    out.contains(&own) || project.is_some_and(|item| out.contains(&OptOut { item, store, evaluation: None }))
}
