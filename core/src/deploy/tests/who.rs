use super::gate::{act, approved_bundle, ask, bundle_key, decide, request_approval, world};
use crate::access;
use crate::context::Principal;
use crate::deploy::{Next, who_can};
use crate::ids::{Digest, ItemId};
use crate::signoff::{Action, ApprovalStatus, SignoffKey};
use crate::testing::World;

/// What is missing first at the gate of production, and who can help.
fn missing(world: &World) -> (&'static str, Next, Vec<Principal>) {
    let unmet = ask(world, "prod").unmet.remove(0);
    let who = who_can(&world.state, &unmet.next);
    (unmet.code, unmet.next, who)
}

fn review(item: ItemId) -> SignoffKey {
    SignoffKey { item, step: "review".into() }
}

/// People of every kind around the gate.
fn peopled() -> World {
    let mut world = world();
    world.user_in("pia", &["project_managers"]);
    world.user_in("cora", &["contributors"]);
    world.user("rob");
    world.bundle("b1");
    world
}

#[test]
fn an_ungoverned_bundle_waits_for_those_who_may_govern() {
    let world = peopled();
    let (code, next, who) = missing(&world);
    assert_eq!((code, next), ("not_governed", Next::Govern("bp.system.govern_bundle".into())));
    let named = |login: &str| who.contains(&world.principal(login));
    assert!(named("pia") && named("cora") && !named("rob") && who.contains(&world.admin()), "{who:?}");
    assert_eq!(who.last(), Some(&world.admin()), "those who may everything come last");
}

#[test]
fn an_unknown_bundle_waits_for_its_node_alone() {
    assert_eq!(missing(&world()), ("not_synced", Next::NodesWord, Vec::new()));
}

#[test]
fn each_stage_of_a_sign_off_waits_for_those_who_can_take_the_next_step() {
    let mut world = peopled();
    let bundle = *world.state.nodes.items.get(&bundle_key()).unwrap();
    let item = world.govern(bundle);
    let (_, next, who) = missing(&world);
    assert_eq!(next, Next::Change(item));
    assert!(who.contains(&world.principal("cora")) && !who.contains(&world.principal("bea")), "{who:?}");

    let mut asked = world.clone();
    request_approval(&mut world, item);
    assert_eq!(missing(&world), ("signoff_not_approved", Next::Approve(review(item)), vec![world.principal("ana")]));
    let admin = world.admin();
    act(&mut world, &admin, item, Action::ReturnToFeedback);
    let (_, next, who) = missing(&world);
    assert_eq!((next, who.first()), (Next::Feedback(review(item)), Some(&world.principal("bea"))));
    assert!(who.contains(&world.principal("cora")) && !who.contains(&world.principal("ana")), "{who:?}");

    request_approval(&mut asked, item);
    decide(&mut asked, item, ApprovalStatus::Rejected);
    let (_, next, who) = missing(&asked);
    assert_eq!(next, Next::Change(item));
    assert!(who.contains(&asked.principal("pia")) && !who.contains(&asked.principal("rob")), "{who:?}");
}

#[test]
fn whoever_is_disabled_cannot_help_and_a_stale_approval_waits_for_a_reset() {
    let (mut world, item) = approved_bundle();
    world.user_in("cora", &["contributors"]);
    world.sync_with(bundle_key().object, "b1", 2, Some(Digest::of(b"other content")));
    let cora = world.principal("cora");
    let (code, next, who) = missing(&world);
    assert_eq!((code, next), ("approval_stale", Next::Change(item)));
    assert!(who.contains(&cora) && who.contains(&world.admin()), "{who:?}");
    let (admin, Principal::User(user)) = (world.admin(), cora.clone()) else { unreachable!("a person") };
    world.run(&admin, access::Command::DisableUser { user });
    assert!(!missing(&world).2.contains(&cora));
}
