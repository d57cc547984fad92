//! Infrastructures and their gate.

use std::sync::Arc;

use imbl::OrdMap;

use super::demand::Demand;
use crate::context::Principal;
use crate::ids::{InfraId, ItemId, NodeId, Position};
use crate::personal::Personal;
use crate::sync::{Revision, SyncKey};
use crate::time::Timestamp;

/// All infrastructures.
#[derive(Debug, Clone, Default)]
pub struct Infrastructures {
    /// By deployer node and id.
    pub by_key: OrdMap<InfraKey, Arc<Infrastructure>>,
    /// What each stage asks for beyond that, where it asks for anything.
    pub stages: OrdMap<Arc<str>, Arc<Vec<Demand>>>,
    /// What may pass the gate of an infrastructure without approval, also when its end is past.
    pub overrides: OrdMap<(InfraKey, SyncKey), Arc<Override>>,
    /// What stands where, by the deployment's item.
    pub deployed: OrdMap<ItemId, Arc<Deployed>>,
}

/// An administrator lets one bundle or model version pass one gate until an end.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// Where to.
    pub infra: InfraKey,
    /// What.
    pub subject: SyncKey,
    /// Why.
    pub reason: Personal,
    /// From this instant on it counts no more.
    pub until: Timestamp,
    /// Who granted it.
    pub by: Principal,
    /// When.
    pub at: Timestamp,
    /// The event that granted it.
    pub position: Position,
}

/// What a deployer last reported of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Where; the deployer may not have told of it yet.
    pub infra: InfraKey,
    /// The bundle, or the model versions.
    pub subjects: Vec<SyncKey>,
    /// In the deployer's words.
    pub status: Option<Arc<str>>,
}

/// An infrastructure of a deployer node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InfraKey {
    /// The deployer.
    pub node: NodeId,
    /// Its infrastructure.
    pub infra: InfraId,
}

/// Where bundles or API services are deployed.
#[derive(Debug, Clone, PartialEq)]
pub struct Infrastructure {
    /// Which.
    pub key: InfraKey,
    /// What is deployed there.
    pub kind: InfraKind,
    /// Development, production, … in the deployer's words.
    pub stage: Option<Arc<str>>,
    /// What the gate does about what is not approved.
    pub policy: Policy,
    /// What it asks for beyond the review's approval.
    pub demands: Vec<Demand>,
    /// What was last taken in.
    pub revision: Revision,
}

/// What is deployed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InfraKind {
    /// Bundles of projects.
    Project,
    /// Model versions behind an API.
    Api,
}

/// What the gate does about what is not approved, from loose to tight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Policy {
    /// NO_CHECK.
    #[default]
    NoCheck,
    /// WARN.
    Warn,
    /// PREVENT.
    Prevent,
}

impl Policy {
    /// The word on every wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoCheck => "NO_CHECK",
            Self::Warn => "WARN",
            Self::Prevent => "PREVENT",
        }
    }
}
