//! Wishes about infrastructures and deployments.

use std::sync::Arc;

use super::demand::Demand;
use super::gate::Question;
use super::state::{InfraKey, InfraKind, Policy};
use crate::sync::{Revision, SyncKey};
use crate::time::Timestamp;

/// What can be asked.
#[derive(Debug, Clone)]
pub enum Command {
    /// A deployer tells of an infrastructure. It may tighten the policy; a looser one is left as it is.
    SyncInfrastructure {
        infra: InfraKey,
        kind: InfraKind,
        stage: Option<Arc<str>>,
        policy: Option<Policy>,
        revision: Revision,
    },
    /// An administrator registers or changes one.
    SetInfrastructure {
        infra: InfraKey,
        kind: Option<InfraKind>,
        stage: Option<Arc<str>>,
        policy: Option<Policy>,
        demands: Option<Vec<Demand>>,
    },
    /// An administrator sets what the gate asks for in every infrastructure of a stage; nothing, when empty.
    SetStage { stage: Arc<str>, demands: Vec<Demand> },
    /// A deployment is about to happen: the gate's answer becomes an event.
    CheckDeployment { question: Question, is_acknowledged: bool },
    /// An administrator lets something pass a gate until an end.
    GrantOverride { infra: InfraKey, subject: SyncKey, reason: Arc<str>, until: Timestamp },
    /// An administrator takes that back.
    RevokeOverride { infra: InfraKey, subject: SyncKey },
}
