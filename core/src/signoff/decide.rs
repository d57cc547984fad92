use std::sync::Arc;

use super::case::{Case, check_create};
use super::command::{Action, Command, Notify};
use super::people::{notified_of_approval, notified_of_feedback};
use super::policy::Wish;
use super::rejection::Rejection;
use super::schedule::check_recurrence;
use super::state::{Approval, ApprovalStatus, ReviewStatus, SignoffKey, Status};
use super::{Event, content_digest, latest_configuration};
use crate::access::may::{self, Subject, is_active, may};
use crate::access::why::needs;
use crate::blueprint::{Container, Recurrence};
use crate::context::Principal;
use crate::draft::Draft;
use crate::ids::{FeedbackGroupId, ReviewId, UserId};
use crate::personal::Personal;
use crate::rejection::common;

/// Longest comment of a review, an approval or an abandonment, in bytes.
pub const COMMENT_BYTES_MAX: usize = 8 * 1024;

type Decision = Result<(), crate::Rejection>;

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Decision {
    let key = SignoffKey { item: command.item, step: command.step.clone() };
    let caller = &draft.context().caller;
    let case = Case::find(
        draft.state(),
        &key,
        &caller.principal,
        may::is_impersonated(draft.state(), &caller.principal, caller.via),
    );
    let is_readable = may(draft.state(), &caller.principal, may::Action::Read, Subject::Item(key.item)).is_allowed;
    if !draft.state().items.by_id.contains_key(&key.item) || !is_readable {
        return Err(common::Rejection::NotFound { what: key.item.to_string() }.into());
    }
    match (case, &command.action) {
        (case, Action::Create) => create(draft, &key, case.is_some()),
        (None, _) => Err(Rejection::SignoffNotFound { step: key.step }.into()),
        (Some(case), action) => act(draft, &case, action),
    }
}

fn act(draft: &mut Draft<'_>, case: &Case, action: &Action) -> Decision {
    match action {
        Action::Create => Ok(()),
        Action::RequestFeedback { notify } => request_feedback(draft, case, notify),
        Action::SubmitReview { group, status, comment } => submit_review(draft, case, group, *status, comment.as_ref()),
        Action::EditReview { review, status, comment } => edit_review(draft, case, *review, *status, comment.as_ref()),
        Action::DeleteReview { review } => delete_review(draft, case, *review),
        Action::Delegate { group, to } => delegate(draft, case, group.as_ref(), *to),
        Action::RequestApproval { notify } => request_approval(draft, case, notify),
        Action::ReturnToFeedback => return_to_feedback(draft, case),
        Action::SubmitApproval { status, comment } => submit_approval(draft, case, *status, comment.as_ref()),
        Action::AbandonAsApprover { comment } => abandon(draft, case, Wish::AbandonAsApprover, comment.as_ref()),
        Action::EditApproval { status, comment } => edit_approval(draft, case, *status, comment.as_ref()),
        Action::WithdrawApproval => withdraw_approval(draft, case),
        Action::Abandon { comment } => abandon(draft, case, Wish::Abandon, comment.as_ref()),
        Action::CancelAbandon => cancel_abandon(draft, case),
        Action::Reset { reload } => reset(draft, case, *reload),
        Action::ScheduleReset { recurrence } => schedule_reset(draft, case, *recurrence),
    }
}

fn create(draft: &mut Draft<'_>, key: &SignoffKey, exists: bool) -> Decision {
    let SignoffKey { item, step } = key.clone();
    let principal = &draft.context().caller.principal;
    if exists {
        // Even then only who could have created it learns that it is there.
        let can_write = may(draft.state(), principal, may::Action::Write, Subject::Item(item)).is_allowed;
        let needs = || needs(draft.state(), may::Action::Write, Subject::Item(item));
        return if can_write { Ok(()) } else { Err(common::Rejection::Forbidden { needs: needs() }.into()) };
    }
    check_create(draft.state(), key, principal)?;
    if let Some(configured_at) = latest_configuration(draft.state(), key) {
        draft.emit(Event::SignoffOpened { item, step, configured_at });
    }
    Ok(())
}

fn request_feedback(draft: &mut Draft<'_>, case: &Case, notify: &Notify) -> Decision {
    if case.check(Wish::RequestFeedback, case.is(Status::WaitingForFeedback))? {
        let notify = notified_of_feedback(draft.state(), &case.key, notify)?;
        let SignoffKey { item, step } = case.key.clone();
        draft.emit(Event::FeedbackRequested { item, step, notify });
    }
    Ok(())
}

