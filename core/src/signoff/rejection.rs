use super::schedule::RECURRENCE_YEARS_MAX;
use crate::ids::{FeedbackGroupId, ReviewId, StepId, UserId};

crate::rejections! {
    /// The step of this item has no sign-off.
    Missing SignoffNotFound { step: StepId } = "signoff_not_found", "step {step} has no sign-off";
    /// A sign-off can be created only where the template configures one.
    State SignoffNotConfigured { step: StepId } = "signoff_not_configured", "the template configures no sign-off for step {step}";
    /// The table of sign-off actions has no such row.
    State TransitionForbidden { from: &'static str, wish: &'static str } = "signoff_transition_forbidden", "a sign-off that is {from} does not allow to {wish}";
    /// While abandoned nothing can be edited; cancel the abandonment or reset first.
    State SignoffAbandoned = "signoff_abandoned", "the sign-off is abandoned: nothing in it can be edited";
    /// Feedback needs a feedback group.
    State NoFeedbackGroups = "no_feedback_groups", "the sign-off has no feedback groups; request the final approval";
    /// The sign-off has no feedback group of this id.
    Input FeedbackGroupUnknown { group: FeedbackGroupId } = "feedback_group_unknown", "the sign-off has no feedback group {group}";
    /// Only members of a feedback group, and their delegates, review for it; an administrator's rights do not help.
    Permission NotInFeedbackGroup { group: FeedbackGroupId } = "not_in_feedback_group", "the actor is not in the feedback group {group}";
    /// Only approvers, and their delegates, decide; an administrator's rights do not help.
    Permission NotAnApprover = "not_an_approver", "the actor is not an approver";
    /// Whoever requested anything in the cycle may not approve it, where the configuration says so.
    Permission RequesterMayNotApprove = "requester_may_not_approve", "whoever requested anything in this cycle may not approve it";
    /// Whoever reviewed in the cycle may not approve it, where the configuration says so.
    Permission ReviewerMayNotApprove = "reviewer_may_not_approve", "whoever reviewed in this cycle may not approve it";
    /// Decisions in somebody else's name are refused, where the configuration says so.
    Permission ImpersonationRefused = "impersonation_refused", "this sign-off refuses decisions in somebody else's name";
    /// There is no such review in the current cycle.
    Missing ReviewNotFound { review: ReviewId } = "review_not_found", "{review} is not a review of the current cycle";
    /// Reviews and approvals are changed by their authors only.
    Permission NotTheAuthor = "not_the_author", "only the author may change this";
    /// There is no approval to edit.
    Missing ApprovalNotFound = "approval_not_found", "the actor has given no approval in the current cycle";
    /// Whoever has decided edits or withdraws that.
    State ApprovalExists = "approval_exists", "the actor has decided already; edit or withdraw that";
    /// A right is delegated to somebody else.
    Input DelegationToSelf = "delegation_to_self", "a right cannot be delegated to oneself";
    /// Rights are delegated to enabled people.
    Input DelegateUnknown { user: UserId } = "delegate_unknown", "{user} is unknown or disabled";
    /// A delegated right is not delegated further.
    Permission NoRedelegation = "no_redelegation", "a delegated right cannot be delegated further";
    /// An activated recurrence has a length.
    Input RecurrenceEmpty = "recurrence_empty", "days, weeks, months and years of an activated recurrence add up to nothing";
    /// No part of a recurrence is longer than `RECURRENCE_YEARS_MAX` years.
    Input RecurrenceTooLong = "recurrence_too_long", "a part of the recurrence is longer than {RECURRENCE_YEARS_MAX} years";
    /// One request names at most `NOTIFIED_MAX` people.
    State TooManyToNotify { people: usize } = "too_many_to_notify", "{people} people would be notified; name fewer of them";
}
