//! What people keep out of the registry, and what they look at there.
//!
//! Opting out is a wish of whoever may govern such items: the synced ones themselves are locked.

use std::sync::Arc;

use super::bounds::{KEY_PART_BYTES_MAX, METRIC_NAME_BYTES_MAX, check_text};
use super::decide::Rejection;
use super::event::Event;
use super::read::project_of;
use super::state::{OptOut, SyncObject};
use crate::access::may::{Action, Subject, allows};
use crate::access::require::require;
use crate::blueprint::Container;
use crate::context::Principal;
use crate::draft::Draft;
use crate::ids::{BlueprintId, ItemId, Position};
use crate::rejection::common;
use crate::state::State;
use crate::time::Timestamp;

pub(super) fn decide(
    draft: &mut Draft<'_>,
    item: ItemId,
    store: &Arc<str>,
    evaluation: Option<&Arc<str>>,
    is_out: bool,
) -> Result<(), crate::Rejection> {
    let (state, principal) = (draft.state(), &draft.context().caller.principal);
    if !allows(state, principal, Action::Read, Subject::Item(item)) {
        return Err(common::Rejection::NotFound { what: item.to_string() }.into());
    }
    let object = state.items.by_id.get(&item).and_then(|item| item.source.as_ref()).map(|source| &source.key.object);
    let blueprint = match (object, evaluation) {
        (Some(SyncObject::ModelVersion { .. }), _)
        | (Some(SyncObject::SavedModel { .. } | SyncObject::Project { .. }), None) => {
            object.and_then(SyncObject::govern_blueprint)
        }
        _ => None,
    };
    let blueprint = BlueprintId::from(blueprint.ok_or(Rejection::EvaluationOfNoVersion)?);
    require(draft, Action::Create, Subject::Blueprint(&blueprint))?;
    check_text("store", store, KEY_PART_BYTES_MAX)?;
    // A store is its project's: keeping it out concerns every version there.
    let target = match evaluation {
        Some(_) => Some(item),
        None => project_of(state, item),
    };
    let target = target.ok_or(Rejection::EvaluationOfNoVersion)?;
    let out = OptOut { item: target, store: store.clone(), evaluation: evaluation.cloned() };
    if state.nodes.opted_out.contains(&out) == is_out {
        return Ok(());
    }
    if is_out && !is_known(state, &out) {
        return Err(Rejection::EvaluationUnknown { store: store.to_string() }.into());
    }
    let OptOut { item, store, evaluation } = out;
    draft.emit(Event::EvaluationOptedOut { item, store, evaluation, fingerprint: None, is_out });
    Ok(())
}

fn is_known(state: &State, out: &OptOut) -> bool {
    let all = |version: ItemId| {
        let first = (version, Timestamp::from_millis(i64::MIN), Position::ZERO);
        let last = (version, Timestamp::from_millis(i64::MAX), Position(u64::MAX));
        state.nodes.evaluated.range(first..=last).map(|(_, evaluation)| evaluation)
    };
    if let Some(name) = &out.evaluation {
        return all(out.item).any(|evaluation| evaluation.store == out.store && evaluation.evaluation == *name);
    }
    let Some(source) = state.items.by_id.get(&out.item).and_then(|item| item.source.as_ref()) else { return false };
    let node = &source.key.node;
    let Some(project) = source.key.object.project() else { return false };
    let nothing = || Arc::from("");
    let first = SyncObject::ModelVersion { project: project.clone(), model: nothing(), version: nothing() };
    let first = super::SyncKey { node: node.clone(), object: first };
    let versions = state.nodes.items.range(first..);
    versions
        .take_while(|(key, _)| key.node == *node && key.object.project() == Some(project))
        .flat_map(|(_, version)| all(*version))
        .any(|evaluation| evaluation.store == out.store)
}

pub(super) fn focus(draft: &mut Draft<'_>, metric: &Arc<str>) -> Result<(), crate::Rejection> {
    check_text("metric name", metric, METRIC_NAME_BYTES_MAX)?;
    let principal = &draft.context().caller.principal;
    let person = match principal {
        Principal::User(user) => Container::User(*user),
        Principal::Key(key) => Container::Key(*key),
        Principal::Node(_) | Principal::System => return Err(Rejection::FocusOfNobody.into()),
    };
    if draft.state().nodes.focus.get(principal) != Some(metric) {
        draft.emit(Event::MetricFocusChosen { person, metric: metric.clone() });
    }
    Ok(())
}
