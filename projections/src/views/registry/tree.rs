//! The registry as people read it: project → model → version, and bundles.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::State;
use countersign_core::artifact::{Item, StepStatus};
use countersign_core::ids::{BlueprintId, ItemId, StepId};
use countersign_core::signoff::Status;
use countersign_core::sync::{Active, Measure, SyncKey, SyncObject, SyncSource};

use super::{Drift, Point, Registry};
use crate::derive;
use crate::page::{Cursor, Key, Page};
use crate::readable::Plan;
use crate::sight::FieldReader;
use crate::views::items::{self, Items};
use crate::views::search::Found;

/// Drift is a difference of binary fractions; at so many decimals it is what people expect.
const DRIFT_DECIMALS_FACTOR: f64 = 1e12;

/// A page of projects ends with the one that brings it to so many versions, however many projects were asked for.
pub const PAGE_VERSIONS_MAX: usize = 1_000;

/// Most finds of a text from which projects are looked up, rather than the other way round; few in tests, where both ways
/// are taken.
const FOUND_MAX: usize = if cfg!(test) { 6 } else { 4_000 };

/// Which part of the registry.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// The metric to focus on; [`super::METRIC_DEFAULT`] when left out.
    pub metric: Option<Arc<str>>,
    /// Words that a project (with all that is in it), a model, a version or a bundle holds.
    pub q: Option<String>,
    /// After this row.
    pub cursor: Option<Cursor>,
    /// At most so many projects or bundles.
    pub limit: usize,
    /// The reader, when fields may be hidden from him: `q` does not look into those.
    pub fields: Option<Arc<FieldReader>>,
    /// What is known of the reader beforehand; only makes it faster.
    pub scope: Option<Arc<Plan>>,
}

/// A project with at least one model.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectEntry {
    /// The synced project.
    pub item: ItemId,
    /// Its govern item.
    pub governed_by: Option<ItemId>,
    /// The project on another node that it is a copy of.
    pub original: Option<ItemId>,
    /// The projects on other nodes that are copies of it.
    pub copies: Vec<ItemId>,
    /// In the order of their keys.
    pub models: Vec<ModelEntry>,
}

/// A saved model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelEntry {
    /// The synced model.
    pub item: ItemId,
    /// Its govern item.
    pub governed_by: Option<ItemId>,
    /// In the order of their keys.
    pub versions: Vec<VersionEntry>,
}

/// A version of a saved model.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionEntry {
    /// The synced version.
    pub item: ItemId,
    /// Its govern item.
    pub governed_by: Option<ItemId>,
    /// In use: the champion.
    pub is_active: bool,
    /// Not in use, and its workflow neither finished nor abandoned.
    pub is_challenger: bool,
    /// Where the govern item's workflow is.
    pub step: Option<StepId>,
    /// The govern item's sign-off.
    pub signoff: Option<Status>,
    /// The metric to focus on.
    pub metric: Metric,
    /// When the version was built.
    pub metrics: Vec<Measure>,
    /// The latest of each.
    pub drift: Vec<Drift>,
}

/// One metric of a version, then and now.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Which.
    pub name: Arc<str>,
    /// When the version was built.
    pub initial: Option<f64>,
    /// At the latest evaluation; nothing before the first, which is not 0.
    pub latest: Option<Point>,
    /// `latest` − `initial`, rounded to 12 decimals.
    pub drift: Option<f64>,
}

/// A bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct BundleEntry {
    /// The synced bundle.
    pub item: ItemId,
    /// Its synced project.
    pub project: Option<ItemId>,
    /// Its govern item.
    pub governed_by: Option<ItemId>,
    /// Where the govern item's workflow is.
    pub step: Option<StepId>,
    /// The govern item's sign-off.
    pub signoff: Option<Status>,
    /// The model versions in it.
    pub model_versions: Vec<SyncKey>,
}

/// A reader's view of the state: what he may not read, and what is gone and was never governed, is not there.
struct Reader<'a> {
    state: &'a State,
    is_readable: &'a dyn Fn(ItemId) -> bool,
    found: Option<&'a Found<'a>>,
}

impl<'a> Reader<'a> {
    fn get(&self, id: ItemId) -> Option<(&'a Arc<Item>, &'a Arc<SyncSource>)> {
        let item = self.state.items.by_id.get(&id)?;
        let source = item.source.as_ref()?;
        let is_there = !source.is_gone || derive::governed_by(self.state, id).is_some();
        (is_there && (self.is_readable)(id)).then_some((item, source))
    }

