use crate::access::may::{Action, Subject, allows, is_admin, is_in, may_read_deleted};
use crate::access::why::why;
use crate::access::{Assignment, Command, Criterion, EVERY_ROLE, Edit, Permissions, Rights, Scope};
use crate::blueprint::Container;
use crate::context::Principal;
use crate::ids::{BlueprintId, ItemId, RoleId};
use crate::input::Input;
use crate::testing::{Spec, World};
use crate::{access, artifact};

const PROJECT: &str = "bp.system.govern_project";
const READ: Rights = Rights { read: true, write: false, create: false, delete: false, admin: false };

/// A govern project; ana in `risk`, ada an architect, ben nobody in particular.
fn world() -> (World, ItemId) {
    let mut world = World::bootstrapped();
    world.user_in("ana", &["risk"]);
    world.user_in("ada", &["designers"]);
    world.user("ben");
    let admin = world.admin();
    let group = "designers".into();
    let (description, is_admin, is_architect) = (None, None, Some(true));
    world.run(&admin, Command::EditGroup { group, description, is_admin, is_architect, document: Edit::Keep });
    let source = world.project();
    let project = world.govern(source);
    world.run(&admin, create_role("ro.auditor"));
    (world, project)
}

fn create_role(role: &str) -> Command {
    Command::CreateRole { role: role.into(), label: "Auditor".into(), description: "".into(), document: None }
}

fn on_project() -> Scope {
    Scope::Blueprint(PROJECT.into())
}

fn to_risk(criteria: Vec<Criterion>) -> Assignment {
    Assignment { criteria, containers: vec![Container::Group("risk".into())], ..Assignment::of("ro.auditor") }
}

fn set(on: Scope, rules: Vec<Assignment>) -> Command {
    Command::SetAssignments { on, assignments: rules, is_new: false, document: None }
}

fn audits(world: &World, item: ItemId) -> bool {
    is_in(&world.state, &Container::Role("ro.auditor".into()), &world.principal("ana"), item)
}

fn permit(role: &str, rights: Rights) -> Permissions {
    Permissions { everyone: Rights::default(), roles: vec![(role.into(), rights)], fields: Vec::new() }
}

#[test]
fn a_role_is_created_once_edited_and_deleted_while_nothing_names_it() {
    let (world, _) = world();
    let edit = || Command::EditRole {
        role: "ro.auditor".into(),
        label: "Looks".into(),
        description: "".into(),
        document: Edit::Keep,
    };
    let delete = |role: &str| Command::DeleteRole { role: role.into() };
    Spec::given(world.clone()).when(create_role("ro.auditor")).then_rejected("role_exists");
    let edited = Spec::given(world.clone()).when(edit()).then(&["RoleEdited"]);
    Spec::given(edited).when(edit()).then_already_so();
    Spec::given(world.clone()).when(delete("ro.none")).then_rejected("not_found");
    let gone = Spec::given(world.clone()).when(delete("ro.auditor")).then(&["RoleDeleted"]);
    Spec::given(gone).when(create_role("ro.auditor")).then(&["RoleCreated"]);
    for bad in ["auditor", "ro.", "ro.a b", "ro.a/b"] {
        Spec::given(world.clone()).when(create_role(bad)).then_rejected("role_id_invalid");
    }
}

#[test]
fn a_role_in_use_is_not_deleted() {
    let (world, project) = world();
    let delete = |role: &str| Command::DeleteRole { role: role.into() };
    // The standard ones are named in assignments, sign-offs and the default permissions.
    for role in ["ro.project_manager", "ro.final_approver", "ro.reader"] {
        Spec::given(world.clone()).when(delete(role)).then_rejected("role_in_use");
    }
    for on in [on_project(), Scope::Item(project)] {
        let used = Spec::given(world.clone()).when(set(on, vec![to_risk(vec![])])).then(&["AssignmentsSet"]);
        Spec::given(used).when(delete("ro.auditor")).then_rejected("role_in_use");
    }
    let permissions = permit("ro.auditor", READ);
    let wish = Command::SetPermissions { blueprint: Some(PROJECT.into()), permissions, is_new: true, document: None };
    let used = Spec::given(world).when(wish).then(&["PermissionsSet"]);
    Spec::given(used).when(delete("ro.auditor")).then_rejected("role_in_use");
}

#[test]
fn assignments_are_created_where_there_are_none() {
    let (world, _) = world();
    let create = || Command::SetAssignments {
        on: on_project(),
        assignments: vec![to_risk(vec![])],
        is_new: true,
        document: None,
    };
    Spec::given(world.clone()).when(create()).then_rejected("assignments_exist");
    let remove = Command::RemoveAssignments { on: on_project() };
    let bare = Spec::given(world).when(remove.clone()).then(&["AssignmentsRemoved"]);
    let bare = Spec::given(bare).when(remove).then_already_so();
    let set_again = Spec::given(bare).when(create()).then(&["AssignmentsSet"]);
    Spec::given(set_again).when(set(on_project(), vec![to_risk(vec![])])).then_already_so();
}