fn request_approval(draft: &mut Draft<'_>, case: &Case, notify: &Notify) -> Decision {
    if case.check(Wish::RequestApproval, case.is(Status::WaitingForApproval))? {
        let notify = notified_of_approval(draft.state(), &case.key, notify)?;
        let SignoffKey { item, step } = case.key.clone();
        draft.emit(Event::ApprovalRequested { item, step, notify });
    }
    Ok(())
}

fn return_to_feedback(draft: &mut Draft<'_>, case: &Case) -> Decision {
    if case.check(Wish::ReturnToFeedback, case.is(Status::WaitingForFeedback))? {
        let SignoffKey { item, step } = case.key.clone();
        draft.emit(Event::ReturnedToFeedback { item, step });
    }
    Ok(())
}

fn submit_review(
    draft: &mut Draft<'_>,
    case: &Case,
    group: &FeedbackGroupId,
    status: ReviewStatus,
    comment: Option<&Arc<str>>,
) -> Decision {
    // Several reviews per person and group are allowed, so the same words again are one more review.
    case.check(Wish::SubmitReview(group), false)?;
    let comment = personal(draft, checked(comment)?);
    let right = case.actor.in_group(group).cloned().unwrap_or_default();
    let SignoffKey { item, step } = case.key.clone();
    draft.emit(Event::ReviewSubmitted {
        item,
        step,
        review: ReviewId(draft.state().signoffs.last_review.saturating_add(1)),
        group: group.clone(),
        status,
        comment,
        through: [right.own, right.delegated].concat(),
    });
    Ok(())
}

fn edit_review(
    draft: &mut Draft<'_>,
    case: &Case,
    review: ReviewId,
    status: ReviewStatus,
    comment: Option<&Arc<str>>,
) -> Decision {
    case.check(Wish::EditReview(review), false)?;
    let comment = checked(comment)?;
    let found = case.policy().review(review).cloned().ok_or(Rejection::ReviewNotFound { review })?;
    if found.status == status && is_same(found.comment.as_ref(), comment) {
        return Ok(());
    }
    let comment = personal(draft, comment);
    let SignoffKey { item, step } = case.key.clone();
    draft.emit(Event::ReviewEdited { item, step, review, old_status: found.status, status, comment });
    Ok(())
}

fn delete_review(draft: &mut Draft<'_>, case: &Case, review: ReviewId) -> Decision {
    case.check(Wish::DeleteReview(review), false)?;
    let SignoffKey { item, step } = case.key.clone();
    draft.emit(Event::ReviewDeleted { item, step, review });
    Ok(())
}

fn delegate(draft: &mut Draft<'_>, case: &Case, group: Option<&FeedbackGroupId>, to: UserId) -> Decision {
    let wish = group.map_or(Wish::DelegateApproval, Wish::DelegateReview);
    let container = Container::User(to);
    let is_delegated =
        case.signoff.delegations.iter().any(|found| found.group.as_ref() == group && found.to == container);
    let policy = case.policy();
    policy.may_ask(wish)?;
    if case.actor.principal == Principal::User(to) {
        return Err(Rejection::DelegationToSelf.into());
    }
    let is_known = draft.state().access.users.contains_key(&to);
    if !is_known || !is_active(draft.state(), &Principal::User(to)) {
        return Err(Rejection::DelegateUnknown { user: to }.into());
    }
    if is_delegated && !case.is(Status::Abandoned) {
        return Ok(());
    }
    policy.can_happen(wish)?;
    let SignoffKey { item, step } = case.key.clone();
    draft.emit(match group {
        Some(group) => Event::ReviewDelegated { item, step, group: group.clone(), to: container },
        None => Event::ApprovalDelegated { item, step, to: container },
    });
    Ok(())
}

fn submit_approval(draft: &mut Draft<'_>, case: &Case, status: ApprovalStatus, comment: Option<&Arc<str>>) -> Decision {
    let comment = checked(comment)?;
    let same = |own: &Approval| own.status == status && is_same(own.comment.as_ref(), comment);
    let is_already_so = !case.is(Status::Abandoned) && case.policy().own_approval().is_some_and(same);
    if !case.check(Wish::SubmitApproval, is_already_so)? {
        return Ok(());
    }
    let through = case.policy().approving_through();
    let is_settled = case.is_settled_with(Some((status, &through)));
    let digest = content_digest(draft.state(), case.key.item);
    let comment = personal(draft, comment);
    let SignoffKey { item, step } = case.key.clone();
    draft.emit(Event::ApprovalSubmitted { item, step, status, comment, through, digest, is_settled });
    Ok(())
}

