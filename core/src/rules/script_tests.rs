//! Specs of what is left to the instance's script.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use super::{ChildDecision, Command, Criteria, Governing, Kind, Rule, Said, applying, decision, is_recommended};
use crate::artifact::govern::governing_item;
use crate::artifact::{self, ChildrenRules, Govern};
use crate::blueprint::{self, VersionStatus};
use crate::context::Principal;
use crate::ids::{ItemId, TemplateId};
use crate::input::Input;
use crate::sync::SyncObject;
use crate::testing::{PROJECT, Spec, World};
use crate::value::Value;

const STANDARD: &str = "bv.system.default";

fn rule(governing: Governing) -> Rule {
    Rule { governing, criteria: Criteria::default(), version: None, children: ChildrenRules::default() }
}

fn said(governing: Governing) -> Said {
    Said { governing, template: None, prefill: Vec::new(), attach_to: None, initiative: None, children: Vec::new() }
}

fn template(kind: Kind, version: &str) -> Option<TemplateId> {
    Some(TemplateId { blueprint: kind.govern_blueprint().into(), version: version.into() })
}

fn text(field: &str, text: &str) -> (crate::ids::FieldId, Input) {
    (field.into(), Input::Text(text.into()))
}

/// A world in which all is left to a script.
fn left_to_it() -> World {
    let mut world = World::bootstrapped();
    set_rules(&mut world, None, Governing::Script);
    set_script(&mut world, "decide()");
    world
}

fn set_rules(world: &mut World, scope: Option<ItemId>, governing: Governing) {
    let admin = world.admin();
    let rules = Kind::ALL.map(|kind| (kind, vec![rule(governing)])).into();
    world.run(&admin, Command::SetGovernanceRules { scope, rules });
}

fn set_script(world: &mut World, script: &str) {
    let admin = world.admin();
    world.run(&admin, Command::SetScript { script: Some(script.into()) });
}

fn is_asked(world: &World, item: ItemId) -> bool {
    world.state.rules.awaiting.contains_key(&item)
}

fn judge(world: &World, item: ItemId, said: Said) -> Command {
    let since = *world.state.rules.awaiting.get(&item).unwrap();
    Command::Judge { item, since, said: Ok(Box::new(said)) }
}

fn decides(world: &mut World, item: ItemId, said: Said) {
    let command = judge(world, item, said);
    world.run(&Principal::System, command);
}

fn refused(world: &World, item: ItemId, said: Said, code: &str) {
    let wish = judge(world, item, said);
    let world = Spec::given(world.clone()).as_system().when(wish).then_rejected(code);
    assert!(is_asked(&world, item) && decision(&world.state, item).is_none(), "nothing of it counts");
}

fn governed_by(world: &World, source: ItemId) -> &artifact::Item {
    world.state.items.by_id.get(&governing_item(&world.state, source).unwrap()).unwrap()
}

fn initiative(world: &mut World) -> ItemId {
    let admin = world.admin();
    let (blueprint, fields, steps) = ("bp.system.business_initiative".into(), Vec::new(), Vec::new());
    let wish = artifact::Command::Create { blueprint, version: None, name: "Growth".into(), fields, steps };
    world.run(&admin, wish).first().unwrap().event.item().unwrap()
}

fn govern(source: ItemId) -> Govern {
    let children = ChildrenRules::default();
    Govern { source, version: None, children, with_parents: false, attach_to: None, initiative: None }
}

#[test]
fn the_script_is_asked_about_what_a_rule_leaves_to_it_until_it_has_decided() {
    let mut world = World::bootstrapped();
    let (project, bundle) = (world.project(), world.bundle("b1"));
    set_rules(&mut world, None, Governing::Script);
    assert!(!is_asked(&world, project), "there is no script yet");
    set_script(&mut world, "decide()");
    assert!(is_asked(&world, project) && is_asked(&world, bundle));
    decides(&mut world, project, said(Governing::Nothing));
    decides(&mut world, bundle, said(Governing::Nothing));
    assert!(!is_asked(&world, project) && !is_asked(&world, bundle));
    world.sync(SyncObject::Bundle { project: PROJECT.into(), bundle: "b1".into() }, "b1", 2);
    assert!(is_asked(&world, bundle) && !is_asked(&world, project), "its node told of it anew");
    set_script(&mut world, "decide_otherwise()");
    assert!(is_asked(&world, project));
    set_rules(&mut world, None, Governing::Nothing);
    assert!(!is_asked(&world, project) && !is_asked(&world, bundle), "nothing is left to it");
}

