//! Messages of design and automation nodes. Since v1; a field is only ever added, and then optional.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A project, whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    pub project_key: Arc<str>,
    pub name: Arc<str>,
    pub owner: Option<Arc<str>>,
    pub short_description: Option<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub status: Option<Arc<str>>,
    pub folder: Option<Arc<str>>,
    #[serde(default)]
    pub tags: Vec<Arc<str>>,
    pub node_type: Option<NodeType>,
    pub original_node: Option<Arc<str>>,
    pub original_project_key: Option<Arc<str>>,
    pub commit: Option<Arc<str>>,
    pub created_at: Option<String>,
    pub modified_at: Option<String>,
    pub custom_fields: Option<Map<String, Value>>,
    #[serde(default)]
    pub epoch: u32,
    pub revision: u64,
    pub url: Option<Arc<str>>,
}

/// What a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeType {
    Design,
    Automation,
}

/// A saved model, whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedModel {
    pub project_key: Arc<str>,
    pub model_id: Arc<str>,
    pub name: Arc<str>,
    pub prediction_type: Option<Arc<str>>,
    pub origin: Option<Arc<str>>,
    pub active_version: Option<Arc<str>>,
    #[serde(default)]
    pub epoch: u32,
    pub revision: u64,
    pub url: Option<Arc<str>>,
}

/// A version of a saved model, whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelVersion {
    pub project_key: Arc<str>,
    pub model_id: Arc<str>,
    pub version_id: Arc<str>,
    pub name: Arc<str>,
    pub algorithm: Option<Arc<str>>,
    pub trained_at: Option<String>,
    pub active: Option<bool>,
    #[serde(default)]
    pub metrics: BTreeMap<Arc<str>, f64>,
    pub digest: Option<ContentDigest>,
    /// Named checks: `passed`, or anything else.
    pub checks: Option<Map<String, Value>>,
    #[serde(default)]
    pub epoch: u32,
    pub revision: u64,
    pub url: Option<Arc<str>>,
}

/// What an approval is bound to.
#[derive(Debug, Clone, Deserialize)]
pub struct ContentDigest {
    /// In hex.
    pub sha256: String,
}

/// A bundle, whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    pub project_key: Arc<str>,
    pub bundle_id: Arc<str>,
    pub created_by: Option<Arc<str>>,
    pub created_at: Option<String>,
    pub release_notes: Option<Arc<str>>,
    #[serde(default)]
    pub model_versions: Vec<PackagedVersion>,
    pub digest: Option<ContentDigest>,
    /// Named checks: `passed`, or anything else.
    pub checks: Option<Map<String, Value>>,
    #[serde(default)]
    pub epoch: u32,
    pub revision: u64,
    pub url: Option<Arc<str>>,
}

/// A model version inside of something; node and project are the carrier's unless it says otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackagedVersion {
    pub node: Option<Arc<str>>,
    pub project_key: Option<Arc<str>>,
    pub model_id: Arc<str>,
    pub version_id: Arc<str>,
}

/// A dataset, whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dataset {
    pub project_key: Arc<str>,
    pub dataset_id: Arc<str>,
    pub name: Arc<str>,
    #[serde(rename = "type")]
    pub kind: Option<Arc<str>>,
    #[serde(default)]
    pub epoch: u32,
    pub revision: u64,
    pub url: Option<Arc<str>>,
}

/// One run of a model evaluation store.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// The store's project.
    pub project_key: Arc<str>,
    /// The model's project; the store's when absent.
    pub model_project_key: Option<Arc<str>>,
    pub store_id: Arc<str>,
    pub evaluation_id: Arc<str>,
    pub model_id: Arc<str>,
    pub version_id: Arc<str>,
    pub evaluated_at: String,
    pub metrics: BTreeMap<Arc<str>, f64>,
    #[serde(default)]
    pub drift: BTreeMap<Arc<str>, f64>,
    #[serde(default = "yes")]
    pub sync_to_govern: bool,
    pub url: Option<Arc<str>>,
}

const fn yes() -> bool {
    true
}
