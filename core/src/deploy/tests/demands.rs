use super::gate::{approved_bundle, ask, bundle_key, codes, world};
use super::infra;
use crate::deploy::gate::Decision;
use crate::deploy::{Command, DEMANDS_MAX, Demand};
use crate::sync::{Evaluate, Measure, Revision, Sync, SyncKey, SyncObject};
use crate::testing::{PROJECT, Spec, World};
use crate::value::Value;
use crate::{Principal, sync};

fn demand(demands: &[Demand]) -> Command {
    let demands = Some(demands.to_vec());
    Command::SetInfrastructure { infra: infra("prod"), kind: None, stage: None, policy: None, demands }
}

fn asking(world: &mut World, demands: &[Demand]) -> Vec<&'static str> {
    let admin = world.admin();
    world.run(&admin, demand(demands));
    codes(&ask(world, "prod"))
}

fn version() -> SyncKey {
    let object = SyncObject::ModelVersion { project: PROJECT.into(), model: "m1".into(), version: "v1".into() };
    SyncKey { node: "design-1".into(), object }
}

fn node() -> Principal {
    Principal::Node("design-1".into())
}

fn tell(world: &mut World, key: SyncKey, revision: u64, metrics: &[(&str, f64)], checks: &str) {
    let is_bundle = key == bundle_key();
    let held = world.state.nodes.items.get(&key).and_then(|item| world.state.items.by_id.get(item));
    let digest = held.and_then(|item| item.source.as_ref()?.digest);
    let sync = Sync {
        revision: Revision { epoch: 0, revision },
        name: "it".into(),
        fields: vec![("checks".into(), Value::Json(checks.into()))],
        url: None,
        digest,
        active: None,
        metrics: metrics.iter().map(|(name, value)| Measure { name: (*name).into(), value: *value }).collect(),
        model_versions: if is_bundle { vec![version()] } else { Vec::new() },
        key,
    };
    world.run(&node(), sync::Command::Sync(sync));
}

fn evaluate(world: &mut World, evaluation: &str, auc: f64, drift: f64) {
    let measure = |name: &str, value| vec![Measure { name: name.into(), value }];
    let evaluate = Evaluate {
        version: version(),
        store_project: PROJECT.into(),
        store: "mes".into(),
        evaluation: evaluation.into(),
        evaluated_at: world.at,
        metrics: measure("auc", auc),
        drift: measure("data_drift", drift),
        is_synced: true,
        url: None,
    };
    world.run(&node(), sync::Command::Evaluate(evaluate));
}

fn with_version() -> World {
    let (mut world, _) = approved_bundle();
    world.version("m1", "v1");
    tell(&mut world, bundle_key(), 2, &[], "{}");
    world
}

#[test]
fn a_metric_has_to_be_measured_and_good_enough_in_every_version_of_the_bundle() {
    let mut world = with_version();
    let demands = [Demand::MetricAtLeast { metric: "auc".into(), least: 0.8 }];
    assert_eq!(asking(&mut world, &demands), ["metric_below"]);
    assert_eq!(&*ask(&world, "prod").unmet.remove(0).have, "auc was not measured");
    tell(&mut world, version(), 2, &[("auc", 0.8)], "{}");
    assert_eq!(codes(&ask(&world, "prod")), Vec::<&str>::new());
    evaluate(&mut world, "e1", 0.75, 0.1);
    let unmet = ask(&world, "prod").unmet.remove(0);
    assert_eq!((unmet.code, &*unmet.needs, &*unmet.have), ("metric_below", "auc >= 0.8", "auc = 0.75"));
    assert_eq!(unmet.subject, version());
    evaluate(&mut world, "e2", 0.9, 0.1);
    assert_eq!(ask(&world, "prod").decision, Decision::Allow);
}

#[test]
fn an_evaluation_that_is_opted_out_does_not_count_at_the_gate() {
    let mut world = with_version();
    evaluate(&mut world, "e1", 0.9, 0.1);
    evaluate(&mut world, "e2", 0.5, 0.1);
    assert_eq!(asking(&mut world, &[Demand::MetricAtLeast { metric: "auc".into(), least: 0.8 }]), ["metric_below"]);
    let (admin, item) = (world.admin(), *world.state.nodes.items.get(&version()).unwrap());
    let (store, evaluation) = ("mes".into(), Some("e2".into()));
    world.run(&admin, sync::Command::OptOut { item, store, evaluation, is_out: true });
    assert_eq!(ask(&world, "prod").decision, Decision::Allow);
}

#[test]
fn a_drift_has_to_be_measured_and_small_enough() {
    let mut world = with_version();
    let demands = [Demand::DriftAtMost { drift: "data_drift".into(), most: 0.2 }];
    assert_eq!(asking(&mut world, &demands), ["drift_above"]);
    evaluate(&mut world, "e1", 0.9, 0.2);
    assert_eq!(codes(&ask(&world, "prod")), Vec::<&str>::new());
    evaluate(&mut world, "e2", 0.9, 0.21);
    assert_eq!(codes(&ask(&world, "prod")), ["drift_above"]);
}

#[test]
fn a_named_check_has_to_be_there_and_passed() {
    let mut world = with_version();
    assert_eq!(asking(&mut world, &[Demand::Check { check: "bias".into() }]), ["check_missing"]);
    tell(&mut world, bundle_key(), 3, &[], r#"{"bias":"failed"}"#);
    let unmet = ask(&world, "prod").unmet.remove(0);
    assert_eq!((unmet.code, &*unmet.have), ("check_missing", "failed"));
    tell(&mut world, bundle_key(), 4, &[], r#"{"bias":"passed"}"#);
    assert_eq!(ask(&world, "prod").decision, Decision::Allow);
}

#[test]
fn a_further_step_has_to_be_signed_off_too() {
    let (mut world, item) = approved_bundle();
    assert_eq!(asking(&mut world, &[Demand::Step("production".into())]), ["no_review_signoff"]);
    let unmet = ask(&world, "prod").unmet.remove(0);
    assert_eq!((unmet.step, unmet.item), (Some("production".into()), Some(item)));
    assert_eq!(ask(&world, "warn").decision, Decision::Allow);
}

#[test]
fn conditions_are_bounded_given_once_and_an_administrators() {
    let mut world = world();
    world.user("cy");
    let (admin, check) = (world.admin(), |name: &str| Demand::Check { check: name.into() });
    let admins = |world: &World| Spec::given(world.clone()).as_principal(admin.clone());
    Spec::given(world.clone()).as_user("cy").when(demand(&[check("a")])).then_rejected("forbidden");
    admins(&world).when(demand(&[check("a"), check("a")])).then_rejected("condition_given_twice");
    admins(&world).when(demand(&[check("")])).then_rejected("name_invalid");
    let endless = Demand::MetricAtLeast { metric: "auc".into(), least: f64::NAN };
    admins(&world).when(demand(&[endless])).then_rejected("name_invalid");
    let many: Vec<_> = (0..=DEMANDS_MAX).map(|n| check(&n.to_string())).collect();
    admins(&world).when(demand(&many)).then_rejected("too_many_conditions");
    let set = admins(&world).when(demand(&[check("a")])).then(&["PolicyChanged"]);
    admins(&set).when(demand(&[check("a")])).then_already_so();
    let told = super::told("prod", crate::deploy::InfraKind::Project, None, 9);
    let told = Spec::given(set).as_principal(super::deployer()).when(told).then(&["InfrastructureRegistered"]);
    assert_eq!(told.state.infrastructures.by_key.get(&infra("prod")).unwrap().demands, [check("a")]);
}
