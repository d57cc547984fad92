use super::{at, gone, item, key, model, node, project, told, version};
use crate::artifact;
use crate::event::Event;
use crate::ids::ItemId;
use crate::sync::{CLEANUP_EVENTS_MAX, Command, Fate, SyncKey, SyncObject, leftovers};
use crate::testing::{Spec, World};
use crate::{Principal, sync};

fn clean_up(node: &str) -> Command {
    Command::CleanUp { node: node.into() }
}

fn automation(project: &str) -> SyncKey {
    SyncKey { node: "automation-1".into(), object: SyncObject::Project { project: project.into() } }
}

fn is_gone(world: &World, item: ItemId) -> bool {
    world.state.items.by_id.get(&item).unwrap().source.as_ref().unwrap().is_gone
}

fn is_archived(world: &World, item: ItemId) -> bool {
    world.state.items.by_id.get(&item).unwrap().is_archived
}

/// A project with a model and a version, governed; gives the govern items of project and version.
fn governed() -> (World, ItemId, ItemId) {
    let mut world = World::bootstrapped();
    for (key, revision) in [(project(), 4), (model(), 2), (version("v1"), 3)] {
        world.run(&node(), Command::Sync(told(key, "it", revision)));
    }
    let governed_version = item(&world, &version("v1"));
    let governed_version = world.govern(governed_version);
    let governed_project = artifact::govern::governing_item(&world.state, item(&world, &project())).unwrap();
    (world, governed_project, governed_version)
}

fn clean(world: World, node: &str) -> World {
    let admin = world.admin();
    Spec::given(world).as_principal(admin).when(clean_up(node)).accepted().1
}

#[test]
fn everything_of_the_node_is_gone_at_its_own_revision_and_what_nothing_is_left_of_is_archived() {
    let (world, governed_project, governed_version) = governed();
    let admin = world.admin();
    let (events, world) = Spec::given(world).as_principal(admin.clone()).when(clean_up("design-1")).accepted();
    let revisions = events.iter().filter_map(|recorded| match &recorded.event {
        Event::Sync(sync::Event::ItemGone { revision, .. }) => Some(*revision),
        _ => None,
    });
    assert_eq!(revisions.collect::<Vec<_>>(), [at(4), at(2), at(3)]);
    assert!([project(), model(), version("v1")].iter().all(|key| is_gone(&world, item(&world, key))));
    assert!(is_archived(&world, governed_project) && is_archived(&world, governed_version));
    let reasons = events.iter().map(|recorded| recorded.reason.as_ref().map(|reason| reason.shown().to_owned()));
    let reasons: Vec<String> = reasons.map(Option::unwrap).collect();
    assert!(reasons.iter().all(|reason| reason.starts_with("the node design-1 was removed")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains(&format!("nothing that {governed_version} governs"))));
    Spec::given(world).as_principal(admin).when(clean_up("design-1")).then_already_so();
}

#[test]
fn what_another_node_still_has_keeps_its_govern_item() {
    let (mut world, governed_project, _) = governed();
    let other = Principal::Node("automation-1".into());
    world.run(&other, Command::Sync(told(automation("FRAUD_COPY"), "copy", 1)));
    let copy = item(&world, &automation("FRAUD_COPY"));
    let attach = artifact::Govern {
        source: copy,
        version: None,
        children: artifact::ChildrenRules::default(),
        with_parents: false,
        attach_to: Some(governed_project),
        initiative: None,
    };
    let admin = world.admin();
    world.run(&admin, artifact::Command::Govern(attach));
    let fates: Vec<_> = leftovers(&world.state, &"design-1".into()).map(|left| left.governed).collect();
    assert_eq!(fates.first(), Some(&Some((governed_project, Fate::Kept(1)))));
    let world = clean(world, "design-1");
    assert!(!is_archived(&world, governed_project) && !is_gone(&world, copy));
    let left: Vec<_> = leftovers(&world.state, &"automation-1".into()).map(|left| left.governed).collect();
    assert_eq!(left, [Some((governed_project, Fate::Archived))]);
    assert!(is_archived(&clean(world, "automation-1"), governed_project));
}

#[test]
fn what_was_gone_before_is_not_told_again_but_its_govern_item_is_archived() {
    let (mut world, _, governed_version) = governed();
    world.run(&node(), gone(version("v1"), 9));
    let rows: Vec<_> = leftovers(&world.state, &"design-1".into()).map(|left| (left.item.id, left.goes)).collect();
    assert!(rows.contains(&(item(&world, &version("v1")), false)), "{rows:?}");
    let world = clean(world, "design-1");
    assert!(is_archived(&world, governed_version));
    let told_gone = world.log.iter().filter(|recorded| match &recorded.event {
        Event::Sync(sync::Event::ItemGone { item: gone, .. }) => *gone == item(&world, &version("v1")),
        _ => false,
    });
    assert_eq!(told_gone.count(), 1);
}

#[test]
fn a_later_message_brings_an_item_back_and_an_older_one_does_not() {
    let (world, governed_project, _) = governed();
    let mut world = clean(world, "design-1");
    world.run(&node(), Command::Sync(told(project(), "it", 4)));
    assert!(is_gone(&world, item(&world, &project())));
    world.run(&node(), Command::Sync(told(project(), "it", 5)));
    assert!(!is_gone(&world, item(&world, &project())) && is_archived(&world, governed_project));
}

#[test]
fn a_large_node_is_cleaned_up_in_portions_that_end() {
    let mut world = World::bootstrapped();
    let count = CLEANUP_EVENTS_MAX * 2 + 10;
    for number in 0..count {
        let object = SyncObject::Dataset { project: "FRAUD".into(), dataset: format!("d{number:04}").into() };
        world.run(&node(), Command::Sync(told(key(object), "set", 1)));
    }
    let mut portions = Vec::new();
    loop {
        let admin = world.admin();
        let (events, after) = Spec::given(world).as_principal(admin).when(clean_up("design-1")).accepted();
        world = after;
        if events.is_empty() {
            break;
        }
        portions.push(events.len());
    }
    // The project of the datasets is a stub, and goes with them.
    assert_eq!(portions.iter().sum::<usize>(), count + 1);
    assert!(portions.len() == 3 && portions.iter().all(|events| *events <= CLEANUP_EVENTS_MAX), "{portions:?}");
    assert_eq!(leftovers(&world.state, &"design-1".into()).count(), 0);
}

#[test]
fn only_administrators_clean_up_and_only_known_nodes() {
    let (mut world, _, _) = governed();
    world.user("ana");
    let admin = world.admin();
    Spec::given(world.clone()).as_user("ana").when(clean_up("design-1")).then_rejected("forbidden");
    Spec::given(world.clone()).as_principal(node()).when(clean_up("design-1")).then_rejected("forbidden");
    Spec::given(world).as_principal(admin).when(clean_up("nowhere")).then_rejected("node_unknown");
}