    /// The projects of all that the text finds, when that is not too much to look at.
    fn projects_found(&self) -> Option<BTreeSet<ItemId>> {
        let found = self.found.filter(|found| found.count_max() <= FOUND_MAX)?;
        let project = |id: ItemId| {
            let key = &self.state.items.by_id.get(&id)?.source.as_ref()?.key;
            let object = SyncObject::Project { project: key.object.project()?.clone() };
            self.state.nodes.items.get(&SyncKey { node: key.node.clone(), object }).copied()
        };
        Some(found.items().into_iter().filter_map(project).collect())
    }

    fn bundle(&self, id: ItemId) -> Option<BundleEntry> {
        let (_, source) = self.get(id)?;
        let governed_by = derive::governed_by(self.state, id);
        let (step, signoff) = self.step_and_signoff(governed_by);
        let parent = source.key.object.parent();
        let project = parent
            .and_then(|object| self.state.nodes.items.get(&SyncKey { node: source.key.node.clone(), object }).copied());
        Some(BundleEntry {
            item: id,
            project: project.filter(|project| (self.is_readable)(*project)),
            governed_by,
            step,
            signoff,
            model_versions: source.model_versions.clone(),
        })
    }

    /// Items of a node from `first` on, while they lie in `parent`.
    fn children(&self, source: &SyncSource, first: SyncObject) -> impl Iterator<Item = ItemId> {
        let parent = source.key.object.clone();
        let node = source.key.node.clone();
        let start = SyncKey { node: node.clone(), object: first };
        let children = self.state.nodes.items.range(start..);
        children
            .take_while(move |(key, _)| key.node == node && key.object.parent().as_ref() == Some(&parent))
            .map(|(_, id)| *id)
    }

    fn is_named(&self, id: ItemId) -> bool {
        self.found.is_none_or(|found| found.has(id))
    }

    fn step_and_signoff(&self, govern_item: Option<ItemId>) -> (Option<StepId>, Option<Status>) {
        let Some(item) = govern_item.and_then(|id| self.state.items.by_id.get(&id)) else { return (None, None) };
        let signoff = derive::signoff(self.state, item).map(|(_, signoff)| signoff.status);
        (derive::current_step(self.state, item), signoff)
    }
}

fn empty() -> Arc<str> {
    Arc::from("")
}

fn listed(object: &SyncObject, query: &Query) -> items::Query {
    let blueprint = Some(BlueprintId::from(object.blueprint()));
    let (cursor, scope) = (query.cursor.clone(), query.scope.clone());
    items::Query { blueprint, cursor, scope, limit: query.limit, ..items::Query::default() }
}

fn key(item: &Item) -> Key {
    Key::of_text(&item.name.to_lowercase().into(), item.id)
}

impl Registry {
    /// One page of projects by name, each with its models and their versions.
    pub fn models(
        &self,
        state: &State,
        items: &Items,
        query: &Query,
        is_readable: &dyn Fn(ItemId) -> bool,
    ) -> Page<ProjectEntry> {
        let found = query.q.as_deref().map(|q| items.find(q).seen_by(state, query.fields.as_deref()));
        let reader = Reader { state, is_readable, found: found.as_ref() };
        let metric = query.metric.clone().unwrap_or_else(|| super::METRIC_DEFAULT.into());
        let few = reader.projects_found();
        // Projects are chosen by looking at them; their versions are drawn up for one page only.
        let is_shown = |id: ItemId| {
            few.as_ref().is_none_or(|few| few.contains(&id))
                && reader.get(id).is_some_and(|(item, source)| self.matches(&reader, item, source))
        };
        let object = SyncObject::Project { project: empty() };
        let ids = items.list_where(state, &listed(&object, query), is_readable, &is_shown);
        let (mut rows, mut versions, mut next) = (Vec::new(), 0_usize, ids.next);
        let count = ids.rows.len();
        for (number, id) in ids.rows.into_iter().enumerate() {
            let Some(project) = self.project(&reader, id, &metric) else { continue };
            versions = versions.saturating_add(project.models.iter().map(|model| model.versions.len()).sum());
            rows.push(project);
            if versions >= PAGE_VERSIONS_MAX && number.saturating_add(1) < count {
                next = state.items.by_id.get(&id).map(|item| Cursor(key(item)));
                break;
            }
        }
        Page { rows, next }
    }

    /// One page of bundles by name.
    pub fn bundles(
        &self,
        state: &State,
        items: &Items,
        query: &Query,
        is_readable: &dyn Fn(ItemId) -> bool,
    ) -> Page<BundleEntry> {
        let reader = Reader { state, is_readable, found: None };
        let object = SyncObject::Bundle { project: empty(), bundle: empty() };
        let wanted = items::Query { q: query.q.clone(), fields: query.fields.clone(), ..listed(&object, query) };
        let ids = items.list_where(state, &wanted, is_readable, &|id| reader.get(id).is_some());
        let next = ids.next;
        let rows = ids.rows.into_iter().filter_map(|id| reader.bundle(id));
        Page { rows: rows.collect(), next }
    }

