//! A story that every test folds: real commands, from the first start to the second approval.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use std::sync::Arc;

use countersign_core::artifact::{self, StepStatus};
use countersign_core::deploy::gate::Question;
use countersign_core::deploy::{self, InfraKey, InfraKind, Policy};
use countersign_core::ids::{ItemId, NodeId, Position};
use countersign_core::input::Input;
use countersign_core::signoff::{self, Action, ApprovalStatus, Notify, ReviewStatus};
use countersign_core::sync::{self, Active, Measure, Revision, SyncKey, SyncObject};
use countersign_core::testing::{PROJECT, World};
use countersign_core::time::Timestamp;
use countersign_core::value::Value;
use countersign_core::{Principal, Recorded, State, evolve};

pub(crate) const NODE: &str = "design-1";
pub(crate) const MODEL: &str = "m1";

/// The items of the story.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cast {
    pub(crate) project: ItemId,
    pub(crate) model: ItemId,
    pub(crate) v1: ItemId,
    pub(crate) v2: ItemId,
    pub(crate) bundle: ItemId,
    pub(crate) govern_project: ItemId,
    pub(crate) govern_v2: ItemId,
}

/// The world at the end, and who is who.
pub(crate) fn story() -> (World, Cast) {
    let mut world = World::bootstrapped();
    let cast = synced_and_governed(&mut world);
    evaluated(&mut world);
    qualified(&mut world, cast.govern_project);
    signed_off(&mut world, cast);
    deployed(&mut world);
    housekeeping(&mut world, cast);
    (world, cast)
}

/// Every event with the state after it.
pub(crate) fn states(log: &[Recorded]) -> Vec<(Recorded, State)> {
    let mut state = State::default();
    log.iter()
        .map(|event| {
            evolve(&mut state, event);
            (event.clone(), state.clone())
        })
        .collect()
}

pub(crate) fn node() -> Principal {
    Principal::Node(NodeId::from(NODE))
}

pub(crate) fn key(object: SyncObject) -> SyncKey {
    SyncKey { node: NodeId::from(NODE), object }
}

pub(crate) fn version_key(version: &str) -> SyncKey {
    key(SyncObject::ModelVersion { project: PROJECT.into(), model: MODEL.into(), version: version.into() })
}

pub(crate) fn measure(name: &str, value: f64) -> Measure {
    Measure { name: name.into(), value }
}

fn sync(world: &mut World, key: SyncKey, name: &str, active: Option<Active>, metrics: Vec<Measure>) -> ItemId {
    let command = sync::Command::Sync(sync::Sync {
        key: key.clone(),
        revision: Revision { epoch: 0, revision: 1 },
        name: name.into(),
        fields: Vec::new(),
        url: None,
        digest: None,
        active,
        metrics,
        model_versions: Vec::new(),
    });
    world.run(&node(), command);
    *world.state.nodes.items.get(&key).unwrap()
}

fn synced_and_governed(world: &mut World) -> Cast {
    let project = world.project();
    let object = SyncObject::SavedModel { project: PROJECT.into(), model: MODEL.into() };
    let model = sync(world, key(object), "Predict", Some(Active::Version("v2".into())), Vec::new());
    let v1 = sync(world, version_key("v1"), "Random forest (s1) - v1", None, vec![measure("auc", 0.85)]);
    let v2 = sync(world, version_key("v2"), "Random forest (s1) - v2", None, vec![measure("auc", 0.87)]);
    let bundle = world.bundle("b1");
    // Its project is a stub until its node tells of it.
    let other: Arc<str> = "OTHER".into();
    sync(world, key(SyncObject::SavedModel { project: other, model: "x".into() }), "Orphan", None, Vec::new());
    copied(world);
    let govern_project = world.govern(project);
    world.govern(model);
    let govern_v2 = world.govern(v2);
    Cast { project, model, v1, v2, bundle, govern_project, govern_v2 }
}

fn copied(world: &mut World) {
    let automation = NodeId::from("automation-1");
    let text = |field: &str, text: &str| (field.into(), Value::Text(text.into()));
    let command = sync::Command::Sync(sync::Sync {
        key: SyncKey { node: automation.clone(), object: SyncObject::Project { project: "FRAUD_COPY".into() } },
        revision: Revision { epoch: 0, revision: 1 },
        name: "A copy".into(),
        fields: vec![text("original_node_id", NODE), text("original_project_key", PROJECT)],
        url: None,
        digest: None,
        active: None,
        metrics: Vec::new(),
        model_versions: Vec::new(),
    });
    world.run(&Principal::Node(automation), command);
}

pub(crate) fn evaluate(world: &mut World, version: &str, evaluation: &str, at_millis: i64, auc: f64, drift: f64) {
    let command = sync::Command::Evaluate(sync::Evaluate {
        version: version_key(version),
        store_project: PROJECT.into(),
        store: "mes_for_ground_truth".into(),
        evaluation: evaluation.into(),
        evaluated_at: Timestamp::from_millis(at_millis),
        metrics: vec![measure("auc", auc), measure("log_loss", 1.0 - auc)],
        drift: vec![measure("data_drift", drift)],
        is_synced: true,
        url: None,
    });
    world.run(&node(), command);
}

