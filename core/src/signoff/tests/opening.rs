//! How a sign-off comes to be.

use super::fixture::{
    ADMIN, APPROVER, ITEM, NOBODY, STEP, WRITER, archive, command, configuration, configure, finish, key, months,
    signoff, status, unconfigured, when, world,
};
use crate::artifact;
use crate::context::{Caller, Channel, Context, Principal};
use crate::draft::Draft;
use crate::event::Event;
use crate::ids::CorrelationId;
use crate::signoff::{self, Action, Status, allowed};
use crate::testing::Spec;

#[test]
fn a_new_item_gets_the_signoffs_that_its_template_configures() {
    let mut world = unconfigured();
    let configured_at = configure(&mut world, configuration());
    let caller = Caller::new(Principal::System, Channel::Engine, CorrelationId(uuid::Uuid::nil()));
    let context = Context { caller, at: world.at, seed: [0; 32] };
    let mut draft = Draft::new(&world.state, &context);
    signoff::open_all(&mut draft, ITEM);
    signoff::open_all(&mut draft, ITEM);
    let Ok((events, _)) = draft.finish() else { panic!("refused") };
    let events: Vec<_> = events.into_iter().map(|recorded| recorded.event).collect();
    assert_eq!(
        events,
        [Event::Signoff(signoff::Event::SignoffOpened { item: ITEM, step: STEP.into(), configured_at })]
    );
}

#[test]
fn a_signoff_whose_configuration_came_later_is_created_by_a_writer_while_the_step_is_ongoing() {
    let mut world = unconfigured();
    when(world.clone(), WRITER, Action::Create).then_rejected("signoff_not_configured");
    let mut configuration = configuration();
    configuration.recurrence = Some(months(3, true));
    let configured_at = configure(&mut world, configuration);
    assert_eq!(allowed(&world.state, &key(), &world.principal(WRITER)), ["create"]);
    assert!(allowed(&world.state, &key(), &world.principal(APPROVER)).is_empty());
    when(world.clone(), NOBODY, Action::Create).then_rejected("forbidden");
    when(world.clone(), APPROVER, Action::Create).then_rejected("forbidden");
    when(world.clone(), ADMIN, Action::Create).then(&["SignoffOpened"]);

    let created = when(world, WRITER, Action::Create).then(&["SignoffOpened"]);
    let found = signoff(&created);
    assert_eq!((found.status, found.cycle, found.configured_at), (Status::NotStarted, 1, configured_at));
    assert_eq!(found.recurrence, Some(months(3, true)));
    when(created.clone(), WRITER, Action::Create).then_already_so();
    when(created, NOBODY, Action::Create).then_rejected("forbidden");
}

#[test]
fn a_signoff_is_not_created_on_a_closed_step_or_an_archived_item() {
    let mut world = unconfigured();
    configure(&mut world, configuration());
    let other = signoff::Command { step: "development".into(), ..command(Action::Create) };
    Spec::given(world.clone()).as_user(WRITER).when(other).then_rejected("signoff_not_configured");
    let unknown = signoff::Command { step: "no such step".into(), ..command(Action::Create) };
    Spec::given(world.clone()).as_user(WRITER).when(unknown).then_rejected("not_found");
    let mut finished = world.clone();
    finish(&mut finished);
    when(finished, WRITER, Action::Create).then_rejected("step_not_ongoing");
    archive(&mut world);
    when(world, WRITER, Action::Create).then_rejected("item_archived");
}

#[test]
fn a_signoff_keeps_the_configuration_it_opened_under() {
    let mut world = world();
    let before = signoff(&world).configured_at;
    let mut other = configuration();
    other.groups.clear();
    let after = configure(&mut world, other);
    assert_ne!(before, after);
    assert_eq!(signoff(&world).configured_at, before);
    when(world, WRITER, super::fixture::request_feedback()).then(&["FeedbackRequested"]);
}

#[test]
fn the_signoffs_of_a_deleted_item_go_with_their_timers() {
    let mut configuration = configuration();
    configuration.recurrence = Some(months(1, false));
    let mut world = super::fixture::brought_to(super::fixture::configured(configuration), Status::Approved, APPROVER);
    assert_eq!(status(&world), Status::Approved);
    assert!(world.state.timers.next().is_some());
    world.happened(&Principal::System, artifact::Event::ItemDeleted { item: ITEM });
    assert!(world.state.timers.next().is_none());
    assert!(world.state.signoffs.by_step.is_empty());
}
