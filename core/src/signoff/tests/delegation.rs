//! Rights passed on.

use super::fixture::{
    ADMIN, APPROVER, ARCHITECT, EVERYTHING, NOBODY, OTHER_REVIEWER, REVIEWER, SECOND, WRITER, approve, configuration,
    configured, does, key, request_approval, review, signoff, status, when, world_at,
};
use crate::blueprint::Container;
use crate::context::Principal;
use crate::event::Event;
use crate::ids::UserId;
use crate::signoff::{self, Action, ReviewStatus, Status, allowed, approvers, reviewers};
use crate::testing::World;

fn user(world: &World, login: &str) -> UserId {
    match world.principal(login) {
        Principal::User(user) => user,
        other => panic!("{login} is {other:?}"),
    }
}

fn delegate(world: &World, group: Option<&str>, to: &str) -> Action {
    Action::Delegate { group: group.map(Into::into), to: user(world, to) }
}

#[test]
fn a_reviewer_passes_his_right_on_and_keeps_it() {
    let mut world = world_at(Status::WaitingForFeedback);
    let business = || review("business", ReviewStatus::Approved);
    when(world.clone(), NOBODY, business()).then_rejected("not_in_feedback_group");
    let action = delegate(&world, Some("business"), NOBODY);
    does(&mut world, REVIEWER, action);
    let (happened, world) = when(world, NOBODY, business()).accepted();
    let event = happened.first().map(|recorded| recorded.event.clone());
    let Some(Event::Signoff(signoff::Event::ReviewSubmitted { through, .. })) = event else { panic!("a review") };
    assert_eq!(through, [Container::User(user(&world, NOBODY))]);
    when(world.clone(), REVIEWER, business()).then(&["ReviewSubmitted"]);
    // Of this group only, and not of approving.
    when(world.clone(), NOBODY, review("risk", ReviewStatus::Approved)).then_rejected("not_in_feedback_group");
    when(world, NOBODY, Action::AbandonAsApprover { comment: None }).then_rejected("not_an_approver");
}

#[test]
fn an_approver_passes_his_right_on_and_keeps_it() {
    let mut world = world_at(Status::WaitingForApproval);
    let action = delegate(&world, None, NOBODY);
    does(&mut world, APPROVER, action);
    assert_eq!(status(&world), Status::WaitingForApproval);
    when(world.clone(), APPROVER, approve()).then(&["ApprovalSubmitted"]);
    let world = when(world, NOBODY, approve()).then(&["ApprovalSubmitted"]);
    assert_eq!(status(&world), Status::Approved);
    // As an approver he may also abandon.
    when(world, NOBODY, Action::Abandon { comment: None }).then(&["SignoffAbandoned"]);
}

#[test]
fn a_delegate_does_not_delegate_further() {
    let mut world = world_at(Status::WaitingForApproval);
    let action = delegate(&world, None, NOBODY);
    does(&mut world, APPROVER, action);
    let further = delegate(&world, None, WRITER);
    when(world.clone(), NOBODY, further).then_rejected("no_redelegation");
    let words = allowed(&world.state, &key(), &world.principal(NOBODY));
    assert_eq!(words, ["return_to_feedback", "submit_approval", "abandon"]);

    let mut world = world_at(Status::WaitingForFeedback);
    let action = delegate(&world, Some("business"), NOBODY);
    does(&mut world, REVIEWER, action);
    let further = delegate(&world, Some("business"), WRITER);
    when(world, NOBODY, further).then_rejected("no_redelegation");
}

#[test]
fn administrators_and_architects_may_always_delegate_but_never_to_themselves() {
    for somebody in [ADMIN, ARCHITECT] {
        let world = world_at(Status::WaitingForApproval);
        let to_himself = delegate(&world, None, somebody);
        when(world.clone(), somebody, to_himself).then_rejected("delegation_to_self");
        let to_another = delegate(&world, None, WRITER);
        when(world, somebody, to_another).then(&["ApprovalDelegated"]);
        let world = world_at(Status::WaitingForFeedback);
        let to_himself = delegate(&world, Some("business"), somebody);
        when(world.clone(), somebody, to_himself).then_rejected("delegation_to_self");
        let to_another = delegate(&world, Some("risk"), WRITER);
        when(world, somebody, to_another).then(&["ReviewDelegated"]);
    }
}

#[test]
fn an_approver_does_not_delegate_to_himself_either() {
    let world = world_at(Status::WaitingForApproval);
    let action = delegate(&world, None, APPROVER);
    when(world, APPROVER, action).then_rejected("delegation_to_self");
}

#[test]
fn only_holders_of_a_right_pass_it_on() {
    let world = world_at(Status::WaitingForFeedback);
    let business = delegate(&world, Some("business"), NOBODY);
    for login in [WRITER, APPROVER, OTHER_REVIEWER, NOBODY] {
        if login != NOBODY {
            when(world.clone(), login, business.clone()).then_rejected("not_in_feedback_group");
        }
    }
    let world = world_at(Status::WaitingForApproval);
    let approval = delegate(&world, None, NOBODY);
    for login in [WRITER, REVIEWER] {
        when(world.clone(), login, approval.clone()).then_rejected("not_an_approver");
    }
}

#[test]
fn a_delegate_is_a_known_and_enabled_person() {
    let mut world = world_at(Status::WaitingForApproval);
    when(world.clone(), APPROVER, Action::Delegate { group: None, to: UserId(999) }).then_rejected("delegate_unknown");
    let disabled = user(&world, NOBODY);
    world.happened(&Principal::System, crate::access::Event::UserDisabled { user: disabled });
    let action = delegate(&world, None, NOBODY);
    when(world, APPROVER, action).then_rejected("delegate_unknown");
}

#[test]
fn delegating_the_same_again_is_already_so_whoever_does_it() {
    let mut world = world_at(Status::WaitingForApproval);
    let action = delegate(&world, None, NOBODY);
    does(&mut world, APPROVER, action.clone());
    let world = when(world, APPROVER, action.clone()).then_already_so();
    let world = when(world, SECOND, action.clone()).then_already_so();
    assert_eq!(signoff(&world).delegations.len(), 1);
    when(world, WRITER, action).then_rejected("not_an_approver");
}

#[test]
fn the_people_of_a_stage_are_its_members_and_delegates() {
    let mut world = world_at(Status::WaitingForFeedback);
    let action = delegate(&world, Some("business"), NOBODY);
    does(&mut world, REVIEWER, action);
    let people = |world: &World, logins: &[&str]| logins.iter().map(|login| world.principal(login)).collect();
    assert_eq!(reviewers(&world.state, &key(), &"business".into()), people(&world, &[REVIEWER, EVERYTHING, NOBODY]));
    assert_eq!(reviewers(&world.state, &key(), &"risk".into()), people(&world, &[OTHER_REVIEWER]));
    assert!(!approvers(&world.state, &key()).contains(&world.principal(NOBODY)));
    assert_eq!(approvers(&world.state, &key()).len(), 5);
}

#[test]
fn the_options_bind_delegates_too() {
    let mut option = configuration();
    option.requester_may_not_approve = true;
    let mut world = configured(option);
    does(&mut world, WRITER, request_approval());
    let action = delegate(&world, None, WRITER);
    does(&mut world, APPROVER, action);
    when(world, WRITER, approve()).then_rejected("requester_may_not_approve");
}
