//! Folds what nodes told.

use std::sync::Arc;

use super::deployments::first_blueprint;
use super::event::SeriesMeasure;
use super::state::{Evaluation, OptOut, SyncSource};
use super::{Event, METRIC_FIELD_PREFIX};
use crate::access::SYSTEM_VERSION;
use crate::artifact::{ChildrenRules, Item};
use crate::artifact::{insert_item, new_steps, set_field};
use crate::blueprint::Container;
use crate::context::Principal;
use crate::deploy::INFRA_FIELD;
use crate::ids::{BlueprintId, FieldId, ItemId, Position, TemplateId, VersionId};
use crate::recorded::Recorded;
use crate::state::State;
use crate::time::Timestamp;
use crate::value::Value;

pub(crate) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    match event {
        Event::NodeRegistered { node } => {
            if !state.nodes.by_id.contains_key(node) {
                state.nodes.by_id.insert(node.clone(), recorded.recorded_at);
            }
        }
        Event::ItemSynced { .. } => item_synced(state, recorded, event),
        Event::ItemGone { item, revision } => {
            change_source(state, *item, |source| {
                source.is_gone = true;
                source.revision = *revision;
            });
        }
        Event::EvaluationRecorded { item, fingerprint, metrics, drift, store, evaluation, evaluated_at, url } => {
            state.nodes.evaluations.insert(*fingerprint);
            for metric in metrics {
                series_used(state, *item, metric);
            }
            let evaluation = Evaluation {
                store: store.clone(),
                evaluation: evaluation.clone(),
                metrics: metrics.clone(),
                drift: drift.clone(),
                url: url.clone(),
            };
            state.nodes.evaluated.insert((*item, *evaluated_at, recorded.position), Arc::new(evaluation));
        }
        Event::EvaluationOptedOut { item, store, evaluation, fingerprint, is_out } => {
            if let Some(fingerprint) = fingerprint {
                state.nodes.evaluations.insert(*fingerprint);
                return;
            }
            let out = OptOut { item: *item, store: store.clone(), evaluation: evaluation.clone() };
            if *is_out {
                state.nodes.opted_out.insert(out);
            } else {
                state.nodes.opted_out.remove(&out);
            }
        }
        Event::MetricFocusChosen { person, metric } => {
            let person = match person {
                Container::User(user) => Principal::User(*user),
                Container::Key(key) => Principal::Key(*key),
                Container::Group(_) | Container::Role(_) => return,
            };
            state.nodes.focus.insert(person, metric.clone());
        }
    }
}

/// Of a deleted item no evaluation counts any more, and nothing is known to stand anywhere.
pub(crate) fn forget(state: &mut State, item: ItemId) {
    let first = (item, Timestamp::from_millis(i64::MIN), Position::ZERO);
    let last = (item, Timestamp::from_millis(i64::MAX), Position(u64::MAX));
    let keys: Vec<_> = state.nodes.evaluated.range(first..=last).map(|(key, _)| *key).collect();
    for key in keys {
        state.nodes.evaluated.remove(&key);
    }
    state.infrastructures.deployed.remove(&item);
}

fn item_synced(state: &mut State, recorded: &Recorded, event: &Event) {
    let Event::ItemSynced { item, key, revision, name, changes, url, digest, active, metrics, model_versions } = event
    else {
        return;
    };
    let source = SyncSource {
        key: key.clone(),
        revision: *revision,
        is_gone: false,
        url: url.clone(),
        digest: *digest,
        active: active.clone(),
        metrics: metrics.clone(),
        model_versions: model_versions.clone(),
    };
    if let Some(found) = state.items.by_id.get_mut(item) {
        let found = Arc::make_mut(found);
        found.name = name.clone();
        found.source = Some(Arc::new(source));
    } else {
        let infra = changes.iter().find(|change| change.field.as_str() == INFRA_FIELD);
        let infra = infra.and_then(|change| change.new.as_ref());
        let blueprint = first_blueprint(state, key, infra, model_versions);
        let made = new_item(state, recorded, (*item, blueprint), source, name);
        state.nodes.items.insert(key.clone(), *item);
        insert_item(state, made);
    }
    for change in changes {
        set_field(state, *item, &change.field, change.new.clone());
    }
}

fn new_item(
    state: &State,
    recorded: &Recorded,
    (id, blueprint): (ItemId, BlueprintId),
    source: SyncSource,
    name: &Arc<str>,
) -> Item {
    let template = TemplateId { blueprint, version: VersionId::from(SYSTEM_VERSION) };
    Item {
        id,
        name: name.clone(),
        is_named_by_person: false,
        steps: new_steps(state, &template),
        template,
        fields: imbl::OrdMap::new(),
        is_archived: false,
        is_hidden: false,
        source: Some(Arc::new(source)),
        children: ChildrenRules::default(),
        position: recorded.position,
        created: recorded.position,
    }
}

fn series_used(state: &mut State, item: ItemId, metric: &SeriesMeasure) {
    if state.nodes.series.contains_key(&metric.series) {
        return;
    }
    state.nodes.last_series = state.nodes.last_series.max(metric.series.0);
    state.nodes.series.insert(metric.series, item);
    let field = FieldId::new(format!("{METRIC_FIELD_PREFIX}{}", metric.name));
    set_field(state, item, &field, Some(Value::Series(metric.series)));
}

fn change_source(state: &mut State, item: ItemId, with: impl FnOnce(&mut SyncSource)) {
    if let Some(found) = state.items.by_id.get_mut(&item)
        && let Some(source) = &mut Arc::make_mut(found).source
    {
        with(Arc::make_mut(source));
    }
}
