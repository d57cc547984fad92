//! A world with one item under review, made of events, so that every configuration can be tried.

use std::sync::Arc;

use crate::access::{self, Assignment, Permissions, Rights};
use crate::artifact;
use crate::blueprint::{self, Configuration, Container, Definition, FeedbackGroup, Recurrence, StepDefinition};
use crate::context::Principal;
use crate::ids::{Digest, ItemId, KeyId, NodeId, Position, TemplateId, UserId};
use crate::log;
use crate::personal::Personal;
use crate::signoff::{Action, ApprovalStatus, Command, Event, Notify, ReviewStatus, Signoff, SignoffKey, Status};
use crate::sync::{self, Revision, SyncKey, SyncObject};
use crate::testing::{Spec, When, World};
use crate::value::Value;

pub(super) const ITEM: ItemId = ItemId(2);
const SOURCE: ItemId = ItemId(1);
pub(super) const STEP: &str = "review";

/// May write the item, nothing else.
pub(super) const WRITER: &str = "wim";
/// In the feedback group `business`.
pub(super) const REVIEWER: &str = "ana";
/// In the feedback group `risk`.
pub(super) const OTHER_REVIEWER: &str = "rik";
/// The approvers.
pub(super) const APPROVER: &str = "bo";
pub(super) const SECOND: &str = "cy";
pub(super) const THIRD: &str = "di";
/// Administrator, and nothing else.
pub(super) const ADMIN: &str = "root";
pub(super) const ARCHITECT: &str = "arc";
/// May write, review in `business`, and approve.
pub(super) const EVERYTHING: &str = "eve";
/// May read only.
pub(super) const NOBODY: &str = "nic";
/// A key that is an approver, and one that impersonates.
pub(super) const APPROVER_KEY: KeyId = KeyId(1);
pub(super) const PROXY_KEY: KeyId = KeyId(2);

const PEOPLE: [(&str, &[&str]); 10] = [
    (WRITER, &["writers"]),
    (REVIEWER, &["business"]),
    (OTHER_REVIEWER, &["risk"]),
    (APPROVER, &["approvers"]),
    (SECOND, &["approvers", "legal"]),
    (THIRD, &["approvers"]),
    (ADMIN, &["admins"]),
    (EVERYTHING, &["writers", "business", "approvers"]),
    (NOBODY, &[]),
    (ARCHITECT, &["architects"]),
];

pub(super) fn group(name: &str) -> Container {
    Container::Group(name.into())
}

/// Two feedback groups and the approvers; no options.
pub(super) fn configuration() -> Configuration {
    let feedback = |id: &str| FeedbackGroup { id: id.into(), title: id.into(), members: vec![group(id)] };
    Configuration {
        title: "Review".into(),
        mandatory: true,
        groups: vec![feedback("business"), feedback("risk")],
        approvers: vec![group("approvers"), Container::Key(APPROVER_KEY)],
        ..Configuration::default()
    }
}

pub(super) fn months(months: u32, reload: bool) -> Recurrence {
    Recurrence { activated: true, days: 0, weeks: 0, months, years: 0, reload }
}

pub(super) fn template() -> TemplateId {
    TemplateId { blueprint: "bp.spec".into(), version: "bv.spec".into() }
}

pub(super) fn key() -> SignoffKey {
    SignoffKey { item: ITEM, step: STEP.into() }
}

/// The sign-off of the step under review.
pub(super) fn signoff(world: &World) -> Arc<Signoff> {
    let found = world.state.signoffs.by_step.get(&key()).cloned();
    found.unwrap_or_else(|| panic!("there is no sign-off"))
}

pub(super) fn status(world: &World) -> Status {
    signoff(world).status
}

/// The step is ongoing, its sign-off not started.
pub(super) fn world() -> World {
    configured(configuration())
}

/// The same under another configuration.
pub(super) fn configured(configuration: Configuration) -> World {
    let mut world = unconfigured();
    let configured_at = configure(&mut world, configuration);
    world.happened(&Principal::System, Event::SignoffOpened { item: ITEM, step: STEP.into(), configured_at });
    world
}

/// Another configuration of the template; gives its position.
pub(super) fn configure(world: &mut World, configuration: Configuration) -> Position {
    let configuration = Arc::new(configuration);
    let event = blueprint::Event::SignoffConfigured { template: template(), step: STEP.into(), configuration };
    world.happened(&Principal::System, event);
    world.state.head
}

/// The item is there, without any sign-off.
pub(super) fn unconfigured() -> World {
    let mut world = World::empty();
    let system = Principal::System;
    world.happened(&system, log::Event::LogCreated { log: crate::ids::LogId(uuid::Uuid::nil()), product: "".into() });
    people(&mut world);
    make_template(&mut world);
    publish(&mut world, 1);
    let fields = vec![("dataiku_item".into(), Value::List([Value::Reference(SOURCE)].into()))];
    let created = artifact::Event::ItemCreated { item: ITEM, template: template(), name: "v2".into(), fields };
    world.happened(&system, created);
    world.happened(&system, artifact::Event::StepStarted { item: ITEM, step: STEP.into() });
    world
}

/// What the governed source holds at a revision.
pub(super) fn content(revision: u64) -> Digest {
    Digest::of(&revision.to_be_bytes())
}

/// The governed source is so now.
pub(super) fn publish(world: &mut World, revision: u64) {
    let node = NodeId::from("design-1");
    let object = SyncObject::Bundle { project: "FRAUD".into(), bundle: "b1".into() };
    let event = sync::Event::ItemSynced {
        item: SOURCE,
        key: SyncKey { node: node.clone(), object },
        revision: Revision { epoch: 0, revision },
        name: "b1".into(),
        changes: Vec::new(),
        url: None,
        digest: Some(content(revision)),
        active: None,
        metrics: Vec::new(),
        model_versions: Vec::new(),
    };
    world.happened(&Principal::Node(node), event);
}

