//! What nodes tell, once translated.

use std::sync::Arc;

use super::state::{Active, Measure, Revision, SyncKey};
use crate::ids::{Digest, FieldId, ItemId, NodeId};
use crate::time::Timestamp;
use crate::value::Value;

/// What a sync message asks for. The principal of the context is the node.
#[derive(Debug, Clone)]
pub enum Command {
    /// An object is so now.
    Sync(Sync),
    /// An object is gone.
    Gone { key: SyncKey, revision: Revision },
    /// A model version was evaluated.
    Evaluate(Evaluate),
    /// An administrator says that a node is no more: a portion of what it told of is gone. Asked again until nothing is left.
    CleanUp { node: NodeId },
    /// Somebody keeps a store, or one evaluation, out of the registry and the gate; or takes it back in.
    OptOut { item: ItemId, store: Arc<str>, evaluation: Option<Arc<str>>, is_out: bool },
    /// Somebody chooses the metric to look at.
    FocusMetric { metric: Arc<str> },
}

/// The state of an object, whole: a field that is left out is cleared.
#[derive(Debug, Clone)]
pub struct Sync {
    /// Node and key.
    pub key: SyncKey,
    /// Which state this is.
    pub revision: Revision,
    /// What its node calls it.
    pub name: Arc<str>,
    /// Fields of the locked template, except parents and `node_id`, which follow from the key.
    pub fields: Vec<(FieldId, Value)>,
    /// Its page.
    pub url: Option<Arc<str>>,
    /// Its content digest.
    pub digest: Option<Digest>,
    /// What is in use.
    pub active: Option<Active>,
    /// Of a version: metrics when it was built.
    pub metrics: Vec<Measure>,
    /// Of a bundle or deployment.
    pub model_versions: Vec<SyncKey>,
}

/// One run of a model evaluation store.
#[derive(Debug, Clone)]
pub struct Evaluate {
    /// The evaluated version.
    pub version: SyncKey,
    /// The project in which the store lies.
    pub store_project: Arc<str>,
    /// The store.
    pub store: Arc<str>,
    /// The evaluation.
    pub evaluation: Arc<str>,
    /// When.
    pub evaluated_at: Timestamp,
    /// What was measured.
    pub metrics: Vec<Measure>,
    /// How far data or predictions drifted.
    pub drift: Vec<Measure>,
    /// False: kept out of governance.
    pub is_synced: bool,
    /// Its page.
    pub url: Option<Arc<str>>,
}
