//! `0x01__`. Since 0.1.

use serde::{Deserialize, Serialize};

use super::super::error::DecodeError;
use super::super::macros::{events, frozen};
use super::super::wire::{Ar, Finite, Freezing, Hash, Thawing, Ts, Wide, Wire};
use super::pieces::{ContainerV1, MeasureV1, RevisionV1, SyncKeyV1};
use super::value::FieldChangeV1;
use crate::sync::{Active, Event, SeriesMeasure};

frozen! {
    /// A metric of an evaluation, and the series it is a point of.
    SeriesMeasureV1 for SeriesMeasure { name: String, value: Finite, series: Ts }
}

/// What is in use; exactly one of the two is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ActiveV1 {
    pub(crate) itself: Option<bool>,
    pub(crate) version: Option<String>,
}

impl Wire<Active> for ActiveV1 {
    fn freeze(domain: &Active, out: &mut Freezing) -> Self {
        match domain {
            Active::Itself(is_active) => Self { itself: Some(*is_active), version: None },
            Active::Version(version) => Self { itself: None, version: Some(Wire::freeze(version, out)) },
        }
    }

    fn thaw(self, from: &mut Thawing) -> Result<Active, DecodeError> {
        match (self.itself, self.version) {
            (Some(is_active), None) => Ok(Active::Itself(is_active)),
            (None, Some(version)) => Wire::thaw(version, from).map(Active::Version),
            (_, version) => {
                Err(DecodeError::unexpected(&version.unwrap_or_default(), "either a version or whether it is active"))
            }
        }
    }
}

events! { Event in Sync;
    /// A node spoke for the first time.
    0x0101 1 NodeRegistered => NodeRegisteredV1 { node: String }
    /// An object of a node is so now; the first such event of a key makes the item, revision (0, 0) makes a stub.
    0x0102 1 ItemSynced => ItemSyncedV1 {
        item: Ar,
        key: SyncKeyV1,
        revision: RevisionV1,
        name: String,
        changes: Vec<FieldChangeV1>,
        url: Option<String>,
        digest: Option<Hash>,
        active: Option<ActiveV1>,
        metrics: Vec<MeasureV1>,
        model_versions: Vec<SyncKeyV1>,
    }
    /// The node no longer has it.
    0x0103 1 ItemGone => ItemGoneV1 { item: Ar, revision: RevisionV1 }
    /// A model version was evaluated.
    0x0104 1 EvaluationRecorded => EvaluationRecordedV1 {
        item: Ar,
        store: String,
        evaluation: String,
        fingerprint: Wide,
        evaluated_at: i64,
        metrics: Vec<SeriesMeasureV1>,
        drift: Vec<MeasureV1>,
        url: Option<String>,
    }
    /// An evaluation arrived that its store keeps out of governance (with a fingerprint); or somebody keeps one, or a
    /// whole store, out of the registry and the gate, or takes it back in.
    0x0105 1 EvaluationOptedOut => EvaluationOptedOutV1 {
        item: Ar,
        store: String,
        evaluation: Option<String>,
        fingerprint: Option<Wide>,
        is_out: bool,
    }
    /// Somebody wants to look at this metric in the registry.
    0x0605 1 MetricFocusChosen => MetricFocusChosenV1 { person: ContainerV1, metric: String }
}
