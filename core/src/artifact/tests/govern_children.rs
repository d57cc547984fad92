//! What is governed with its parent: what exists, what comes later, and what is left to the system.

use super::super::govern::{GOVERNED_MAX, govern_upcoming, governing_item};
use super::ChildRule::{All, Existing, None};
use super::govern::by_rule;
use super::*;
use crate::testing::Spec;

fn govern_with(source: ItemId, children: ChildrenRules) -> Command {
    Command::Govern(Govern { children, ..plain(source) })
}

fn is_governed(world: &World, source: ItemId) -> bool {
    governing_item(&world.state, source).is_some()
}

fn project_of(world: &World) -> ItemId {
    world.state.nodes.items[&key(project_key("FRAUD"))]
}

#[test]
fn only_the_kinds_that_are_asked_for_are_governed() {
    let mut world = world();
    let bundle = tell(&mut world, bundle_key("FRAUD", "b1"));
    let version = tell(&mut world, version_key("FRAUD", "m1", "v1"));
    let other = tell(&mut world, model_key("OTHER", "m1"));
    let project = project_of(&world);
    let spec = Spec::given(world).as_user("cora");
    let world = spec.when(govern_with(project, rules(None, Existing, None))).then(&["ItemGoverned", "ItemGoverned"]);
    let model = world.state.nodes.items[&key(model_key("FRAUD", "m1"))];
    assert!(is_governed(&world, model));
    assert!(![bundle, version, other].into_iter().any(|source| is_governed(&world, source)));
}

#[test]
fn versions_are_governed_with_the_models_of_a_project() {
    let mut world = world();
    let (v1, v2) =
        (tell(&mut world, version_key("FRAUD", "m1", "v1")), tell(&mut world, version_key("FRAUD", "m1", "v2")));
    let bundle = tell(&mut world, bundle_key("FRAUD", "b1"));
    let project = project_of(&world);
    let wish = govern_with(project, rules(Existing, Existing, Existing));
    let (events, world) = Spec::given(world).as_user("cora").when(wish.clone()).accepted();
    assert_eq!(events.len(), 5 + 3, "five govern items, three of them with a sign-off");
    assert!([v1, v2, bundle].into_iter().all(|source| is_governed(&world, source)));
    assert!(world.state.items.pending.is_empty());
    Spec::given(world).as_user("cora").when(wish).then_already_so();
}

#[test]
fn a_rule_for_existing_children_does_not_cover_those_that_come_later() {
    let mut world = world();
    let v1 = tell(&mut world, version_key("FRAUD", "m1", "v1"));
    let model = world.state.nodes.items[&key(model_key("FRAUD", "m1"))];
    world.govern(project_of(&world));
    let cora = world.principal("cora");
    let wish = govern_with(model, rules(None, None, Existing));
    world.run(&cora, wish.clone());
    assert!(is_governed(&world, v1));
    let v2 = tell(&mut world, version_key("FRAUD", "m1", "v2"));
    assert!(by_rule(&mut world, |draft| govern_upcoming(draft, v2)).is_empty());
    assert!(!is_governed(&world, v2));
    Spec::given(world).as_user("cora").when(wish).then_rejected("already_governed");
}

#[test]
fn a_rule_for_all_children_covers_those_that_come_later() {
    let mut world = world();
    let project = tell(&mut world, project_key("FRAUD"));
    let cora = world.principal("cora");
    let wish = govern_with(project, rules(All, All, All));
    world.run(&cora, wish.clone());
    let model = tell(&mut world, model_key("FRAUD", "m1"));
    assert_eq!(by_rule(&mut world, |draft| govern_upcoming(draft, model)), ["ItemGoverned"]);
    let version = tell(&mut world, version_key("FRAUD", "m1", "v1"));
    assert_eq!(by_rule(&mut world, |draft| govern_upcoming(draft, version)), ["ItemGoverned", "SignoffOpened"]);
    assert!(by_rule(&mut world, |draft| govern_upcoming(draft, version)).is_empty());
    let governed = governing_item(&world.state, project).unwrap();
    let world = Spec::given(world).as_user("cora").when(wish).then_already_so();
    let mut world =
        Spec::given(world).as_user("cora").when(Command::Archive { item: governed }).then(&["ItemArchived"]);
    let late = tell(&mut world, bundle_key("FRAUD", "b1"));
    assert!(by_rule(&mut world, |draft| govern_upcoming(draft, late)).is_empty());
}

