use super::{deployer, infra, policy, told};
use crate::context::Principal;
use crate::deploy::{Command, InfraKind, Policy, STAGE_BYTES_MAX};
use crate::sync::Revision;
use crate::testing::{Given, Spec, World};

fn spec(world: World) -> Given {
    Spec::given(world).as_principal(deployer())
}

fn project(policy: Option<Policy>, revision: u64) -> Command {
    told("prod", InfraKind::Project, policy, revision)
}

fn set(kind: Option<InfraKind>, policy: Option<Policy>) -> Command {
    Command::SetInfrastructure { infra: infra("prod"), kind, stage: None, policy, demands: None }
}

#[test]
fn the_first_message_registers_with_its_policy_and_no_check_when_it_says_none() {
    let names = ["NodeRegistered", "InfrastructureRegistered"];
    let world = spec(World::bootstrapped()).when(project(Some(Policy::Warn), 1)).then(&names);
    assert_eq!(policy(&world, "prod"), Policy::Warn);
    let world = spec(World::bootstrapped()).when(project(None, 1)).then(&names);
    assert_eq!(policy(&world, "prod"), Policy::NoCheck);
}

#[test]
fn a_message_tightens_the_policy_and_never_loosens_it() {
    let world = spec(World::bootstrapped()).when(project(Some(Policy::Warn), 1)).accepted().1;
    let tightened = ["InfrastructureRegistered", "PolicyChanged"];
    let world = spec(world).when(project(Some(Policy::Prevent), 2)).then(&tightened);
    assert_eq!(policy(&world, "prod"), Policy::Prevent);
    for (loose, revision) in [(Some(Policy::Warn), 3), (Some(Policy::NoCheck), 4), (None, 5)] {
        let world = spec(world.clone()).when(project(loose, revision)).then(&["InfrastructureRegistered"]);
        assert_eq!(policy(&world, "prod"), Policy::Prevent);
    }
}

#[test]
fn the_same_and_an_older_revision_change_nothing() {
    let world = spec(World::bootstrapped()).when(project(Some(Policy::Warn), 2)).accepted().1;
    let world = spec(world).when(project(Some(Policy::Prevent), 2)).then_already_so();
    spec(world).when(project(Some(Policy::Prevent), 1)).then_already_so();
}

#[test]
fn a_deployer_tells_of_its_own_infrastructures_only() {
    let world = World::bootstrapped();
    let other = Principal::Node("deployer-2".into());
    Spec::given(world.clone()).as_principal(other).when(project(None, 1)).then_rejected("deployer_mismatch");
    let admin = world.admin();
    Spec::given(world).as_principal(admin).when(project(None, 1)).then_rejected("deployer_mismatch");
}

#[test]
fn an_administrator_registers_and_loosens_and_others_do_not() {
    let mut world = World::bootstrapped();
    world.user("ana");
    let (admin, wish) = (world.admin(), set(Some(InfraKind::Project), Some(Policy::Prevent)));
    Spec::given(world.clone()).as_user("ana").when(wish.clone()).then_rejected("forbidden");
    let admins = |world| Spec::given(world).as_principal(admin.clone());
    admins(world.clone()).when(set(None, None)).then_rejected("infrastructure_kind_missing");
    let world = admins(world).when(wish.clone()).then(&["InfrastructureRegistered"]);
    let world = admins(world).when(wish).then_already_so();
    let world = admins(world).when(set(None, Some(Policy::NoCheck))).then(&["PolicyChanged"]);
    assert_eq!(policy(&world, "prod"), Policy::NoCheck);
    let world = admins(world).when(set(Some(InfraKind::Api), None)).then(&["InfrastructureRegistered"]);
    assert_eq!(world.state.infrastructures.by_key.get(&infra("prod")).unwrap().kind, InfraKind::Api);
}

#[test]
fn an_infrastructures_names_are_bounded() {
    let stage = |stage: String| Command::SyncInfrastructure {
        infra: infra("prod"),
        kind: InfraKind::Project,
        stage: Some(stage.into()),
        policy: None,
        revision: Revision { epoch: 0, revision: 1 },
    };
    let world = World::bootstrapped();
    spec(world.clone()).when(stage("x".repeat(STAGE_BYTES_MAX))).accepted();
    spec(world.clone()).when(stage("x".repeat(STAGE_BYTES_MAX + 1))).then_rejected("text_too_long");
    spec(world.clone()).when(told("", InfraKind::Api, None, 1)).then_rejected("name_invalid");
    spec(world).when(told(&"x".repeat(256), InfraKind::Api, None, 1)).then_rejected("text_too_long");
}
