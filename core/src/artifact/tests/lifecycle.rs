//! Making, archiving, deleting.

use super::*;
use crate::signoff::SignoffKey;
use crate::testing::Spec;

fn comment(item: ItemId, step: Option<&str>, text: &str) -> Command {
    Command::Comment { item, step: step.map(Into::into), text: text.into() }
}

#[test]
fn an_item_is_made_of_the_only_active_version() {
    let world = Spec::given(world()).as_user("cora").when(create(GOVERN_PROJECT, &[])).then(&["ItemCreated"]);
    let made = item(&world, last(&world));
    assert_eq!(made.template.version.as_str(), "bv.system.default");
    assert!(made.is_named_by_person);
    let unknown = create("bp.nothing", &[]);
    let world = Spec::given(world).as_user("cora").when(unknown).then_rejected("not_found");
    let named = |version: &str| Command::Create {
        blueprint: GOVERN_PROJECT.into(),
        version: Some(version.into()),
        name: "made".into(),
        fields: Vec::new(),
        steps: Vec::new(),
    };
    let mut world = Spec::given(world).as_user("cora").when(named("bv.none")).then_rejected("version_not_active");
    version(&mut world, GOVERN_PROJECT, "bv.other", "{}");
    let world = Spec::given(world).as_user("cora").when(create(GOVERN_PROJECT, &[])).then_rejected("template_needed");
    let world = Spec::given(world).as_user("cora").when(named("bv.other")).then(&["ItemCreated"]);
    assert!(item(&world, last(&world)).steps.is_empty());
}

#[test]
fn an_item_whose_template_has_a_signoff_gets_it_with_the_item() {
    let spec = Spec::given(world()).as_user("cora");
    let world = spec.when(create("bp.system.govern_bundle", &[])).then(&["ItemCreated", "SignoffOpened"]);
    let key = SignoffKey { item: last(&world), step: "review".into() };
    assert!(world.state.signoffs.by_step.contains_key(&key));
    assert!(item(&world, key.item).steps.iter().all(|step| step.status == StepStatus::NotStarted));
}

#[test]
fn items_of_locked_blueprints_are_not_for_people() {
    let mut world = world();
    let source = tell(&mut world, project_key("FRAUD"));
    let admin = world.admin();
    for command in [
        create("bp.system.dataiku_project", &[]),
        rename(source, "x"),
        Command::Archive { item: source },
        Command::Delete { item: source },
    ] {
        world = Spec::given(world).as_principal(admin.clone()).when(command).then_rejected("blueprint_locked");
    }
}

#[test]
fn an_archived_item_refuses_changes_until_it_is_restored() {
    let mut world = world();
    let project = made_project(&mut world);
    let (archive, restore) = (Command::Archive { item: project }, Command::Restore { item: project });
    let world = Spec::given(world).as_user("cora").when(restore.clone()).then_already_so();
    let world = Spec::given(world).as_user("cora").when(archive.clone()).then(&["ItemArchived"]);
    let mut world = Spec::given(world).as_user("cora").when(archive).then_already_so();
    for command in [
        rename(project, "x"),
        finish(project, "exploration"),
        start(project, "exploration"),
        reopen(project, "exploration"),
        comment(project, None, "hello"),
    ] {
        world = Spec::given(world).as_user("cora").when(command).then_rejected("item_archived");
    }
    let world = Spec::given(world).as_user("cora").when(restore).then(&["ItemRestored"]);
    let _ = Spec::given(world).as_user("cora").when(rename(project, "x")).then(&["ItemRenamed"]);
}

#[test]
fn deleting_clears_what_referred_to_the_item_and_leaves_no_signoff() {
    let mut world = world();
    let bundle = tell(&mut world, bundle_key("FRAUD", "b1"));
    let governed = world.govern(bundle);
    let project = super::super::parent(&world.state, &item(&world, governed)).unwrap();
    let admin = world.admin();
    world.run(&admin, create("bp.system.business_initiative", &[]));
    let initiative = last(&world);
    world.run(&admin, fill(project, &[("business_initiative", text(&initiative.to_string()))]));
    let spec = Spec::given(world).as_principal(admin);
    let world = spec.when(Command::Delete { item: initiative }).then(&["FieldsEdited", "ItemDeleted"]);
    assert_eq!(super::super::parent(&world.state, &item(&world, project)), None);
    assert!(!world.state.items.by_id.contains_key(&initiative));
    assert!(!world.state.items.by_blueprint["bp.system.business_initiative"].contains(&initiative));
    let world = Spec::given(world).as_user("meg").when(Command::Delete { item: governed }).then(&["ItemDeleted"]);
    assert!(world.state.signoffs.by_step.is_empty());
    assert_eq!(super::super::govern::governing_item(&world.state, bundle), None);
    let world = Spec::given(world).as_user("meg").when(Command::Delete { item: governed }).then_rejected("not_found");
    let mut world = world;
    assert!(world.govern(bundle) > governed, "ids are never used again");
}

#[test]
fn what_governs_something_below_it_is_deleted_after_that() {
    let mut world = world();
    let bundle = tell(&mut world, bundle_key("FRAUD", "b1"));
    let governed = world.govern(bundle);
    let project = super::super::parent(&world.state, &item(&world, governed)).unwrap();
    let refused = Spec::given(world.clone()).as_user("meg").when(Command::Delete { item: project }).rejection();
    assert_eq!(refused.code(), "governs_below");
    assert!(refused.to_string().contains(&governed.to_string()), "{refused}");
    let world = Spec::given(world).as_user("meg").when(Command::Delete { item: governed }).then(&["ItemDeleted"]);
    Spec::given(world).as_user("meg").when(Command::Delete { item: project }).then(&["ItemDeleted"]);
}

#[test]
fn deleting_takes_one_of_several_references_out_of_a_list() {
    let mut world = world();
    let admin = world.admin();
    template(
        &mut world,
        "bp.list",
        r#"{"fieldDefinitions": {"others": {"fieldType": "REFERENCE", "listConfig": {}}}}"#,
    );
    let (one, other) = (made_project(&mut world), made_project(&mut world));
    let both = texts(&[&one.to_string(), &other.to_string()]);
    world.run(&admin, create("bp.list", &[("others", both)]));
    let list = last(&world);
    world.run(&admin, Command::Delete { item: one });
    let left = Value::List(Arc::from([Value::Reference(other)]));
    assert_eq!(item(&world, list).fields.get("others"), Some(&left));
}
