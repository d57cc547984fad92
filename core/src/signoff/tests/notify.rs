//! Who is to be notified is in the event.

use super::fixture::{
    APPROVER, EVERYTHING, NOBODY, OTHER_REVIEWER, REVIEWER, SECOND, THIRD, WRITER, does, when, world, world_at,
};
use crate::context::Principal;
use crate::event::Event;
use crate::ids::UserId;
use crate::signoff::{self, Action, Notified, Notify, Status};
use crate::testing::World;

fn user(world: &World, login: &str) -> UserId {
    match world.principal(login) {
        Principal::User(user) => user,
        other => panic!("{login} is {other:?}"),
    }
}

fn entry(world: &World, login: &str, group: Option<&str>) -> Notified {
    Notified { user: user(world, login), group: group.map(Into::into) }
}

/// Whom the request's event names.
fn told(world: World, notify: Notify, of_feedback: bool) -> Vec<Notified> {
    let wish = if of_feedback { Action::RequestFeedback { notify } } else { Action::RequestApproval { notify } };
    let (happened, _) = when(world, WRITER, wish).accepted();
    match happened.first().map(|recorded| &recorded.event) {
        Some(Event::Signoff(
            signoff::Event::FeedbackRequested { notify, .. } | signoff::Event::ApprovalRequested { notify, .. },
        )) => notify.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn absent_means_everyone_of_the_stage() {
    let world = world();
    let business = Some("business");
    let feedback = [
        entry(&world, REVIEWER, business),
        entry(&world, EVERYTHING, business),
        entry(&world, OTHER_REVIEWER, Some("risk")),
    ];
    assert_eq!(told(world.clone(), Notify::Stage, true), feedback);
    // Keys are approvers too, but nobody writes to a key.
    let approval = [APPROVER, SECOND, THIRD, EVERYTHING].map(|login| entry(&world, login, None));
    assert_eq!(told(world, Notify::Stage, false), approval);
}

#[test]
fn an_empty_list_means_nobody() {
    assert_eq!(told(world(), Notify::These(Vec::new()), true), []);
    assert_eq!(told(world(), Notify::These(Vec::new()), false), []);
}

#[test]
fn named_people_who_are_not_of_the_stage_are_left_out() {
    let world = world();
    let named = vec![
        entry(&world, REVIEWER, Some("business")),
        entry(&world, REVIEWER, Some("risk")),
        entry(&world, OTHER_REVIEWER, None),
        entry(&world, APPROVER, Some("business")),
        entry(&world, NOBODY, None),
        Notified { user: UserId(999), group: None },
    ];
    let expected = [entry(&world, REVIEWER, Some("business")), entry(&world, OTHER_REVIEWER, Some("risk"))];
    assert_eq!(told(world.clone(), Notify::These(named), true), expected);
    let named = vec![
        entry(&world, SECOND, None),
        entry(&world, THIRD, Some("business")),
        entry(&world, REVIEWER, None),
        entry(&world, SECOND, None),
    ];
    assert_eq!(told(world.clone(), Notify::These(named), false), [entry(&world, SECOND, None)]);
}

#[test]
fn delegates_are_of_the_stage_and_the_disabled_are_not() {
    let mut world = world_at(Status::WaitingForApproval);
    let to = user(&world, NOBODY);
    does(&mut world, APPROVER, Action::Delegate { group: None, to });
    does(&mut world, APPROVER, Action::ReturnToFeedback);
    let disabled = user(&world, SECOND);
    world.happened(&Principal::System, crate::access::Event::UserDisabled { user: disabled });
    let expected = [APPROVER, THIRD, EVERYTHING, NOBODY].map(|login| entry(&world, login, None));
    assert_eq!(told(world, Notify::Stage, false), expected);
}