    fn matches(&self, reader: &Reader<'_>, item: &Item, source: &SyncSource) -> bool {
        let all = reader.is_named(item.id);
        model_ids(reader, source).filter_map(|id| reader.get(id)).any(|(model, source)| {
            all || reader.is_named(model.id)
                || version_ids(reader, source).any(|id| reader.is_named(id) && reader.get(id).is_some())
        })
    }

    fn project(&self, reader: &Reader<'_>, id: ItemId, metric: &Arc<str>) -> Option<ProjectEntry> {
        let (item, source) = reader.get(id)?;
        let all = reader.is_named(item.id);
        let models = model_ids(reader, source).filter_map(|id| self.model(reader, id, all, metric)).collect();
        let is_readable = |id: &ItemId| (reader.is_readable)(*id);
        Some(ProjectEntry {
            item: id,
            governed_by: derive::governed_by(reader.state, id),
            original: self.original_of(reader.state, id).filter(is_readable),
            copies: self.copies_of(reader.state, id).filter(is_readable).collect(),
            models,
        })
    }

    fn model(&self, reader: &Reader<'_>, id: ItemId, all: bool, metric: &Arc<str>) -> Option<ModelEntry> {
        let (item, source) = reader.get(id)?;
        let all = all || reader.is_named(item.id);
        let versions: Vec<VersionEntry> = version_ids(reader, source)
            .filter(|id| all || reader.is_named(*id))
            .filter_map(|id| reader.get(id))
            .map(|(version, own)| self.version(reader, version, own, source, metric))
            .collect();
        let governed_by = derive::governed_by(reader.state, id);
        (all || !versions.is_empty()).then_some(ModelEntry { item: id, governed_by, versions })
    }

    fn version(
        &self,
        reader: &Reader<'_>,
        item: &Item,
        source: &SyncSource,
        model: &SyncSource,
        metric: &Arc<str>,
    ) -> VersionEntry {
        let governed_by = derive::governed_by(reader.state, item.id);
        let (step, signoff) = reader.step_and_signoff(governed_by);
        let is_active = match (&model.active, &source.active) {
            (Some(Active::Version(version)), _) => version == source.key.object.own_key(),
            (_, Some(Active::Itself(active))) => *active,
            _ => false,
        };
        let is_finished =
            governed_by.and_then(|id| reader.state.items.by_id.get(&id)).is_some_and(|item| is_finished(item));
        VersionEntry {
            item: item.id,
            governed_by,
            is_active,
            is_challenger: !is_active && !is_finished && signoff != Some(Status::Abandoned),
            step,
            signoff,
            metric: self.metric(reader.state, item.id, source, metric),
            metrics: source.metrics.clone(),
            drift: self.drifts(reader.state, item.id),
        }
    }

    fn metric(&self, state: &State, version: ItemId, source: &SyncSource, name: &Arc<str>) -> Metric {
        let initial = source.metrics.iter().find(|measure| measure.name == *name).map(|measure| measure.value);
        let latest = self.latest(state, version, name);
        let drift = initial.zip(latest).map(|(initial, latest)| rounded(latest.value - initial));
        Metric { name: name.clone(), initial, latest, drift }
    }
}

fn model_ids(reader: &Reader<'_>, source: &SyncSource) -> impl Iterator<Item = ItemId> {
    let project = source.key.object.project().cloned().unwrap_or_else(empty);
    reader.children(source, SyncObject::SavedModel { project, model: empty() })
}

fn version_ids(reader: &Reader<'_>, source: &SyncSource) -> impl Iterator<Item = ItemId> {
    let project = source.key.object.project().cloned().unwrap_or_else(empty);
    let model = source.key.object.own_key().clone();
    reader.children(source, SyncObject::ModelVersion { project, model, version: empty() })
}

/// Every step is done or was passed.
fn is_finished(item: &Item) -> bool {
    !item.steps.is_empty()
        && item.steps.iter().all(|step| matches!(step.status, StepStatus::Finished | StepStatus::Skipped))
}

fn rounded(number: f64) -> f64 {
    let scaled = (number * DRIFT_DECIMALS_FACTOR).round() / DRIFT_DECIMALS_FACTOR;
    // Beyond the range of the scaling there are no decimals to round.
    if scaled.is_finite() { scaled } else { number }
}
