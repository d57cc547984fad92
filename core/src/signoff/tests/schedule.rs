//! What happens by itself: recurring resets and expiring approvals.

use super::fixture::{
    APPROVER, ITEM, STEP, WRITER, approve, brought_to, configuration, configure, configured, does, edit_approval,
    finish, months, request_approval, signoff, status, when, world, world_at,
};
use crate::blueprint::Recurrence;
use crate::context::Principal;
use crate::event::Event;
use crate::signoff::{self, Action, ApprovalStatus, RECURRENCE_YEARS_MAX, Status};
use crate::testing::{World, name};
use crate::time::Timestamp;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|_| panic!("{text} is not a time"))
}

fn schedule(recurrence: Recurrence) -> Action {
    Action::ScheduleReset { recurrence: Some(recurrence) }
}

/// Approved at this instant, under a recurrence.
fn approved_at(text: &str, recurrence: Recurrence) -> World {
    let mut configuration = configuration();
    configuration.recurrence = Some(recurrence);
    let mut world = configured(configuration);
    does(&mut world, WRITER, request_approval());
    world.at = at(text);
    does(&mut world, APPROVER, approve());
    world
}

fn due(world: &World) -> Option<String> {
    signoff(world).reset_due.map(|due| due.to_string())
}

#[test]
fn due_is_the_approval_plus_the_interval_with_month_ends_clamped() {
    let cases = [
        ("2027-01-31T10:00:00.000Z", months(1, false), "2027-02-28T10:00:00.000Z"),
        ("2028-01-31T10:00:00.000Z", months(1, false), "2028-02-29T10:00:00.000Z"),
        ("2027-08-31T23:59:59.999Z", months(6, false), "2028-02-29T23:59:59.999Z"),
        (
            "2028-02-29T10:00:00.000Z",
            Recurrence { months: 0, years: 1, ..months(0, false) },
            "2029-02-28T10:00:00.000Z",
        ),
        (
            "2027-01-31T10:00:00.000Z",
            Recurrence { activated: true, days: 1, weeks: 1, months: 1, years: 1, reload: false },
            "2028-03-08T10:00:00.000Z",
        ),
        ("2027-03-28T00:30:00.000Z", Recurrence { days: 1, ..months(0, false) }, "2027-03-29T00:30:00.000Z"),
    ];
    for (approved, recurrence, expected) in cases {
        assert_eq!(due(&approved_at(approved, recurrence)).as_deref(), Some(expected), "{approved} {recurrence:?}");
    }
}

#[test]
fn a_scheduled_reset_that_falls_due_begins_a_new_cycle_once() {
    let mut world = approved_at("2027-01-31T10:00:00.000Z", months(1, false));
    assert!(world.wait_until(at("2027-02-28T09:59:59.999Z")).is_empty());
    let happened = world.wait_until(at("2027-02-28T10:00:00.000Z"));
    let [recorded] = happened.as_slice() else { panic!("one event, not {happened:?}") };
    assert_eq!(recorded.actor, Principal::System);
    let Event::Signoff(signoff::Event::SignoffReset { due: Some(due), is_reloaded: false, .. }) = &recorded.event
    else {
        panic!("a reset by itself");
    };
    assert_eq!(due.to_string(), "2027-02-28T10:00:00.000Z");
    assert_eq!((status(&world), signoff(&world).cycle), (Status::NotStarted, 2));
    assert!(world.wait_days(400).is_empty());
    assert_eq!(signoff(&world).recurrence, Some(months(1, false)));
}

#[test]
fn missed_periods_collapse_into_one_when_a_server_was_down() {
    let mut world = approved_at("2027-01-31T10:00:00.000Z", months(1, false));
    assert_eq!(world.wait_days(400).len(), 1);
    assert!(world.wait_days(0).is_empty());
    assert_eq!(signoff(&world).cycle, 2);
}

#[test]
fn each_approval_of_a_recurring_signoff_begins_its_interval_anew() {
    let mut world = approved_at("2027-01-31T10:00:00.000Z", months(1, false));
    world.wait_days(40);
    does(&mut world, WRITER, request_approval());
    world.at = at("2027-06-30T10:00:00.000Z");
    does(&mut world, APPROVER, approve());
    assert_eq!(due(&world).as_deref(), Some("2027-07-30T10:00:00.000Z"));
    assert_eq!(world.wait_days(31).len(), 1);
}

#[test]
fn a_scheduled_reset_happens_in_any_status_of_the_step_and_reopens_a_finished_one() {
    let mut world = approved_at("2027-01-31T10:00:00.000Z", months(1, false));
    finish(&mut world);
    let names: Vec<_> = world.wait_days(40).iter().map(|recorded| name(&recorded.event)).collect();
    assert_eq!(names, ["SignoffReset", "StepReopened"]);

    let mut world = approved_at("2027-01-31T10:00:00.000Z", months(1, false));
    let back = crate::artifact::Event::StepReopened { item: ITEM, step: STEP.into(), is_ongoing: false };
    world.happened(&Principal::System, back);
    assert_eq!(world.wait_days(40).len(), 1);
}

#[test]
fn a_scheduled_reset_with_reload_takes_the_templates_configuration() {
    let mut world = approved_at("2027-01-31T10:00:00.000Z", months(1, true));
    let latest = configure(&mut world, configuration());
    world.wait_days(40);
    assert_eq!(signoff(&world).configured_at, latest);
    // It goes on recurring although the reloaded template says nothing about it.
    assert_eq!(signoff(&world).recurrence, Some(months(1, true)));
}