fn evaluated(world: &mut World) {
    evaluate(world, "v2", "e1", 1_000, 0.84, 0.05);
    evaluate(world, "v2", "e3", 3_000, 0.81, 0.12);
    // Run before e3, arriving after it.
    evaluate(world, "v2", "e2", 2_000, 0.83, 0.08);
}

pub(crate) fn save(world: &mut World, item: ItemId, fields: &[(&str, &str)], steps: &[(&str, StepStatus)]) {
    let fields = fields.iter().map(|(field, value)| ((*field).into(), Input::Text((*value).into()))).collect();
    let steps = steps.iter().map(|(step, status)| ((*step).into(), *status)).collect();
    let admin = world.admin();
    world.run(&admin, artifact::Command::Save { item, name: None, fields, steps });
}

fn qualified(world: &mut World, item: ItemId) {
    save(world, item, &[("exploration_notes", "seen")], &[("exploration", StepStatus::Finished)]);
    let fields = [
        ("qualification_value_rating", "High"),
        ("qualification_risk_rating", "Medium low"),
        ("qualification_resulting_decision", "Go"),
    ];
    save(world, item, &fields, &[("qualification", StepStatus::Finished)]);
}

pub(crate) fn act(world: &mut World, item: ItemId, by: &Principal, action: Action) {
    world.run(by, signoff::Command { item, step: "review".into(), action });
}

fn signed_off(world: &mut World, cast: Cast) {
    world.set_people(cast.govern_project, "business_reviewers", &["ana"]);
    world.set_people(cast.govern_project, "final_approvers", &["bo"]);
    let (ana, bo, admin) = (world.principal("ana"), world.principal("bo"), world.admin());
    let item = cast.govern_v2;
    save(world, item, &[], &[("development", StepStatus::Finished)]);
    let nobody = || Notify::These(Vec::new());
    act(world, item, &admin, Action::RequestFeedback { notify: nobody() });
    let (group, status) = ("business".into(), ReviewStatus::MinorIssue);
    act(world, item, &ana, Action::SubmitReview { group, status, comment: Some("small".into()) });
    act(world, item, &admin, Action::RequestApproval { notify: nobody() });
    act(world, item, &admin, Action::ReturnToFeedback);
    act(world, item, &admin, Action::RequestApproval { notify: nobody() });
    act(world, item, &bo, Action::SubmitApproval { status: ApprovalStatus::Rejected, comment: None });
    act(world, item, &admin, Action::Abandon { comment: None });
    act(world, item, &admin, Action::CancelAbandon);
    act(world, item, &admin, Action::Abandon { comment: None });
    act(world, item, &admin, Action::Reset { reload: false });
    act(world, item, &admin, Action::RequestApproval { notify: nobody() });
    act(world, item, &bo, Action::SubmitApproval { status: ApprovalStatus::Approved, comment: None });
}

pub(crate) fn infra() -> InfraKey {
    InfraKey { node: NodeId::from(NODE), infra: "prod".into() }
}

fn deployed(world: &mut World) {
    let policy = Some(Policy::Prevent);
    let revision = Revision { epoch: 0, revision: 1 };
    let (kind, stage) = (InfraKind::Api, Some("production".into()));
    world.run(&node(), deploy::Command::SyncInfrastructure { infra: infra(), kind, stage, policy, revision });
    let question = Question { node: None, infra: infra().infra, subjects: vec![version_key("v2")], digest: None };
    world.run(&node(), deploy::Command::CheckDeployment { question, is_acknowledged: false });
}

fn housekeeping(world: &mut World, cast: Cast) {
    let admin = world.admin();
    let govern_bundle = world.govern(cast.bundle);
    world.run(&admin, artifact::Command::Archive { item: cast.govern_v2 });
    world.run(&admin, artifact::Command::Restore { item: cast.govern_v2 });
    world.run(&admin, artifact::Command::Hide { item: cast.v1 });
    world.run(&admin, artifact::Command::Show { item: cast.v1 });
    world.run(&admin, artifact::Command::Delete { item: govern_bundle });
    world.sync(SyncObject::Project { project: PROJECT.into() }, "XX Govern Tutorial", 2);
    let revision = Revision { epoch: 0, revision: 9 };
    let gone = key(SyncObject::Bundle { project: PROJECT.into(), bundle: "b1".into() });
    world.run(&node(), sync::Command::Gone { key: gone, revision });
}

/// Where an event is, by the catalogue's name; the last of that name.
pub(crate) fn last(world: &World, name: &str) -> Position {
    let of_name = |event: &&Recorded| countersign_core::schema::event_name(&event.event) == name;
    world.log.iter().rev().find(of_name).unwrap().position
}