#[test]
fn a_hidden_child_is_left_out_and_governed_once_it_is_shown() {
    let mut world = world();
    let bundle = tell(&mut world, bundle_key("FRAUD", "b1"));
    let cora = world.principal("cora");
    world.run(&cora, Command::Hide { item: bundle });
    let project = project_of(&world);
    let spec = Spec::given(world).as_user("cora");
    let world = spec.when(govern_with(project, rules(All, None, None))).then(&["ItemGoverned"]);
    let spec = Spec::given(world).as_user("cora");
    let _ = spec.when(Command::Show { item: bundle }).then(&["ItemShown", "ItemGoverned", "SignoffOpened"]);
}

#[test]
fn what_is_too_much_for_one_command_is_left_to_the_system() {
    let mut world = world();
    let count = GOVERNED_MAX * 2 + 7;
    let bundles: Vec<_> = (0..count).map(|n| tell(&mut world, bundle_key("FRAUD", &format!("b{n}")))).collect();
    let project = project_of(&world);
    let wish = govern_with(project, rules(Existing, None, None));
    let (events, mut world) = Spec::given(world).as_user("cora").when(wish.clone()).accepted();
    assert_eq!(events.len(), 1 + GOVERNED_MAX * 2);
    assert_eq!(world.state.items.pending.len(), 1);
    world = Spec::given(world).as_user("cora").when(wish).then_already_so();
    let mut rounds = 0;
    while !world.state.items.pending.is_empty() && rounds < 10 {
        assert!(!world.run(&Principal::System, Command::GovernPending).is_empty());
        rounds += 1;
    }
    assert_eq!(rounds, 2);
    assert!(bundles.iter().all(|bundle| is_governed(&world, *bundle)));
    Spec::given(world).as_system().when(Command::GovernPending).then_already_so();
}

#[test]
fn pending_children_that_a_person_governed_or_hid_or_that_are_gone_are_passed() {
    let mut world = world();
    let count = GOVERNED_MAX + 3;
    let bundles: Vec<_> = (0..count).map(|n| tell(&mut world, bundle_key("FRAUD", &format!("b{n:03}")))).collect();
    let project = project_of(&world);
    let cora = world.principal("cora");
    world.run(&cora, govern_with(project, rules(Existing, None, None)));
    let [.., first, second, third] = bundles.as_slice() else { panic!("too few bundles") };
    world.run(&cora, Command::Govern(plain(*third)));
    assert_eq!(world.state.items.pending.len(), 1, "two are left, before the one that was governed by hand");
    world.run(&cora, Command::Hide { item: *first });
    assert_eq!(world.state.items.pending.len(), 1);
    let gone = sync::Event::ItemGone { item: *second, revision: Revision { epoch: 0, revision: 2 } };
    world.happened(&Principal::Node(NodeId::from(NODE)), gone);
    assert!(world.state.items.pending.is_empty());
}

#[test]
fn the_children_of_an_attached_project_follow_the_rules_given() {
    let mut world = world();
    let first = tell(&mut world, project_key("A"));
    let governed = world.govern(first);
    let old = tell(&mut world, bundle_key("A", "b1"));
    let bundle = tell(&mut world, bundle_key("B", "b1"));
    let second = world.state.nodes.items[&key(project_key("B"))];
    let attach = Govern { attach_to: Some(governed), children: rules(Existing, None, None), ..plain(second) };
    let (_, world) = Spec::given(world).as_user("cora").when(Command::Govern(attach)).accepted();
    assert!(is_governed(&world, bundle));
    assert!(is_governed(&world, old), "the rules are the govern item's, for all of its sources");
    assert_eq!(item(&world, governed).children, ChildrenRules::default());
}

#[test]
fn rules_for_children_are_for_the_kinds_that_there_are() {
    let mut world = world();
    let bundle = tell(&mut world, bundle_key("FRAUD", "b1"));
    let model = tell(&mut world, model_key("FRAUD", "m1"));
    world.govern(project_of(&world));
    let spec = Spec::given(world).as_user("cora");
    let world = spec.when(govern_with(model, rules(Existing, None, None))).then_rejected("children_not_possible");
    let spec = Spec::given(world).as_user("cora");
    spec.when(govern_with(bundle, rules(None, None, All))).then_rejected("children_not_possible");
}

#[test]
fn a_node_that_tells_of_a_new_version_gets_it_governed_by_the_rule_for_all() {
    let mut world = world();
    let (project, model) = (world.project(), world.model("m1"));
    world.govern(project);
    let cora = world.principal("cora");
    world.run(&cora, govern_with(model, rules(None, None, All)));
    let version = world.version("m1", "v1");
    let governed = item(&world, governing_item(&world.state, version).unwrap());
    assert_eq!(super::super::parent(&world.state, &governed), governing_item(&world.state, model));
    assert!(matches!(world.log.last().unwrap().actor, Principal::Node(_)), "the node's message is what governed it");
    let bundle = world.bundle("b1");
    assert!(!is_governed(&world, bundle));
}
