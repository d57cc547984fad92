//! Specs of rules that govern by themselves.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use super::{Command, Criteria, Governing, Kind, Rule, is_recommended};
use crate::artifact::govern::{GOVERNED_MAX, governing_item};
use crate::artifact::{self, ChildRule, ChildrenRules};
use crate::context::Principal;
use crate::ids::{ItemId, NodeId};
use crate::sync::{Revision, Sync, SyncKey, SyncObject};
use crate::testing::{PROJECT, Spec, World};
use crate::value::Value;

const NODE: &str = "design-1";

fn rule(governing: Governing) -> Rule {
    Rule { governing, criteria: Criteria::default(), version: None, children: ChildrenRules::default() }
}

fn set(scope: Option<ItemId>, kind: Kind, rules: Vec<Rule>) -> Command {
    Command::SetGovernanceRules { scope, rules: vec![(kind, rules)] }
}

fn put(world: &mut World, scope: Option<ItemId>, kind: Kind, rules: Vec<Rule>) {
    let admin = world.admin();
    world.run(&admin, set(scope, kind, rules));
}

/// The system's own commands, until nothing is pending.
fn work_off(world: &mut World) -> usize {
    let mut rounds = 0;
    while world.state.rules.pending.is_some() || !world.state.items.pending.is_empty() {
        let made = world.run(&Principal::System, artifact::Command::GovernPending);
        assert!(!made.is_empty() && made.len() <= 500, "{} events", made.len());
        rounds += 1;
        assert!(rounds < 100, "it does not end");
    }
    rounds
}

fn is_governed(world: &World, source: ItemId) -> bool {
    governing_item(&world.state, source).is_some()
}

fn project(world: &mut World, key: &str, tags: &[&str], folder: &str, revision: u64) -> ItemId {
    let key = SyncKey { node: NODE.into(), object: SyncObject::Project { project: key.into() } };
    let tags = tags.iter().map(|tag| Value::Text((*tag).into())).collect::<Vec<_>>();
    let sync = Sync {
        key: key.clone(),
        revision: Revision { epoch: 0, revision },
        name: key.object.own_key().clone(),
        fields: vec![("tags".into(), Value::List(tags.into())), ("folder".into(), Value::Text(folder.into()))],
        url: None,
        digest: None,
        active: None,
        metrics: Vec::new(),
        model_versions: Vec::new(),
    };
    world.run(&Principal::Node(NodeId::from(NODE)), crate::sync::Command::Sync(sync));
    *world.state.nodes.items.get(&key).unwrap()
}

#[test]
fn what_is_told_under_an_automatic_rule_is_governed_in_the_same_command() {
    let mut world = World::bootstrapped();
    put(&mut world, None, Kind::Project, vec![rule(Governing::Automatic)]);
    let source = project(&mut world, "A", &[], "", 1);
    assert!(is_governed(&world, source));
    assert!(matches!(world.log.last().unwrap().actor, Principal::Node(_)), "by the node's own message");
    project(&mut world, "A", &["new"], "", 2);
    assert_eq!(world.state.items.by_blueprint.get("bp.system.govern_project").map_or(0, |all| all.len()), 1);
}

#[test]
fn what_is_there_when_a_rule_is_set_is_worked_off_by_the_system_in_portions() {
    let mut world = World::bootstrapped();
    let count = GOVERNED_MAX * 2 + 3;
    let projects: Vec<_> = (0..count).map(|n| project(&mut world, &format!("P{n}"), &[], "", 1)).collect();
    put(&mut world, None, Kind::Project, vec![rule(Governing::Automatic)]);
    assert!(!projects.iter().any(|source| is_governed(&world, *source)), "not in the command of whoever set it");
    assert_eq!(work_off(&mut world), 3);
    assert!(projects.iter().all(|source| is_governed(&world, *source)));
    let by_system = world.log.last().unwrap();
    assert_eq!(by_system.actor, Principal::System);
}

