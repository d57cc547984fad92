use super::{at, gone, item, key, model, named, node, project, told, version};
use crate::artifact::{ChildRule, ChildrenRules, Govern};
use crate::context::Principal;
use crate::ids::ItemId;
use crate::sync::{Active, Command, KEY_PART_BYTES_MAX, METRICS_MAX, Measure, Revision, Sync, SyncKey, SyncObject};
use crate::testing::{Spec, World};
use crate::value::Value;
use crate::{artifact, sync};

fn spec(world: World) -> crate::testing::Given {
    Spec::given(world).as_principal(node())
}

fn name(world: &World, key: &SyncKey) -> String {
    world.state.items.by_id.get(&item(world, key)).unwrap().name.to_string()
}

fn field(world: &World, key: &SyncKey, field: &str) -> Option<Value> {
    world.state.items.by_id.get(&item(world, key)).unwrap().fields.get(field).cloned()
}

fn source(world: &World, key: &SyncKey) -> sync::SyncSource {
    let found = world.state.items.by_id.get(&item(world, key)).unwrap();
    found.source.as_deref().unwrap().clone()
}

fn changed(recorded: &crate::Recorded) -> Vec<String> {
    match &recorded.event {
        crate::Event::Sync(sync::Event::ItemSynced { changes, .. }) => {
            changes.iter().map(|change| change.field.to_string()).collect()
        }
        other => vec![format!("{other:?}")],
    }
}

fn govern(world: &mut World, source: ItemId, children: ChildrenRules) -> ItemId {
    let govern = Govern { source, version: None, children, with_parents: true, attach_to: None, initiative: None };
    let admin = world.admin();
    world.run(&admin, artifact::Command::Govern(govern));
    artifact::govern::governing_item(&world.state, source).unwrap()
}

#[test]
fn the_first_message_registers_the_node_and_makes_the_item() {
    let sync = told(project(), "Fraud", 1);
    let world = spec(World::bootstrapped()).when(Command::Sync(sync)).then(&["NodeRegistered", "ItemSynced"]);
    assert_eq!(name(&world, &project()), "Fraud");
    assert_eq!(field(&world, &project(), "node_id"), Some(Value::Text("design-1".into())));
    assert_eq!(field(&world, &project(), "project_key"), Some(Value::Text("FRAUD".into())));
    let model = told(model(), "Model", 1);
    spec(world).when(Command::Sync(model)).then(&["ItemSynced"]);
}

#[test]
fn the_same_and_an_older_revision_change_nothing_and_a_higher_one_is_always_an_event() {
    let mut world = World::bootstrapped();
    world.run(&node(), Command::Sync(told(project(), "Two", 2)));
    let world = spec(world).when(Command::Sync(told(project(), "Two", 2))).then_already_so();
    let world = spec(world).when(Command::Sync(told(project(), "One", 1))).then_already_so();
    let world = spec(world).when(Command::Sync(told(project(), "Two", 3))).then(&["ItemSynced"]);
    assert_eq!(source(&world, &project()).revision, at(3));
    let world = spec(world).when(Command::Sync(told(project(), "Two and a half", 2))).then_already_so();
    let sync = Sync { revision: Revision { epoch: 1, revision: 1 }, ..told(project(), "Anew", 0) };
    let world = spec(world).when(Command::Sync(sync)).then(&["ItemSynced"]);
    assert_eq!(name(&world, &project()), "Anew");
}

#[test]
fn only_what_changed_is_told_and_what_is_left_out_is_cleared() {
    let mut world = World::bootstrapped();
    let fields = vec![("owner".into(), Value::Text("ana".into())), ("status".into(), Value::Text("new".into()))];
    world.run(&node(), Command::Sync(Sync { fields, ..told(project(), "Fraud", 1) }));
    let fields = vec![("owner".into(), Value::Text("bo".into()))];
    let (events, world) = spec(world).when(Command::Sync(Sync { fields, ..told(project(), "Fraud", 2) })).accepted();
    assert_eq!(events.iter().map(changed).collect::<Vec<_>>(), [["owner", "status"]]);
    assert_eq!(field(&world, &project(), "owner"), Some(Value::Text("bo".into())));
    assert_eq!(field(&world, &project(), "status"), None);
    assert!(field(&world, &project(), "project_key").is_some());
}

