//! Who may change what, and the fields that decide it.

use super::*;
use crate::testing::Spec;

#[test]
fn people_are_named_by_login_group_name_or_item() {
    let mut world = world();
    let project = made_project(&mut world);
    let person = |login: &str| world.state.access.users[&world.state.access.logins[login]].item;
    let (rob, cora) = (person("rob"), person("cora"));
    let group = world.state.access.groups.get("contributors").unwrap().item;
    let people = texts(&["rob", "contributors", &cora.to_string()]);
    let spec = Spec::given(world).as_user("meg");
    let world = spec.when(fill(project, &[("final_approvers", people)])).then(&["FieldsEdited"]);
    let expected = [rob, group, cora].map(Value::Reference);
    assert_eq!(item(&world, project).fields.get("final_approvers"), Some(&Value::List(Arc::from(expected))));
    let spec = Spec::given(world).as_user("meg");
    let world = spec.when(fill(project, &[("final_approvers", texts(&["nobody"]))])).then_rejected("fields_invalid");
    let spec = Spec::given(world).as_user("meg");
    let _ = spec.when(fill(project, &[("sponsors", texts(&["contributors"]))])).then_rejected("fields_invalid");
}

#[test]
fn people_fields_need_the_right_to_administer() {
    let mut world = world();
    let project = made_project(&mut world);
    for field in ["business_reviewers", "it_operations_reviewers", "risk_compliance_reviewers", "final_approvers"] {
        let save = fill(project, &[(field, texts(&["cora"]))]);
        world = Spec::given(world).as_user("cora").when(save.clone()).then_rejected("forbidden");
        world = Spec::given(world).as_user("meg").when(save).then(&["FieldsEdited"]);
    }
    let make = create(GOVERN_PROJECT, &[("final_approvers", texts(&["cora"]))]);
    let world = Spec::given(world).as_user("cora").when(make.clone()).then_rejected("forbidden");
    let _ = Spec::given(world).as_user("meg").when(make).then(&["ItemCreated"]);
}

#[test]
fn moving_an_item_below_other_approvers_needs_the_right_to_administer() {
    let mut world = world();
    let (one, other) = (made_project(&mut world), made_project(&mut world));
    let cora = world.principal("cora");
    world.run(&cora, create("bp.system.govern_bundle", &[("govern_project", text(&one.to_string()))]));
    let bundle = last(&world);
    let save = fill(bundle, &[("govern_project", text(&other.to_string()))]);
    let world = Spec::given(world).as_user("cora").when(save.clone()).then_rejected("forbidden");
    let _ = Spec::given(world).as_user("meg").when(save).then(&["FieldsEdited"]);
}

#[test]
fn writing_and_making_need_their_rights() {
    let mut world = world();
    let project = made_project(&mut world);
    let world = Spec::given(world).as_user("rob").when(rename(project, "x")).then_rejected("forbidden");
    let world = Spec::given(world).as_user("rob").when(create(GOVERN_PROJECT, &[])).then_rejected("forbidden");
    let world = Spec::given(world).as_user("rob").when(Command::Archive { item: project }).then_rejected("forbidden");
    let world = Spec::given(world).as_user("cora").when(Command::Delete { item: project }).then_rejected("forbidden");
    let _ = Spec::given(world).as_user("meg").when(Command::Delete { item: project }).then(&["ItemDeleted"]);
}

#[test]
fn what_one_may_not_see_does_not_exist() {
    let mut world = world();
    let project = made_project(&mut world);
    let hidden = crate::access::Event::PermissionsSet {
        blueprint: Some(GOVERN_PROJECT.into()),
        permissions: crate::access::Permissions::default(),
        document: None,
    };
    world.happened(&Principal::System, hidden);
    let missing = ItemId(9_999);
    let world = Spec::given(world).as_user("cora").when(rename(project, "x")).then_rejected("not_found");
    let mut world = Spec::given(world).as_user("cora").when(rename(missing, "x")).then_rejected("not_found");
    let admin = world.admin();
    world.run(&admin, create("bp.system.govern_bundle", &[]));
    let bundle = last(&world);
    let refer = fill(bundle, &[("govern_project", text(&project.to_string()))]);
    let rejection = Spec::given(world.clone()).as_user("meg").when(refer).rejection();
    assert_eq!(rejection.fields()[0].code, "dangling_reference");
    let source = tell(&mut world, project_key("FRAUD"));
    let attach = Govern { attach_to: Some(project), ..plain(source) };
    Spec::given(world).as_user("meg").when(Command::Govern(attach)).then_rejected("not_found");
}
