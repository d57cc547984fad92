use super::gate::{approved_bundle, ask, bundle_key, codes, question, world};
use super::{deployer, infra, policy};
use crate::deploy::gate::{Decision, answer};
use crate::deploy::{
    Command, DEMANDS_MAX, Demand, Effective, Event, InfraKind, Loosening, Policy, STAGE_WITH_DEMANDS_BYTES_MAX,
    effective,
};
use crate::event::Event as AnyEvent;
use crate::sync::Revision;
use crate::testing::{Spec, World};
use crate::{Principal, settings};

fn stage(stage: &str, demands: &[Demand]) -> Command {
    Command::SetStage { stage: stage.into(), demands: demands.to_vec() }
}

fn own(demands: &[Demand]) -> Command {
    let demands = Some(demands.to_vec());
    Command::SetInfrastructure { infra: infra("prod"), kind: None, stage: None, policy: None, demands }
}

fn told(stage: Option<&str>, policy: Option<Policy>, revision: u64) -> Command {
    Command::SyncInfrastructure {
        infra: infra("prod"),
        kind: InfraKind::Project,
        stage: stage.map(Into::into),
        policy,
        revision: Revision { epoch: 0, revision },
    }
}

fn auc(least: f64) -> Demand {
    Demand::MetricAtLeast { metric: "auc".into(), least }
}

fn drift(most: f64) -> Demand {
    Demand::DriftAtMost { drift: "data_drift".into(), most }
}

fn check(check: &str) -> Demand {
    Demand::Check { check: check.into() }
}

fn in_force(world: &World) -> Vec<Effective> {
    effective(&world.state, world.state.infrastructures.by_key.get(&infra("prod")).unwrap())
}

fn admins(world: World) -> crate::testing::Given {
    let admin = world.admin();
    Spec::given(world).as_principal(admin)
}

fn refusals(events: &[crate::Recorded]) -> Vec<Loosening> {
    let refused = events.iter().filter_map(|recorded| match &recorded.event {
        AnyEvent::Deploy(Event::InfrastructureRegistered { refused, .. }) => Some(refused.clone()),
        _ => None,
    });
    refused.flatten().collect()
}

#[test]
fn what_a_stage_asks_for_is_asked_in_all_its_infrastructures_and_in_no_other() {
    let (world, _) = approved_bundle();
    let world = admins(world).when(stage("production", &[check("documented")])).then(&["SettingsChanged"]);
    let missing = ask(&world, "prod");
    assert_eq!((missing.decision, codes(&missing)), (Decision::Deny, vec!["check_missing"]));
    let elsewhere = admins(world.clone()).when(stage("production", &[])).then(&["SettingsChanged"]);
    assert_eq!(ask(&elsewhere, "prod").decision, Decision::Allow);
    let elsewhere = admins(elsewhere).when(stage("test", &[check("documented")])).then(&["SettingsChanged"]);
    assert_eq!(ask(&elsewhere, "prod").decision, Decision::Allow);
    admins(world).when(stage("production", &[check("documented")])).then_already_so();
}

#[test]
fn of_two_conditions_on_the_same_thing_the_stricter_one_counts_and_says_whose_it_is() {
    let mut world = world();
    let admin = world.admin();
    let step = || Demand::Step("development".into());
    world.run(&admin, own(&[auc(0.7), drift(0.1), check("a"), step()]));
    world.run(&admin, stage("production", &[auc(0.8), drift(0.3), check("a"), check("b")]));
    let one = |demand, is_own, is_of_stage| Effective { demand, is_own, is_of_stage };
    let expected = [
        one(auc(0.8), false, true),
        one(drift(0.1), true, false),
        one(check("a"), true, true),
        one(step(), true, false),
        one(check("b"), false, true),
    ];
    assert_eq!(in_force(&world), expected);
}

#[test]
fn stages_are_for_administrators_and_bounded() {
    let mut world = world();
    world.user("cy");
    let wish = stage("production", &[auc(0.8)]);
    Spec::given(world.clone()).as_user("cy").when(wish.clone()).then_rejected("forbidden");
    Spec::given(world.clone()).as_principal(deployer()).when(wish).then_rejected("forbidden");
    let admins = |demands: &[Demand]| admins(world.clone()).when(stage("production", demands));
    admins(&[auc(0.8), auc(0.9)]).then_rejected("condition_given_twice");
    admins(&[auc(f64::NAN)]).then_rejected("name_invalid");
    let many: Vec<_> = (0..=DEMANDS_MAX).map(|number| check(&number.to_string())).collect();
    admins(&many).then_rejected("too_many_conditions");
    let long = "x".repeat(STAGE_WITH_DEMANDS_BYTES_MAX);
    self::admins(world.clone()).when(stage(&long, &[auc(0.8)])).then(&["SettingsChanged"]);
    self::admins(world.clone()).when(stage(&format!("{long}x"), &[auc(0.8)])).then_rejected("text_too_long");
    self::admins(world).when(stage(" ", &[auc(0.8)])).then_rejected("name_invalid");
}

