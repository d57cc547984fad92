use proptest::prelude::*;

use crate::access::may::{Action, Subject, allows, groups_of, is_active, is_admin, is_in, may, members};
use crate::access::{Assignment, Event, Permissions, Rights};
use crate::blueprint::Container;
use crate::context::Principal;
use crate::ids::{BlueprintId, FieldId, ItemId};
use crate::testing::World;
use crate::value::{FieldChange, OldValue, Value};
use crate::{access, artifact, signoff};

const ALL: [Action; 5] = [Action::Read, Action::Write, Action::Create, Action::Delete, Action::Admin];
const PROJECT_BLUEPRINT: &str = "bp.system.govern_project";
const NOTHING: Rights = Rights { read: false, write: false, create: false, delete: false, admin: false };

/// A governed model version `v1`, with its govern project; ana is nobody in particular.
fn governed() -> (World, ItemId, ItemId) {
    let mut world = World::bootstrapped();
    world.user("ana");
    world.project();
    world.model("m1");
    let version = world.version("m1", "v1");
    let govern_version = world.govern(version);
    let ids = world.state.items.by_blueprint.get(PROJECT_BLUEPRINT).unwrap();
    let govern_project = *ids.get_min().unwrap();
    (world, govern_project, govern_version)
}

fn permit(world: &mut World, blueprint: Option<&str>, everyone: Rights, roles: &[(&str, Rights)]) {
    let roles = roles.iter().map(|(role, rights)| ((*role).into(), *rights)).collect();
    let permissions = Permissions { everyone, roles, fields: Vec::new() };
    world.happened(
        &Principal::System,
        Event::PermissionsSet { blueprint: blueprint.map(Into::into), permissions, document: None },
    );
}

/// Takes away what blueprints say, so that only the default counts.
fn permit_by_default_only(world: &mut World, everyone: Rights, roles: &[(&str, Rights)]) {
    let blueprints: Vec<BlueprintId> = world.state.access.permissions.keys().cloned().collect();
    for blueprint in blueprints {
        permit(world, Some(blueprint.as_str()), everyone, roles);
    }
    permit(world, None, everyone, roles);
}

fn can(world: &World, login: &str, action: Action, item: ItemId) -> bool {
    allows(&world.state, &world.principal(login), action, Subject::Item(item))
}

#[test]
fn at_first_everybody_who_is_enabled_reads_and_no_more() {
    let (mut world, project, version) = governed();
    for item in [project, version] {
        assert_eq!(ALL.map(|action| can(&world, "ana", action, item)), [true, false, false, false, false]);
    }
    let user = world.user("ana");
    world.run(&Principal::System, access::Command::DisableUser { user });
    assert!(!can(&world, "ana", Action::Read, project));
}

#[test]
fn a_project_manager_does_everything_and_a_contributor_writes_and_creates() {
    let (mut world, project, _) = governed();
    world.user_in("mia", &["project_managers"]);
    world.user_in("coe", &["contributors"]);
    assert_eq!(ALL.map(|action| can(&world, "mia", action, project)), [true; 5]);
    assert_eq!(ALL.map(|action| can(&world, "coe", action, project)), [true, true, true, false, false]);
    let blueprint = BlueprintId::from(PROJECT_BLUEPRINT);
    let create = |login| allows(&world.state, &world.principal(login), Action::Create, Subject::Blueprint(&blueprint));
    assert_eq!([create("mia"), create("coe"), create("ana")], [true, true, false]);
}

#[test]
fn administrators_may_all_but_are_no_reviewers_or_approvers() {
    let (mut world, project, version) = governed();
    world.user_in("root", &["administrators"]);
    let root = world.principal("root");
    assert_eq!(ALL.map(|action| can(&world, "root", action, version)), [true; 5]);
    assert!(is_admin(&world.state, &root) && allows(&world.state, &root, Action::Admin, Subject::Instance));
    for role in ["ro.final_approver", "ro.business_reviewer"] {
        assert!(!is_in(&world.state, &Container::Role(role.into()), &root, version));
        assert!(!is_in(&world.state, &Container::Role(role.into()), &world.admin(), project));
    }
}

