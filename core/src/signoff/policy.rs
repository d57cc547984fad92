//! Who may do what in a sign-off, and when: the table of the domain as a value, tested without a store.

use super::rejection::Rejection;
use super::state::{Approval, ApprovalStatus, Review, Signoff, Status};
use crate::artifact::{self, StepStatus};
use crate::blueprint::{Configuration, Container};
use crate::context::Principal;
use crate::ids::{FeedbackGroupId, ItemId, ReviewId, StepId};
use crate::rejection::common;

/// A row of the table, as far as it matters for whether it is allowed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wish<'a> {
    RequestFeedback,
    SubmitReview(&'a FeedbackGroupId),
    EditReview(ReviewId),
    DeleteReview(ReviewId),
    DelegateReview(&'a FeedbackGroupId),
    RequestApproval,
    ReturnToFeedback,
    SubmitApproval,
    AbandonAsApprover,
    EditApproval,
    WithdrawApproval,
    DelegateApproval,
    Abandon,
    CancelAbandon,
    Reset,
    ScheduleReset,
}

impl Wish<'_> {
    /// What it wants, as it continues "does not allow to".
    const fn words(self) -> &'static str {
        match self {
            Self::RequestFeedback => "request feedback",
            Self::SubmitReview(_) => "submit a review",
            Self::EditReview(_) => "edit a review",
            Self::DeleteReview(_) => "delete a review",
            Self::DelegateReview(_) => "delegate a review",
            Self::RequestApproval => "request the final approval",
            Self::ReturnToFeedback => "go back to the feedback stage",
            Self::SubmitApproval => "submit the final approval",
            Self::AbandonAsApprover | Self::Abandon => "abandon it",
            Self::EditApproval => "edit the approval",
            Self::WithdrawApproval => "withdraw the approval",
            Self::DelegateApproval => "delegate the approval",
            Self::CancelAbandon => "cancel an abandonment",
            Self::Reset => "reset it",
            Self::ScheduleReset => "schedule a reset",
        }
    }

    /// The column *from* of the table.
    const fn from(self) -> &'static [Status] {
        use Status::{Abandoned, Approved, NotStarted, Rejected, WaitingForApproval, WaitingForFeedback};
        match self {
            Self::RequestFeedback => &[NotStarted],
            Self::RequestApproval => &[NotStarted, WaitingForFeedback],
            Self::SubmitReview(_) | Self::EditReview(_) | Self::DeleteReview(_) | Self::DelegateReview(_) => {
                &[WaitingForFeedback]
            }
            Self::ReturnToFeedback | Self::SubmitApproval | Self::DelegateApproval => &[WaitingForApproval],
            // While waiting only with a quorum: then approvals stand that did not settle it yet.
            Self::EditApproval | Self::WithdrawApproval | Self::AbandonAsApprover => {
                &[WaitingForApproval, Approved, Rejected]
            }
            Self::Abandon => &[WaitingForFeedback, WaitingForApproval, Approved, Rejected],
            Self::CancelAbandon => &[Abandoned],
            Self::Reset => &[Abandoned, Approved, Rejected],
            Self::ScheduleReset => &Status::ALL,
        }
    }

    /// It changes what is in the sign-off rather than where it stands.
    const fn is_edit(self) -> bool {
        matches!(
            self,
            Self::SubmitReview(_)
                | Self::EditReview(_)
                | Self::DeleteReview(_)
                | Self::DelegateReview(_)
                | Self::SubmitApproval
                | Self::EditApproval
                | Self::WithdrawApproval
                | Self::DelegateApproval
        )
    }

    const fn is_allowed_on(self, step: Option<StepStatus>) -> bool {
        match self {
            Self::CancelAbandon | Self::ScheduleReset => true,
            Self::Reset | Self::Abandon => matches!(step, Some(StepStatus::Ongoing | StepStatus::Finished)),
            _ => matches!(step, Some(StepStatus::Ongoing)),
        }
    }
}

