use super::{Command, is_subscribed, subscribers};
use crate::access;
use crate::artifact::{self, Event as ItemEvent};
use crate::event::Event;
use crate::ids::{ItemId, UserId};
use crate::input::Input;
use crate::testing::{Spec, World};

const INITIATIVE: &str = "bp.system.business_initiative";
const PROJECT: &str = "bp.system.govern_project";

/// `meg` made an initiative and, as an administrator, a project below it; `rob` may read both.
fn world() -> (World, UserId, UserId, ItemId, ItemId) {
    let mut world = World::bootstrapped();
    let meg = world.user_in("meg", &["administrators"]);
    let rob = world.user_in("rob", &["administrators"]);
    let initiative = make(&mut world, INITIATIVE, Vec::new());
    let below = vec![("business_initiative".into(), Input::Text(initiative.to_string().into()))];
    let project = make(&mut world, PROJECT, below);
    (world, meg, rob, initiative, project)
}

#[track_caller]
fn make(world: &mut World, blueprint: &str, fields: Vec<(crate::ids::FieldId, Input)>) -> ItemId {
    let (name, steps) = (blueprint.into(), Vec::new());
    let command = artifact::Command::Create { blueprint: blueprint.into(), version: None, name, fields, steps };
    let (events, after) = Spec::given(world.clone()).as_user("meg").when(command).accepted();
    *world = after;
    let made = events.iter().find_map(|recorded| match &recorded.event {
        Event::Item(ItemEvent::ItemCreated { item, .. }) => Some(*item),
        _ => None,
    });
    made.unwrap_or(ItemId(0))
}

#[test]
fn whoever_makes_an_item_is_subscribed_to_it_and_whoever_only_reads_is_not() {
    let (world, meg, rob, initiative, project) = world();
    assert!(is_subscribed(&world.state, initiative, meg) && is_subscribed(&world.state, project, meg));
    assert!(!is_subscribed(&world.state, project, rob));
    Spec::given(world).as_user("meg").when(Command::Subscribe { item: project }).then_already_so();
}

#[test]
fn a_subscription_holds_below_until_the_person_decides_otherwise_there() {
    let (world, meg, rob, initiative, project) = world();
    let world = Spec::given(world).as_user("rob").when(Command::Subscribe { item: initiative }).then(&["Subscribed"]);
    assert_eq!(subscribers(&world.state, project), [meg, rob]);
    let world = Spec::given(world).as_user("rob").when(Command::Unsubscribe { item: project }).then(&["Unsubscribed"]);
    assert_eq!(subscribers(&world.state, project), [meg]);
    assert_eq!(subscribers(&world.state, initiative), [meg, rob]);
    Spec::given(world).as_user("rob").when(Command::Unsubscribe { item: project }).then_already_so();
}

#[test]
fn whoever_saves_is_subscribed_again() {
    let (world, _, rob, _, project) = world();
    let name = Some("Another name".into());
    let save = artifact::Command::Save { item: project, name, fields: Vec::new(), steps: Vec::new() };
    let world = Spec::given(world).as_user("rob").when(save).then(&["ItemRenamed"]);
    assert!(is_subscribed(&world.state, project, rob));
}

#[test]
fn with_an_item_go_its_subscriptions() {
    let (world, _, _, _, project) = world();
    let (_, world) = Spec::given(world).as_user("meg").when(artifact::Command::Delete { item: project }).accepted();
    assert!(!world.state.subscriptions.by_item.contains_key(&project));
    Spec::given(world).as_user("meg").when(Command::Subscribe { item: project }).then_rejected("not_found");
}

#[test]
fn only_people_subscribe_and_only_to_what_they_may_read() {
    let (mut world, _, rob, _, project) = world();
    let admin = world.admin();
    let subscribe = Command::Subscribe { item: project };
    Spec::given(world.clone()).as_principal(admin.clone()).when(subscribe.clone()).then_rejected("not_a_person");
    world.run(&admin, access::Command::DisableUser { user: rob });
    Spec::given(world).as_user("rob").when(subscribe).then_rejected("actor_inactive");
}
