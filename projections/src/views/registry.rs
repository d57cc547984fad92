//! Models, versions and bundles of every node, with metrics at build time and what evaluations found since.
//!
//! Who lies in what and what evaluations found is in the state already, ordered by key and time; opted-out evaluations
//! are left out. This view adds which project is a copy of which. A point names its event, in which store, evaluation
//! and link stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_core::ids::{Digest, FieldId, ItemId, Position, SeriesId};
use countersign_core::sync::{SyncKey, SyncObject, evaluations, latest_metric};
use countersign_core::time::Timestamp;
use countersign_core::value::Value;
use countersign_core::{Event, Recorded, State, artifact, sync};
use imbl::{OrdMap, OrdSet};

use crate::derive;
use crate::projection::{Number, Projection, Rows};

mod tree;

pub use tree::{BundleEntry, Metric, ModelEntry, PAGE_VERSIONS_MAX, ProjectEntry, Query, VersionEntry};

/// The metric to focus on when nobody chose one: ROC AUC.
pub const METRIC_DEFAULT: &str = "auc";
/// Most points of one series in one answer; the latest are given.
pub const POINTS_MAX: usize = 10_000;
/// Most evaluations of one version that are looked through for its latest drifts.
const DRIFTS_LOOKED_THROUGH_MAX: usize = 1_000;

/// Which project is a copy of which.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    originals: OrdMap<ItemId, SyncKey>,
    copies: OrdSet<(SyncKey, ItemId)>,
}

/// How far something had drifted when it was last looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Drift {
    /// `data_drift`, …
    pub name: Arc<str>,
    /// How far.
    pub value: Number,
    /// When it was measured.
    pub at: Timestamp,
    /// The evaluation's event.
    pub position: Position,
}

/// One value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When it was measured.
    pub at: Timestamp,
    /// What was measured.
    pub value: f64,
    /// The evaluation's event.
    pub position: Position,
}

/// The history of one metric of one model version.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The model version.
    pub item: ItemId,
    /// The metric.
    pub name: Arc<str>,
    /// The series as a field value.
    pub id: SeriesId,
    /// In order of time, at most [`POINTS_MAX`].
    pub points: Vec<Point>,
}

