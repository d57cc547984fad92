//! Infrastructures and their gate.

use std::sync::Arc;

use imbl::OrdMap;

use crate::ids::{InfraId, NodeId};
use crate::sync::Revision;

/// All infrastructures.
#[derive(Debug, Clone, Default)]
pub struct Infrastructures {
    /// By deployer node and id.
    pub by_key: OrdMap<InfraKey, Arc<Infrastructure>>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Infrastructure {
    /// Which.
    pub key: InfraKey,
    /// What is deployed there.
    pub kind: InfraKind,
    /// Development, production, … in the deployer's words.
    pub stage: Option<Arc<str>>,
    /// What the gate does about what is not approved.
    pub policy: Policy,
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