#[test]
fn children_are_governed_automatically_below_governed_parents_only() {
    let mut world = World::bootstrapped();
    let (source, model, version) = (world.project(), world.model("m1"), world.version("m1", "v1"));
    let bundle = world.bundle("b1");
    put(&mut world, None, Kind::ModelVersion, vec![rule(Governing::Automatic)]);
    put(&mut world, None, Kind::Bundle, vec![rule(Governing::Automatic)]);
    assert_eq!(work_off(&mut world), 0);
    assert!(!is_governed(&world, bundle) && !is_governed(&world, version));
    let governed = world.govern(source);
    work_off(&mut world);
    assert!(is_governed(&world, bundle), "its project is governed now");
    assert!(!is_governed(&world, model) && !is_governed(&world, version), "no rule governs models");
    put(&mut world, None, Kind::Model, vec![rule(Governing::Automatic)]);
    work_off(&mut world);
    assert!(is_governed(&world, model) && is_governed(&world, version), "a rule governed its model");
    let late = world.version("m1", "v2");
    assert!(is_governed(&world, late));
    let admin = world.admin();
    world.run(&admin, artifact::Command::Archive { item: governed });
    let later = world.bundle("b2");
    assert!(!is_governed(&world, later), "its parent is archived");
}

#[test]
fn criteria_are_of_the_node_and_of_the_project_that_an_item_lies_in() {
    let mut world = World::bootstrapped();
    let tagged = Criteria { tag: Some("risk".into()), ..Criteria::default() };
    let filed = Criteria { folder: Some("/Risk/".into()), node: Some(NODE.into()), ..Criteria::default() };
    let elsewhere = Criteria { node: Some("other".into()), ..Criteria::default() };
    let automatic = |criteria| Rule { criteria, ..rule(Governing::Automatic) };
    put(&mut world, None, Kind::Project, vec![automatic(tagged.clone()), automatic(filed), automatic(elsewhere)]);
    let cases = [("A", "risk", "", true), ("B", "risky", "Risky", false), ("C", "", "Risk/EU", true)];
    for (key, tag, folder, is_expected) in cases {
        let source = project(&mut world, key, &[tag], folder, 1);
        assert_eq!(is_governed(&world, source), is_expected, "{key}");
    }
    let moved = project(&mut world, "B", &["x"], "/Risk", 2);
    assert!(is_governed(&world, moved), "it fits since it was moved");
    put(&mut world, None, Kind::Bundle, vec![automatic(tagged)]);
    let bundle = world.sync(SyncObject::Bundle { project: "B".into(), bundle: "b1".into() }, "b1", 1);
    assert!(!is_governed(&world, bundle));
    project(&mut world, "B", &["risk"], "/Risk", 3);
    work_off(&mut world);
    assert!(is_governed(&world, bundle), "its project got the tag");
}

#[test]
fn the_first_fitting_rule_decides_and_an_override_comes_before_the_instance() {
    let mut world = World::bootstrapped();
    let (source, model) = (world.project(), world.model("m1"));
    world.govern(source);
    put(&mut world, None, Kind::Model, vec![rule(Governing::Nothing), rule(Governing::Automatic)]);
    assert_eq!(work_off(&mut world), 0);
    assert!(!is_governed(&world, model), "the first rule is nothing");
    put(&mut world, Some(source), Kind::Model, vec![rule(Governing::Automatic)]);
    work_off(&mut world);
    assert!(is_governed(&world, model));
    put(&mut world, Some(source), Kind::ModelVersion, vec![rule(Governing::Automatic)]);
    put(&mut world, Some(model), Kind::ModelVersion, vec![rule(Governing::Nothing)]);
    let version = world.version("m1", "v1");
    assert!(!is_governed(&world, version), "the model's rule comes before its project's");
    put(&mut world, Some(model), Kind::ModelVersion, Vec::new());
    work_off(&mut world);
    assert!(is_governed(&world, version), "without it the project's rule decides again");
}