#[test]
fn a_field_that_the_template_does_not_have_is_left_out_and_a_category_becomes_one() {
    let mut world = World::bootstrapped();
    let text = |text: &str| Value::Text(text.into());
    let fields = vec![
        ("from_the_future".into(), text("x")),
        ("governed_by".into(), text("x")),
        ("node_id".into(), text("another")),
        ("node_type".into(), text("design")),
    ];
    world.run(&node(), Command::Sync(Sync { fields, ..told(project(), "Fraud", 1) }));
    assert_eq!(field(&world, &project(), "from_the_future"), None);
    assert_eq!(field(&world, &project(), "governed_by"), None);
    assert_eq!(field(&world, &project(), "node_id"), Some(text("design-1")));
    assert_eq!(field(&world, &project(), "node_type"), Some(Value::Category("design".into())));
}

#[test]
fn a_child_before_its_parents_makes_stubs_that_their_messages_fill() {
    let mut world = World::bootstrapped();
    world.run(&node(), Command::Sync(told(project(), "Warm-up", 1)));
    let other = |object| SyncKey { node: "design-1".into(), object };
    let stub = other(SyncObject::Project { project: "OTHER".into() });
    let bundle = other(SyncObject::Bundle { project: "OTHER".into(), bundle: "b1".into() });
    let sync = told(bundle.clone(), "b1", 4);
    let world = spec(world).when(Command::Sync(sync)).then(&["ItemSynced", "ItemSynced"]);
    assert_eq!((name(&world, &stub), source(&world, &stub).revision), ("OTHER".to_owned(), Revision::default()));
    assert_eq!(field(&world, &bundle, "dataiku_project"), Some(Value::Reference(item(&world, &stub))));
    let world = spec(world).when(Command::Sync(told(stub.clone(), "Other", 1))).then(&["ItemSynced"]);
    assert_eq!(name(&world, &stub), "Other");
    let sync = told(version("v1"), "v1", 1);
    let world = spec(world).when(Command::Sync(sync)).then(&["ItemSynced", "ItemSynced"]);
    assert_eq!(field(&world, &version("v1"), "dataiku_saved_model"), Some(Value::Reference(item(&world, &model()))));
}

#[test]
fn a_deployment_refers_to_its_bundle() {
    let bundle = key(SyncObject::Bundle { project: "FRAUD".into(), bundle: "b1".into() });
    let deployment = SyncKey { node: "deployer".into(), object: SyncObject::Deployment { deployment: "d1".into() } };
    let sync = Sync { model_versions: vec![bundle.clone()], ..told(deployment.clone(), "d1", 1) };
    let mut world = World::bootstrapped();
    world.run(&Principal::Node("deployer".into()), Command::Sync(sync));
    assert_eq!(field(&world, &deployment, "dataiku_bundle"), Some(Value::Reference(item(&world, &bundle))));
}

#[test]
fn a_gone_object_keeps_its_item_and_comes_back_with_a_higher_revision() {
    let mut world = World::bootstrapped();
    world.run(&node(), Command::Sync(told(project(), "Fraud", 1)));
    let world = spec(world).when(gone(project(), 1)).then_already_so();
    let world = spec(world).when(gone(project(), 2)).then(&["ItemGone"]);
    assert!(source(&world, &project()).is_gone && name(&world, &project()) == "Fraud");
    let world = spec(world).when(gone(project(), 2)).then_already_so();
    let world = spec(world).when(Command::Sync(told(project(), "Old", 2))).then_already_so();
    let world = spec(world).when(Command::Sync(told(project(), "Back", 3))).then(&["ItemSynced"]);
    assert!(!source(&world, &project()).is_gone && name(&world, &project()) == "Back");
}

#[test]
fn what_was_gone_before_it_was_told_of_stays_gone() {
    let mut world = World::bootstrapped();
    world.run(&node(), gone(project(), 5));
    let world = spec(world).when(Command::Sync(told(project(), "Fraud", 4))).then_already_so();
    assert!(source(&world, &project()).is_gone);
    spec(world).when(Command::Sync(told(project(), "Fraud", 6))).then(&["ItemSynced"]);
}

#[test]
fn a_node_tells_of_its_own_objects_only() {
    let mut world = World::bootstrapped();
    world.user_in("root", &["administrators"]);
    for command in [Command::Sync(told(project(), "Fraud", 1)), gone(project(), 1)] {
        let other = Principal::Node("design-2".into());
        Spec::given(world.clone()).as_principal(other).when(command.clone()).then_rejected("node_mismatch");
        Spec::given(world.clone()).as_user("root").when(command.clone()).then_rejected("node_mismatch");
        Spec::given(world.clone()).as_system().when(command).accepted();
    }
}