/// A right to review in a group, or to approve, and where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Right {
    /// The configured containers that hold the actor.
    pub own: Vec<Container>,
    /// What was delegated to him.
    pub delegated: Vec<Container>,
}

impl Right {
    pub(super) fn is_held(&self) -> bool {
        !self.own.is_empty() || !self.delegated.is_empty()
    }
}

/// What is known of the actor at the moment of the action.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub principal: Principal,
    pub is_impersonated: bool,
    pub delegates_always: bool,
    /// May write the item.
    pub can_write: bool,
    /// Of approving.
    pub approver: Right,
    /// Of reviewing, per configured group.
    pub reviewer: Vec<(FeedbackGroupId, Right)>,
    /// Of the configuration's `approval_needed_from`.
    pub is_needed: bool,
}

impl Actor {
    pub(super) fn in_group(&self, group: &FeedbackGroupId) -> Option<&Right> {
        self.reviewer.iter().find(|(id, _)| id == group).map(|(_, right)| right)
    }
}

/// One sign-off and one actor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy<'a> {
    pub actor: &'a Actor,
    pub item: ItemId,
    pub step: &'a StepId,
    pub signoff: &'a Signoff,
    pub configuration: &'a Configuration,
    pub step_status: Option<StepStatus>,
    pub is_archived: bool,
}

