//! The gate: may this be deployed there? Pure, the same answer over every door.

use std::sync::Arc;

use super::state::{InfraKey, Policy};
use crate::blueprint::Container;
use crate::ids::{Digest, FeedbackGroupId, InfraId, ItemId, NodeId, StepId};
use crate::sync::SyncKey;

/// What a deployer wants to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The deployer; may be left out while only one deployer has such an infrastructure.
    pub node: Option<NodeId>,
    /// Where to.
    pub infra: InfraId,
    /// The bundle, or every model version in the package. At least one, at most [`SUBJECTS_MAX`].
    pub subjects: Vec<SyncKey>,
    /// The content that would be deployed.
    pub digest: Option<Digest>,
}

/// Most model versions in one package.
pub const SUBJECTS_MAX: usize = 100;

/// May it be deployed?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// Yes, when the warning is acknowledged.
    Warn,
    /// No.
    Deny,
}

impl Decision {
    /// The word on every wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Warn => "WARN",
            Self::Deny => "DENY",
        }
    }
}

/// The gate's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Where to.
    pub infra: InfraKey,
    /// Its policy.
    pub policy: Policy,
    /// Yes or no.
    pub decision: Decision,
    /// What is missing, for every subject.
    pub unmet: Vec<Unmet>,
}

/// A condition that does not hold. Codes: `not_synced`, `not_governed`, `item_archived`, `no_review_signoff`,
/// `signoff_not_approved`, `approval_stale`, `digest_mismatch`.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmet {
    /// Stable, snake case.
    pub code: &'static str,
    /// Of which subject.
    pub subject: SyncKey,
    /// Its govern item, when it has one.
    pub item: Option<ItemId>,
    /// The step whose sign-off is missing.
    pub step: Option<StepId>,
    /// What would be needed.
    pub needs: Arc<str>,
    /// What is there.
    pub have: Arc<str>,
    /// Who can help: the containers entitled to the next action.
    pub who_can: Vec<Container>,
    /// The feedback groups to ask, when feedback is the next step.
    pub groups: Vec<FeedbackGroupId>,
}

/// Answers a question from the state alone.
pub fn answer(_state: &crate::State, _question: &Question) -> Result<Answer, super::Rejection> {
    Err(super::Rejection::InfrastructureUnknown { infra: _question.infra.to_string() })
}
