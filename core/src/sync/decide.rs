//! Rules about what nodes tell. Key and `(epoch, revision)` decide what is news; everything else is old and changes
//! nothing.
//!
//! Also a higher revision that changes no field is an event: only so is it known, after a restart too, that what is
//! older and comes later has been overtaken.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::command::Sync;
use super::event::Event;
use super::state::{Active, Revision, SyncKey, SyncObject, SyncSource};
use super::{Command, bounds, cleanup, deployments, evaluate, fields, opt_out};
use crate::artifact::govern::{govern_upcoming, rename_from_source};
use crate::context::Principal;
use crate::deploy;
use crate::draft::Draft;
use crate::ids::{FieldId, ItemId, NodeId};
use crate::state::State;
use crate::value::Value;

/// Most versions whose `active` flag one message of their model changes; the rest follows with their own messages.
const ACTIVE_CHANGES_MAX: usize = 300;

crate::rejections! {
    /// A node tells of its own objects only.
    Permission NodeMismatch { node: NodeId } = "node_mismatch", "only the node {node} tells of its objects";
    /// A node is known by its first message.
    Missing NodeUnknown { node: NodeId } = "node_unknown", "no node {node} ever spoke";
    /// Each kind of content of a message has a bound.
    Input TooMany { what: &'static str, count: usize, max: usize } = "too_many", "{count} {what} are too many; at most {max} are allowed";
    /// A metric is a finite number.
    Input MetricNotFinite { metric: String } = "metric_not_finite", "the metric {metric:?} is not a finite number";
    /// A metric has one value per message.
    Input MetricGivenTwice { metric: String } = "metric_given_twice", "the metric {metric:?} is given twice";
    /// A field that a node sends is text, a finite number, yes or no, a date, JSON, or a list of these.
    Input FieldInvalid { field: String } = "sync_field_invalid", "the field {field:?} is nothing that a node may set";
    /// A model names its active version, a version says it of itself, nothing else is active.
    Input ActiveMisplaced = "active_misplaced", "only a model names its active version, and only a version says whether it is";
    /// Evaluations are of model versions.
    Input EvaluationOfNoVersion = "evaluation_of_no_version", "an evaluation is of a model version";
    /// An evaluation counts only if its store lies in the model's project.
    Input EvaluationForeignStore { store_project: String, model_project: String } = "evaluation_foreign_store", "the evaluation store lies in {store_project:?}, not in the model's project {model_project:?}";
    /// Only what was evaluated can be kept out.
    Missing EvaluationUnknown { store: String } = "evaluation_unknown", "the store {store:?} has no such evaluation here";
    /// A metric in focus is a person's or key's own choice.
    Permission FocusOfNobody = "focus_of_nobody", "only people and keys choose a metric to focus on";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    match command {
        Command::Sync(sync) => take(draft, sync),
        Command::Gone { key, revision } => gone(draft, key, *revision),
        Command::CleanUp { node } => cleanup::decide(draft, node),
        Command::Evaluate(evaluation) => evaluate::decide(draft, evaluation),
        Command::OptOut { item, store, evaluation, is_out } => {
            opt_out::decide(draft, *item, store, evaluation.as_ref(), *is_out)
        }
        Command::FocusMetric { metric } => opt_out::focus(draft, metric),
    }
}

/// The speaker is the node itself, or the system on its behalf.
pub(super) fn check_speaker(draft: &Draft<'_>, node: &NodeId) -> Result<(), crate::Rejection> {
    match &draft.context().caller.principal {
        Principal::System => Ok(()),
        Principal::Node(speaker) if speaker == node => Ok(()),
        _ => Err(Rejection::NodeMismatch { node: node.clone() }.into()),
    }
}

/// The first message of a node makes it known.
pub(crate) fn register(draft: &mut Draft<'_>, node: &NodeId) {
    if !draft.state().nodes.by_id.contains_key(node) {
        draft.emit(Event::NodeRegistered { node: node.clone() });
    }
}

fn take(draft: &mut Draft<'_>, sync: &Sync) -> Result<(), crate::Rejection> {
    check_speaker(draft, &sync.key.node)?;
    bounds::check(sync)?;
    register(draft, &sync.key.node);
    if !is_news(draft.state(), sync) {
        return Ok(());
    }
    if let Some(object) = sync.key.object.parent() {
        item_of(draft, &SyncKey { node: sync.key.node.clone(), object });
    }
    if matches!(sync.key.object, SyncObject::Deployment { .. }) {
        for referenced in deployments::referenced(&sync.model_versions) {
            item_of(draft, referenced);
        }
    }
    let known = draft.state().nodes.items.get(&sync.key).copied();
    let before = known.and_then(|item| draft.state().items.by_id.get(&item).cloned());
    let item = known.unwrap_or_else(|| next_item(draft.state()));
    let wanted = fields::wanted(draft.state(), sync);
    emit(draft, item, sync, &wanted);
    deploy::report(draft, item, sync);
    let was_active = before.as_ref().and_then(|item| item.source.as_ref()?.active.clone());
    if was_active != sync.active && matches!(sync.key.object, SyncObject::SavedModel { .. }) {
        settle_active(draft, &sync.key);
    }
    let was_there = before.as_ref().is_some_and(|item| item.source.as_ref().is_some_and(|source| source.is_there()));
    // What a project's tags and folder are decides whether it is governed by itself.
    let may_fit = !was_there || matches!(sync.key.object, SyncObject::Project { .. });
    follow(draft, item, may_fit, before.is_some_and(|item| item.name != sync.name));
    Ok(())
}

fn gone(draft: &mut Draft<'_>, key: &SyncKey, revision: Revision) -> Result<(), crate::Rejection> {
    check_speaker(draft, &key.node)?;
    bounds::check_key(key)?;
    register(draft, &key.node);
    let known = draft.state().nodes.items.get(key).copied();
    if known.and_then(|item| source(draft.state(), item)).is_some_and(|source| source.revision >= revision) {
        return Ok(());
    }
    // What is gone before it was told of leaves a stub behind: the older message may still be on its way.
    let item = known.unwrap_or_else(|| stub(draft, key));
    draft.emit(Event::ItemGone { item, revision });
    Ok(())
}

/// The item of a key; a stub, below stubs if need be, when nothing was told of it yet.
pub(super) fn item_of(draft: &mut Draft<'_>, key: &SyncKey) -> ItemId {
    match draft.state().nodes.items.get(key) {
        Some(item) => *item,
        None => {
            let item = stub(draft, key);
            follow(draft, item, true, false);
            item
        }
    }
}

fn stub(draft: &mut Draft<'_>, key: &SyncKey) -> ItemId {
    if let Some(object) = key.object.parent() {
        item_of(draft, &SyncKey { node: key.node.clone(), object });
    }
    let item = next_item(draft.state());
    let sync = stub_of(key);
    let wanted = fields::wanted(draft.state(), &sync);
    emit(draft, item, &sync, &wanted);
    item
}

fn stub_of(key: &SyncKey) -> Sync {
    Sync {
        key: key.clone(),
        revision: Revision::default(),
        name: key.object.own_key().clone(),
        fields: Vec::new(),
        url: None,
        digest: None,
        active: None,
        metrics: Vec::new(),
        model_versions: Vec::new(),
    }
}

// A stub has the lowest revision of all. A node that begins to count there too overtakes the stub, once.
fn is_news(state: &State, sync: &Sync) -> bool {
    let Some(item) = state.nodes.items.get(&sync.key).and_then(|item| state.items.by_id.get(item)) else {
        return true;
    };
    let Some(source) = &item.source else { return true };
    if sync.revision != Revision::default() || source.revision != sync.revision {
        return sync.revision > source.revision;
    }
    item.name != sync.name
        || source.url != sync.url
        || source.digest != sync.digest
        || source.active != sync.active
        || source.metrics != sync.metrics
        || source.model_versions != sync.model_versions
        || !fields::changes(state, item.id, &fields::wanted(state, sync)).is_empty()
}

fn emit(draft: &mut Draft<'_>, item: ItemId, sync: &Sync, wanted: &BTreeMap<FieldId, Value>) {
    let changes = fields::changes(draft.state(), item, wanted);
    draft.emit(Event::ItemSynced {
        item,
        key: sync.key.clone(),
        revision: sync.revision,
        name: sync.name.clone(),
        changes,
        url: sync.url.clone(),
        digest: sync.digest,
        active: sync.active.clone(),
        metrics: sync.metrics.clone(),
        model_versions: sync.model_versions.clone(),
    });
}

/// A model named another version, or none: the versions whose `active` flag is no longer true are told anew.
fn settle_active(draft: &mut Draft<'_>, model: &SyncKey) {
    let field = FieldId::from("active");
    for item in outdated_versions(draft.state(), model, &field) {
        let Some(found) = draft.state().items.by_id.get(&item).cloned() else { continue };
        let Some(source) = &found.source else { continue };
        let new = fields::is_active(draft.state(), &source.key, source.active.as_ref()).map(Value::Boolean);
        draft.emit(Event::ItemSynced {
            item,
            key: source.key.clone(),
            revision: source.revision,
            name: found.name.clone(),
            changes: vec![fields::change(&field, found.fields.get(&field), new.as_ref())],
            url: source.url.clone(),
            digest: source.digest,
            active: source.active.clone(),
            metrics: source.metrics.clone(),
            model_versions: source.model_versions.clone(),
        });
    }
}

fn outdated_versions(state: &State, model: &SyncKey, field: &FieldId) -> Vec<ItemId> {
    let SyncObject::SavedModel { project, model: name } = &model.object else { return Vec::new() };
    let first = SyncObject::ModelVersion { project: project.clone(), model: name.clone(), version: Arc::from("") };
    let first = SyncKey { node: model.node.clone(), object: first };
    let versions = state.nodes.items.range(first..);
    let versions =
        versions.take_while(|(key, _)| key.node == model.node && key.object.parent().as_ref() == Some(&model.object));
    let outdated = versions.filter(|(key, item)| {
        let Some(found) = state.items.by_id.get(*item) else { return false };
        let own: Option<&Active> = found.source.as_ref().and_then(|source| source.active.as_ref());
        let is_active = fields::is_active(state, key, own).map(Value::Boolean);
        // What is gone keeps what was last known of it.
        found.source.as_ref().is_some_and(|source| !source.is_gone) && found.fields.get(field) != is_active.as_ref()
    });
    outdated.map(|(_, item)| *item).take(ACTIVE_CHANGES_MAX).collect()
}

/// What else follows: an upcoming child is governed, and a govern item is renamed with its source.
fn follow(draft: &mut Draft<'_>, item: ItemId, is_new: bool, is_renamed: bool) {
    if is_renamed {
        rename_from_source(draft, item);
    }
    if is_new {
        govern_upcoming(draft, item);
    }
}

fn source(state: &State, item: ItemId) -> Option<&SyncSource> {
    state.items.by_id.get(&item)?.source.as_deref()
}

fn next_item(state: &State) -> ItemId {
    ItemId(state.items.last_item.saturating_add(1))
}
