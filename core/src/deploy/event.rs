//! Facts about infrastructures and their gate.

use std::sync::Arc;

use super::gate::Decision;
use super::state::{InfraKey, InfraKind, Policy};
use crate::ids::ItemId;
use crate::sync::{Revision, SyncKey};

/// `0x07__`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A deployer has, or changed, an infrastructure; its policy is as stated in the first such event.
    InfrastructureRegistered {
        infra: InfraKey,
        kind: InfraKind,
        stage: Option<Arc<str>>,
        policy: Policy,
        revision: Revision,
    },
    /// The gate of an infrastructure became tighter, or an administrator loosened it.
    PolicyChanged { infra: InfraKey, old: Policy, new: Policy },
    /// A deployer asked with intent to deploy, and was answered so.
    DeploymentChecked {
        infra: InfraKey,
        /// The item asked about: the bundle, or the first model version.
        item: Option<ItemId>,
        subjects: Vec<SyncKey>,
        policy: Policy,
        decision: Decision,
        /// Codes of the unmet conditions.
        unmet: Vec<Arc<str>>,
        is_acknowledged: bool,
    },
}

impl Event {
    /// The item it is about.
    #[must_use]
    pub fn item(&self) -> Option<ItemId> {
        match self {
            Self::DeploymentChecked { item, .. } => *item,
            Self::InfrastructureRegistered { .. } | Self::PolicyChanged { .. } => None,
        }
    }
}