#[test]
fn what_governs_a_project_decides_about_its_children_and_they_are_asked_again_when_it_changes() {
    let mut world = left_to_it();
    let (project, bundle) = (world.project(), world.bundle("b1"));
    decides(&mut world, bundle, said(Governing::Nothing));
    let item = world.govern(project);
    assert!(is_asked(&world, bundle), "its project is governed now");
    decides(&mut world, bundle, said(Governing::Nothing));
    let admin = world.admin();
    let fields = vec![text("qualification_risk_rating", "High")];
    world.run(&admin, artifact::Command::Save { item, name: None, fields, steps: Vec::new() });
    assert!(is_asked(&world, bundle), "the risk is rated now");
    world.govern(bundle);
    assert!(!is_asked(&world, bundle) && is_asked(&world, project), "a bundle has no children to decide about");
}

#[test]
fn a_decision_about_what_changed_meanwhile_is_refused_and_so_is_a_decision_of_anybody_else() {
    let mut world = left_to_it();
    let project = world.project();
    let wish = judge(&world, project, said(Governing::Hide));
    let admin = world.admin();
    Spec::given(world.clone()).as_principal(admin).when(wish.clone()).then_rejected("forbidden");
    world.sync(SyncObject::Project { project: PROJECT.into() }, "Fraud 2", 2);
    let world = Spec::given(world).as_system().when(wish).then_rejected("judgement_outdated");
    let again = judge(&world, project, said(Governing::Nothing));
    let world = Spec::given(world).as_system().when(again.clone()).then(&["GovernanceDecided"]);
    Spec::given(world).as_system().when(again).then_rejected("judgement_outdated");
}

#[test]
fn govern_auto_governs_at_once_with_prefill_and_initiative() {
    let mut world = left_to_it();
    let (project, growth) = (world.project(), initiative(&mut world));
    let wanted = Said {
        template: template(Kind::Project, STANDARD),
        prefill: vec![text("description", "by script"), text("qualification_risk_rating", "High")],
        initiative: Some(growth),
        ..said(Governing::Automatic)
    };
    let wish = judge(&world, project, wanted);
    let world = Spec::given(world).as_system().when(wish).then(&["GovernanceDecided", "ItemGoverned", "FieldsEdited"]);
    let item = governed_by(&world, project);
    assert_eq!(item.fields.get("description"), Some(&Value::Text("by script".into())));
    assert_eq!(item.fields.get("qualification_risk_rating"), Some(&Value::Category("High".into())));
    assert_eq!(item.fields.get("business_initiative"), Some(&Value::Reference(growth)));
}

#[test]
fn govern_auto_waits_for_the_parent_to_be_governed() {
    let mut world = left_to_it();
    let (project, bundle) = (world.project(), world.bundle("b1"));
    let fields = vec![text("release_notes", "x")];
    refused(&world, bundle, Said { prefill: fields, ..said(Governing::Automatic) }, "fields_invalid");
    decides(&mut world, bundle, said(Governing::Automatic));
    assert!(governing_item(&world.state, bundle).is_none());
    world.govern(project);
    while world.state.rules.is_pending() || world.state.items.is_pending() {
        assert!(!world.run(&Principal::System, artifact::Command::GovernPending).is_empty());
    }
    assert!(governing_item(&world.state, bundle).is_some());
}

#[test]
fn a_project_is_attached_to_the_govern_project_that_the_script_names() {
    let mut world = left_to_it();
    let first = world.project();
    let target = world.govern(first);
    let admin = world.admin();
    let fields = vec![text("description", "mine")];
    world.run(&admin, artifact::Command::Save { item: target, name: None, fields, steps: Vec::new() });
    let second = world.sync(SyncObject::Project { project: "OTHER".into() }, "Other", 1);
    let prefill = vec![text("description", "its"), text("scope", "all")];
    decides(&mut world, second, Said { attach_to: Some(target), prefill, ..said(Governing::Automatic) });
    assert_eq!(governing_item(&world.state, second), Some(target));
    let item = governed_by(&world, second);
    assert_eq!(item.fields.get("description"), Some(&Value::Text("mine".into())), "it held something");
    assert_eq!(item.fields.get("scope"), Some(&Value::Text("all".into())));
}

#[test]
fn hide_auto_hides_until_the_script_says_otherwise_or_a_person_shows_it() {
    let mut world = left_to_it();
    let project = world.project();
    let again = |world: &mut World, revision| {
        world.sync(SyncObject::Project { project: PROJECT.into() }, "Fraud", revision);
    };
    let is_hidden = |world: &World| world.state.items.by_id.get(&project).unwrap().is_hidden;
    let wish = judge(&world, project, said(Governing::Hide));
    let mut world = Spec::given(world).as_system().when(wish).then(&["GovernanceDecided", "ItemHidden"]);
    again(&mut world, 2);
    assert!(is_hidden(&world) && is_asked(&world, project));
    decides(&mut world, project, said(Governing::Nothing));
    assert!(!is_hidden(&world), "what a rule hid, it shows again");
    again(&mut world, 3);
    decides(&mut world, project, said(Governing::Hide));
    let admin = world.admin();
    world.run(&admin, artifact::Command::Show { item: project });
    again(&mut world, 4);
    decides(&mut world, project, said(Governing::Hide));
    assert!(!is_hidden(&world), "a person wanted to see it");
    world.run(&admin, artifact::Command::Hide { item: project });
    assert!(!is_asked(&world, project), "a person hid it: nothing is left to decide");
    set_rules(&mut world, None, Governing::Nothing);
    assert!(is_hidden(&world), "what a person hid stays hidden");
}

