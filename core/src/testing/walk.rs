//! Random walks: any commands of anybody about anything, each from five numbers that mean something only when their
//! turn comes. Whoever throws the numbers shrinks a failure by throwing smaller ones.

mod design;

use std::sync::Arc;

use super::world::{PROJECT, World};
use crate::artifact::{self, ChildRule, ChildrenRules, Govern, Item, StepStatus};
use crate::command::Command;
use crate::context::Principal;
use crate::deploy::{self, InfraKey, InfraKind, Policy};
use crate::ids::{Digest, ItemId, NodeId, StepId, UserId};
use crate::input::Input;
use crate::signoff::Action;
use crate::sync::{self, Active, Evaluate, Measure, Revision, Sync, SyncKey, SyncObject};
use crate::time::Timestamp;
use crate::value::Value;
use crate::{access, blueprint, log, rules, settings, subscription};

const NODE: &str = "design-1";
const DEPLOYER: &str = "deployer";
const PEOPLE: [&str; 5] = ["ana", "bo", "cy", "dan", "eve"];
const ROLES: [&str; 5] =
    ["ro.project_manager", "ro.contributor", "ro.business_reviewer", "ro.final_approver", "ro.walker"];
const BLUEPRINTS: [&str; 5] = [
    "bp.system.govern_project",
    "bp.system.govern_bundle",
    "bp.system.govern_model_version",
    "bp.system.dataiku_bundle",
    "bp.car",
];
const PARENTS: [(&str, &str); 3] = [
    ("govern_project", "bp.system.govern_project"),
    ("govern_model", "bp.system.govern_model"),
    ("business_initiative", "bp.system.business_initiative"),
];
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// What becomes of five numbers: a wish of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Throw {
    /// Which wish.
    pub wish: u8,
    /// Whose.
    pub who: u8,
    /// About what, mostly.
    pub a: u8,
    /// More of it.
    pub b: u8,
    /// And more.
    pub c: u8,
}

/// A first start, five people, some governed things, sign-offs under way, an infrastructure.
#[must_use]
pub fn begin() -> World {
    let mut world = World::bootstrapped();
    world.user_in("ana", &["project_managers"]);
    world.user_in("bo", &["contributors"]);
    for login in PEOPLE {
        world.user(login);
    }
    let project = world.project();
    world.model("m0");
    let version = world.version("m0", "0");
    let bundle = world.bundle("0");
    let govern_project = world.govern(project);
    world.set_people(govern_project, "business_reviewers", &["bo", "cy"]);
    world.set_people(govern_project, "final_approvers", &["cy", "dan"]);
    let admin = world.admin();
    for name in ["one", "other"] {
        let blueprint = PARENTS[2].1.into();
        world.run(
            &admin,
            artifact::Command::Create {
                blueprint,
                version: None,
                name: name.into(),
                fields: Vec::new(),
                steps: Vec::new(),
            },
        );
    }
    for source in [version, bundle] {
        let item = world.govern(source);
        world.run(&admin, artifact::Command::FinishStep { item, step: "development".into() });
    }
    design::begin(&mut world);
    for (infra, kind) in [("projects", InfraKind::Project), ("apis", InfraKind::Api)] {
        let (kind, policy, stage) = (Some(kind), Some(Policy::Warn), None);
        world.run(
            &admin,
            deploy::Command::SetInfrastructure { infra: key_of(infra), kind, stage, policy, demands: None },
        );
    }
    world
}