fn people(world: &mut World) {
    let system = Principal::System;
    let groups = ["writers", "business", "risk", "approvers", "legal", "admins", "architects"];
    for (n, name) in (20..).zip(groups) {
        let (item, is_admin, is_architect) = (ItemId(n), name == "admins", name == "architects");
        let (group, description) = (name.into(), "".into());
        let event = access::Event::GroupCreated { group, item, description, is_admin, is_architect };
        world.happened(&system, event);
    }
    for (n, (login, groups)) in (1..).zip(PEOPLE) {
        let event = access::Event::UserCreated {
            user: UserId(n),
            item: ItemId(40 + n),
            login: Personal::new([0; 16], login),
            display_name: None,
            email: None,
            groups: groups.iter().map(|group| (*group).into()).collect(),
            profile: None,
            credential: None,
        };
        world.happened(&system, event);
    }
    for (key, is_admin) in [(APPROVER_KEY, false), (PROXY_KEY, true)] {
        let credential = crate::ids::CredentialId(uuid::Uuid::from_u128(key.0.into()));
        let (label, groups) = ("spec".into(), Vec::new());
        let event = access::Event::KeyCreated {
            key,
            label,
            is_admin,
            is_architect: false,
            groups,
            credential,
            owner: None,
            node: None,
        };
        world.happened(&system, event);
    }
    let role = "ro.writer";
    let event = access::Event::RoleCreated { role: role.into(), label: "".into(), description: "".into() };
    world.happened(&system, event);
    let read = Rights { read: true, ..Rights::default() };
    let write = Rights { write: true, ..read };
    let permissions = Permissions { everyone: read, roles: vec![(role.into(), write)], fields: Vec::new() };
    world.happened(&system, access::Event::PermissionsSet { blueprint: None, permissions, document: None });
    let assignment = Assignment { containers: vec![group("writers")], ..Assignment::of(role) };
    let blueprint = template().blueprint;
    world.happened(
        &system,
        access::Event::AssignmentsSet { blueprint, item: None, assignments: vec![assignment], document: None },
    );
}

fn make_template(world: &mut World) {
    let (system, template) = (Principal::System, template());
    let blueprint = template.blueprint.clone();
    let (name, document): (Arc<str>, Arc<str>) = ("Spec".into(), "{}".into());
    let event = blueprint::Event::BlueprintCreated { blueprint, name, locked: false, document };
    world.happened(&system, event);
    let steps = ["development", STEP, "production"];
    let steps = steps.map(|id| StepDefinition { id: id.into(), name: id.into(), visible_when: None });
    let definition = Definition {
        name: "Spec".into(),
        parent_field: None,
        fields: Vec::new(),
        steps: steps.into(),
        document: "{}".into(),
    };
    let definition = Arc::new(definition);
    world.happened(&system, blueprint::Event::VersionCreated { template, origin: None, definition });
}

/// The step under review is set as finished, whatever a mandatory sign-off says.
pub(super) fn finish(world: &mut World) {
    world.happened(&Principal::System, artifact::Event::StepFinished { item: ITEM, step: STEP.into() });
}

pub(super) fn archive(world: &mut World) {
    world.happened(&Principal::System, artifact::Event::ItemArchived { item: ITEM });
}

pub(super) fn command(action: Action) -> Command {
    Command { item: ITEM, step: STEP.into(), action }
}

/// Given a world, when somebody asks for this …
pub(super) fn when(world: World, login: &str, action: Action) -> When {
    Spec::given(world).as_user(login).when(command(action))
}

/// Somebody does this, which has to work and to change something.
#[track_caller]
pub(super) fn does(world: &mut World, login: &str, action: Action) {
    let principal = world.principal(login);
    assert!(!world.run(&principal, command(action)).is_empty(), "nothing happened");
}

pub(super) fn request_feedback() -> Action {
    Action::RequestFeedback { notify: Notify::These(Vec::new()) }
}

pub(super) fn request_approval() -> Action {
    Action::RequestApproval { notify: Notify::These(Vec::new()) }
}

pub(super) fn review(group: &str, status: ReviewStatus) -> Action {
    Action::SubmitReview { group: group.into(), status, comment: Some("seen".into()) }
}

pub(super) fn approve() -> Action {
    Action::SubmitApproval { status: ApprovalStatus::Approved, comment: None }
}

pub(super) fn reject() -> Action {
    Action::SubmitApproval { status: ApprovalStatus::Rejected, comment: Some("no".into()) }
}

pub(super) fn edit_approval(status: ApprovalStatus) -> Action {
    Action::EditApproval { status, comment: None }
}

/// The sign-off stands there, by the shortest way, [`EVERYTHING`] having done all of it.
#[track_caller]
pub(super) fn world_at(status: Status) -> World {
    brought_to(world(), status, EVERYTHING)
}

/// The same from another world, `approver` giving the decision.
#[track_caller]
pub(super) fn brought_to(mut world: World, status: Status, approver: &str) -> World {
    let feedback = || vec![(WRITER, request_feedback())];
    let way = match status {
        Status::NotStarted => Vec::new(),
        Status::WaitingForFeedback => feedback(),
        Status::WaitingForApproval => vec![(WRITER, request_approval())],
        Status::Approved => vec![(WRITER, request_approval()), (approver, approve())],
        Status::Rejected => vec![(WRITER, request_approval()), (approver, reject())],
        Status::Abandoned => [feedback(), vec![(WRITER, Action::Abandon { comment: None })]].concat(),
    };
    for (login, action) in way {
        does(&mut world, login, action);
    }
    world
}
