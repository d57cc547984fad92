//! The final approval: given, edited, withdrawn, bound to what was approved.

use super::fixture::{
    APPROVER, APPROVER_KEY, EVERYTHING, REVIEWER, SECOND, WRITER, approve, brought_to, configuration, configured,
    content, does, edit_approval, publish, reject, request_approval, request_feedback, review, signoff, status, when,
    world, world_at,
};
use crate::blueprint::Container;
use crate::context::Principal;
use crate::event::Event;
use crate::ids::Digest;
use crate::signoff::{self, Action, ApprovalStatus, ReviewStatus, Status};
use crate::testing::World;

fn digest(world: &World) -> Option<Digest> {
    signoff(world).approvals.first().and_then(|approval| approval.digest)
}

#[test]
fn an_approval_names_its_author_what_entitled_him_and_the_content() {
    let (happened, world) = when(world_at(Status::WaitingForApproval), APPROVER, reject()).accepted();
    let [recorded] = happened.as_slice() else { panic!("one event") };
    let Event::Signoff(signoff::Event::ApprovalSubmitted { through, digest, is_settled, .. }) = &recorded.event else {
        panic!("an approval");
    };
    assert_eq!(*through, [Container::Group("approvers".into())]);
    assert_eq!(*digest, Some(content(1)));
    assert!(*is_settled);
    let found = signoff(&world);
    let Some(approval) = found.approvals.first() else { panic!("the approval") };
    assert_eq!(approval.author, world.principal(APPROVER));
    assert_eq!(approval.comment.as_ref().map(|comment| comment.shown()), Some("no"));
}

#[test]
fn an_approval_is_bound_to_the_content_that_was_there_when_it_was_given() {
    let mut world = brought_to(world(), Status::Approved, APPROVER);
    publish(&mut world, 2);
    assert_eq!(digest(&world), Some(content(1)));
    assert_eq!(signoff::content_digest(&world.state, super::fixture::ITEM), Some(content(2)));
}

#[test]
fn other_words_keep_the_content_and_another_decision_is_about_what_is_there_now() {
    let mut world = brought_to(world(), Status::Rejected, APPROVER);
    publish(&mut world, 2);
    let words = Action::EditApproval { status: ApprovalStatus::Rejected, comment: Some("because".into()) };
    does(&mut world, APPROVER, words);
    assert_eq!((digest(&world), status(&world)), (Some(content(1)), Status::Rejected));
    does(&mut world, APPROVER, edit_approval(ApprovalStatus::Approved));
    assert_eq!((digest(&world), status(&world)), (Some(content(2)), Status::Approved));
}

#[test]
fn an_approval_is_edited_only_while_its_author_is_still_entitled() {
    let mut configuration = configuration();
    configuration.approvers = vec![Container::Role("ro.writer".into())];
    let mut world = brought_to(configured(configuration), Status::Approved, EVERYTHING);
    let blueprint = super::fixture::template().blueprint;
    let event = crate::access::Event::AssignmentsSet { blueprint, item: None, assignments: Vec::new(), document: None };
    world.happened(&Principal::System, event);
    when(world.clone(), EVERYTHING, edit_approval(ApprovalStatus::Rejected)).then_rejected("not_an_approver");
    // Taking it back needs no more than being its author.
    when(world, EVERYTHING, Action::WithdrawApproval).then(&["ApprovalWithdrawn"]);
}

#[test]
fn a_withdrawn_approval_waits_again_and_another_approver_can_decide() {
    let world = brought_to(world(), Status::Approved, APPROVER);
    let world = when(world, APPROVER, Action::WithdrawApproval).then(&["ApprovalWithdrawn"]);
    assert_eq!(status(&world), Status::WaitingForApproval);
    assert!(signoff(&world).approvals.is_empty());
    let world = when(world, SECOND, reject()).then(&["ApprovalSubmitted"]);
    assert_eq!(status(&world), Status::Rejected);
}

#[test]
fn only_one_approval_decides() {
    let world = brought_to(world(), Status::Approved, APPROVER);
    let world = when(world, SECOND, approve()).then_rejected("signoff_transition_forbidden");
    when(world.clone(), APPROVER, reject()).then_rejected("signoff_transition_forbidden");
    when(world, APPROVER, approve()).then_already_so();
}

#[test]
fn whoever_requested_may_approve_unless_an_option_forbids_it() {
    let mut world = world();
    does(&mut world, EVERYTHING, request_approval());
    when(world, EVERYTHING, approve()).then(&["ApprovalSubmitted"]);

    let mut configuration = configuration();
    configuration.requester_may_not_approve = true;
    let mut world = configured(configuration);
    does(&mut world, EVERYTHING, request_feedback());
    does(&mut world, WRITER, request_approval());
    when(world.clone(), EVERYTHING, approve()).then_rejected("requester_may_not_approve");
    // Giving it up is not approving it.
    when(world.clone(), EVERYTHING, Action::AbandonAsApprover { comment: None }).then(&["SignoffAbandoned"]);
    // In the next cycle he requested nothing.
    does(&mut world, APPROVER, reject());
    does(&mut world, WRITER, Action::Reset { reload: false });
    does(&mut world, WRITER, request_approval());
    when(world, EVERYTHING, approve()).then(&["ApprovalSubmitted"]);
}

#[test]
fn whoever_reviewed_may_approve_unless_an_option_forbids_it() {
    let reviewed = |configuration| {
        let mut world = configured(configuration);
        does(&mut world, WRITER, request_feedback());
        does(&mut world, EVERYTHING, review("business", ReviewStatus::Approved));
        does(&mut world, WRITER, request_approval());
        world
    };
    when(reviewed(configuration()), EVERYTHING, approve()).then(&["ApprovalSubmitted"]);
    let mut option = configuration();
    option.reviewer_may_not_approve = true;
    let world = reviewed(option);
    when(world.clone(), APPROVER, approve()).then(&["ApprovalSubmitted"]);
    when(world, EVERYTHING, approve()).then_rejected("reviewer_may_not_approve");
}

#[test]
fn a_mere_status_change_never_approves() {
    for from in Status::ALL {
        for action in [request_feedback(), request_approval(), Action::ReturnToFeedback, Action::Reset { reload: true }]
        {
            let mut world = world_at(from);
            let principal = world.principal(EVERYTHING);
            let _ = world.handle(&principal, None, &super::fixture::command(action).into());
            assert!(status(&world) != Status::Approved || from == Status::Approved);
            assert!(status(&world) != Status::Rejected || from == Status::Rejected);
        }
    }
}

#[test]
fn a_reviewer_is_no_approver_and_a_key_that_approves_keeps_its_own_approval() {
    let world = world_at(Status::WaitingForApproval);
    when(world.clone(), REVIEWER, approve()).then_rejected("not_an_approver");
    let wish = super::fixture::command(approve());
    let world = crate::testing::Spec::given(world).as_key(APPROVER_KEY).when(wish).then(&["ApprovalSubmitted"]);
    when(world, APPROVER, Action::WithdrawApproval).then_rejected("not_the_author");
}