/// The wish that a throw stands for in this world. Time passes with some.
pub fn wish(world: &mut World, throw: Throw) -> (Principal, Command) {
    let Throw { a, b, c, .. } = throw;
    let command = match throw.wish % 32 {
        0..=3 => sync(world, throw).into(),
        4 => sync::Command::Gone { key: sync_key(a, b), revision: revision(world, c) }.into(),
        5 => evaluate(a, b, c).into(),
        6..=9 => govern(world, throw).into(),
        10..=14 => edit(world, throw).into(),
        15..=20 => design::sign_off(world, throw).into(),
        21 | 22 => keep(world, throw),
        23 if b.is_multiple_of(3) => design::govern_by_rule(world, throw).into(),
        23 => design::by_script(world, throw).into(),
        24..=26 => design::template(throw).into(),
        27..=29 => design::access(world, throw),
        30 => design::deploy(world, throw),
        _ if a.is_multiple_of(2) => {
            world.at = Timestamp::from_millis(world.at.millis() + i64::from(b % 40) * DAY_MILLIS);
            log::Command::FireDue.into()
        }
        _ => artifact::Command::GovernPending.into(),
    };
    let system = design::is_of_system(&command);
    let deployer = matches!(command, Command::Deploy(deploy::Command::SyncInfrastructure { .. }));
    let who = match (system, deployer) {
        (true, _) if matches!(command, Command::Sync(sync::Command::OptOut { .. })) => someone(world, throw.who),
        (true, _) => Principal::System,
        (_, true) => Principal::Node(NodeId::from(DEPLOYER)),
        _ if !throw.who.is_multiple_of(4) => decider(world, &command, throw.who),
        _ => someone(world, throw.who),
    };
    (who, command)
}

/// Whether having it twice has to be the same as having it once: not when it makes a new thing each time, takes away
/// what it names, or is heard each time.
#[must_use]
pub const fn is_repeatable(command: &Command) -> bool {
    use access::Command as Access;
    use artifact::Command as Item;
    use blueprint::Command as Template;
    match command {
        Command::Item(command) => !matches!(
            command,
            Item::Create { .. }
                | Item::Delete { .. }
                | Item::Comment { .. }
                | Item::GovernPending
                | Item::RemovePage { .. }
        ),
        Command::Signoff(command) => !matches!(
            command.action,
            Action::SubmitReview { .. } | Action::DeleteReview { .. } | Action::WithdrawApproval | Action::Create
        ),
        Command::Template(command) => matches!(
            command,
            Template::EditVersion { .. } | Template::SetStatus { .. } | Template::ConfigureSignoff { .. }
        ),
        Command::Access(command) => !matches!(
            command,
            Access::CreateUser { .. }
                | Access::DeleteUser { .. }
                | Access::CreateGroup { .. }
                | Access::DeleteGroup { .. }
                | Access::CreateRole { .. }
                | Access::DeleteRole { .. }
                | Access::RemovePermissions { .. }
                | Access::RemoveAssignments { .. }
                | Access::CreateKey { .. }
        ),
        Command::Deploy(command) => {
            !matches!(command, deploy::Command::CheckDeployment { .. } | deploy::Command::RevokeOverride { .. })
        }
        Command::Rules(rules::Command::Judge { .. }) => false,
        Command::Sync(_) | Command::Settings(_) | Command::Subscription(_) | Command::Rules(_) | Command::Log(_) => {
            true
        }
        // What hooks saw is no longer what there is.
        Command::Series(_) | Command::Audit(_) | Command::Hooked(_) => false,
    }
}

fn key_of(infra: &str) -> InfraKey {
    InfraKey { node: NodeId::from(DEPLOYER), infra: infra.into() }
}

fn one<T: Copy>(of: &[T], n: u8) -> Option<T> {
    of.get(usize::from(n) % of.len().max(1)).copied()
}