#[test]
fn rules_name_only_what_exists_and_no_role_is_given_by_a_role() {
    let (world, _) = world();
    let to = |container| vec![Assignment { containers: vec![container], ..Assignment::of("ro.auditor") }];
    for container in [Container::Group("none".into()), Container::Role("ro.reader".into())] {
        Spec::given(world.clone()).when(set(on_project(), to(container))).then_rejected("container_unknown");
    }
    let unknown = vec![Assignment::of("ro.none")];
    Spec::given(world.clone()).when(set(on_project(), unknown)).then_rejected("role_unknown");
    let every = Assignment { role: EVERY_ROLE.into(), ..to_risk(vec![]) };
    Spec::given(world.clone()).when(set(on_project(), vec![every])).then_rejected("role_unknown");
    let nowhere = Scope::Blueprint("bp.none".into());
    Spec::given(world).when(set(nowhere, Vec::new())).then_rejected("not_found");
}

#[test]
fn permissions_are_created_once_and_fall_back_to_the_default() {
    let (world, project) = world();
    let blueprint = || BlueprintId::from(PROJECT);
    let wish = |is_new| Command::SetPermissions {
        blueprint: Some(blueprint()),
        permissions: permit("ro.auditor", READ),
        is_new,
        document: None,
    };
    let reads = |world: &World| allows(&world.state, &world.principal("ben"), Action::Read, Subject::Item(project));
    assert!(reads(&world));
    let world = Spec::given(world).when(wish(true)).then(&["PermissionsSet"]);
    assert!(!reads(&world));
    let world = Spec::given(world).when(wish(true)).then_rejected("permissions_exist");
    let world = Spec::given(world).when(wish(false)).then_already_so();
    let world =
        Spec::given(world).when(Command::RemovePermissions { blueprint: blueprint() }).then(&["PermissionsRemoved"]);
    assert!(reads(&world));
}

#[test]
fn all_criteria_of_a_rule_have_to_hold_and_any_rule_is_enough() {
    let (world, project) = world();
    let with = |rules: Vec<Assignment>| {
        let (_, world) = Spec::given(world.clone()).when(set(on_project(), rules)).accepted();
        audits(&world, project)
    };
    let field =
        |value: &str, is_negated| Criterion::Field { field: "cost_rating".into(), value: value.into(), is_negated };
    let version = |version: &str| Criterion::Version(version.into());
    let table = [
        (vec![], true),
        (vec![version("bv.system.default")], true),
        (vec![version("bv.other")], false),
        (vec![Criterion::Step("exploration".into())], false),
        (vec![field("High", false)], false),
        (vec![field("High", true)], true),
        (vec![Criterion::Exists], true),
        (vec![Criterion::Deleted], false),
        (vec![Criterion::Exists, Criterion::Deleted], false),
    ];
    for (criteria, expected) in table {
        assert_eq!(with(vec![to_risk(criteria.clone())]), expected, "{criteria:?}");
    }
    assert!(with(vec![to_risk(vec![Criterion::Deleted]), to_risk(vec![Criterion::Exists])]));
}

#[test]
fn a_step_or_a_field_gives_a_role_while_it_is_so() {
    let (world, project) = world();
    let rule = to_risk(vec![Criterion::Step("exploration".into())]);
    let mut world = Spec::given(world).when(set(on_project(), vec![rule])).then(&["AssignmentsSet"]);
    assert!(!audits(&world, project));
    let admin = world.admin();
    world.run(&admin, artifact::Command::StartStep { item: project, step: "exploration".into() });
    assert!(audits(&world, project));
}

#[test]
fn of_another_blueprint_only_rules_without_criteria_are_inherited() {
    let (world, project) = world();
    let initiative = Scope::Blueprint("bp.system.business_initiative".into());
    let inherit =
        Assignment { inherited_from: Some("bp.system.business_initiative".into()), ..Assignment::of(EVERY_ROLE) };
    let (_, world) = Spec::given(world).when(set(on_project(), vec![inherit])).accepted();
    for (criteria, expected) in [(vec![], true), (vec![Criterion::Exists], false)] {
        let rules = set(initiative.clone(), vec![to_risk(criteria)]);
        let (_, world) = Spec::given(world.clone()).when(rules).accepted();
        assert_eq!(audits(&world, project), expected);
    }
}

#[test]
fn an_item_has_rules_of_its_own_for_its_admins_to_set() {
    let (mut world, project) = world();
    world.user_in("mia", &["project_managers"]);
    let rules = || set(Scope::Item(project), vec![to_risk(vec![])]);
    Spec::given(world.clone()).as_user("ben").when(rules()).then_rejected("forbidden");
    let world = Spec::given(world).as_user("mia").when(rules()).then(&["AssignmentsSet"]);
    assert!(audits(&world, project));
    let remove = Command::RemoveAssignments { on: Scope::Item(project) };
    let world = Spec::given(world).as_user("mia").when(remove).then(&["AssignmentsRemoved"]);
    assert!(!audits(&world, project));
}

