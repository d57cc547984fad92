//! The gate: may this be deployed there? Pure, the same answer over every door.

use std::sync::Arc;

use super::Rejection;
use super::approval::unmet_of;
use super::overrides::in_force;
use super::stage::effective;
use super::state::{InfraKey, InfraKind, Infrastructure, Override, Policy};
use super::who::Next;
use crate::ids::{Digest, FeedbackGroupId, InfraId, ItemId, NodeId, StepId};
use crate::state::State;
use crate::sync::{SyncKey, SyncObject};
use crate::time::Timestamp;

pub use super::approval::{ApprovalVerdict, GATE_STEP, verdict_of};

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
    /// What lets something pass all the same, in the order of the subjects.
    pub overrides: Vec<Arc<Override>>,
}

/// A condition that does not hold. Codes: `not_synced`, `not_governed`, `item_archived`, `no_review_signoff`,
/// `signoff_not_approved`, `approval_stale`, `digest_mismatch`, `metric_below`, `drift_above`, `check_missing`.
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
    /// The next step towards it; who can take it is in [`super::who_can`].
    pub next: Next,
    /// The feedback groups to ask, when feedback is the next step.
    pub groups: Vec<FeedbackGroupId>,
    /// An override lets it pass: it does not count for the decision.
    pub is_overridden: bool,
}

/// Answers a question from the state and the instant at which it is asked, by which overrides end. Whether the asker may ask is for the shell: whoever is active may.
///
/// Refused when the infrastructure is unknown or ambiguous, and when the subjects are not what is deployed there.
pub fn answer(state: &State, question: &Question, at: Timestamp) -> Result<Answer, Rejection> {
    let infrastructure = find(state, question)?;
    check_subjects(infrastructure, &question.subjects)?;
    let demands = effective(state, infrastructure);
    let mut unmet = Vec::new();
    let mut overrides = Vec::new();
    for subject in &question.subjects {
        let missing = unmet_of(state, &demands, subject, question.digest);
        let lets_pass = in_force(state, &infrastructure.key, subject, at).cloned();
        unmet.extend(missing.into_iter().map(|one| Unmet { is_overridden: lets_pass.is_some(), ..one }));
        overrides.extend(lets_pass);
    }
    let decision = match infrastructure.policy {
        _ if unmet.iter().all(|unmet| unmet.is_overridden) => Decision::Allow,
        Policy::NoCheck => Decision::Allow,
        Policy::Warn => Decision::Warn,
        Policy::Prevent => Decision::Deny,
    };
    Ok(Answer { infra: infrastructure.key.clone(), policy: infrastructure.policy, decision, unmet, overrides })
}

fn find<'a>(state: &'a State, question: &Question) -> Result<&'a Infrastructure, Rejection> {
    let unknown = || Rejection::InfrastructureUnknown { infra: question.infra.to_string() };
    if let Some(node) = &question.node {
        let key = InfraKey { node: node.clone(), infra: question.infra.clone() };
        return state.infrastructures.by_key.get(&key).map(|found| &**found).ok_or_else(unknown);
    }
    let mut found = state.infrastructures.by_key.values().filter(|found| found.key.infra == question.infra);
    let first = found.next().ok_or_else(unknown)?;
    match found.next() {
        Some(_) => Err(Rejection::InfrastructureAmbiguous { infra: question.infra.to_string() }),
        None => Ok(first),
    }
}

fn check_subjects(infrastructure: &Infrastructure, subjects: &[SyncKey]) -> Result<(), Rejection> {
    let are_fine = match infrastructure.kind {
        InfraKind::Project => {
            matches!(subjects, [one] if matches!(one.object, SyncObject::Bundle { .. }))
        }
        InfraKind::Api => {
            (1..=SUBJECTS_MAX).contains(&subjects.len())
                && subjects.iter().all(|subject| matches!(subject.object, SyncObject::ModelVersion { .. }))
        }
    };
    let needs = match infrastructure.kind {
        InfraKind::Project => "one bundle",
        InfraKind::Api => "1 to 100 model versions",
    };
    if are_fine {
        Ok(())
    } else {
        Err(Rejection::SubjectsInvalid { infra: infrastructure.key.infra.to_string(), needs })
    }
}