#[test]
fn a_rule_hides_without_a_script_and_shows_again_when_it_is_taken_away() {
    let mut world = World::bootstrapped();
    let (project, model, governed) = (world.project(), world.model("m1"), world.bundle("b1"));
    world.govern(governed);
    set_rules(&mut world, Some(project), Governing::Hide);
    let work = world.run(&Principal::System, artifact::Command::GovernPending);
    assert_eq!(work.len(), 1, "the project and the bundle are governed");
    let is_hidden = |world: &World, item| world.state.items.by_id.get(&item).unwrap().is_hidden;
    assert!(is_hidden(&world, model) && !is_hidden(&world, governed));
    set_rules(&mut world, Some(project), Governing::RecommendHide);
    world.run(&Principal::System, artifact::Command::GovernPending);
    assert!(!is_hidden(&world, model) && !is_recommended(&world.state, model));
}

#[test]
fn a_suggestion_is_told_and_whoever_follows_it_gets_the_prefill() {
    let mut world = left_to_it();
    let (project, growth) = (world.project(), initiative(&mut world));
    let (prefill, initiative) = (vec![text("description", "by script")], Some(growth));
    decides(&mut world, project, Said { prefill, initiative, ..said(Governing::Recommended) });
    assert!(is_recommended(&world.state, project) && governing_item(&world.state, project).is_none());
    let mut gone = world.clone();
    let admin = world.admin();
    world.run(&admin, artifact::Command::Govern(govern(project)));
    let item = governed_by(&world, project);
    assert_eq!(item.fields.get("description"), Some(&Value::Text("by script".into())));
    assert_eq!(item.fields.get("business_initiative"), Some(&Value::Reference(growth)));
    gone.run(&admin, artifact::Command::Delete { item: growth });
    gone.run(&admin, artifact::Command::Govern(govern(project)));
    assert!(governed_by(&gone, project).fields.get("description").is_none(), "all of a decision or nothing");
}

#[test]
fn what_is_decided_about_children_counts_below_what_people_set_there() {
    let mut world = left_to_it();
    let (project, bundle, model) = (world.project(), world.bundle("b1"), world.model("m1"));
    world.govern(project);
    let children = vec![
        (Kind::Bundle, Governing::Automatic, template(Kind::Bundle, STANDARD)),
        (Kind::Model, Governing::Hide, None),
    ];
    decides(&mut world, project, Said { children, ..said(Governing::Nothing) });
    let above = applying(&world.state, bundle).unwrap();
    assert!(above.is_decided && above.place.scope == Some(project) && !is_asked(&world, bundle));
    while world.state.rules.is_pending() || world.state.items.is_pending() {
        assert!(!world.run(&Principal::System, artifact::Command::GovernPending).is_empty());
    }
    assert!(governing_item(&world.state, bundle).is_some());
    assert!(world.state.items.by_id.get(&model).unwrap().is_hidden);
    set_rules(&mut world, Some(project), Governing::Recommended);
    assert!(is_recommended(&world.state, model), "a person's word for the project comes first");
    set_rules(&mut world, None, Governing::Nothing);
    assert!(decision(&world.state, project).is_none(), "nothing is left to the script any more");
}

#[test]
fn a_model_decides_about_its_versions_and_a_bundle_about_nothing() {
    let mut world = left_to_it();
    let (model, version, bundle) = (world.model("m1"), world.version("m1", "v1"), world.bundle("b1"));
    let versions = || vec![(Kind::ModelVersion, Governing::Recommended, None)];
    refused(&world, bundle, Said { children: versions(), ..said(Governing::Nothing) }, "rule_children_not_possible");
    let twice = [versions(), versions()].concat();
    refused(&world, model, Said { children: twice, ..said(Governing::Nothing) }, "kind_given_twice");
    let again = vec![(Kind::ModelVersion, Governing::Script, None)];
    refused(&world, model, Said { children: again, ..said(Governing::Nothing) }, "rule_children_not_possible");
    decides(&mut world, model, Said { children: versions(), ..said(Governing::Nothing) });
    assert!(is_recommended(&world.state, version));
    let kept = &decision(&world.state, model).unwrap().children;
    assert_eq!(*kept, [ChildDecision { kind: Kind::ModelVersion, rule: rule(Governing::Recommended) }]);
}