fn word(of: &[&'static str], n: u8) -> &'static str {
    one(of, n).unwrap_or_default()
}

// Half of what is wished is an administrator's, or few wishes would come true.
fn someone(world: &World, n: u8) -> Principal {
    let login =
        one(&PEOPLE, n / 2).filter(|login| !n.is_multiple_of(2) && world.state.access.logins.contains_key(*login));
    login.map_or_else(|| world.admin(), |login| world.principal(login))
}

fn decider(world: &World, command: &Command, n: u8) -> Principal {
    let decider = match command {
        Command::Signoff(command) => design::decider(world, command, n),
        _ => None,
    };
    decider.unwrap_or_else(|| someone(world, n))
}

fn user(n: u8) -> UserId {
    UserId(u32::from(n % 7) + 1)
}

/// Mostly one that people write in, the latest first.
fn item(world: &World, n: u8) -> ItemId {
    let is_locked = |item: &Item| item.source.is_some() || item.template.blueprint.as_str().contains("system.user");
    item_of(world, n / 4, |item| n.is_multiple_of(8) || !is_locked(item))
}

fn item_of(world: &World, n: u8, is_wanted: impl Fn(&Item) -> bool) -> ItemId {
    let items = world.state.items.by_id.values().rev().filter(|item| is_wanted(item));
    one(&items.map(|item| item.id).collect::<Vec<_>>(), n).unwrap_or(ItemId(0))
}

fn with_field(world: &World, n: u8, field: &str) -> ItemId {
    let has = |item: &Item| {
        let version = world.state.templates.version(&item.template);
        version.is_some_and(|version| version.definition.fields.iter().any(|of| of.id.as_str() == field))
    };
    item_of(world, n, |item| item.source.is_none() && has(item))
}

/// Mostly the one whose turn it is.
fn step(world: &World, item: ItemId, n: u8) -> StepId {
    let steps = world.state.items.by_id.get(&item).map(|item| &item.steps);
    let is_next = |step: &&artifact::Step| matches!(step.status, StepStatus::Ongoing | StepStatus::NotStarted);
    let next = steps.into_iter().flatten().find(is_next).filter(|_| n % 4 != 3);
    if let Some(next) = next {
        return next.id.clone();
    }
    let steps: Vec<&StepId> = steps.into_iter().flatten().map(|step| &step.id).collect();
    one(&steps, n / 4).cloned().unwrap_or_else(|| "none".into())
}

fn revision(world: &World, n: u8) -> Revision {
    // Mostly news, sometimes old.
    let revision = if n % 8 == 7 { u64::from(n) } else { world.state.head.0 + 1_000 };
    Revision { epoch: 0, revision }
}

fn sync_key(a: u8, b: u8) -> SyncKey {
    let project: Arc<str> = if a & 8 == 0 { PROJECT.into() } else { "OTHER".into() };
    let (model, own): (Arc<str>, Arc<str>) = (format!("m{}", b / 4 % 2).into(), format!("{}", b % 4).into());
    let object = match a % 6 {
        0 => SyncObject::Project { project },
        1 => SyncObject::SavedModel { project, model },
        2 | 3 => SyncObject::ModelVersion { project, model, version: own },
        _ => SyncObject::Bundle { project, bundle: own },
    };
    SyncKey { node: NodeId::from(NODE), object }
}

fn sync(world: &World, Throw { a, b, c, who, .. }: Throw) -> sync::Command {
    if who % 16 == 15 {
        let item = item_of(world, b, |item| item.source.is_some());
        return sync::Command::OptOut { item, store: "mes".into(), evaluation: None, is_out: c.is_multiple_of(2) };
    }
    let key = sync_key(a, b);
    let is_content = matches!(key.object, SyncObject::ModelVersion { .. } | SyncObject::Bundle { .. });
    let is_model = matches!(key.object, SyncObject::SavedModel { .. });
    let is_bundle = matches!(key.object, SyncObject::Bundle { .. });
    let tags = Value::List([Value::Text("mlops".into())].into());
    sync::Command::Sync(Sync {
        revision: revision(world, c),
        name: format!("{} {}", key.object.own_key(), c % 3).into(),
        fields: if a % 6 == 0 && c.is_multiple_of(2) { vec![("tags".into(), tags)] } else { Vec::new() },
        url: None,
        digest: is_content.then(|| Digest::of(&[c % 2])),
        active: is_model.then(|| Active::Version(format!("{}", c % 4).into())),
        metrics: Vec::new(),
        model_versions: if is_bundle { vec![sync_key(2, c)] } else { Vec::new() },
        key,
    })
}

fn evaluate(a: u8, b: u8, c: u8) -> sync::Command {
    sync::Command::Evaluate(Evaluate {
        version: sync_key(2 | (a & 8), b),
        store_project: if c % 8 == 7 { "ELSEWHERE".into() } else { sync_key(a & 8, 0).object.own_key().clone() },
        store: "mes".into(),
        evaluation: format!("e{}", c % 5).into(),
        evaluated_at: Timestamp::from_millis(i64::from(c) * DAY_MILLIS),
        metrics: vec![Measure { name: "auc".into(), value: f64::from(c) / 256.0 }],
        drift: vec![Measure { name: "data_drift".into(), value: f64::from(b) / 256.0 }],
        is_synced: c % 16 != 3,
        url: None,
    })
}

fn govern(world: &World, Throw { a, b, c, .. }: Throw) -> artifact::Command {
    let rule = one(&[ChildRule::None, ChildRule::Existing, ChildRule::All], c).unwrap_or(ChildRule::None);
    let source = item_of(world, a, |item| item.source.is_some());
    let is_project = |item: &artifact::Item| item.template.blueprint.as_str() == "bp.system.govern_project";
    let found = world.state.items.by_id.get(&source);
    let has_children = found.is_some_and(|item| item.template.blueprint.as_str() == "bp.system.dataiku_project");
    let children = ChildrenRules { bundles: rule, models: rule, model_versions: rule };
    let is_attached = b % 8 == 7;
    artifact::Command::Govern(Govern {
        source,
        version: None,
        children: if has_children && !is_attached { children } else { ChildrenRules::default() },
        with_parents: b.is_multiple_of(2),
        attach_to: is_attached.then(|| item_of(world, c, is_project)),
        initiative: None,
    })
}

fn edit(world: &World, Throw { a, b, c, .. }: Throw) -> artifact::Command {
    use artifact::Command as Edit;
    let item = item(world, a);
    let step = step(world, item, c);
    let save = |field: &str, input: Input| {
        let (item, fields) = (with_field(world, a / 4, field), vec![(field.into(), input)]);
        Edit::Save { item, name: None, fields, steps: Vec::new() }
    };
    let reference = |n: u8| Input::Text(self::item(world, n).to_string().into());
    let person = world.state.access.users.get(&user(c)).map_or(ItemId(0), |user| user.item);
    match b % 14 {
        0 | 1 => Edit::FinishStep { item, step },
        2 => Edit::StartStep { item, step },
        3 => Edit::ReopenStep { item, step },
        4 => {
            let (status, name) = (StepStatus::Finished, Some(format!("named {c}").into()));
            Edit::Save { item, name, fields: Vec::new(), steps: vec![(step, status)] }
        }
        5 => save(word(&["notes", "dev_notes", "exploration_notes"], a), Input::Text(format!("noted {c}").into())),
        6 => {
            let (field, of) = one(&PARENTS, a).unwrap_or_default();
            let parent =
                Input::Text(item_of(world, c, |item| item.template.blueprint.as_str() == of).to_string().into());
            save(field, if c % 8 == 7 { Input::Null } else { parent })
        }
        7 => save(
            word(&["business_reviewers", "final_approvers"], c),
            Input::List(vec![Input::Text(person.to_string().into())]),
        ),
        8 => save("qualification_value_rating", Input::Text(word(&["Low", "High"], c).into())),
        9 => save("notes", reference(c)),
        10 | 11 => {
            let blueprint = if c & 8 == 0 { word(&BLUEPRINTS, c) } else { one(&PARENTS, c).unwrap_or_default().1 };
            let name = format!("made {c}").into();
            Edit::Create { blueprint: blueprint.into(), version: None, name, fields: Vec::new(), steps: Vec::new() }
        }
        12 => {
            let version = word(&["bv.one", "bv.two", "bv.fork"], c).into();
            let rewrite = (c & 8 != 0).then(|| Box::new(design::rewritten(c)));
            Edit::Migrate { item, version, accepts_loss: c & 4 == 0, rewrite }
        }
        _ => Edit::SetPage { item, text: format!("page {}", c % 2).into() },
    }
}

fn keep(world: &World, Throw { a, b, .. }: Throw) -> Command {
    use artifact::Command as Edit;
    let item = item(world, a);
    match b % 9 {
        0 | 1 => Edit::Hide { item: item_of(world, a, |item| item.source.is_some()) }.into(),
        2 => Edit::Show { item: item_of(world, a, |item| item.is_hidden) }.into(),
        3 => Edit::Archive { item }.into(),
        4 => Edit::Restore { item: item_of(world, a, |item| item.is_archived) }.into(),
        5 | 6 => Edit::Delete { item }.into(),
        7 => subscription::Command::Subscribe { item }.into(),
        _ => settings::Command::Set { name: "walk".into(), document: Some(format!(r#"{{"a": {}}}"#, a % 2).into()) }
            .into(),
    }
}
