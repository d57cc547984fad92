//! Facts about infrastructures and their gate.

use std::sync::Arc;

use super::demand::Demand;
use super::gate::Decision;
use super::state::{InfraKey, InfraKind, Policy};
use crate::ids::ItemId;
use crate::personal::Personal;
use crate::sync::{Revision, SyncKey};
use crate::time::Timestamp;

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
        /// What the deployer's message would have loosened, and did not.
        refused: Vec<Loosening>,
    },
    /// The gate of an infrastructure became tighter, or an administrator changed it.
    PolicyChanged { infra: InfraKey, old: Policy, new: Policy, old_demands: Vec<Demand>, new_demands: Vec<Demand> },
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
        /// The decision is what it is because of an override.
        is_overridden: bool,
    },
    /// A deployer reported what stands where; the item is the deployment's.
    DeploymentReported { item: ItemId, infra: InfraKey, subjects: Vec<SyncKey>, status: Option<Arc<str>> },
    /// An administrator lets a subject pass a gate until an end; in place of an earlier override of the same.
    OverrideGranted { infra: InfraKey, subject: SyncKey, item: ItemId, reason: Personal, until: Timestamp },
    /// It was taken back.
    OverrideRevoked { infra: InfraKey, subject: SyncKey, item: ItemId },
}

/// Something by which a gate would ask for less. Only an administrator can do that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loosening {
    /// This looser policy.
    Policy(Policy),
    /// This stage, which asks for less; none at all when absent.
    Stage(Option<Arc<str>>),
}

impl Event {
    /// The item it is about.
    #[must_use]
    pub fn item(&self) -> Option<ItemId> {
        match self {
            Self::DeploymentChecked { item, .. } => *item,
            Self::DeploymentReported { item, .. }
            | Self::OverrideGranted { item, .. }
            | Self::OverrideRevoked { item, .. } => Some(*item),
            Self::InfrastructureRegistered { .. } | Self::PolicyChanged { .. } => None,
        }
    }
}
