//! Facts that nodes told.

use std::sync::Arc;

use super::state::{Active, Measure, Revision, SyncKey};
use crate::blueprint::Container;
use crate::ids::{Digest, ItemId, NodeId, SeriesId};
use crate::time::Timestamp;
use crate::value::FieldChange;

/// `0x01__`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A node spoke for the first time.
    NodeRegistered { node: NodeId },
    /// An object is so now. The first such event of a key makes the item; revision (0, 0) makes a stub.
    ItemSynced {
        item: ItemId,
        key: SyncKey,
        revision: Revision,
        name: Arc<str>,
        changes: Vec<FieldChange>,
        url: Option<Arc<str>>,
        digest: Option<Digest>,
        active: Option<Active>,
        metrics: Vec<Measure>,
        model_versions: Vec<SyncKey>,
    },
    /// The node no longer has it.
    ItemGone { item: ItemId, revision: Revision },
    /// A model version was evaluated.
    EvaluationRecorded {
        item: ItemId,
        store: Arc<str>,
        evaluation: Arc<str>,
        /// What makes it count once.
        fingerprint: u128,
        evaluated_at: Timestamp,
        metrics: Vec<SeriesMeasure>,
        drift: Vec<Measure>,
        url: Option<Arc<str>>,
    },
    /// An evaluation arrived that its store keeps out of governance: it has a fingerprint. Or somebody keeps one, or
    /// without its name the whole store of a project, out of the registry and the gate, or takes it back in.
    EvaluationOptedOut {
        item: ItemId,
        store: Arc<str>,
        evaluation: Option<Arc<str>>,
        fingerprint: Option<u128>,
        is_out: bool,
    },
    /// Somebody wants to look at this metric from now on.
    MetricFocusChosen { person: Container, metric: Arc<str> },
}

/// A metric of an evaluation, and the series it is a point of.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesMeasure {
    /// The metric.
    pub name: Arc<str>,
    /// Its value.
    pub value: f64,
    /// The item's series of this metric; the first event that names it makes it.
    pub series: SeriesId,
}

impl Event {
    /// The item it is about.
    #[must_use]
    pub fn item(&self) -> Option<ItemId> {
        match self {
            Self::NodeRegistered { .. } | Self::MetricFocusChosen { .. } => None,
            Self::ItemSynced { item, .. }
            | Self::ItemGone { item, .. }
            | Self::EvaluationRecorded { item, .. }
            | Self::EvaluationOptedOut { item, .. } => Some(*item),
        }
    }
}
