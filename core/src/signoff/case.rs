//! A sign-off and somebody who wishes something of it, at one moment.

use super::latest_configuration;
use super::people::{actor, look_up};
use super::policy::{Actor, Policy, Wish, is_settled};
use super::rejection::Rejection;
use super::state::{ApprovalStatus, Signoff, SignoffKey, Status};
use crate::access::may::{Action, Subject, is_active, may};
use crate::access::why::needs;
use crate::artifact::{self, StepStatus};
use crate::blueprint::{Configuration, Container};
use crate::context::Principal;
use crate::ids::FeedbackGroupId;
use crate::rejection::common;
use crate::state::State;

/// What a command is decided on: owned, so that the draft stays free for events.
pub(super) struct Case {
    pub key: SignoffKey,
    pub actor: Actor,
    pub signoff: Signoff,
    pub configuration: Configuration,
    pub step_status: Option<StepStatus>,
    pub is_archived: bool,
}

impl Case {
    pub(super) fn find(state: &State, key: &SignoffKey, principal: &Principal, is_impersonated: bool) -> Option<Self> {
        let item = state.items.by_id.get(&key.item)?;
        let (signoff, configuration) = look_up(state, key)?;
        Some(Self {
            key: key.clone(),
            actor: actor(state, key, (signoff, configuration), principal, is_impersonated),
            signoff: signoff.clone(),
            configuration: configuration.clone(),
            step_status: step_status(item, key),
            is_archived: item.is_archived,
        })
    }

    pub(super) fn policy(&self) -> Policy<'_> {
        Policy {
            actor: &self.actor,
            item: self.key.item,
            step: &self.key.step,
            signoff: &self.signoff,
            configuration: &self.configuration,
            step_status: self.step_status,
            is_archived: self.is_archived,
        }
    }

    /// Permission, then "already so", then place in the table; true when there is something to do.
    pub(super) fn check(&self, wish: Wish<'_>, is_already_so: bool) -> Result<bool, crate::Rejection> {
        let policy = self.policy();
        policy.may_ask(wish)?;
        if is_already_so {
            return Ok(false);
        }
        policy.can_happen(wish)?;
        Ok(true)
    }

    pub(super) fn is(&self, status: Status) -> bool {
        self.signoff.status == status
    }

    /// Whether the sign-off is decided when the actor's own approval is replaced by this one, or taken away.
    pub(super) fn is_settled_with(&self, own: Option<(ApprovalStatus, &[Container])>) -> bool {
        let others = self.signoff.approvals.iter().filter(|approval| approval.author != self.actor.principal);
        let others = others.map(|approval| (approval.status, approval.through.as_slice()));
        is_settled(&self.configuration, others.chain(own))
    }
}

/// Whether somebody may open the sign-off of this step now, its configuration having come later.
pub(super) fn check_create(state: &State, key: &SignoffKey, principal: &Principal) -> Result<(), crate::Rejection> {
    let SignoffKey { item, step } = key;
    if !may(state, principal, Action::Write, Subject::Item(*item)).is_allowed {
        return Err(common::Rejection::Forbidden { needs: needs(state, Action::Write, Subject::Item(*item)) }.into());
    }
    let found = state.items.by_id.get(item);
    let found = found.ok_or_else(|| common::Rejection::NotFound { what: item.to_string() })?;
    if found.is_archived {
        return Err(artifact::Rejection::ItemArchived { item: *item }.into());
    }
    let status = step_status(found, key);
    let status = status.ok_or_else(|| common::Rejection::NotFound { what: format!("step {step} of {item}") })?;
    if latest_configuration(state, key).is_none() {
        return Err(Rejection::SignoffNotConfigured { step: step.clone() }.into());
    }
    if status != StepStatus::Ongoing {
        return Err(artifact::Rejection::StepNotOngoing { step: step.clone() }.into());
    }
    Ok(())
}

/// What a principal could do with the sign-off of a step now, in the words of the HTTP field `allowed`.
#[must_use]
pub fn allowed(state: &State, key: &SignoffKey, principal: &Principal) -> Vec<&'static str> {
    let Some(case) = Case::find(state, key, principal, false) else {
        return if check_create(state, key, principal).is_ok() { vec!["create"] } else { Vec::new() };
    };
    if !is_active(state, principal) {
        return Vec::new();
    }
    let policy = case.policy();
    let is_allowed = |wish: Wish<'_>| policy.may_ask(wish).is_ok() && policy.can_happen(wish).is_ok();
    let in_any_group = |wish: fn(&FeedbackGroupId) -> Wish<'_>| {
        case.configuration.groups.iter().any(|group| is_allowed(wish(&group.id)))
    };
    let rows = [
        ("request_feedback", is_allowed(Wish::RequestFeedback)),
        ("submit_review", in_any_group(|group| Wish::SubmitReview(group))),
        ("delegate_review", in_any_group(|group| Wish::DelegateReview(group))),
        ("request_approval", is_allowed(Wish::RequestApproval)),
        ("return_to_feedback", is_allowed(Wish::ReturnToFeedback)),
        ("submit_approval", is_allowed(Wish::SubmitApproval)),
        ("edit_approval", is_allowed(Wish::EditApproval)),
        ("withdraw_approval", is_allowed(Wish::WithdrawApproval)),
        ("delegate_approval", is_allowed(Wish::DelegateApproval)),
        ("abandon", is_allowed(Wish::Abandon)),
        ("cancel_abandon", is_allowed(Wish::CancelAbandon)),
        ("reset", is_allowed(Wish::Reset)),
        ("schedule_reset", is_allowed(Wish::ScheduleReset)),
    ];
    rows.into_iter().filter_map(|(word, is_allowed)| is_allowed.then_some(word)).collect()
}

fn step_status(item: &artifact::Item, key: &SignoffKey) -> Option<StepStatus> {
    item.steps.iter().find(|step| step.id == key.step).map(|step| step.status)
}
