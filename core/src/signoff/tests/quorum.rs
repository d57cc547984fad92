//! k of n approvers, with at least one from a group.

use super::fixture::{
    APPROVER, EVERYTHING, SECOND, THIRD, WRITER, approve, brought_to, configuration, configured, does, edit_approval,
    group, reject, request_approval, signoff, status, when,
};
use crate::context::Principal;
use crate::signoff::{Action, ApprovalStatus, Status};
use crate::testing::World;

/// Waiting for this many approvals.
fn needing(approvals: u32) -> World {
    let mut configuration = configuration();
    configuration.approvals_needed = approvals;
    brought_to(configured(configuration), Status::WaitingForApproval, APPROVER)
}

/// Waiting for two, one of them of `legal`: [`SECOND`] alone.
fn needing_legal() -> World {
    let mut configuration = configuration();
    configuration.approvals_needed = 2;
    configuration.approval_needed_from = Some(group("legal"));
    brought_to(configured(configuration), Status::WaitingForApproval, APPROVER)
}

fn authors(world: &World) -> Vec<Principal> {
    signoff(world).approvals.iter().map(|approval| approval.author.clone()).collect()
}

#[test]
fn the_status_waits_until_the_quorum_is_met() {
    let mut world = needing(3);
    for login in [APPROVER, SECOND] {
        does(&mut world, login, approve());
        assert_eq!(status(&world), Status::WaitingForApproval);
    }
    does(&mut world, THIRD, approve());
    assert_eq!(status(&world), Status::Approved);
    assert_eq!(authors(&world).len(), 3);
}

#[test]
fn none_and_one_needed_mean_one() {
    for approvals in [0, 1] {
        let world = when(needing(approvals), APPROVER, approve()).then(&["ApprovalSubmitted"]);
        assert_eq!(status(&world), Status::Approved);
    }
}

#[test]
fn one_rejection_rejects() {
    let mut world = needing(3);
    does(&mut world, APPROVER, approve());
    does(&mut world, SECOND, reject());
    assert_eq!(status(&world), Status::Rejected);
    when(world, THIRD, approve()).then_rejected("signoff_transition_forbidden");
}

#[test]
fn one_approval_of_the_named_group_is_needed() {
    let mut world = needing_legal();
    for login in [APPROVER, THIRD, EVERYTHING] {
        does(&mut world, login, approve());
        assert_eq!(status(&world), Status::WaitingForApproval);
    }
    does(&mut world, SECOND, approve());
    assert_eq!(status(&world), Status::Approved);
}

#[test]
fn the_named_group_alone_is_not_enough() {
    let world = when(needing_legal(), SECOND, approve()).then(&["ApprovalSubmitted"]);
    assert_eq!(status(&world), Status::WaitingForApproval);
}

#[test]
fn each_approver_approves_once_and_edits_or_withdraws_his_own_while_waiting() {
    let mut world = needing(2);
    does(&mut world, APPROVER, approve());
    when(world.clone(), APPROVER, approve()).then_already_so();
    when(world.clone(), APPROVER, reject()).then_rejected("approval_exists");
    let words = Action::EditApproval { status: ApprovalStatus::Approved, comment: Some("fine".into()) };
    let edited = when(world.clone(), APPROVER, words).then(&["ApprovalEdited"]);
    assert_eq!(status(&edited), Status::WaitingForApproval);
    when(world.clone(), SECOND, edit_approval(ApprovalStatus::Rejected)).then_rejected("approval_not_found");
    when(world.clone(), SECOND, Action::WithdrawApproval).then_already_so();

    let rejected = when(world.clone(), APPROVER, edit_approval(ApprovalStatus::Rejected)).then(&["ApprovalEdited"]);
    assert_eq!(status(&rejected), Status::Rejected);
    let world = when(world, APPROVER, Action::WithdrawApproval).then(&["ApprovalWithdrawn"]);
    assert_eq!((status(&world), authors(&world)), (Status::WaitingForApproval, Vec::new()));
}