#[test]
fn a_rule_names_template_and_children_and_a_version_that_is_not_active_is_passed_over() {
    let mut world = World::bootstrapped();
    let bundle = world.bundle("b1");
    project(&mut world, PROJECT, &[], "", 1);
    let children = ChildrenRules { bundles: ChildRule::All, ..ChildrenRules::default() };
    let own = Rule { children, version: Some("bv.system.default".into()), ..rule(Governing::Automatic) };
    put(&mut world, None, Kind::Project, vec![own.clone()]);
    work_off(&mut world);
    assert!(is_governed(&world, bundle), "the rule's children are governed with it");
    let unknown = Rule { version: Some("bv.none".into()), ..own.clone() };
    let spec = Spec::given(world.clone()).as_principal(world.admin());
    spec.when(set(None, Kind::Project, vec![unknown])).then_rejected("rule_version_unknown");
    let spec = Spec::given(world.clone()).as_principal(world.admin());
    spec.when(set(None, Kind::Bundle, vec![own.clone()])).then_rejected("rule_children_not_possible");
    let spec = Spec::given(world.clone()).as_principal(world.admin());
    spec.when(set(None, Kind::Project, vec![own])).then_already_so();
    let draft = crate::blueprint::Event::VersionCreated {
        template: crate::ids::TemplateId {
            blueprint: Kind::Project.govern_blueprint().into(),
            version: "bv.draft".into(),
        },
        origin: None,
        definition: std::sync::Arc::new(crate::blueprint::Definition::parse("{}").unwrap()),
    };
    world.happened(&Principal::System, draft);
    let drafted = Rule { version: Some("bv.draft".into()), ..rule(Governing::Automatic) };
    put(&mut world, None, Kind::Project, vec![drafted]);
    let source = project(&mut world, "B", &[], "", 1);
    let governed = world.state.items.by_id.get(&governing_item(&world.state, source).unwrap()).unwrap();
    assert_eq!(governed.template.version.as_str(), "bv.system.default");
}

#[test]
fn a_recommendation_governs_nothing_and_is_told() {
    let mut world = World::bootstrapped();
    let source = world.project();
    put(&mut world, None, Kind::Project, vec![rule(Governing::Recommended)]);
    assert_eq!(work_off(&mut world), 0);
    assert!(is_recommended(&world.state, source) && !is_governed(&world, source));
    let bundle = world.bundle("b1");
    assert!(!is_recommended(&world.state, bundle));
}

#[test]
fn what_is_hidden_or_gone_is_left_alone_and_governed_once_it_is_shown() {
    let mut world = World::bootstrapped();
    let (hidden, gone) = (project(&mut world, "A", &[], "", 1), project(&mut world, "B", &[], "", 1));
    let admin = world.admin();
    world.run(&admin, artifact::Command::Hide { item: hidden });
    let object = SyncObject::Project { project: "B".into() };
    let revision = Revision { epoch: 0, revision: 2 };
    let leaves = crate::sync::Command::Gone { key: SyncKey { node: NODE.into(), object }, revision };
    world.run(&Principal::Node(NODE.into()), leaves);
    put(&mut world, None, Kind::Project, vec![rule(Governing::Automatic)]);
    assert_eq!(work_off(&mut world), 0);
    assert!(!is_governed(&world, hidden) && !is_governed(&world, gone));
    world.run(&admin, artifact::Command::Show { item: hidden });
    assert!(is_governed(&world, hidden));
    project(&mut world, "B", &[], "", 3);
    assert!(is_governed(&world, gone), "it came back");
}

#[test]
fn rules_are_for_administrators_and_have_bounds() {
    let mut world = World::bootstrapped();
    world.user("rob");
    let (source, bundle) = (world.project(), world.bundle("b1"));
    let wish = || set(None, Kind::Project, vec![rule(Governing::Automatic)]);
    let world = Spec::given(world).as_user("rob").when(wish()).then_rejected("forbidden");
    let below = set(Some(source), Kind::Bundle, vec![rule(Governing::Automatic)]);
    let world = Spec::given(world).as_user("rob").when(below).then_rejected("forbidden");
    let refuse = |command: Command, code| {
        let spec = Spec::given(world.clone()).as_principal(world.admin());
        spec.when(command).then_rejected(code);
    };
    refuse(set(Some(bundle), Kind::Bundle, Vec::new()), "rule_scope_not_possible");
    refuse(set(Some(ItemId(9_999)), Kind::Bundle, Vec::new()), "not_found");
    refuse(set(None, Kind::Bundle, vec![rule(Governing::Nothing); super::RULES_MAX + 1]), "too_many_rules");
    let twice = vec![(Kind::Bundle, Vec::new()), (Kind::Bundle, Vec::new())];
    refuse(Command::SetGovernanceRules { scope: None, rules: twice }, "kind_given_twice");
    let long = Criteria { tag: Some("x".repeat(super::CRITERION_BYTES_MAX + 1).into()), ..Criteria::default() };
    refuse(set(None, Kind::Bundle, vec![Rule { criteria: long, ..rule(Governing::Nothing) }]), "text_too_long");
    let empty = Criteria { folder: Some("".into()), ..Criteria::default() };
    refuse(set(None, Kind::Bundle, vec![Rule { criteria: empty, ..rule(Governing::Nothing) }]), "name_invalid");
}