#[test]
fn a_message_beyond_its_bounds_is_refused_whole() {
    let refused = |sync: Sync, code: &str| {
        let world = spec(World::bootstrapped()).when(Command::Sync(sync)).then_rejected(code);
        assert!(world.state.nodes.by_id.is_empty());
    };
    let long = |bytes: usize| SyncObject::Project { project: "x".repeat(bytes).into() };
    refused(told(key(long(KEY_PART_BYTES_MAX + 1)), "x", 1), "text_too_long");
    refused(told(key(long(0)), "x", 1), "name_invalid");
    refused(told(project(), " ", 1), "name_invalid");
    let measure = |n: usize| Measure { name: format!("m{n}").into(), value: 0.5 };
    let metrics: Vec<_> = (0..=METRICS_MAX).map(measure).collect();
    refused(Sync { metrics, ..told(version("v1"), "v1", 1) }, "too_many");
    let metrics = vec![Measure { name: "auc".into(), value: f64::NAN }];
    refused(Sync { metrics, ..told(version("v1"), "v1", 1) }, "metric_not_finite");
    refused(Sync { metrics: vec![measure(1), measure(1)], ..told(version("v1"), "v1", 1) }, "metric_given_twice");
    refused(Sync { active: named("v1"), ..told(version("v1"), "v1", 1) }, "active_misplaced");
    let fields = vec![("tags".into(), Value::Reference(ItemId(1)))];
    refused(Sync { fields, ..told(project(), "x", 1) }, "sync_field_invalid");
    let fields = vec![("description".into(), Value::Text("x".repeat(crate::value::TEXT_BYTES_MAX + 1).into()))];
    refused(Sync { fields, ..told(project(), "x", 1) }, "text_too_long");
}

#[test]
fn the_models_word_about_the_active_version_wins_over_the_versions_own() {
    let mut world = World::bootstrapped();
    let own = |is_active| Some(Active::Itself(is_active));
    let active = |world: &World, name: &str| field(world, &version(name), "active");
    world.run(&node(), Command::Sync(Sync { active: own(true), ..told(version("v1"), "v1", 1) }));
    world.run(&node(), Command::Sync(Sync { active: own(false), ..told(version("v2"), "v2", 1) }));
    assert_eq!(active(&world, "v1"), Some(Value::Boolean(true)));
    let sync = Sync { active: named("v2"), ..told(model(), "Model", 1) };
    let world = spec(world).when(Command::Sync(sync)).then(&["ItemSynced", "ItemSynced", "ItemSynced"]);
    assert_eq!([active(&world, "v1"), active(&world, "v2")], [Some(Value::Boolean(false)), Some(Value::Boolean(true))]);
    assert_eq!(source(&world, &version("v1")).active, own(true));
    let world = spec(world).when(Command::Sync(told(model(), "Model", 2))).then(&["ItemSynced"; 3]);
    assert_eq!([active(&world, "v1"), active(&world, "v2")], [Some(Value::Boolean(true)), Some(Value::Boolean(false))]);
}

#[test]
fn a_govern_item_follows_the_rename_of_its_source_unless_a_person_named_it() {
    let mut world = World::bootstrapped();
    world.run(&node(), Command::Sync(told(project(), "Fraud", 1)));
    let source = item(&world, &project());
    let govern_item = govern(&mut world, source, ChildrenRules::default());
    let name = |world: &World| world.state.items.by_id.get(&govern_item).unwrap().name.to_string();
    let renamed = Command::Sync(told(project(), "XX Govern Tutorial", 2));
    let mut world = spec(world).when(renamed).then(&["ItemSynced", "ItemRenamed"]);
    assert_eq!(name(&world), "XX Govern Tutorial");
    let admin = world.admin();
    let (item, fields, steps) = (govern_item, Vec::new(), Vec::new());
    world.run(&admin, artifact::Command::Save { item, name: Some("Ours".into()), fields, steps });
    let world = spec(world).when(Command::Sync(told(project(), "Theirs", 3))).then(&["ItemSynced"]);
    assert_eq!(name(&world), "Ours");
}

#[test]
fn upcoming_children_are_governed_as_soon_as_they_are_told_of() {
    let mut world = World::bootstrapped();
    world.run(&node(), Command::Sync(told(project(), "Fraud", 1)));
    let source = item(&world, &project());
    let children = ChildrenRules { bundles: ChildRule::None, models: ChildRule::All, model_versions: ChildRule::All };
    govern(&mut world, source, children);
    world.run(&node(), Command::Sync(told(version("v1"), "v1", 1)));
    for key in [model(), version("v1")] {
        assert!(artifact::govern::governing_item(&world.state, item(&world, &key)).is_some(), "{key:?}");
    }
    let bundle = key(SyncObject::Bundle { project: "FRAUD".into(), bundle: "b1".into() });
    let world = spec(world).when(Command::Sync(told(bundle, "b1", 1))).then(&["ItemSynced"]);
    drop(world);
}