#[test]
fn a_setting_that_the_gate_would_not_understand_is_refused_whichever_way_it_comes() {
    let world = world();
    let set = |document: &str| settings::Command::Set {
        name: "gate.stage.production".into(),
        document: Some(document.into()),
    };
    let fine = r#"{"demands":[{"kind":"check","name":"documented"}]}"#;
    let world = admins(world).when(set(fine)).then(&["SettingsChanged"]);
    assert_eq!(in_force(&world).len(), 1);
    for wrong in [
        "{}",
        r#"{"demands":[{"kind":"hope","name":"x"}]}"#,
        r#"{"demands":[{"kind":"drift_at_most","name":"x"}]}"#,
        r#"{"demands":[],"more":1}"#,
    ] {
        admins(world.clone()).when(set(wrong)).then_rejected("stage_setting_invalid");
    }
    let twice = r#"{"demands":[{"kind":"check","name":"x"},{"kind":"check","name":"x"}]}"#;
    admins(world).when(set(twice)).then_rejected("condition_given_twice");
}

#[test]
fn a_deployer_that_tells_of_a_looser_policy_is_refused_and_that_is_told_once_per_revision() {
    let world = world();
    let deployers = |world: World| Spec::given(world).as_principal(deployer());
    let (events, world) = deployers(world).when(told(Some("production"), Some(Policy::Warn), 2)).accepted();
    assert_eq!(refusals(&events), [Loosening::Policy(Policy::Warn)]);
    assert_eq!((events.len(), policy(&world, "prod")), (1, Policy::Prevent));
    let world = deployers(world).when(told(Some("production"), Some(Policy::Warn), 2)).then_already_so();
    let (events, world) = deployers(world).when(told(Some("production"), Some(Policy::Prevent), 3)).accepted();
    assert_eq!((refusals(&events), policy(&world, "prod")), (Vec::new(), Policy::Prevent));
    let (events, _) = deployers(world).when(told(Some("production"), None, 4)).accepted();
    assert_eq!(refusals(&events), []);
}

#[test]
fn a_deployer_does_not_leave_a_stage_that_asks_for_more() {
    let mut world = world();
    let admin = world.admin();
    world.run(&admin, stage("production", &[auc(0.8)]));
    world.run(&admin, stage("strict", &[auc(0.9), check("a")]));
    let deployers = |world: World| Spec::given(world).as_principal(deployer());
    let at = |world: &World| world.state.infrastructures.by_key.get(&infra("prod")).unwrap().stage.clone();
    for to in [None, Some("test")] {
        let (events, after) = deployers(world.clone()).when(told(to, None, 2)).accepted();
        assert_eq!(refusals(&events), [Loosening::Stage(to.map(Into::into))]);
        assert_eq!(at(&after), Some("production".into()));
    }
    let (events, world) = deployers(world).when(told(Some("strict"), None, 2)).accepted();
    assert_eq!((refusals(&events), at(&world)), (Vec::new(), Some("strict".into())));
    let (events, world) = deployers(world).when(told(Some("production"), Some(Policy::NoCheck), 3)).accepted();
    let expected = [Loosening::Policy(Policy::NoCheck), Loosening::Stage(Some("production".into()))];
    assert_eq!((refusals(&events), at(&world)), (expected.to_vec(), Some("strict".into())));
    // What the infrastructure asks for itself it asks for everywhere.
    let mut world = world;
    world.run(&admin, own(&[auc(0.95), check("a")]));
    let (events, world) = deployers(world).when(told(Some("test"), None, 4)).accepted();
    assert_eq!((refusals(&events), at(&world)), (Vec::new(), Some("test".into())));
}

#[test]
fn an_administrator_moves_an_infrastructure_to_any_stage() {
    let mut world = world();
    let admin = world.admin();
    world.run(&admin, stage("production", &[check("a")]));
    world.bundle("b1");
    let moved = Command::SetInfrastructure {
        infra: infra("prod"),
        kind: None,
        stage: Some("test".into()),
        policy: None,
        demands: None,
    };
    let codes_of = |world: &World| {
        let answer = answer(&world.state, &question("prod", &[bundle_key()]), world.at).unwrap();
        answer.unmet.iter().map(|unmet| unmet.code).collect::<Vec<_>>()
    };
    assert_eq!(codes_of(&world), ["not_governed", "check_missing"]);
    let other = Principal::Node("design-1".into());
    Spec::given(world.clone()).as_principal(other).when(moved.clone()).then_rejected("forbidden");
    let world = admins(world).when(moved).then(&["InfrastructureRegistered"]);
    assert_eq!(codes_of(&world), ["not_governed"]);
}