impl Policy<'_> {
    /// Whether this actor may ever have this wish, wherever the sign-off stands.
    pub(super) fn may_ask(&self, wish: Wish<'_>) -> Result<(), crate::Rejection> {
        match wish {
            Wish::RequestFeedback | Wish::RequestApproval | Wish::Reset | Wish::ScheduleReset => self.has_write(),
            Wish::ReturnToFeedback | Wish::Abandon | Wish::CancelAbandon if self.actor.approver.is_held() => Ok(()),
            Wish::ReturnToFeedback | Wish::Abandon | Wish::CancelAbandon => self.has_write(),
            Wish::SubmitReview(group) => self.may_review(group),
            Wish::EditReview(review) | Wish::DeleteReview(review) => {
                let found = self.review(review).ok_or(Rejection::ReviewNotFound { review })?;
                if found.author != self.actor.principal {
                    return Err(Rejection::NotTheAuthor.into());
                }
                self.is_not_refused_impersonation()
            }
            Wish::DelegateReview(group) => {
                let right = self.right_in(group)?;
                self.may_delegate(right, Rejection::NotInFeedbackGroup { group: group.clone() })
            }
            Wish::DelegateApproval => self.may_delegate(&self.actor.approver, Rejection::NotAnApprover),
            Wish::SubmitApproval | Wish::EditApproval => self.may_approve(),
            Wish::AbandonAsApprover => {
                self.is_approver()?;
                self.is_not_refused_impersonation()
            }
            Wish::WithdrawApproval => {
                if self.own_approval().is_none() {
                    self.is_approver()?;
                }
                self.is_not_refused_impersonation()
            }
        }
    }

    /// Whether the item, the step and the sign-off stand where this wish has its place.
    pub(super) fn can_happen(&self, wish: Wish<'_>) -> Result<(), crate::Rejection> {
        let status = self.signoff.status;
        if self.is_archived {
            return Err(artifact::Rejection::ItemArchived { item: self.item }.into());
        }
        if status == Status::Abandoned && wish.is_edit() {
            return Err(Rejection::SignoffAbandoned.into());
        }
        if !wish.is_allowed_on(self.step_status) {
            return Err(artifact::Rejection::StepNotOngoing { step: self.step.clone() }.into());
        }
        if !wish.from().contains(&status) {
            return Err(Rejection::TransitionForbidden { from: status.word(), wish: wish.words() }.into());
        }
        match wish {
            Wish::RequestFeedback | Wish::ReturnToFeedback if self.configuration.groups.is_empty() => {
                Err(Rejection::NoFeedbackGroups.into())
            }
            Wish::SubmitApproval if self.own_approval().is_some() => Err(Rejection::ApprovalExists.into()),
            Wish::EditApproval | Wish::WithdrawApproval if self.own_approval().is_none() => Err(match status {
                Status::WaitingForApproval => Rejection::ApprovalNotFound.into(),
                _ => Rejection::NotTheAuthor.into(),
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn review(&self, review: ReviewId) -> Option<&Review> {
        self.signoff.reviews.iter().find(|found| found.id == review)
    }

    pub(super) fn own_approval(&self) -> Option<&Approval> {
        self.signoff.approvals.iter().find(|approval| approval.author == self.actor.principal)
    }

    /// Everything that entitles the actor to approve, with what makes his approval count as a needed one.
    pub(super) fn approving_through(&self) -> Vec<Container> {
        let mut through = [self.actor.approver.own.clone(), self.actor.approver.delegated.clone()].concat();
        if let Some(needed) = &self.configuration.approval_needed_from
            && self.actor.is_needed
            && !through.contains(needed)
        {
            through.push(needed.clone());
        }
        through
    }

    fn has_write(&self) -> Result<(), crate::Rejection> {
        if self.actor.can_write {
            return Ok(());
        }
        Err(common::Rejection::Forbidden {
            needs: format!("the right write on {}; whoever administers it can give it", self.item),
        }
        .into())
    }

    fn right_in(&self, group: &FeedbackGroupId) -> Result<&Right, crate::Rejection> {
        let unknown = || Rejection::FeedbackGroupUnknown { group: group.clone() };
        Ok(self.actor.in_group(group).ok_or_else(unknown)?)
    }

    fn may_review(&self, group: &FeedbackGroupId) -> Result<(), crate::Rejection> {
        if !self.right_in(group)?.is_held() {
            return Err(Rejection::NotInFeedbackGroup { group: group.clone() }.into());
        }
        self.is_not_refused_impersonation()
    }

    fn may_delegate(&self, right: &Right, missing: Rejection) -> Result<(), crate::Rejection> {
        if self.actor.delegates_always || !right.own.is_empty() {
            return Ok(());
        }
        let is_delegate = !right.delegated.is_empty();
        Err(if is_delegate { Rejection::NoRedelegation } else { missing }.into())
    }

    fn is_approver(&self) -> Result<(), crate::Rejection> {
        if self.actor.approver.is_held() { Ok(()) } else { Err(Rejection::NotAnApprover.into()) }
    }

    fn may_approve(&self) -> Result<(), crate::Rejection> {
        self.is_approver()?;
        self.is_not_refused_impersonation()?;
        let actor = &self.actor.principal;
        if self.configuration.requester_may_not_approve && self.signoff.requesters.contains(actor) {
            return Err(Rejection::RequesterMayNotApprove.into());
        }
        let has_reviewed = self.signoff.reviews.iter().any(|review| review.author == *actor);
        if self.configuration.reviewer_may_not_approve && has_reviewed {
            return Err(Rejection::ReviewerMayNotApprove.into());
        }
        Ok(())
    }

    fn is_not_refused_impersonation(&self) -> Result<(), crate::Rejection> {
        if self.configuration.impersonation_refused && self.actor.is_impersonated {
            return Err(Rejection::ImpersonationRefused.into());
        }
        Ok(())
    }
}

/// Whether these approvals decide the sign-off: one rejection does, or enough approvals of the right people.
pub(super) fn is_settled<'a>(
    configuration: &Configuration,
    approvals: impl IntoIterator<Item = (ApprovalStatus, &'a [Container])>,
) -> bool {
    let mut approved = 0;
    let mut is_needed_met = configuration.approval_needed_from.is_none();
    for (status, through) in approvals {
        match status {
            ApprovalStatus::Rejected => return true,
            ApprovalStatus::Approved => approved += 1,
        }
        is_needed_met |= configuration.approval_needed_from.as_ref().is_some_and(|needed| through.contains(needed));
    }
    is_needed_met && approved >= configuration.approvals_needed.max(1)
}
