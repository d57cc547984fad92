use crate::access::{Command, FieldAccess, FieldRule, Permissions, Rights};
use crate::artifact;
use crate::ids::{FieldId, ItemId};
use crate::input::Input;
use crate::testing::{Spec, World};

const PROJECT: &str = "bp.system.govern_project";
const NOTES: &str = "exploration_notes";
const OTHER: &str = "qualification_notes";

/// coe contributes, ben reads.
fn world(fields: Vec<FieldRule>) -> (World, ItemId) {
    let mut world = World::bootstrapped();
    world.user_in("coe", &["contributors"]);
    world.user("ben");
    let source = world.project();
    let project = world.govern(source);
    let read = Rights { read: true, ..Rights::default() };
    let roles = vec![("ro.contributor".into(), Rights { write: true, ..read })];
    let permissions = Permissions { everyone: read, roles, fields };
    let admin = world.admin();
    world.run(
        &admin,
        Command::SetPermissions { blueprint: Some(PROJECT.into()), permissions, is_new: true, document: None },
    );
    (world, project)
}

fn rule(role: Option<&str>, field: Option<&str>, read: bool, write: bool) -> FieldRule {
    FieldRule { role: role.map(Into::into), field: field.map(Into::into), read, write }
}

fn can(world: &World, login: &str, item: ItemId, field: &str) -> (bool, bool) {
    let principal = world.principal(login);
    let access = FieldAccess::on(&world.state, &principal, item);
    (access.reads(&FieldId::from(field)), access.writes(&FieldId::from(field)))
}

fn save(item: ItemId, field: &str, text: &str) -> artifact::Command {
    let fields = vec![(field.into(), Input::Text(text.into()))];
    artifact::Command::Save { item, name: None, fields, steps: Vec::new() }
}

#[test]
fn fields_follow_the_item_where_nothing_is_said() {
    let (world, project) = world(Vec::new());
    assert_eq!(can(&world, "ben", project, NOTES), (true, false));
    assert_eq!(can(&world, "coe", project, NOTES), (true, true));
}

#[test]
fn an_exception_is_stronger_than_the_rule_for_all_fields_and_rules_add_up() {
    let hidden = vec![rule(None, Some(NOTES), false, false), rule(Some("ro.contributor"), None, true, false)];
    let (world, project) = world(hidden);
    assert_eq!(can(&world, "ben", project, NOTES), (false, false));
    assert_eq!(can(&world, "ben", project, OTHER), (true, false));
    assert_eq!(can(&world, "coe", project, NOTES), (true, false));
}

#[test]
fn writing_a_field_implies_reading_it() {
    let (world, project) = world(vec![rule(None, Some(NOTES), false, true)]);
    assert_eq!(can(&world, "ben", project, NOTES), (true, true));
}

#[test]
fn a_save_is_refused_the_fields_that_are_not_for_the_actor() {
    let hidden = vec![
        rule(None, Some(NOTES), false, false),
        rule(Some("ro.contributor"), Some(NOTES), false, false),
        rule(Some("ro.contributor"), Some(OTHER), true, false),
    ];
    let (world, project) = world(hidden);
    Spec::given(world.clone()).as_user("coe").when(save(project, OTHER, "x")).then_rejected("forbidden");
    // What may not be read does not exist: not even a wish for what it already holds is accepted.
    let refusal = Spec::given(world.clone()).as_user("coe").when(save(project, NOTES, "x")).rejection();
    assert_eq!(refusal.fields().first().map(|problem| problem.code), Some("unknown_field"));
    let none = Spec::given(world.clone()).as_user("coe").when(save(project, "no_such_field", "x")).rejection();
    assert_eq!(refusal.fields().first().map(|problem| &problem.message), none.fields().first().map(|p| &p.message));
    let admin = world.admin();
    Spec::given(world).as_principal(admin).when(save(project, NOTES, "x")).then(&["FieldsEdited"]);
}

#[test]
fn the_default_permissions_are_about_all_fields_alike() {
    let (world, _) = world(Vec::new());
    let permissions = Permissions { fields: vec![rule(None, Some(NOTES), true, true)], ..Permissions::default() };
    let wish = Command::SetPermissions { blueprint: None, permissions, is_new: false, document: None };
    Spec::given(world).when(wish).then_rejected("default_has_no_exceptions");
}