#[test]
fn the_instance_is_for_administrators() {
    let (world, ..) = governed();
    for action in ALL {
        assert!(!allows(&world.state, &world.principal("ana"), action, Subject::Instance));
        assert!(allows(&world.state, &world.admin(), action, Subject::Instance));
    }
}

#[test]
fn what_is_synced_is_changed_by_its_node_alone() {
    let (mut world, ..) = governed();
    let project = world.project();
    let (own, other) = (Principal::Node("design-1".into()), Principal::Node("design-2".into()));
    for action in [Action::Write, Action::Create, Action::Delete] {
        assert!(!allows(&world.state, &world.admin(), action, Subject::Item(project)));
    }
    for action in [Action::Write, Action::Delete] {
        assert!(allows(&world.state, &own, action, Subject::Item(project)));
        assert!(!allows(&world.state, &other, action, Subject::Item(project)));
    }
    assert!(can(&world, "ana", Action::Read, project));
    assert!(!allows(&world.state, &own, Action::Read, Subject::Item(project)));
    assert!(!allows(&world.state, &own, Action::Read, Subject::Instance));
}

#[test]
fn people_in_a_field_have_the_role_also_below_and_through_their_group() {
    let (mut world, project, version) = governed();
    world.user_in("bo", &["approvers"]);
    world.set_people(project, "final_approvers", &["ana"]);
    let approver = Container::Role("ro.final_approver".into());
    let (ana, bo) = (world.principal("ana"), world.principal("bo"));
    assert!(is_in(&world.state, &approver, &ana, project) && is_in(&world.state, &approver, &ana, version));
    assert!(!is_in(&world.state, &approver, &bo, version));
    assert_eq!(members(&world.state, &approver, version).into_iter().collect::<Vec<_>>(), std::slice::from_ref(&ana));
    let group = world.state.access.groups.get("approvers").unwrap().item;
    let admin = world.admin();
    let fields = vec![(
        "final_approvers".into(),
        crate::input::Input::List(vec![crate::input::Input::Text(group.to_string().into())]),
    )];
    world.run(&admin, crate::artifact::Command::Save { item: project, name: None, fields, steps: Vec::new() });
    assert!(is_in(&world.state, &approver, &bo, version) && !is_in(&world.state, &approver, &ana, version));
    assert_eq!(groups_of(&world.state, &bo), ["approvers".into()]);
}

#[test]
fn the_disabled_and_the_revoked_are_in_no_container() {
    let (mut world, project, version) = governed();
    let key = world.key("ci", false, &[]);
    world.set_people(project, "final_approvers", &["ana"]);
    let user = world.user("ana");
    let ana = world.principal("ana");
    let containers = [Container::User(user), Container::Role("ro.final_approver".into()), Container::Key(key)];
    assert!(containers.iter().all(|container| !members(&world.state, container, version).is_empty()));
    world.run(&Principal::System, access::Command::DisableUser { user });
    world.run(&Principal::System, access::Command::RevokeKey { key });
    assert!(!is_active(&world.state, &ana) && !is_active(&world.state, &Principal::Key(key)));
    for container in containers {
        assert!(members(&world.state, &container, version).is_empty());
        assert!(!is_in(&world.state, &container, &ana, version));
        assert!(!is_in(&world.state, &container, &Principal::Key(key), version));
    }
}

#[test]
fn reviewers_and_approvers_read_what_nobody_else_may() {
    let (mut world, project, version) = governed();
    world.user("bo");
    world.set_people(project, "business_reviewers", &["ana"]);
    permit_by_default_only(&mut world, NOTHING, &[]);
    assert!(can(&world, "ana", Action::Read, version) && !can(&world, "bo", Action::Read, version));
    assert!(!can(&world, "ana", Action::Write, version));
    let to = Container::User(world.user("bo"));
    let step = "review".into();
    world.happened(&Principal::System, signoff::Event::ApprovalDelegated { item: version, step, to });
    assert!(can(&world, "bo", Action::Read, version));
}

