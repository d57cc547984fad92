use super::{evaluation, item, node, told, version};
use crate::context::Principal;
use crate::ids::SeriesId;
use crate::sync::{Command, Evaluate, SyncObject};
use crate::testing::{Spec, World};
use crate::value::Value;

fn evaluate(evaluation: Evaluate) -> Command {
    Command::Evaluate(evaluation)
}

fn known_version() -> World {
    let mut world = World::bootstrapped();
    world.run(&node(), Command::Sync(told(version("v1"), "v1", 1)));
    world
}

fn series(world: &World, metric: &str) -> Option<Value> {
    let found = world.state.items.by_id.get(&item(world, &version("v1"))).unwrap();
    found.fields.get(format!("evaluation_metrics_{metric}").as_str()).cloned()
}

fn spec(world: World) -> crate::testing::Given {
    Spec::given(world).as_principal(node())
}

#[test]
fn an_evaluation_counts_once() {
    let command = evaluate(evaluation("e1", &[("auc", 0.8)]));
    let world = spec(known_version()).when(command.clone()).then(&["EvaluationRecorded"]);
    let world = spec(world).when(command).then_already_so();
    spec(world).when(evaluate(evaluation("e2", &[("auc", 0.8)]))).then(&["EvaluationRecorded"]);
}

#[test]
fn each_metric_of_a_version_has_one_series_for_all_evaluations() {
    let mut world = known_version();
    world.run(&node(), evaluate(evaluation("e1", &[("auc", 0.8), ("log_loss", 0.3)])));
    world.run(&node(), evaluate(evaluation("e2", &[("f1", 0.7), ("auc", 0.9)])));
    assert_eq!(series(&world, "auc"), Some(Value::Series(SeriesId(1))));
    assert_eq!(series(&world, "log_loss"), Some(Value::Series(SeriesId(2))));
    assert_eq!(series(&world, "f1"), Some(Value::Series(SeriesId(3))));
    let item = item(&world, &version("v1"));
    assert!(world.state.nodes.series.values().all(|of| *of == item));
}

#[test]
fn series_survive_the_next_message_about_the_version() {
    let mut world = known_version();
    world.run(&node(), evaluate(evaluation("e1", &[("auc", 0.8)])));
    world.run(&node(), Command::Sync(told(version("v1"), "v1", 2)));
    assert_eq!(series(&world, "auc"), Some(Value::Series(SeriesId(1))));
}

#[test]
fn an_evaluation_of_an_unknown_version_makes_stubs() {
    let command = evaluate(evaluation("e1", &[("auc", 0.8)]));
    let names = ["NodeRegistered", "ItemSynced", "ItemSynced", "ItemSynced", "EvaluationRecorded"];
    spec(World::bootstrapped()).when(command).then(&names);
}

#[test]
fn a_store_in_another_project_does_not_count() {
    let foreign = Evaluate { store_project: "OTHER".into(), ..evaluation("e1", &[]) };
    spec(known_version()).when(evaluate(foreign)).then_rejected("evaluation_foreign_store");
}

#[test]
fn an_evaluation_that_opted_out_is_recorded_as_such_and_gives_no_series() {
    let out = Evaluate { is_synced: false, ..evaluation("e1", &[("auc", 0.8)]) };
    let world = spec(known_version()).when(evaluate(out.clone())).then(&["EvaluationOptedOut"]);
    assert_eq!(series(&world, "auc"), None);
    spec(world).when(evaluate(out)).then_already_so();
}

#[test]
fn an_evaluation_is_of_a_model_version_and_told_by_its_node() {
    let model = SyncObject::SavedModel { project: "FRAUD".into(), model: "m1".into() };
    let of_model = Evaluate { version: super::key(model), ..evaluation("e1", &[]) };
    spec(known_version()).when(evaluate(of_model)).then_rejected("evaluation_of_no_version");
    let other = Principal::Node("design-2".into());
    let command = evaluate(evaluation("e1", &[]));
    Spec::given(known_version()).as_principal(other).when(command).then_rejected("node_mismatch");
}

#[test]
fn metrics_are_finite_and_bounded() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let command = evaluate(evaluation("e1", &[("auc", value)]));
        spec(known_version()).when(command).then_rejected("metric_not_finite");
    }
    let long = "x".repeat(crate::sync::METRIC_NAME_BYTES_MAX + 1);
    spec(known_version()).when(evaluate(evaluation("e1", &[(&long, 0.5)]))).then_rejected("text_too_long");
    let twice = evaluate(evaluation("e1", &[("auc", 0.5), ("auc", 0.6)]));
    spec(known_version()).when(twice).then_rejected("metric_given_twice");
}