#[test]
fn what_cannot_be_done_as_a_whole_is_refused_as_a_whole() {
    let mut world = left_to_it();
    let (project, bundle) = (world.project(), world.bundle("b1"));
    let growth = initiative(&mut world);
    let wanted = || said(Governing::Automatic);
    let with = |field: &str, value: &str| Said { prefill: vec![text(field, value)], ..wanted() };
    let of = |kind, version| Said { template: template(kind, version), ..wanted() };
    refused(&world, project, of(Kind::Bundle, STANDARD), "decision_template_wrong");
    refused(&world, project, of(Kind::Project, "bv.none"), "version_not_active");
    let child = vec![(Kind::Bundle, Governing::Automatic, template(Kind::Bundle, "bv.none"))];
    refused(&world, project, Said { children: child, ..said(Governing::Nothing) }, "version_not_active");
    refused(&world, project, with("nothing", "x"), "fields_invalid");
    refused(&world, project, with("qualification_risk_rating", "Enormous"), "fields_invalid");
    let own = vec![("dataiku_item".into(), Input::List(vec![Input::Text(project.to_string().into())]))];
    refused(&world, project, Said { prefill: own, ..wanted() }, "fields_invalid");
    let long = "x".repeat(8_000);
    let long = ["description", "objectives", "scope", "business_use_case"].map(|field| text(field, &long));
    refused(&world, project, Said { prefill: long.into(), ..wanted() }, "prefill_too_long");
    refused(&world, project, Said { attach_to: Some(growth), ..wanted() }, "attach_not_possible");
    refused(&world, project, Said { attach_to: Some(ItemId(9_999)), ..wanted() }, "not_found");
    refused(&world, project, Said { initiative: Some(ItemId(9_999)), ..wanted() }, "not_found");
    refused(&world, project, Said { initiative: Some(bundle), ..wanted() }, "fields_invalid");
    refused(&world, bundle, Said { initiative: Some(growth), ..wanted() }, "fields_invalid");
    let admin = world.admin();
    world.run(&admin, artifact::Command::Archive { item: growth });
    refused(&world, project, Said { initiative: Some(growth), ..wanted() }, "item_archived");
}

#[test]
fn a_failure_is_kept_and_the_script_asked_again_only_when_something_changes() {
    let mut world = left_to_it();
    let project = world.project();
    let since = *world.state.rules.awaiting.get(&project).unwrap();
    let why = "é".repeat(super::WHY_BYTES_MAX);
    let failed = Command::Judge { item: project, since, said: Err(why.as_str().into()) };
    let mut world = Spec::given(world).as_system().when(failed).then(&["GovernanceUndecided"]);
    assert!(!is_asked(&world, project));
    let kept = world.state.rules.judged.get(&project).unwrap().clone().unwrap_err();
    assert_eq!(kept.len(), super::WHY_BYTES_MAX, "more is cut off");
    let admin = world.admin();
    let standard = template(Kind::Project, STANDARD).unwrap();
    world.run(&admin, blueprint::Command::SetStatus { template: standard, status: VersionStatus::Archived });
    assert!(is_asked(&world, project), "a template changed");
}

#[test]
fn a_decision_is_forgotten_when_its_template_is_no_longer_what_it_was() {
    let mut world = left_to_it();
    let project = world.project();
    let wanted = Said { template: template(Kind::Project, STANDARD), ..said(Governing::Recommended) };
    decides(&mut world, project, wanted);
    let admin = world.admin();
    let standard = template(Kind::Project, STANDARD).unwrap();
    world.run(&admin, blueprint::Command::SetStatus { template: standard, status: VersionStatus::Archived });
    assert!(is_asked(&world, project) && !is_recommended(&world.state, project));
}

#[test]
fn the_script_is_for_architects_and_bounded_and_an_empty_one_is_none() {
    let mut world = left_to_it();
    world.user("rob");
    let project = world.project();
    let wish = |script: &str| Command::SetScript { script: Some(script.into()) };
    let world = Spec::given(world).as_user("rob").when(wish("mine()")).then_rejected("forbidden");
    let as_admin = |world: &World| Spec::given(world.clone()).as_principal(world.admin());
    as_admin(&world).when(wish("decide()")).then_already_so();
    as_admin(&world).when(wish(&"x".repeat(super::SCRIPT_BYTES_MAX + 1))).then_rejected("text_too_long");
    as_admin(&world).when(wish(&"\"".repeat(super::SCRIPT_ESCAPED_BYTES_MAX / 2))).then_rejected("text_too_long");
    let world = as_admin(&world).when(wish(" \n")).then(&["GovernanceScriptSet"]);
    assert!(world.state.rules.script.is_none() && !is_asked(&world, project));
    as_admin(&world).when(wish("")).then_already_so();
}
