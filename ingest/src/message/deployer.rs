//! Messages of deployer nodes. Since v1; a field is only ever added, and then optional.

use std::sync::Arc;

use serde::Deserialize;

use super::node::PackagedVersion;

/// An infrastructure, whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Infrastructure {
    pub infra_id: Arc<str>,
    #[serde(rename = "type")]
    pub kind: Option<InfrastructureType>,
    pub stage: Option<Arc<str>>,
    pub govern_check_policy: Option<PolicyWord>,
    #[serde(default)]
    pub epoch: u32,
    pub revision: u64,
}

/// What is deployed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InfrastructureType {
    Project,
    Api,
}

/// What the gate does there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PolicyWord {
    Prevent,
    Warn,
    NoCheck,
}

/// A deployment, whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    pub deployment_id: Arc<str>,
    pub infra_id: Option<Arc<str>>,
    /// The node of what is deployed.
    pub node: Option<Arc<str>>,
    pub project_key: Option<Arc<str>>,
    pub bundle_id: Option<Arc<str>>,
    #[serde(default)]
    pub model_versions: Vec<PackagedVersion>,
    /// Free text.
    pub status: Option<Arc<str>>,
    #[serde(default)]
    pub epoch: u32,
    pub revision: u64,
    pub url: Option<Arc<str>>,
}
