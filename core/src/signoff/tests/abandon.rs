//! Giving up for now, and taking that back.

use super::fixture::{
    APPROVER, REVIEWER, WRITER, approve, brought_to, configuration, configured, does, finish, months, request_approval,
    request_feedback, review, signoff, status, when, world, world_at,
};
use crate::event::Event;
use crate::ids::ReviewId;
use crate::signoff::{self, Action, ApprovalStatus, ReviewStatus, Status};

const ABANDON: Action = Action::Abandon { comment: None };

#[test]
fn cancelling_restores_reviews_and_approval_exactly() {
    for from in [Status::WaitingForFeedback, Status::WaitingForApproval, Status::Approved, Status::Rejected] {
        let mut world = world_at(Status::WaitingForFeedback);
        does(&mut world, REVIEWER, review("business", ReviewStatus::MajorIssue));
        let mut world = match from {
            Status::WaitingForFeedback => world,
            later => brought_to(world, later, APPROVER),
        };
        let before = signoff(&world);
        does(&mut world, WRITER, ABANDON);
        assert_eq!(status(&world), Status::Abandoned);
        let world = when(world, APPROVER, Action::CancelAbandon).then(&["AbandonCancelled"]);
        assert_eq!(*signoff(&world), *before);
    }
}

#[test]
fn nothing_is_editable_while_abandoned() {
    let mut world = world_at(Status::WaitingForFeedback);
    does(&mut world, REVIEWER, review("business", ReviewStatus::MajorIssue));
    does(&mut world, WRITER, ABANDON);
    let review_id = ReviewId(1);
    let edit = Action::EditReview { review: review_id, status: ReviewStatus::MajorIssue, comment: Some("seen".into()) };
    let edits = [review("business", ReviewStatus::Approved), edit, Action::DeleteReview { review: review_id }];
    for action in edits {
        when(world.clone(), REVIEWER, action).then_rejected("signoff_abandoned");
    }
    let mut world = brought_to(super::fixture::world(), Status::Approved, APPROVER);
    does(&mut world, WRITER, ABANDON);
    let edit = Action::EditApproval { status: ApprovalStatus::Rejected, comment: None };
    for action in [approve(), edit, Action::WithdrawApproval] {
        when(world.clone(), APPROVER, action).then_rejected("signoff_abandoned");
    }
    for action in [request_feedback(), request_approval()] {
        when(world.clone(), WRITER, action).then_rejected("signoff_transition_forbidden");
    }
}

#[test]
fn an_approver_who_gives_up_is_its_author_and_cancelling_finds_no_approval() {
    let world = world_at(Status::WaitingForApproval);
    let comment = Some("the project stops".into());
    let (happened, world) = when(world, APPROVER, Action::AbandonAsApprover { comment }).accepted();
    let [recorded] = happened.as_slice() else { panic!("one event") };
    assert_eq!(recorded.actor, world.principal(APPROVER));
    let Event::Signoff(signoff::Event::SignoffAbandoned { comment: Some(comment), .. }) = &recorded.event else {
        panic!("an abandonment with its comment");
    };
    assert_eq!(comment.shown(), "the project stops");
    let given_up = signoff(&world).given_up.clone().map(|given_up| (given_up.author, given_up.at));
    assert_eq!(given_up, Some((recorded.actor.clone(), recorded.recorded_at)));
    let world = when(world, WRITER, Action::CancelAbandon).then(&["AbandonCancelled"]);
    assert_eq!(status(&world), Status::WaitingForApproval);
    assert!(signoff(&world).approvals.is_empty() && signoff(&world).given_up.is_none());
    // Who only sets the status decides nothing.
    let world = when(world, APPROVER, ABANDON).then(&["SignoffAbandoned"]);
    assert!(signoff(&world).given_up.is_none());
}

#[test]
fn an_abandoned_signoff_of_a_finished_step_can_be_restored_or_reset() {
    let mut world = world_at(Status::Approved);
    finish(&mut world);
    does(&mut world, WRITER, ABANDON);
    let restored = when(world.clone(), WRITER, Action::CancelAbandon).then(&["AbandonCancelled"]);
    assert_eq!(status(&restored), Status::Approved);
    when(world, WRITER, Action::Reset { reload: false }).then(&["SignoffReset", "StepReopened"]);
}

#[test]
fn a_reset_after_an_abandonment_leaves_nothing_to_cancel() {
    let mut world = world_at(Status::Approved);
    does(&mut world, WRITER, ABANDON);
    does(&mut world, WRITER, Action::Reset { reload: false });
    let world = when(world, WRITER, Action::CancelAbandon).then_already_so();
    assert_eq!(status(&world), Status::NotStarted);
}

#[test]
fn abandoning_stops_timers_and_cancelling_brings_those_to_come_back() {
    let mut configuration = configuration();
    configuration.recurrence = Some(months(1, false));
    configuration.expires_after_millis = Some(90 * 24 * 60 * 60 * 1_000);
    let mut world = brought_to(configured(configuration), Status::Approved, APPROVER);
    let before = signoff(&world);
    let armed = world.state.timers.next().cloned();
    assert!(armed.is_some());
    does(&mut world, WRITER, ABANDON);
    assert_eq!(world.state.timers.next(), None);
    does(&mut world, WRITER, Action::CancelAbandon);
    assert_eq!(*signoff(&world), *before);
    assert_eq!(world.state.timers.next().cloned(), armed);
}

#[test]
fn a_reset_that_fell_due_while_abandoned_is_dropped_and_an_expiry_is_not() {
    let mut recurring = configuration();
    recurring.recurrence = Some(months(1, false));
    let mut world = brought_to(configured(recurring), Status::Approved, APPROVER);
    does(&mut world, WRITER, ABANDON);
    assert!(world.wait_days(60).is_empty());
    does(&mut world, WRITER, Action::CancelAbandon);
    assert_eq!((status(&world), world.state.timers.next()), (Status::Approved, None));
    assert!(world.wait_days(60).is_empty());
    // Asking for the same recurrence again brings it back.
    does(&mut world, WRITER, Action::ScheduleReset { recurrence: Some(months(1, false)) });
    assert_eq!(world.wait_days(1).len(), 1);
    assert_eq!(status(&world), Status::NotStarted);

    let mut expiring = configuration();
    expiring.expires_after_millis = Some(1_000_000);
    let mut world = brought_to(configured(expiring), Status::Approved, APPROVER);
    does(&mut world, WRITER, ABANDON);
    assert!(world.wait_days(1).is_empty());
    does(&mut world, WRITER, Action::CancelAbandon);
    assert_eq!(world.wait_days(0).len(), 1);
    assert_eq!(status(&world), Status::WaitingForApproval);
}

#[test]
fn a_signoff_that_has_not_started_cannot_be_abandoned() {
    when(world(), WRITER, ABANDON).then_rejected("signoff_transition_forbidden");
}