#[test]
fn a_withdrawal_waits_again_with_the_others_standing() {
    let mut world = needing(2);
    does(&mut world, APPROVER, approve());
    does(&mut world, SECOND, approve());
    assert_eq!(status(&world), Status::Approved);
    does(&mut world, APPROVER, Action::WithdrawApproval);
    assert_eq!(status(&world), Status::WaitingForApproval);
    assert_eq!(authors(&world), [world.principal(SECOND)]);
    does(&mut world, THIRD, approve());
    assert_eq!(status(&world), Status::Approved);
}

#[test]
fn a_withdrawal_that_leaves_enough_changes_nothing_about_the_decision() {
    let mut world = needing_legal();
    for login in [APPROVER, THIRD, SECOND] {
        does(&mut world, login, approve());
    }
    let world = when(world, APPROVER, Action::WithdrawApproval).then(&["ApprovalWithdrawn"]);
    assert_eq!(status(&world), Status::Approved);
    let world = when(world, THIRD, Action::WithdrawApproval).then(&["ApprovalWithdrawn"]);
    assert_eq!(status(&world), Status::WaitingForApproval);
}

#[test]
fn a_standing_rejection_outlives_the_withdrawal_of_an_approval() {
    let mut world = needing(2);
    does(&mut world, APPROVER, approve());
    does(&mut world, SECOND, reject());
    does(&mut world, APPROVER, Action::WithdrawApproval);
    assert_eq!(status(&world), Status::Rejected);
    does(&mut world, SECOND, Action::WithdrawApproval);
    assert_eq!(status(&world), Status::WaitingForApproval);
}

#[test]
fn a_rejection_turned_into_an_approval_waits_for_the_rest_of_the_quorum() {
    let mut world = needing(2);
    does(&mut world, APPROVER, reject());
    does(&mut world, APPROVER, edit_approval(ApprovalStatus::Approved));
    assert_eq!(status(&world), Status::WaitingForApproval);
    does(&mut world, SECOND, approve());
    assert_eq!(status(&world), Status::Approved);
}

#[test]
fn going_back_to_feedback_sets_partial_approvals_aside_into_the_history() {
    let mut world = needing(2);
    does(&mut world, APPROVER, approve());
    let partial = signoff(&world).approvals.clone();
    does(&mut world, WRITER, Action::ReturnToFeedback);
    let found = signoff(&world);
    assert!(found.approvals.is_empty());
    let [aside] = found.history.as_slice() else { panic!("one entry") };
    assert_eq!((aside.cycle, aside.status), (1, Status::WaitingForApproval));
    assert_eq!(aside.approvals, partial);
    assert_eq!(found.cycle, 1);
    does(&mut world, WRITER, request_approval());
    does(&mut world, SECOND, approve());
    assert_eq!(status(&world), Status::WaitingForApproval);
    does(&mut world, APPROVER, approve());
    assert_eq!(status(&world), Status::Approved);
}

#[test]
fn cancelling_an_abandonment_brings_partial_approvals_back() {
    let mut world = needing(2);
    does(&mut world, APPROVER, approve());
    let before = signoff(&world);
    does(&mut world, SECOND, Action::AbandonAsApprover { comment: None });
    does(&mut world, SECOND, Action::CancelAbandon);
    assert_eq!(*signoff(&world), *before);
}

#[test]
fn a_recurrence_counts_from_the_approval_that_met_the_quorum() {
    let mut configuration = configuration();
    configuration.approvals_needed = 2;
    configuration.recurrence = Some(super::fixture::months(1, false));
    let mut world = brought_to(configured(configuration), Status::WaitingForApproval, APPROVER);
    does(&mut world, APPROVER, approve());
    assert_eq!((signoff(&world).approved_at, world.state.timers.next()), (None, None));
    let settled = world.at;
    does(&mut world, SECOND, approve());
    assert_eq!(signoff(&world).approved_at, Some(settled));
    assert!(world.state.timers.next().is_some());
}
