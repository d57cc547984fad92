use super::{deployer, infra, told};
use crate::artifact::StepStatus;
use crate::context::Principal;
use crate::deploy::gate::{Answer, Decision, Question, answer, verdict_of};
use crate::deploy::{Command, InfraKind, Policy, who_can};
use crate::ids::{Digest, ItemId};
use crate::signoff::{Action, ApprovalStatus, Notify, Status};
use crate::sync::{SyncKey, SyncObject};
use crate::testing::{PROJECT, Spec, World};
use crate::{Event, artifact, deploy, signoff};

/// Infrastructures of every policy, and the govern project with ana as its final approver.
pub(super) fn world() -> World {
    let mut world = World::bootstrapped();
    let policies = [("loose", Policy::NoCheck), ("warn", Policy::Warn), ("prod", Policy::Prevent)];
    for (name, policy) in policies {
        world.run(&deployer(), told(name, InfraKind::Project, Some(policy), 1));
    }
    world.run(&deployer(), told("api", InfraKind::Api, Some(Policy::Prevent), 1));
    let project = world.project();
    let govern_project = world.govern(project);
    world.set_people(govern_project, "final_approvers", &["ana"]);
    world.set_people(govern_project, "business_reviewers", &["bea"]);
    world
}

pub(super) fn bundle_key() -> SyncKey {
    let object = SyncObject::Bundle { project: PROJECT.into(), bundle: "b1".into() };
    SyncKey { node: "design-1".into(), object }
}

pub(super) fn version_key(version: &str) -> SyncKey {
    let (project, model) = (PROJECT.into(), "m1".into());
    let object = SyncObject::ModelVersion { project, model, version: version.into() };
    SyncKey { node: "design-1".into(), object }
}

pub(super) fn question(infra: &str, subjects: &[SyncKey]) -> Question {
    Question { node: None, infra: infra.into(), subjects: subjects.to_vec(), digest: None }
}

pub(super) fn ask(world: &World, infra: &str) -> Answer {
    answer(&world.state, &question(infra, &[bundle_key()]), world.at).unwrap()
}

pub(super) fn codes(answer: &Answer) -> Vec<&'static str> {
    answer.unmet.iter().map(|unmet| unmet.code).collect()
}

pub(super) fn act(world: &mut World, principal: &Principal, item: ItemId, action: Action) {
    world.run(principal, signoff::Command { item, step: "review".into(), action });
}

/// As far as the request for the final approval.
pub(super) fn request_approval(world: &mut World, item: ItemId) {
    let admin = world.admin();
    let steps = vec![("development".into(), StepStatus::Finished)];
    world.run(&admin, artifact::Command::Save { item, name: None, fields: Vec::new(), steps });
    act(world, &admin, item, Action::RequestApproval { notify: Notify::These(Vec::new()) });
}

pub(super) fn decide(world: &mut World, item: ItemId, status: ApprovalStatus) {
    let ana = world.principal("ana");
    act(world, &ana, item, Action::SubmitApproval { status, comment: None });
}

pub(super) fn approved_bundle() -> (World, ItemId) {
    let mut world = world();
    let bundle = world.bundle("b1");
    let item = world.govern(bundle);
    request_approval(&mut world, item);
    decide(&mut world, item, ApprovalStatus::Approved);
    (world, item)
}

#[test]
fn an_approved_bundle_is_allowed_everywhere() {
    let (world, _) = approved_bundle();
    for infra in ["loose", "warn", "prod"] {
        assert_eq!((ask(&world, infra).decision, codes(&ask(&world, infra))), (Decision::Allow, Vec::new()));
    }
}

#[test]
fn what_is_missing_denies_warns_or_is_only_listed_by_policy() {
    let mut world = world();
    world.bundle("b1");
    let answers = ["loose", "warn", "prod"].map(|infra| ask(&world, infra));
    assert_eq!(answers.clone().map(|answer| answer.decision), [Decision::Allow, Decision::Warn, Decision::Deny]);
    assert!(answers.iter().all(|answer| codes(answer) == ["not_governed"]));
}

#[test]
fn each_thing_that_is_missing_has_its_code() {
    let mut world = world();
    assert_eq!(codes(&ask(&world, "prod")), ["not_synced"]);
    let bundle = world.bundle("b1");
    assert_eq!(codes(&ask(&world, "prod")), ["not_governed"]);
    let item = world.govern(bundle);
    assert_eq!(codes(&ask(&world, "prod")), ["signoff_not_approved"]);
    let admin = world.admin();
    world.run(&admin, artifact::Command::Archive { item });
    assert_eq!(codes(&ask(&world, "prod")), ["item_archived", "signoff_not_approved"]);
}

#[test]
fn a_govern_item_without_a_review_is_not_approved() {
    let (mut world, item) = approved_bundle();
    let key = signoff::SignoffKey { item, step: "review".into() };
    world.state.signoffs.by_step.remove(&key);
    assert_eq!(codes(&ask(&world, "prod")), ["no_review_signoff"]);
}

#[test]
fn the_answer_names_who_can_help_next() {
    let mut world = world();
    let bundle = world.bundle("b1");
    let item = world.govern(bundle);
    let missing = |world: &World| ask(world, "prod").unmet.remove(0);
    let before = missing(&world);
    assert_eq!((&*before.needs, &*before.have, before.item), ("APPROVED", "NOT_STARTED", Some(item)));
    assert_eq!(before.groups, ["business".into(), "it_operations".into(), "risk_compliance".into()]);
    request_approval(&mut world, item);
    let waiting = missing(&world);
    assert_eq!((&*waiting.have, waiting.groups.len()), ("WAITING_FOR_APPROVAL", 0));
    assert_eq!(who_can(&world.state, &waiting.next), [world.principal("ana")]);
    decide(&mut world, item, ApprovalStatus::Rejected);
    assert_eq!(&*missing(&world).have, "REJECTED");
}