fn edit_approval(draft: &mut Draft<'_>, case: &Case, status: ApprovalStatus, comment: Option<&Arc<str>>) -> Decision {
    case.check(Wish::EditApproval, false)?;
    let comment = checked(comment)?;
    let policy = case.policy();
    let own = policy.own_approval().ok_or(Rejection::ApprovalNotFound)?;
    if own.status == status && is_same(own.comment.as_ref(), comment) {
        return Ok(());
    }
    // Another decision is about what is there now; other words are about what was decided on.
    let digest = if own.status == status { own.digest } else { content_digest(draft.state(), case.key.item) };
    let is_settled = case.is_settled_with(Some((status, &own.through)));
    let old_status = own.status;
    let comment = personal(draft, comment);
    let SignoffKey { item, step } = case.key.clone();
    draft.emit(Event::ApprovalEdited { item, step, old_status, status, comment, digest, is_settled });
    Ok(())
}

fn withdraw_approval(draft: &mut Draft<'_>, case: &Case) -> Decision {
    let has_none = case.policy().own_approval().is_none();
    if case.check(Wish::WithdrawApproval, case.is(Status::WaitingForApproval) && has_none)? {
        let SignoffKey { item, step } = case.key.clone();
        draft.emit(Event::ApprovalWithdrawn { item, step, is_settled: case.is_settled_with(None) });
    }
    Ok(())
}

fn abandon(draft: &mut Draft<'_>, case: &Case, wish: Wish<'_>, comment: Option<&Arc<str>>) -> Decision {
    if case.check(wish, case.is(Status::Abandoned))? {
        let comment = personal(draft, checked(comment)?);
        let SignoffKey { item, step } = case.key.clone();
        let is_decision = matches!(wish, Wish::AbandonAsApprover);
        draft.emit(Event::SignoffAbandoned { item, step, comment, is_decision });
    }
    Ok(())
}

fn cancel_abandon(draft: &mut Draft<'_>, case: &Case) -> Decision {
    if case.check(Wish::CancelAbandon, !case.is(Status::Abandoned))? {
        let SignoffKey { item, step } = case.key.clone();
        draft.emit(Event::AbandonCancelled { item, step });
    }
    Ok(())
}

fn reset(draft: &mut Draft<'_>, case: &Case, is_reloaded: bool) -> Decision {
    let latest = latest_configuration(draft.state(), &case.key).unwrap_or(case.signoff.configured_at);
    let is_fresh = latest == case.signoff.configured_at && case.signoff.delegations.is_empty();
    if case.check(Wish::Reset, case.is(Status::NotStarted) && (is_fresh || !is_reloaded))? {
        super::fire::begin_cycle(draft, &case.key, is_reloaded, None);
    }
    Ok(())
}

fn schedule_reset(draft: &mut Draft<'_>, case: &Case, recurrence: Option<Recurrence>) -> Decision {
    if let Some(recurrence) = &recurrence {
        check_recurrence(recurrence)?;
    }
    // A due time that passed during an abandonment was dropped; scheduling the same again brings it back.
    let is_dropped = case.is(Status::Approved)
        && case.signoff.reset_due.is_none()
        && recurrence.is_some_and(|recurrence| recurrence.activated);
    if case.check(Wish::ScheduleReset, case.signoff.recurrence == recurrence && !is_dropped)? {
        let SignoffKey { item, step } = case.key.clone();
        draft.emit(Event::ResetScheduled { item, step, recurrence });
    }
    Ok(())
}

/// An empty comment is none.
fn checked(comment: Option<&Arc<str>>) -> Result<Option<&str>, crate::Rejection> {
    match comment {
        Some(text) if text.len() > COMMENT_BYTES_MAX => Err(common::Rejection::TextTooLong {
            what: "the comment",
            length_bytes: text.len(),
            max_bytes: COMMENT_BYTES_MAX,
        }
        .into()),
        Some(text) if !text.is_empty() => Ok(Some(text)),
        _ => Ok(None),
    }
}

fn personal(draft: &mut Draft<'_>, comment: Option<&str>) -> Option<Personal> {
    comment.map(|comment| draft.personal(comment))
}

fn is_same(old: Option<&Personal>, new: Option<&str>) -> bool {
    match (old, new) {
        (None, None) => true,
        (Some(old), Some(new)) => old.value() == Some(new),
        _ => false,
    }
}
