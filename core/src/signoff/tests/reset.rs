//! A new cycle, asked for by a person.

use super::fixture::{
    APPROVER, NOBODY, REVIEWER, STEP, WRITER, brought_to, configuration, configure, configured, does, finish, group,
    months, request_approval, request_feedback, review, signoff, status, unconfigured, when, world, world_at,
};
use crate::artifact::StepStatus;
use crate::context::Principal;
use crate::event::Event;
use crate::signoff::{self, Action, ReviewStatus, Status};
use crate::testing::World;

fn reset(reload: bool) -> Action {
    Action::Reset { reload }
}

/// An approved cycle with a review and both kinds of delegation.
fn full_cycle(world: World) -> World {
    let mut world = brought_to(world, Status::WaitingForFeedback, APPROVER);
    let Principal::User(to) = world.principal(NOBODY) else { panic!("a person") };
    does(&mut world, REVIEWER, Action::Delegate { group: Some("business".into()), to });
    does(&mut world, REVIEWER, review("business", ReviewStatus::MajorIssue));
    does(&mut world, WRITER, request_approval());
    does(&mut world, APPROVER, Action::Delegate { group: None, to });
    does(&mut world, APPROVER, super::fixture::approve());
    world
}

#[test]
fn a_reset_begins_the_next_cycle_and_keeps_the_earlier_one_readable() {
    let before = full_cycle(world());
    let ended = signoff(&before);
    let world = when(before, WRITER, reset(false)).then(&["SignoffReset"]);
    let found = signoff(&world);
    assert_eq!((found.status, found.cycle), (Status::NotStarted, 2));
    assert!(found.reviews.is_empty() && found.approvals.is_empty() && found.requesters.is_empty());
    let [cycle] = found.history.as_slice() else { panic!("one earlier cycle") };
    assert_eq!((cycle.cycle, cycle.status), (1, Status::Approved));
    assert_eq!(cycle.configured_at, ended.configured_at);
    assert_eq!((&cycle.reviews, &cycle.approvals), (&ended.reviews, &ended.approvals));
}

#[test]
fn without_reload_configuration_and_delegations_stay() {
    let mut world = full_cycle(world());
    let before = signoff(&world);
    configure(&mut world, configuration());
    let world = when(world, WRITER, reset(false)).then(&["SignoffReset"]);
    assert_eq!(signoff(&world).configured_at, before.configured_at);
    assert_eq!(signoff(&world).delegations, before.delegations);
    assert_eq!(before.delegations.len(), 2);
}

#[test]
fn with_reload_the_templates_configuration_applies_and_delegations_fall_away() {
    let mut world = full_cycle(world());
    let mut fresh = configuration();
    fresh.approvers = vec![group("legal")];
    fresh.recurrence = Some(months(6, false));
    let latest = configure(&mut world, fresh);
    let (happened, mut world) = when(world, WRITER, reset(true)).accepted();
    let event = happened.first().map(|recorded| recorded.event.clone());
    let Some(Event::Signoff(signoff::Event::SignoffReset { is_reloaded: true, configured_at, due: None, .. })) = event
    else {
        panic!("a reset with reload");
    };
    assert_eq!(configured_at, latest);
    assert_eq!((signoff(&world).configured_at, signoff(&world).delegations.len()), (latest, 0));
    assert_eq!(signoff(&world).recurrence, Some(months(6, false)));
    does(&mut world, WRITER, request_approval());
    when(world, APPROVER, super::fixture::approve()).then_rejected("not_an_approver");
}

#[test]
fn a_reload_keeps_a_recurrence_of_a_person_where_the_template_has_none() {
    let mut world = world_at(Status::Approved);
    does(&mut world, WRITER, Action::ScheduleReset { recurrence: Some(months(2, true)) });
    does(&mut world, WRITER, reset(true));
    assert_eq!(signoff(&world).recurrence, Some(months(2, true)));
}

#[test]
fn a_waiting_signoff_is_reset_only_through_an_abandonment() {
    for waiting in [Status::WaitingForFeedback, Status::WaitingForApproval] {
        let world = when(world_at(waiting), WRITER, reset(false)).then_rejected("signoff_transition_forbidden");
        let world = when(world, WRITER, Action::Abandon { comment: None }).then(&["SignoffAbandoned"]);
        let world = when(world, WRITER, reset(false)).then(&["SignoffReset"]);
        let ended = signoff(&world).history.first().map(|cycle| cycle.status);
        assert_eq!((status(&world), ended), (Status::NotStarted, Some(Status::Abandoned)));
    }
}

#[test]
fn a_reset_of_a_finished_step_reopens_it_and_leaves_later_steps_alone() {
    let mut world = world_at(Status::Approved);
    finish(&mut world);
    let item = super::fixture::ITEM;
    let later = crate::artifact::Event::StepStarted { item, step: "production".into() };
    world.happened(&Principal::System, later);
    let world = when(world, WRITER, reset(false)).then(&["SignoffReset", "StepReopened"]);
    let found = world.state.items.by_id.get(&item).cloned();
    let steps = found.map(|item| item.steps.clone()).unwrap_or_default();
    let of = |id: &str| steps.iter().find(|step| step.id.as_str() == id).map(|step| step.status);
    assert_eq!(of(STEP), Some(StepStatus::Ongoing));
    assert_eq!(of("production"), Some(StepStatus::Ongoing));
    assert_eq!(of("development"), Some(StepStatus::NotStarted));
}

#[test]
fn resetting_what_has_not_started_is_already_so() {
    let world = when(world(), WRITER, reset(false)).then_already_so();
    let mut world = when(world, WRITER, reset(true)).then_already_so();
    // But a reload that would change something is no row of the table from here.
    configure(&mut world, configuration());
    let world = when(world, WRITER, reset(false)).then_already_so();
    when(world, WRITER, reset(true)).then_rejected("signoff_transition_forbidden");
}

#[test]
fn review_rights_of_the_new_cycle_come_from_the_reloaded_configuration() {
    let mut world = unconfigured();
    let mut only_risk = configuration();
    only_risk.groups.retain(|group| group.id.as_str() == "risk");
    let configured_at = configure(&mut world, configuration());
    let step = STEP.into();
    let opened = signoff::Event::SignoffOpened { item: super::fixture::ITEM, step, configured_at };
    world.happened(&Principal::System, opened);
    let mut world = brought_to(world, Status::Approved, APPROVER);
    configure(&mut world, only_risk);
    does(&mut world, WRITER, reset(true));
    does(&mut world, WRITER, request_feedback());
    when(world, REVIEWER, review("business", ReviewStatus::Approved)).then_rejected("feedback_group_unknown");
}

#[test]
fn an_approval_of_an_earlier_cycle_counts_no_longer() {
    let mut configuration = configuration();
    configuration.approvals_needed = 2;
    let mut world = brought_to(configured(configuration), Status::WaitingForApproval, APPROVER);
    does(&mut world, APPROVER, super::fixture::approve());
    does(&mut world, WRITER, Action::Abandon { comment: None });
    does(&mut world, WRITER, reset(false));
    does(&mut world, WRITER, request_approval());
    let world = when(world, super::fixture::SECOND, super::fixture::approve()).then(&["ApprovalSubmitted"]);
    assert_eq!(status(&world), Status::WaitingForApproval);
}
