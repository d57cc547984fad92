//! Models, versions and bundles of every node, with metrics at build time and what evaluations found since.
//!
//! Who lies in what is in the state already, ordered by key; this view adds the points of the evaluations. A point
//! names its event, in which store, evaluation and link stand.

use std::sync::Arc;

use countersign_core::ids::{Digest, ItemId, Position, SeriesId};
use countersign_core::time::Timestamp;
use countersign_core::{Event, Recorded, State, artifact, sync};
use imbl::OrdMap;

use crate::derive;
use crate::projection::{Number, Projection, Rows};

mod tree;

pub use tree::{BundleEntry, Metric, ModelEntry, PAGE_VERSIONS_MAX, ProjectEntry, Query, VersionEntry};

/// The metric to focus on when nobody chose one: ROC AUC.
pub const METRIC_DEFAULT: &str = "auc";
/// Most points of one series in one answer; the latest are given.
pub const POINTS_MAX: usize = 10_000;

/// What evaluations found.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    evaluated: OrdMap<ItemId, Arc<Evaluated>>,
    points: OrdMap<(SeriesId, Timestamp, Position), Number>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Evaluated {
    /// In the order of the names.
    series: Vec<(Arc<str>, SeriesId)>,
    /// In the order of the names.
    drift: Vec<Drift>,
    /// How many evaluations counted.
    evaluations: u64,
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
    /// Metric histories of a model version, or of the versions that a govern item governs; both ends of the range are
    /// part of it.
    #[must_use]
    pub fn item_metrics(
        &self,
        state: &State,
        item: ItemId,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Vec<Series> {
        let governed = state.items.by_id.get(&item).into_iter().flat_map(|item| derive::sources(item));
        std::iter::once(item)
            .chain(governed)
            .filter_map(|version| Some((version, self.evaluated.get(&version)?)))
            .flat_map(|(version, evaluated)| {
                evaluated.series.iter().map(move |(name, id)| Series {
                    item: version,
                    name: name.clone(),
                    id: *id,
                    points: self.range(*id, from, to),
                })
            })
            .collect()
    }

    /// The points of a series, in order of time; both ends of the range are part of it.
    #[must_use]
    pub fn range(&self, series: SeriesId, from: Option<Timestamp>, to: Option<Timestamp>) -> Vec<Point> {
        let from = from.unwrap_or(Timestamp::from_millis(i64::MIN));
        let to = to.unwrap_or(Timestamp::from_millis(i64::MAX));
        if from > to {
            return Vec::new();
        }
        let range = (series, from, Position::ZERO)..=(series, to, Position(u64::MAX));
        let mut points: Vec<Point> = self
            .points
            .range(range)
            .rev()
            .take(POINTS_MAX)
            .map(|((_, at, position), value)| Point { at: *at, value: value.0, position: *position })
            .collect();
        points.reverse();
        points
    }

    /// The latest value of a version's metric.
    #[must_use]
    pub fn latest(&self, version: ItemId, metric: &str) -> Option<Point> {
        let evaluated = self.evaluated.get(&version)?;
        let (_, series) = evaluated.series.iter().find(|(name, _)| **name == *metric)?;
        let start = (*series, Timestamp::from_millis(i64::MIN), Position::ZERO);
        let end = (*series, Timestamp::from_millis(i64::MAX), Position(u64::MAX));
        let ((_, at, position), value) = self.points.range(start..=end).next_back()?;
        Some(Point { at: *at, value: value.0, position: *position })
    }

    /// The latest drifts of a version, by name.
    #[must_use]
    pub fn drifts(&self, version: ItemId) -> &[Drift] {
        self.evaluated.get(&version).map_or(&[], |evaluated| &evaluated.drift)
    }

    /// The metrics that evaluations of a version named, by name.
    pub fn metric_names(&self, version: ItemId) -> impl Iterator<Item = &Arc<str>> {
        self.evaluated.get(&version).into_iter().flat_map(|evaluated| &evaluated.series).map(|(name, _)| name)
    }

    /// How many evaluations of a version counted.
    #[must_use]
    pub fn evaluations(&self, version: ItemId) -> u64 {
        self.evaluated.get(&version).map_or(0, |evaluated| evaluated.evaluations)
    }

    fn record(
        &mut self,
        position: Position,
        item: ItemId,
        at: Timestamp,
        metrics: &[sync::SeriesMeasure],
        drift: &[sync::Measure],
    ) {
        let evaluated = Arc::make_mut(self.evaluated.entry(item).or_default());
        evaluated.evaluations = evaluated.evaluations.saturating_add(1);
        for metric in metrics {
            if let Err(place) = evaluated.series.binary_search_by(|(name, _)| name.cmp(&metric.name)) {
                evaluated.series.insert(place, (metric.name.clone(), metric.series));
            }
            self.points.insert((metric.series, at, position), Number(metric.value));
        }
        for measure in drift {
            let value = Number(measure.value);
            let new = Drift { name: measure.name.clone(), value, at, position };
            match evaluated.drift.binary_search_by(|drift| drift.name.cmp(&measure.name)) {
                Err(place) => evaluated.drift.insert(place, new),
                Ok(place) => match evaluated.drift.get_mut(place) {
                    // An evaluation that was run earlier but arrives later is not the latest.
                    Some(known) if known.at <= at => *known = new,
                    _ => {}
                },
            }
        }
    }

    fn forget(&mut self, item: ItemId) {
        let Some(evaluated) = self.evaluated.remove(&item) else { return };
        for (_, series) in &evaluated.series {
            let start = (*series, Timestamp::from_millis(i64::MIN), Position::ZERO);
            let end = (*series, Timestamp::from_millis(i64::MAX), Position(u64::MAX));
            let keys: Vec<_> = self.points.range(start..=end).map(|(key, _)| *key).collect();
            for key in keys {
                self.points.remove(&key);
            }
        }
    }
}

impl Projection for Registry {
    const NAME: &'static str = "registry";
    const REVISION: u32 = 1;

    fn apply(&mut self, event: &Recorded, _state: &State) {
        match &event.event {
            Event::Sync(sync::Event::EvaluationRecorded { item, evaluated_at, metrics, drift, .. }) => {
                self.record(event.position, *item, *evaluated_at, metrics, drift);
            }
            Event::Item(artifact::Event::ItemDeleted { item }) => self.forget(*item),
            _ => {}
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for row in &self.evaluated {
            rows.row(&row);
        }
        for row in &self.points {
            rows.row(&row);
        }
        rows.digest()
    }
}