impl Registry {
    /// Metric histories of a model version and of its copies on other nodes, or of the versions that a govern item
    /// governs; both ends of the range are part of it.
    #[must_use]
    pub fn item_metrics(
        &self,
        state: &State,
        item: ItemId,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Vec<Series> {
        let governed = state.items.by_id.get(&item).into_iter().flat_map(|item| derive::sources(item));
        let own: Vec<ItemId> = std::iter::once(item).chain(governed).collect();
        let copies: Vec<ItemId> = own.iter().flat_map(|version| self.copies_of_version(state, *version)).collect();
        let mut versions = own;
        for copy in copies {
            if !versions.contains(&copy) {
                versions.push(copy);
            }
        }
        versions.into_iter().flat_map(|version| series(state, version, from, to)).collect()
    }

    /// The latest value of a version's metric.
    #[must_use]
    pub fn latest(&self, state: &State, version: ItemId, metric: &str) -> Option<Point> {
        latest_metric(state, version, metric).map(|(at, position, value)| Point { at, value, position })
    }

    /// The latest drifts of a version, by name.
    #[must_use]
    pub fn drifts(&self, state: &State, version: ItemId) -> Vec<Drift> {
        let mut latest: BTreeMap<&Arc<str>, Drift> = BTreeMap::new();
        for (at, position, evaluation) in evaluations(state, version).rev().take(DRIFTS_LOOKED_THROUGH_MAX) {
            for measure in &evaluation.drift {
                let (name, value) = (measure.name.clone(), Number(measure.value));
                latest.entry(&measure.name).or_insert(Drift { name, value, at, position });
            }
        }
        latest.into_values().collect()
    }

    /// The synced project that a project is a copy of, as an automation node says it; known when it is synced.
    #[must_use]
    pub fn original_of(&self, state: &State, project: ItemId) -> Option<ItemId> {
        state.nodes.items.get(self.originals.get(&project)?).copied()
    }

    /// The projects on other nodes that are copies of a project.
    pub fn copies_of<'a>(&'a self, state: &State, project: ItemId) -> impl Iterator<Item = ItemId> + use<'a> {
        let source = state.items.by_id.get(&project).and_then(|item| item.source.clone());
        let range = source.map(|source| {
            let key = source.key.clone();
            self.copies.range((key.clone(), ItemId(0))..=(key, ItemId(u32::MAX)))
        });
        range.into_iter().flatten().map(|(_, copy)| *copy)
    }

    /// The same version of the same model in copies of its project.
    #[must_use]
    pub fn copies_of_version(&self, state: &State, version: ItemId) -> Vec<ItemId> {
        let source = state.items.by_id.get(&version).and_then(|item| item.source.as_ref());
        let Some(SyncKey { node, object: SyncObject::ModelVersion { project, model, version } }) =
            source.map(|source| &source.key)
        else {
            return Vec::new();
        };
        let original = SyncKey { node: node.clone(), object: SyncObject::Project { project: project.clone() } };
        let Some(original) = state.nodes.items.get(&original) else { return Vec::new() };
        let copies = self.copies_of(state, *original).filter_map(|copy| {
            let key = &state.items.by_id.get(&copy)?.source.as_ref()?.key;
            let (project, model, version) = (key.object.project()?.clone(), model.clone(), version.clone());
            let object = SyncObject::ModelVersion { project, model, version };
            state.nodes.items.get(&SyncKey { node: key.node.clone(), object }).copied()
        });
        copies.collect()
    }

    fn relate(&mut self, item: ItemId, state: &State) {
        let original = original(state, item);
        if self.originals.get(&item) == original.as_ref() {
            return;
        }
        if let Some(old) = self.originals.remove(&item) {
            self.copies.remove(&(old, item));
        }
        if let Some(original) = original {
            self.originals.insert(item, original.clone());
            self.copies.insert((original, item));
        }
    }
}

/// The points of a version's metrics, in order of time; both ends of the range are part of it.
fn series(state: &State, version: ItemId, from: Option<Timestamp>, to: Option<Timestamp>) -> Vec<Series> {
    let mut all: BTreeMap<&Arc<str>, Series> = BTreeMap::new();
    let is_in = |at: Timestamp| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to);
    for (at, position, evaluation) in evaluations(state, version).rev() {
        for metric in &evaluation.metrics {
            let new = || Series { item: version, name: metric.name.clone(), id: metric.series, points: Vec::new() };
            let series = all.entry(&metric.name).or_insert_with(new);
            if is_in(at) && series.points.len() < POINTS_MAX {
                series.points.push(Point { at, value: metric.value, position });
            }
        }
    }
    let mut all: Vec<_> = all.into_values().collect();
    for series in &mut all {
        series.points.reverse();
    }
    all
}

/// What a synced project says of its original: node and key.
fn original(state: &State, item: ItemId) -> Option<SyncKey> {
    let item = state.items.by_id.get(&item)?;
    let source = item.source.as_ref()?;
    let text = |field: &str| match item.fields.get(&FieldId::from(field)) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let node = text("original_node_id")?;
    let project = text("original_project_key")?;
    let original = SyncKey { node: (&*node).into(), object: SyncObject::Project { project } };
    (matches!(source.key.object, SyncObject::Project { .. }) && original != source.key).then_some(original)
}

impl Projection for Registry {
    const NAME: &'static str = "registry";
    const REVISION: u32 = 2;

    fn apply(&mut self, event: &Recorded, state: &State) {
        match &event.event {
            Event::Sync(sync::Event::ItemSynced { item, .. }) | Event::Item(artifact::Event::ItemDeleted { item }) => {
                self.relate(*item, state)
            }
            _ => {}
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for row in &self.originals {
            rows.row(&row);
        }
        for row in &self.copies {
            rows.row(row);
        }
        rows.digest()
    }
}
