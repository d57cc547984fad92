//! Rules about infrastructures and the questions asked before a deployment.
//!
//! INVARIANT (policy-tightens): without an administrator the gate of a known infrastructure only becomes tighter, by its
//! policy and by its stage.

use std::sync::Arc;

use super::demand::{self, Demand};
use super::gate::{Decision, Question, answer};
use super::state::{InfraKey, InfraKind, Policy};
use super::{Command, Event, Loosening, overrides, stage};
use crate::access::may::{Action, Subject};
use crate::access::require::require;
use crate::context::Principal;
use crate::draft::Draft;
use crate::rejection::common;
use crate::sync::{KEY_PART_BYTES_MAX, Revision};
use crate::time::Timestamp;

/// Longest stage of an infrastructure, in bytes.
pub const STAGE_BYTES_MAX: usize = 255;

crate::rejections! {
    /// The gate answers only for an infrastructure that is known; never ALLOW for another.
    Missing InfrastructureUnknown { infra: String } = "infrastructure_unknown", "the infrastructure {infra} is not known";
    /// When several deployers have an infrastructure of that id, the deployer has to be named.
    Input InfrastructureAmbiguous { infra: String } = "infrastructure_ambiguous", "several deployers have an infrastructure {infra}; name the node";
    /// Where bundles are deployed one bundle is asked about, where APIs are deployed one or more model versions.
    Input SubjectsInvalid { infra: String, needs: &'static str } = "subjects_invalid", "a question about {infra} needs {needs}";
    /// A new infrastructure needs to be of a kind: for projects or for APIs.
    Input InfrastructureKindMissing { infra: String } = "infrastructure_kind_missing", "the new infrastructure {infra} needs a type";
    /// A deployer tells of its own infrastructures only.
    Permission DeployerMismatch { infra: String } = "deployer_mismatch", "only the node of {infra} tells of it";
    /// An infrastructure has a bounded number of conditions.
    Input TooManyDemands { count: usize } = "too_many_conditions", "{count} conditions are too many; at most 50 are allowed";
    /// A condition of one kind and name is given once.
    Input DemandGivenTwice { name: String } = "condition_given_twice", "the condition on {name:?} is given twice";
    /// What a stage asks for is kept as a setting that the gate understands.
    Input StageSettingInvalid { stage: String } = "stage_setting_invalid", "the setting of the stage {stage} is no list of conditions";
    /// An override is for something that a node told of.
    Missing SubjectUnknown { subject: String } = "subject_unknown", "no node told of {subject}";
    /// An override ends in the future.
    Input OverrideEndPast { until: Timestamp } = "override_end_past", "the end {until} is not in the future";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    match command {
        Command::SyncInfrastructure { infra, kind, stage, policy, revision } => {
            sync(draft, infra, *kind, stage.clone(), *policy, *revision)
        }
        Command::SetInfrastructure { infra, kind, stage, policy, demands } => {
            set(draft, infra, (*kind, stage.as_ref()), *policy, demands.as_deref())
        }
        Command::SetStage { stage, demands } => stage::set(draft, stage, demands),
        Command::CheckDeployment { question, is_acknowledged } => check_deployment(draft, question, *is_acknowledged),
        Command::GrantOverride { .. } | Command::RevokeOverride { .. } => overrides::decide(draft, command),
    }
}

fn sync(
    draft: &mut Draft<'_>,
    infra: &InfraKey,
    kind: InfraKind,
    stage: Option<Arc<str>>,
    policy: Option<Policy>,
    revision: Revision,
) -> Result<(), crate::Rejection> {
    match &draft.context().caller.principal {
        Principal::System => {}
        Principal::Node(node) if *node == infra.node => {}
        _ => return Err(Rejection::DeployerMismatch { infra: name(infra) }.into()),
    }
    check(infra, stage.as_ref())?;
    crate::sync::register(draft, &infra.node);
    let known = draft.state().infrastructures.by_key.get(infra).cloned();
    let infra = infra.clone();
    let Some(known) = known else {
        let policy = policy.unwrap_or_default();
        draft.emit(Event::InfrastructureRegistered { infra, kind, stage, policy, revision, refused: Vec::new() });
        return Ok(());
    };
    if revision <= known.revision {
        return Ok(());
    }
    // Refused and told: one event per revision, as without it.
    let (old, demands) = (known.policy, known.demands.clone());
    let mut refused: Vec<Loosening> = policy.filter(|new| *new < old).map(Loosening::Policy).into_iter().collect();
    let mut stage = stage;
    if stage::loosens(draft.state(), &known, stage.as_ref()) {
        refused.push(Loosening::Stage(stage));
        stage = known.stage.clone();
    }
    draft.emit(Event::InfrastructureRegistered { infra: infra.clone(), kind, stage, policy: old, revision, refused });
    if let Some(new) = policy.filter(|new| *new > old) {
        draft.emit(Event::PolicyChanged { infra, old, new, old_demands: demands.clone(), new_demands: demands });
    }
    Ok(())
}

fn set(
    draft: &mut Draft<'_>,
    infra: &InfraKey,
    (kind, stage): (Option<InfraKind>, Option<&Arc<str>>),
    policy: Option<Policy>,
    demands: Option<&[Demand]>,
) -> Result<(), crate::Rejection> {
    require(draft, Action::Admin, Subject::Instance)?;
    check(infra, stage)?;
    demand::check(demands.unwrap_or_default())?;
    if !draft.state().infrastructures.by_key.contains_key(infra) {
        let kind = kind.ok_or_else(|| Rejection::InfrastructureKindMissing { infra: name(infra) })?;
        draft.emit(Event::InfrastructureRegistered {
            infra: infra.clone(),
            kind,
            stage: stage.cloned(),
            policy: policy.unwrap_or_default(),
            revision: Revision::default(),
            refused: Vec::new(),
        });
    }
    let Some(known) = draft.state().infrastructures.by_key.get(infra).cloned() else { return Ok(()) };
    let kind = kind.unwrap_or(known.kind);
    let stage = stage.cloned().or_else(|| known.stage.clone());
    let old = known.policy;
    if (kind, &stage) != (known.kind, &known.stage) {
        let (infra, revision, refused) = (infra.clone(), known.revision, Vec::new());
        draft.emit(Event::InfrastructureRegistered { infra, kind, stage, policy: old, revision, refused });
    }
    let (new, old_demands) = (policy.unwrap_or(old), known.demands.clone());
    let new_demands = demands.map_or_else(|| old_demands.clone(), <[Demand]>::to_vec);
    if (new, &new_demands) != (old, &old_demands) {
        draft.emit(Event::PolicyChanged { infra: infra.clone(), old, new, old_demands, new_demands });
    }
    Ok(())
}

// Every question with intent to deploy is a fact of its own: asked twice is asked twice.
fn check_deployment(draft: &mut Draft<'_>, question: &Question, is_acknowledged: bool) -> Result<(), crate::Rejection> {
    let at = draft.context().at.max(draft.state().head_at);
    let answer = answer(draft.state(), question, at)?;
    let mut unmet: Vec<Arc<str>> = Vec::new();
    for condition in &answer.unmet {
        if !unmet.iter().any(|code| **code == *condition.code) {
            unmet.push(condition.code.into());
        }
    }
    let first = question.subjects.first().and_then(|subject| draft.state().nodes.items.get(subject));
    let checked = Event::DeploymentChecked {
        infra: answer.infra,
        item: first.copied(),
        subjects: question.subjects.clone(),
        policy: answer.policy,
        decision: answer.decision,
        unmet,
        // Only a warning can be acknowledged: a denial stays one, and what is allowed needs nothing.
        is_acknowledged: is_acknowledged && answer.decision == Decision::Warn,
        is_overridden: answer.unmet.iter().any(|condition| condition.is_overridden),
    };
    draft.emit(checked);
    Ok(())
}

fn check(infra: &InfraKey, stage: Option<&Arc<str>>) -> Result<(), common::Rejection> {
    check_text("node", infra.node.as_str(), KEY_PART_BYTES_MAX)?;
    check_text("infrastructure", infra.infra.as_str(), KEY_PART_BYTES_MAX)?;
    stage.map_or(Ok(()), |stage| check_text("stage", stage, STAGE_BYTES_MAX))
}

pub(super) fn check_text(what: &'static str, text: &str, max_bytes: usize) -> Result<(), common::Rejection> {
    if text.len() > max_bytes {
        return Err(common::Rejection::TextTooLong { what, length_bytes: text.len(), max_bytes });
    }
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err(common::Rejection::NameInvalid { what });
    }
    Ok(())
}

pub(super) fn name(infra: &InfraKey) -> String {
    format!("{}/{}", infra.node, infra.infra)
}
