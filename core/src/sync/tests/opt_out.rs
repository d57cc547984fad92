use super::{evaluation, item, node, project, version};
use crate::ids::ItemId;
use crate::sync::{Command, focus_of, latest_metric};
use crate::testing::{Spec, World};

fn evaluated() -> (World, ItemId) {
    let mut world = World::bootstrapped();
    world.run(&node(), Command::Evaluate(evaluation("e1", &[("auc", 0.8)])));
    world.run(&node(), Command::Evaluate(evaluation("e2", &[("auc", 0.6)])));
    let item = item(&world, &version("v1"));
    (world, item)
}

fn wish(item: ItemId, store: &str, evaluation: Option<&str>, is_out: bool) -> Command {
    Command::OptOut { item, store: store.into(), evaluation: evaluation.map(Into::into), is_out }
}

fn auc(world: &World, item: ItemId) -> Option<f64> {
    latest_metric(&world.state, item, "auc").map(|(_, _, value)| value)
}

#[test]
fn one_evaluation_is_kept_out_and_comes_back() {
    let (world, item) = evaluated();
    assert_eq!(auc(&world, item), Some(0.6));
    let admin = world.admin();
    let admins = |world| Spec::given(world).as_principal(admin.clone());
    let out = wish(item, "mes", Some("e2"), true);
    let world = admins(world).when(out.clone()).then(&["EvaluationOptedOut"]);
    assert_eq!(auc(&world, item), Some(0.8));
    let world = admins(world).when(out).then_already_so();
    let world = admins(world).when(wish(item, "mes", Some("e2"), false)).then(&["EvaluationOptedOut"]);
    assert_eq!(auc(&world, item), Some(0.6));
    admins(world).when(wish(item, "mes", Some("e2"), false)).then_already_so();
}

#[test]
fn a_whole_store_is_kept_out_by_any_item_of_its_project() {
    let (world, version) = evaluated();
    let admin = world.admin();
    for of in [version, item(&world, &project())] {
        let given = Spec::given(world.clone()).as_principal(admin.clone());
        let out = given.when(wish(of, "mes", None, true)).then(&["EvaluationOptedOut"]);
        assert_eq!(auc(&out, version), None);
        assert_eq!(out.state.nodes.evaluated.len(), 2);
    }
}

#[test]
fn only_what_was_evaluated_is_kept_out_by_whoever_may_govern() {
    let (mut world, version) = evaluated();
    world.user("reader");
    let admin = world.admin();
    let admins = || Spec::given(world.clone()).as_principal(admin.clone());
    admins().when(wish(version, "another", None, true)).then_rejected("evaluation_unknown");
    admins().when(wish(version, "mes", Some("e3"), true)).then_rejected("evaluation_unknown");
    admins().when(wish(item(&world, &project()), "mes", Some("e1"), true)).then_rejected("evaluation_of_no_version");
    admins().when(wish(ItemId(99_999), "mes", None, true)).then_rejected("not_found");
    let by_reader = Spec::given(world.clone()).as_user("reader");
    by_reader.when(wish(version, "mes", None, true)).then_rejected("forbidden");
}

#[test]
fn everybody_has_a_metric_in_focus_of_his_own() {
    let mut world = World::bootstrapped();
    world.user("ana");
    let focus = |metric: &str| Command::FocusMetric { metric: metric.into() };
    let world = Spec::given(world).as_user("ana").when(focus("f1")).then(&["MetricFocusChosen"]);
    assert_eq!(focus_of(&world.state, &world.principal("ana")).map(|metric| &**metric), Some("f1"));
    assert_eq!(focus_of(&world.state, &world.admin()), None);
    let world = Spec::given(world).as_user("ana").when(focus("f1")).then_already_so();
    Spec::given(world.clone()).as_user("ana").when(focus("")).then_rejected("name_invalid");
    Spec::given(world).as_principal(node()).when(focus("f1")).then_rejected("focus_of_nobody");
}