#[test]
fn the_history_of_a_deleted_item_is_for_those_whose_rule_says_so() {
    let (world, project) = world();
    let rules = set(on_project(), vec![to_risk(vec![Criterion::Deleted])]);
    let (_, world) = Spec::given(world).when(rules).accepted();
    let permissions = permit("ro.auditor", READ);
    let wish = Command::SetPermissions { blueprint: Some(PROJECT.into()), permissions, is_new: true, document: None };
    let (_, mut world) = Spec::given(world).when(wish).accepted();
    let admin = world.admin();
    world.run(&admin, artifact::Command::Delete { item: project });
    let reads = |login: &str| may_read_deleted(&world.state, &world.principal(login), project);
    assert_eq!([reads("ana"), reads("ben"), reads("ada")], [true, false, true]);
}

#[test]
fn architects_may_all_but_administer_the_system() {
    let (world, project) = world();
    let ada = world.principal("ada");
    for action in [Action::Read, Action::Write, Action::Create, Action::Delete, Action::Admin] {
        assert!(allows(&world.state, &ada, action, Subject::Item(project)));
        assert!(allows(&world.state, &ada, action, Subject::Design));
        assert!(!allows(&world.state, &ada, action, Subject::Instance));
        assert!(!allows(&world.state, &world.principal("ben"), action, Subject::Design));
    }
    assert!(!is_admin(&world.state, &ada));
    assert!(!is_in(&world.state, &Container::Role("ro.final_approver".into()), &ada, project));
    Spec::given(world.clone()).as_user("ada").when(create_role("ro.more")).then(&["RoleCreated"]);
    Spec::given(world.clone()).as_user("ben").when(create_role("ro.more")).then_rejected("forbidden");
    let user = access::Command::DeleteUser { user: crate::ids::UserId(1) };
    Spec::given(world).as_user("ada").when(user).then_rejected("forbidden");
}

#[test]
fn create_does_not_imply_read() {
    let (world, project) = world();
    let create = Rights { create: true, ..Rights::default() };
    let (_, world) = Spec::given(world).when(set(on_project(), vec![to_risk(vec![])])).accepted();
    let permissions = permit("ro.auditor", create);
    let wish = Command::SetPermissions { blueprint: Some(PROJECT.into()), permissions, is_new: true, document: None };
    let (_, world) = Spec::given(world).when(wish).accepted();
    let ana = world.principal("ana");
    let blueprint = BlueprintId::from(PROJECT);
    assert!(allows(&world.state, &ana, Action::Create, Subject::Blueprint(&blueprint)));
    assert!(!allows(&world.state, &ana, Action::Read, Subject::Item(project)));
}

#[test]
fn an_explanation_names_the_rule_that_grants_or_the_missing_one() {
    let (mut world, project) = world();
    world.user_in("mia", &["project_managers"]);
    let told = |principal: &Principal| why(&world.state, principal, Action::Write, Subject::Item(project));
    let mia = told(&world.principal("mia"));
    assert!(mia.is_allowed && mia.would_be_granted_by.is_empty());
    let [granted] = mia.granted_by.as_slice() else { unreachable!("{mia:?}") };
    assert_eq!(granted.role, RoleId::from("ro.project_manager"));
    assert!(granted.rule.as_deref().is_some_and(|rule| rule.ends_with("of bp.system.govern_project")));
    assert_eq!(granted.to, [Container::Group("project_managers".into())]);
    let ben = told(&world.principal("ben"));
    assert!(!ben.is_allowed && ben.granted_by.is_empty());
    let roles: Vec<_> = ben.would_be_granted_by.iter().map(|rule| rule.role.as_str()).collect();
    assert_eq!(roles, ["ro.project_manager", "ro.contributor"]);
    let admin = told(&world.admin());
    assert_eq!((admin.is_allowed, admin.because.as_str()), (true, "administrators may"));
}

#[test]
fn a_field_of_people_gives_nothing_to_whom_the_save_did_not_name() {
    let (mut world, project) = world();
    let rule = Assignment { fields: vec!["final_approvers".into()], ..Assignment::of("ro.auditor") };
    let (_, next) = Spec::given(world.clone()).when(set(Scope::Item(project), vec![rule])).accepted();
    world = next;
    assert!(!audits(&world, project));
    world.set_people(project, "final_approvers", &["ana"]);
    assert!(audits(&world, project));
    let fields = vec![("final_approvers".into(), Input::Null)];
    let admin = world.admin();
    world.run(&admin, artifact::Command::Save { item: project, name: None, fields, steps: Vec::new() });
    assert!(!audits(&world, project));
}