#[test]
fn withdrawing_reset_and_abandon_cancel_the_timer_and_so_does_turning_it_into_a_rejection() {
    let cancels = [
        (APPROVER, Action::WithdrawApproval),
        (WRITER, Action::Reset { reload: false }),
        (WRITER, Action::Abandon { comment: None }),
        (APPROVER, edit_approval(ApprovalStatus::Rejected)),
    ];
    for (login, action) in cancels {
        let mut world = approved_at("2027-01-31T10:00:00.000Z", months(1, false));
        assert!(world.state.timers.next().is_some());
        does(&mut world, login, action.clone());
        assert_eq!(world.state.timers.next(), None, "{action:?}");
        assert!(world.wait_days(400).is_empty(), "{action:?}");
    }
}

#[test]
fn other_words_of_the_approver_move_no_due_time() {
    let mut world = approved_at("2027-01-31T10:00:00.000Z", months(1, false));
    world.wait_days(10);
    let words = Action::EditApproval { status: ApprovalStatus::Approved, comment: Some("fine".into()) };
    does(&mut world, APPROVER, words);
    assert_eq!(due(&world).as_deref(), Some("2027-02-28T10:00:00.000Z"));
}

#[test]
fn a_rejection_turned_into_an_approval_is_due_an_interval_later() {
    let mut world = approved_at("2027-01-31T10:00:00.000Z", months(1, false));
    does(&mut world, APPROVER, edit_approval(ApprovalStatus::Rejected));
    world.at = at("2027-05-01T10:00:00.000Z");
    does(&mut world, APPROVER, edit_approval(ApprovalStatus::Approved));
    assert_eq!(due(&world).as_deref(), Some("2027-06-01T10:00:00.000Z"));
}

#[test]
fn scheduling_on_an_approved_signoff_counts_from_the_approval_and_stopping_stops() {
    let mut world = world();
    does(&mut world, WRITER, request_approval());
    world.at = at("2027-01-31T10:00:00.000Z");
    does(&mut world, APPROVER, approve());
    world.wait_days(10);
    let world = when(world, WRITER, schedule(months(1, false))).then(&["ResetScheduled"]);
    assert_eq!(due(&world).as_deref(), Some("2027-02-28T10:00:00.000Z"));
    let mut stopped = when(world.clone(), WRITER, Action::ScheduleReset { recurrence: None }).then(&["ResetScheduled"]);
    assert_eq!(stopped.state.timers.next(), None);
    assert!(stopped.wait_days(400).is_empty());
    let off = Recurrence { activated: false, ..months(1, false) };
    let paused = when(world, WRITER, schedule(off)).then(&["ResetScheduled"]);
    assert_eq!(paused.state.timers.next(), None);
}

#[test]
fn a_recurrence_needs_a_length_within_bounds() {
    let ask = |recurrence| when(world(), WRITER, schedule(recurrence));
    ask(months(0, false)).then_rejected("recurrence_empty");
    ask(Recurrence { activated: false, ..months(0, false) }).then(&["ResetScheduled"]);
    ask(Recurrence { years: RECURRENCE_YEARS_MAX, ..months(0, false) }).then(&["ResetScheduled"]);
    ask(Recurrence { years: RECURRENCE_YEARS_MAX + 1, ..months(0, false) }).then_rejected("recurrence_too_long");
    ask(Recurrence { days: u32::MAX, ..months(0, false) }).then_rejected("recurrence_too_long");
    ask(Recurrence { weeks: u32::MAX, ..months(0, false) }).then_rejected("recurrence_too_long");
    ask(months(u32::MAX, false)).then_rejected("recurrence_too_long");
}

#[test]
fn an_approval_expires_after_its_time_and_waits_for_another() {
    let mut configuration = configuration();
    configuration.expires_after_millis = Some(30 * DAY_MILLIS);
    let mut world = brought_to(configured(configuration), Status::Approved, APPROVER);
    assert!(world.wait_days(29).is_empty());
    let names: Vec<_> = world.wait_days(2).iter().map(|recorded| name(&recorded.event)).collect();
    assert_eq!(names, ["ApprovalExpired"]);
    let found = signoff(&world);
    assert_eq!((found.status, found.approvals.len(), found.cycle), (Status::WaitingForApproval, 0, 1));
    // The expired approval stays readable.
    assert_eq!(found.history.first().map(|cycle| cycle.approvals.len()), Some(1));
    does(&mut world, APPROVER, approve());
    assert_eq!(world.wait_days(31).len(), 1);
}

#[test]
fn what_is_due_happens_in_due_order() {
    let mut configuration = configuration();
    configuration.recurrence = Some(months(2, false));
    configuration.expires_after_millis = Some(30 * DAY_MILLIS);
    let mut world = brought_to(configured(configuration), Status::Approved, APPROVER);
    // The expiry comes first, and cancels the reset.
    let names: Vec<_> = world.wait_days(400).iter().map(|recorded| name(&recorded.event)).collect();
    assert_eq!(names, ["ApprovalExpired"]);
    assert_eq!(world.state.timers.next(), None);
}

#[test]
fn a_signoff_that_is_not_approved_has_no_timer() {
    for status in Status::ALL {
        let mut world = world_at(status);
        does(&mut world, WRITER, schedule(months(1, false)));
        assert_eq!(world.state.timers.next().is_some(), status == Status::Approved, "{}", status.word());
    }
}