#[test]
fn a_circle_of_inheritance_ends() {
    let (mut world, project, version) = governed();
    let field = FieldId::from("related");
    let new = Some(Value::List([Value::Reference(version), Value::Reference(project)].into()));
    for item in [project, version] {
        let changes = vec![FieldChange { field: field.clone(), old: OldValue::Absent, new: new.clone() }];
        world.happened(&Principal::System, artifact::Event::FieldsEdited { item, changes });
    }
    for blueprint in [PROJECT_BLUEPRINT, "bp.system.govern_model_version"] {
        let (role, inherited_through) = ("ro.reader", Some(field.clone()));
        let assignments = vec![Assignment { inherited_through, ..Assignment::of(role) }];
        world.happened(
            &Principal::System,
            Event::AssignmentsSet { blueprint: blueprint.into(), item: None, assignments, document: None },
        );
    }
    let reader = Container::Role("ro.reader".into());
    assert!(members(&world.state, &reader, project).is_empty());
    assert!(!is_in(&world.state, &reader, &world.principal("ana"), version));
}

#[test]
fn a_verdict_says_by_which_rule_or_what_is_missing() {
    let (mut world, project, _) = governed();
    world.user_in("mia", &["project_managers"]);
    let because = |principal: &Principal, action, on| may(&world.state, principal, action, on).because;
    let (ana, mia) = (world.principal("ana"), world.principal("mia"));
    assert_eq!(because(&world.admin(), Action::Write, Subject::Item(project)), "administrators may");
    assert_eq!(because(&ana, Action::Read, Subject::Item(project)), "everyone who is enabled may");
    assert_eq!(because(&mia, Action::Admin, Subject::Item(project)), "the role ro.project_manager on the item");
    assert!(because(&ana, Action::Write, Subject::Item(project)).contains("the right to write"));
    assert_eq!(because(&ana, Action::Read, Subject::Item(ItemId(9_999))), "ar.9999 does not exist");
}

fn rights() -> impl Strategy<Value = Rights> {
    any::<[bool; 5]>().prop_map(|[read, write, create, delete, admin]| Rights { read, write, create, delete, admin })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn write_and_delete_imply_read_and_admin_implies_all(everyone in rights(), role in rights()) {
        let (mut world, project, _) = governed();
        world.user_in("mia", &["project_managers"]);
        permit_by_default_only(&mut world, everyone, &[("ro.project_manager", role)]);
        for login in ["ana", "mia"] {
            let [read, write, create, delete, admin] = ALL.map(|action| can(&world, login, action, project));
            prop_assert!(read || !(write || delete || admin));
            prop_assert!(!admin || (write && create && delete));
        }
        let [_, write, create, ..] = ALL.map(|action| can(&world, "ana", action, project));
        prop_assert_eq!((write, create), (everyone.write || everyone.admin, everyone.create || everyone.admin));
    }
}

#[test]
fn a_refusal_says_which_right_is_missing_which_roles_give_it_and_who_gives_those() {
    let (mut world, project, _) = governed();
    let rename = |world: &mut World| {
        let ana = world.principal("ana");
        let command =
            artifact::Command::Save { item: project, name: Some("Mine".into()), fields: Vec::new(), steps: Vec::new() };
        world.handle(&ana, None, &command.into()).unwrap_err().to_string()
    };
    let told = rename(&mut world);
    assert_eq!(
        told,
        format!(
            "this needs the right write on {project}, as ro.project_manager or ro.contributor gives it; whoever \
             administers it, or an architect, can give such a role"
        )
    );
    permit(&mut world, Some(PROJECT_BLUEPRINT), Rights { read: true, ..NOTHING }, &[]);
    assert!(rename(&mut world).contains("which no role gives; an architect can let one give it"));
}