#[test]
fn an_approval_is_of_the_content_that_was_there() {
    let (mut world, _) = approved_bundle();
    let object = bundle_key().object;
    world.sync_with(object, "b1", 2, Some(Digest::of(b"other content")));
    assert_eq!((ask(&world, "prod").decision, codes(&ask(&world, "prod"))), (Decision::Deny, vec!["approval_stale"]));
}

#[test]
fn the_content_asked_about_has_to_be_the_synced_one() {
    let (world, _) = approved_bundle();
    let synced = *world.state.nodes.items.get(&bundle_key()).unwrap();
    let digest = verdict_of(&world.state, synced).digest;
    let ask =
        |digest| answer(&world.state, &Question { digest, ..question("prod", &[bundle_key()]) }, world.at).unwrap();
    assert_eq!(codes(&ask(digest)), Vec::<&str>::new());
    assert_eq!(codes(&ask(Some(Digest::of(b"another")))), ["digest_mismatch"]);
}

#[test]
fn every_model_version_of_a_package_has_to_be_approved() {
    let mut world = world();
    let (one, two) = (world.version("m1", "v1"), world.version("m1", "v2"));
    let (one, two) = (world.govern(one), world.govern(two));
    let ask = |world: &World| {
        answer(&world.state, &question("api", &[version_key("v1"), version_key("v2")]), world.at).unwrap()
    };
    request_approval(&mut world, one);
    decide(&mut world, one, ApprovalStatus::Approved);
    let half = ask(&world);
    let subjects: Vec<_> = half.unmet.iter().map(|unmet| unmet.subject.clone()).collect();
    assert_eq!((half.decision, subjects), (Decision::Deny, vec![version_key("v2")]));
    request_approval(&mut world, two);
    decide(&mut world, two, ApprovalStatus::Approved);
    assert_eq!(ask(&world).decision, Decision::Allow);
}

#[test]
fn the_gate_refuses_to_answer_for_what_it_does_not_know() {
    let mut world = world();
    let code = |world: &World, question: Question| answer(&world.state, &question, world.at).unwrap_err().code();
    assert_eq!(code(&world, question("nowhere", &[bundle_key()])), "infrastructure_unknown");
    let elsewhere = Question { node: Some("deployer-2".into()), ..question("prod", &[bundle_key()]) };
    assert_eq!(code(&world, elsewhere.clone()), "infrastructure_unknown");
    let (admin, mut other) = (world.admin(), infra("prod"));
    other.node = "deployer-2".into();
    let (kind, policy) = (Some(InfraKind::Project), Some(Policy::NoCheck));
    world.run(&admin, Command::SetInfrastructure { infra: other, kind, stage: None, policy, demands: None });
    assert_eq!(code(&world, question("prod", &[bundle_key()])), "infrastructure_ambiguous");
    assert_eq!(answer(&world.state, &elsewhere, world.at).unwrap().decision, Decision::Allow);
}

#[test]
fn a_question_is_about_what_is_deployed_there() {
    let world = world();
    let code =
        |infra, subjects: &[SyncKey]| answer(&world.state, &question(infra, subjects), world.at).unwrap_err().code();
    for subjects in [vec![], vec![bundle_key(), bundle_key()], vec![version_key("v1")]] {
        assert_eq!(code("prod", &subjects), "subjects_invalid");
    }
    let too_many = vec![version_key("v1"); deploy::gate::SUBJECTS_MAX + 1];
    for subjects in [vec![], vec![bundle_key()], vec![version_key("v1"), bundle_key()], too_many] {
        assert_eq!(code("api", &subjects), "subjects_invalid");
    }
}

#[test]
fn every_question_with_intent_to_deploy_is_recorded_with_its_answer() {
    let mut world = world();
    let bundle = world.bundle("b1");
    world.user("cy");
    let checks = [("loose", Decision::Allow, false), ("warn", Decision::Warn, true), ("prod", Decision::Deny, false)];
    for (infra, decided, acknowledged) in checks {
        let wish = Command::CheckDeployment { question: question(infra, &[bundle_key()]), is_acknowledged: true };
        for _ in 0..2 {
            let (events, after) = Spec::given(world).as_user("cy").when(wish.clone()).accepted();
            world = after;
            let [Event::Deploy(deploy::Event::DeploymentChecked { item, decision, unmet, is_acknowledged, .. })] =
                &events.iter().map(|recorded| recorded.event.clone()).collect::<Vec<_>>()[..]
            else {
                unreachable!("one event: {events:?}")
            };
            assert_eq!((*item, *decision, *is_acknowledged), (Some(bundle), decided, acknowledged));
            assert_eq!(unmet, &["not_governed".into()]);
        }
    }
    let wish = Command::CheckDeployment { question: question("nowhere", &[bundle_key()]), is_acknowledged: false };
    Spec::given(world).as_user("cy").when(wish).then_rejected("infrastructure_unknown");
}

#[test]
fn the_verdict_tells_where_the_approval_stands() {
    let mut world = world();
    let bundle = world.bundle("b1");
    let verdict = verdict_of(&world.state, bundle);
    assert_eq!((verdict.govern_item, verdict.status, verdict.cycle), (None, None, 0));
    let item = world.govern(bundle);
    request_approval(&mut world, item);
    let verdict = verdict_of(&world.state, bundle);
    assert_eq!((verdict.govern_item, verdict.status, verdict.cycle), (Some(item), Some(Status::WaitingForApproval), 1));
    assert!(verdict.digest.is_some());
}
