//! Nodes and their items.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::event::SeriesMeasure;
use crate::context::Principal;
use crate::ids::{Digest, ItemId, NodeId, Position, SeriesId};
use crate::time::Timestamp;

/// What is known of nodes.
#[derive(Debug, Clone, Default)]
pub struct Nodes {
    /// Registered nodes and when they first spoke.
    pub by_id: OrdMap<NodeId, Timestamp>,
    /// Items by where they come from.
    pub items: OrdMap<SyncKey, ItemId>,
    /// Evaluations that were counted, by the first half of the SHA-256 of (node, project, store, evaluation).
    pub evaluations: OrdSet<u128>,
    /// The last series id handed out.
    pub last_series: u32,
    /// The item of which a series is a metric.
    pub series: OrdMap<SeriesId, ItemId>,
    /// What evaluations found, by version in order of time; those opted out too.
    pub evaluated: OrdMap<(ItemId, Timestamp, Position), Arc<Evaluation>>,
    /// What people keep out of the registry and the gate.
    pub opted_out: OrdSet<OptOut>,
    /// The metric that somebody wants to look at.
    pub focus: OrdMap<Principal, Arc<str>>,
}

/// One evaluation of a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The store it is in.
    pub store: Arc<str>,
    /// Its own name there.
    pub evaluation: Arc<str>,
    /// What was measured.
    pub metrics: Vec<SeriesMeasure>,
    /// How far data or predictions drifted.
    pub drift: Vec<Measure>,
    /// Its page.
    pub url: Option<Arc<str>>,
}

/// A whole store of a project, or one evaluation of a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptOut {
    /// The project for a store, the version for one evaluation.
    pub item: ItemId,
    /// The store.
    pub store: Arc<str>,
    /// The evaluation; absent for the store.
    pub evaluation: Option<Arc<str>>,
}

/// An object of a node, in that node's own words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SyncKey {
    /// Which node.
    pub node: NodeId,
    /// Which object there.
    pub object: SyncObject,
}

/// The kinds of synced objects and what names each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncObject {
    /// A project.
    Project { project: Arc<str> },
    /// A saved model of a project.
    SavedModel { project: Arc<str>, model: Arc<str> },
    /// A version of a saved model.
    ModelVersion { project: Arc<str>, model: Arc<str>, version: Arc<str> },
    /// A bundle of a project.
    Bundle { project: Arc<str>, bundle: Arc<str> },
    /// A dataset of a project.
    Dataset { project: Arc<str>, dataset: Arc<str> },
    /// A deployment of a deployer node.
    Deployment { deployment: Arc<str> },
}

impl SyncObject {
    /// What it lies in; nothing for projects and deployments.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        match self {
            Self::Project { .. } | Self::Deployment { .. } => None,
            Self::SavedModel { project, .. } | Self::Bundle { project, .. } | Self::Dataset { project, .. } => {
                Some(Self::Project { project: project.clone() })
            }
            Self::ModelVersion { project, model, .. } => {
                Some(Self::SavedModel { project: project.clone(), model: model.clone() })
            }
        }
    }

    /// The last part of its key: what it is called within its parent.
    #[must_use]
    pub fn own_key(&self) -> &Arc<str> {
        match self {
            Self::Project { project } => project,
            Self::SavedModel { model, .. } => model,
            Self::ModelVersion { version, .. } => version,
            Self::Bundle { bundle, .. } => bundle,
            Self::Dataset { dataset, .. } => dataset,
            Self::Deployment { deployment } => deployment,
        }
    }

    /// The project it lies in, when it lies in one.
    #[must_use]
    pub fn project(&self) -> Option<&Arc<str>> {
        match self {
            Self::Project { project }
            | Self::SavedModel { project, .. }
            | Self::ModelVersion { project, .. }
            | Self::Bundle { project, .. }
            | Self::Dataset { project, .. } => Some(project),
            Self::Deployment { .. } => None,
        }
    }

    /// The kind as sync messages call it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Project { .. } => "project",
            Self::SavedModel { .. } => "saved_model",
            Self::ModelVersion { .. } => "saved_model_version",
            Self::Bundle { .. } => "bundle",
            Self::Dataset { .. } => "dataset",
            Self::Deployment { .. } => "deployment",
        }
    }

    /// The locked blueprint of such items; of a deployment, unless it is an API deployer's.
    #[must_use]
    pub const fn blueprint(&self) -> &'static str {
        match self {
            Self::Project { .. } => "bp.system.dataiku_project",
            Self::SavedModel { .. } => "bp.system.dataiku_saved_model",
            Self::ModelVersion { .. } => "bp.system.dataiku_saved_model_version",
            Self::Bundle { .. } => "bp.system.dataiku_bundle",
            Self::Dataset { .. } => "bp.system.dataiku_dataset",
            Self::Deployment { .. } => "bp.system.project_deployer_deployment",
        }
    }

    /// The blueprint that governs such items; none when they are not governed.
    #[must_use]
    pub const fn govern_blueprint(&self) -> Option<&'static str> {
        match self {
            Self::Project { .. } => Some("bp.system.govern_project"),
            Self::SavedModel { .. } => Some("bp.system.govern_model"),
            Self::ModelVersion { .. } => Some("bp.system.govern_model_version"),
            Self::Bundle { .. } => Some("bp.system.govern_bundle"),
            Self::Dataset { .. } | Self::Deployment { .. } => None,
        }
    }
}

/// Which state of the object a message tells: `(epoch, revision)` only grows; a stub has (0, 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Revision {
    /// Raised when a node was reinstalled.
    pub epoch: u32,
    /// Raised by the node with each change.
    pub revision: u64,
}

/// Where a synced item comes from, and what its node last said beyond its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncSource {
    /// Node and key.
    pub key: SyncKey,
    /// What was last taken in.
    pub revision: Revision,
    /// The node no longer has it.
    pub is_gone: bool,
    /// Its page on the node.
    pub url: Option<Arc<str>>,
    /// The content digest that an approval is bound to.
    pub digest: Option<Digest>,
    /// Of a saved model: the version in use. Of a version: whether it is in use.
    pub active: Option<Active>,
    /// Of a version: metrics when it was built.
    pub metrics: Vec<Measure>,
    /// Of a bundle or deployment: the model versions in it.
    pub model_versions: Vec<SyncKey>,
}

impl SyncSource {
    /// Its node told of it, as against a stub that only a child told of, and still has it.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.is_gone && self.revision != Revision::default()
    }
}

/// What is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Active {
    /// A version says this of itself.
    Itself(bool),
    /// A model names the version in use.
    Version(Arc<str>),
}

/// A name and a finite number.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// `auc`, `data_drift`, …
    pub name: Arc<str>,
    /// Its value.
    pub value: f64,
}
