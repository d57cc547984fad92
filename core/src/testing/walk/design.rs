//! Wishes of people about sign-offs, templates, rules, rights and the gate.

use std::sync::Arc;

use super::{
    BLUEPRINTS, DAY_MILLIS, NODE, PEOPLE, ROLES, Throw, item, item_of, key_of, one, revision, sync_key, user, word,
};
use crate::access::{self, Assignment, Criterion, Edit, FieldRule, Permissions, Rights, Scope, UserEdit};
use crate::artifact::{self, ChildRule, ChildrenRules, Rewrite, StepStatus};
use crate::blueprint::{self, Configuration, Container, FeedbackGroup, Recurrence, VersionStatus};
use crate::command::Command;
use crate::context::Principal;
use crate::deploy::gate::Question;
use crate::deploy::{self, Demand, InfraKind, Policy};
use crate::ids::{Digest, NodeId, ReviewId, TemplateId};
use crate::input::Input;
use crate::rules::{self, Criteria, Governing, Kind, Rule};
use crate::signoff::{self, Action, ApprovalStatus, Notify, ReviewStatus, SignoffKey, Status};
use crate::testing::World;
use crate::time::Timestamp;

/// The middle step of the first hides, with whatever its sign-off wants.
const CARS: [&str; 3] = [
    r#"{"name": "Car", "fieldDefinitions": {"notes": {"fieldType": "TEXT"}, "seats": {"fieldType": "NUMBER"}},
        "workflowDefinition": {"stepDefinitions": [{"id": "build"}, {"id": "review", "visibilityCondition":
        {"type": "field", "conditionType": "EQUALS", "fieldId": "seats", "condition": "4", "negateCondition": true}},
        {"id": "drive"}]}}"#,
    r#"{"name": "Car", "fieldDefinitions": {"notes": {"fieldType": "TEXT"}},
        "workflowDefinition": {"stepDefinitions": [{"id": "review"}, {"id": "drive"}]}}"#,
    r#"{"name": "Car", "fieldDefinitions": {"notes": {"fieldType": "TEXT", "listConfig": {}},
        "seats": {"fieldType": "NUMBER"}}, "workflowDefinition": {"stepDefinitions": [{"id": "build"}]}}"#,
];

/// A throw of a sign-off that is mandatory, and approved for a while only.
const EXPIRING: u8 = 16;

/// What people set up before they begin: a script that governs, and a kind of item of their own with two of it.
pub(super) fn begin(world: &mut World) {
    leave_to_script(world);
    let admin = world.admin();
    let car = TemplateId { blueprint: "bp.car".into(), version: "bv.one".into() };
    for command in [
        blueprint::Command::CreateBlueprint { blueprint: "bp.car".into(), name: "Car".into(), document: "{}".into() },
        blueprint::Command::CreateVersion { template: car.clone(), document: CARS[0].into() },
        blueprint::Command::ConfigureSignoff {
            template: car.clone(),
            step: "review".into(),
            configuration: Arc::new(configuration(EXPIRING, 1)),
        },
        blueprint::Command::SetStatus { template: car, status: blueprint::VersionStatus::Active },
    ] {
        world.run(&admin, command);
    }
    for seats in [2, 4] {
        let fields = vec![("seats".into(), Input::Number(f64::from(seats)))];
        let (blueprint, name) = ("bp.car".into(), format!("{seats} seats").into());
        world.run(&admin, artifact::Command::Create { blueprint, version: None, name, fields, steps: Vec::new() });
    }
}

/// What has its place in each status, by the numbers below.
const fn fitting(status: Status) -> &'static [u8] {
    match status {
        Status::NotStarted => &[0, 2, 0, 19],
        Status::WaitingForFeedback => &[5, 2, 5, 6, 7, 8, 5, 16],
        Status::WaitingForApproval => &[10, 10, 8, 10, 9, 10, 16, 15],
        Status::Approved => &[14, 18, 15, 16, 18, 19],
        Status::Rejected => &[18, 14, 15, 16],
        Status::Abandoned => &[17, 18],
    }
}

/// Mostly what has its place; whether the step is there is left to chance.
pub(super) fn sign_off(world: &World, Throw { a, b, c, who, .. }: Throw) -> signoff::Command {
    let signoffs = &world.state.signoffs.by_step;
    let keys: Vec<&SignoffKey> = signoffs.keys().rev().collect();
    let key = one(&keys, a).cloned().unwrap_or_else(|| SignoffKey { item: item(world, a), step: "review".into() });
    let fits = signoffs.get(&key).filter(|_| who % 5 != 4).and_then(|found| one(fitting(found.status), b));
    let group = || word(&["business", "it_operations", "risk_compliance"], c).into();
    let review = if c.is_multiple_of(2) { ReviewStatus::Approved } else { ReviewStatus::MajorIssue };
    let status = if c % 4 == 3 { ApprovalStatus::Rejected } else { ApprovalStatus::Approved };
    let comment = (c & 8 == 0).then(|| "said".into());
    let reviews = signoffs.get(&key).map(|found| found.reviews.iter().map(|review| review.id).collect::<Vec<_>>());
    let id = reviews.and_then(|reviews| one(&reviews, c)).unwrap_or(ReviewId(u32::from(c % 8)));
    let recurrence = Recurrence { activated: true, days: 0, weeks: 0, months: 1, years: 0, reload: c & 4 == 0 };
    let action = match fits.unwrap_or(b % 20) {
        0 | 1 => Action::RequestFeedback { notify: Notify::Stage },
        2..=4 => Action::RequestApproval { notify: Notify::Stage },
        5 => Action::SubmitReview { group: group(), status: review, comment },
        6 => Action::EditReview { review: id, status: review, comment },
        7 => Action::DeleteReview { review: id },
        8 => Action::Delegate { group: (c & 8 == 0).then(group), to: user(c) },
        9 => Action::ReturnToFeedback,
        10..=13 => Action::SubmitApproval { status, comment },
        14 => Action::EditApproval { status, comment },
        15 => Action::WithdrawApproval,
        16 if c.is_multiple_of(2) => Action::AbandonAsApprover { comment },
        16 => Action::Abandon { comment },
        17 => Action::CancelAbandon,
        18 => Action::Reset { reload: c.is_multiple_of(2) },
        _ if c.is_multiple_of(4) => Action::Create,
        _ => Action::ScheduleReset { recurrence: (c & 2 == 0).then_some(recurrence) },
    };
    signoff::Command { item: key.item, step: key.step, action }
}

/// Somebody who is entitled to decide, when there is anybody.
pub(super) fn decider(world: &World, command: &signoff::Command, n: u8) -> Option<Principal> {
    let key = SignoffKey { item: command.item, step: command.step.clone() };
    let signoff = world.state.signoffs.by_step.get(&key)?;
    let people = match &command.action {
        Action::SubmitReview { group, .. } => signoff::reviewers(&world.state, &key, group),
        Action::SubmitApproval { .. } | Action::AbandonAsApprover { .. } => signoff::approvers(&world.state, &key),
        Action::EditApproval { .. } | Action::WithdrawApproval => {
            signoff.approvals.iter().map(|approval| approval.author.clone()).collect()
        }
        Action::EditReview { review, .. } | Action::DeleteReview { review } => {
            let own = signoff.reviews.iter().filter(|found| found.id == *review);
            own.map(|review| review.author.clone()).collect()
        }
        _ => return None,
    };
    one(&people.iter().collect::<Vec<_>>(), n).cloned()
}

const WAYS: [Governing; 6] = [
    Governing::Automatic,
    Governing::Recommended,
    Governing::Nothing,
    Governing::Script,
    Governing::Hide,
    Governing::RecommendHide,
];

/// What no person or key asks for.
pub(super) const fn is_of_system(command: &Command) -> bool {
    matches!(
        command,
        Command::Log(_)
            | Command::Sync(_)
            | Command::Item(crate::artifact::Command::GovernPending)
            | Command::Rules(rules::Command::Judge { .. })
    )
}

/// Projects and bundles are left to a script.
fn leave_to_script(world: &mut World) {
    let left = || Rule {
        governing: Governing::Script,
        criteria: Criteria::default(),
        version: None,
        children: ChildrenRules::default(),
    };
    let rules = vec![(Kind::Project, vec![left()]), (Kind::Bundle, vec![left()])];
    let admin = world.admin();
    world.run(&admin, rules::Command::SetScript { script: Some("script".into()) });
    world.run(&admin, rules::Command::SetGovernanceRules { scope: None, rules });
}

/// What the script says about whatever it is to be asked about first.
pub(super) fn by_script(world: &World, Throw { a, b, c, .. }: Throw) -> rules::Command {
    let first = world.state.rules.awaiting.iter().nth(usize::from(a % 4));
    let Some((item, since)) = first.or(world.state.rules.awaiting.get_min().map(|(item, since)| (item, since))) else {
        return rules::Command::SetScript { script: one(&["one", "other", ""], a).map(Into::into) };
    };
    let way = |n| one(&WAYS, n).unwrap_or(Governing::Nothing);
    let children = vec![(Kind::ModelVersion, way(c / 8), None), (Kind::Bundle, way(b / 8), None)];
    let said = rules::Said {
        governing: way(c),
        template: None,
        prefill: if b & 1 == 0 { vec![("description".into(), Input::Text("told".into()))] } else { Vec::new() },
        attach_to: (b & 6 == 6).then(|| item_of(world, c, |item| item.source.is_none())),
        initiative: None,
        children: if b & 4 == 0 { Vec::new() } else { children },
    };
    let said = if c % 16 == 15 { Err("it failed".into()) } else { Ok(Box::new(said)) };
    rules::Command::Judge { item: *item, since: *since, said }
}

pub(super) fn govern_by_rule(world: &World, Throw { a, b, c, .. }: Throw) -> rules::Command {
    let governing = one(&WAYS, c);
    let is_scoped = |item: &crate::artifact::Item| {
        let blueprint = item.template.blueprint.as_str();
        blueprint == "bp.system.dataiku_project" || blueprint == "bp.system.dataiku_saved_model"
    };
    let criteria = Criteria {
        node: (b & 4 != 0).then(|| NodeId::from(NODE)),
        tag: (b & 8 != 0).then(|| "mlops".into()),
        folder: None,
    };
    let rule = Rule {
        governing: governing.unwrap_or(Governing::Nothing),
        criteria,
        version: None,
        children: ChildrenRules { bundles: ChildRule::All, ..ChildrenRules::default() },
    };
    let rules = if c % 8 == 7 { Vec::new() } else { vec![rule] };
    let kind = one(&Kind::ALL, a).unwrap_or(Kind::Bundle);
    let of = |rule: Rule| match kind {
        Kind::Project => rule,
        _ => Rule { children: ChildrenRules::default(), ..rule },
    };
    let rules = rules.into_iter().map(of).collect();
    let scope = (b.is_multiple_of(2)).then(|| item_of(world, c, is_scoped));
    rules::Command::SetGovernanceRules { scope, rules: vec![(kind, rules)] }
}

pub(super) fn template(Throw { a, b, c, .. }: Throw) -> blueprint::Command {
    use blueprint::Command as Template;
    let version = word(&["bv.one", "bv.two"], c / 2);
    let car = || TemplateId { blueprint: "bp.car".into(), version: version.into() };
    let standard = || TemplateId { blueprint: word(&BLUEPRINTS, a).into(), version: "bv.system.default".into() };
    let fork = || TemplateId { version: "bv.fork".into(), ..standard() };
    let status = one(&[VersionStatus::Active, VersionStatus::Draft, VersionStatus::Archived], c / 4);
    let document = || word(&CARS, b / 12).into();
    let kind = || word(&["bp.car", "bp.boat"], a).into();
    let either = || if a.is_multiple_of(2) { car() } else { fork() };
    match b % 12 {
        0 => Template::CreateBlueprint { blueprint: kind(), name: "Kind".into(), document: "{}".into() },
        1 | 2 => Template::CreateVersion { template: car(), document: document() },
        3 | 4 => Template::EditVersion { template: car(), document: document(), accepts_loss: c & 4 == 0 },
        5 | 6 => Template::SetStatus { template: either(), status: status.unwrap_or(VersionStatus::Active) },
        7 => Template::Fork { from: standard(), version: "bv.fork".into(), name: None },
        8 | 9 => Template::ConfigureSignoff {
            template: match c % 3 {
                0 => standard(),
                1 => fork(),
                _ => car(),
            },
            step: "review".into(),
            configuration: Arc::new(configuration(a, c)),
        },
        10 => Template::RemoveSignoff { template: either(), step: "review".into() },
        _ if c.is_multiple_of(2) => Template::DeleteVersion { template: either() },
        _ => Template::DeleteBlueprint { blueprint: kind() },
    }
}

/// What the script of a migration makes of an item.
pub(super) fn rewritten(c: u8) -> Rewrite {
    let seats = if c & 16 == 0 { Input::Null } else { Input::Number(f64::from(c)) };
    let steps = vec![(word(&["build", "review", "drive"], c).into(), StepStatus::Ongoing)];
    Rewrite { name: None, fields: vec![("notes".into(), Input::Null), ("seats".into(), seats)], steps }
}

fn configuration(a: u8, c: u8) -> Configuration {
    let role = |role: &str| Container::Role(role.into());
    let group = FeedbackGroup { id: "business".into(), title: "B".into(), members: vec![role("ro.business_reviewer")] };
    Configuration {
        title: "Review".into(),
        mandatory: a & 1 == 0,
        groups: if a & 2 == 0 { vec![group] } else { Vec::new() },
        approvers: vec![role("ro.final_approver"), Container::User(user(c))],
        requester_may_not_approve: a & 4 != 0,
        reviewer_may_not_approve: a & 8 != 0,
        approvals_needed: u32::from(c % 3),
        expires_after_millis: (a & EXPIRING != 0).then_some(20 * DAY_MILLIS),
        ..Configuration::default()
    }
}

pub(super) fn access(world: &World, Throw { a, b, c, .. }: Throw) -> Command {
    use access::Command as Access;
    let group = || word(&["project_managers", "contributors", "walkers"], c).into();
    let blueprint = || word(&BLUEPRINTS, a).into();
    let role = || word(&ROLES, c).into();
    let on = || match c % 4 {
        3 => Scope::Item(item(world, a)),
        _ => Scope::Blueprint(blueprint()),
    };
    let login = word(&[PEOPLE[0], PEOPLE[4], "fay", "gus"], a).into();
    let command = match b % 16 {
        0 => Access::CreateUser {
            login,
            display_name: None,
            email: None,
            groups: Vec::new(),
            profile: None,
            credential: None,
            document: None,
            own_document: None,
        },
        1 | 2 => {
            let groups = Some(if c % 4 == 0 { Vec::new() } else { vec![group()] });
            Access::EditUser { user: user(a), edit: UserEdit { groups, ..UserEdit::default() } }
        }
        3 => {
            let edit = UserEdit { is_enabled: Some(c.is_multiple_of(2)), profile: Edit::Clear, ..UserEdit::default() };
            Access::EditUser { user: user(a), edit }
        }
        4 => Access::DisableUser { user: user(a) },
        5 if c % 16 == 0 => Access::DeleteUser { user: user(a) },
        5 | 6 => Access::CreateGroup {
            group: group(),
            description: "".into(),
            is_admin: c % 16 == 5,
            is_architect: c % 16 == 6,
            document: None,
        },
        7 => Access::DeleteGroup { group: group() },
        8 => Access::CreateRole {
            role: "ro.walker".into(),
            label: "Walker".into(),
            description: "".into(),
            document: None,
        },
        9 => Access::DeleteRole { role: role() },
        10 | 11 => Access::SetAssignments { on: on(), assignments: assignments(a, c), is_new: false, document: None },
        12 => Access::RemoveAssignments { on: on() },
        13 | 14 => {
            let blueprint = (c % 8 != 0).then(blueprint);
            Access::SetPermissions { blueprint, permissions: permissions(a, c), is_new: false, document: None }
        }
        _ => Access::RemovePermissions { blueprint: blueprint() },
    };
    command.into()
}

fn assignments(a: u8, c: u8) -> Vec<Assignment> {
    let role = word(&ROLES, c / 2);
    let criterion = Criterion::Step("review".into());
    let by_field = Assignment { fields: vec!["final_approvers".into()], ..Assignment::of("ro.final_approver") };
    let inherited = Assignment {
        inherited_through: Some(word(&["govern_project", "govern_model"], a).into()),
        ..Assignment::of(if c & 2 == 0 { access::EVERY_ROLE } else { role })
    };
    let named = Assignment {
        containers: vec![if a & 4 == 0 { Container::User(user(c)) } else { Container::Group("contributors".into()) }],
        criteria: if c & 1 == 0 { Vec::new() } else { vec![criterion] },
        ..Assignment::of(role)
    };
    vec![by_field, inherited, named]
}

fn permissions(a: u8, c: u8) -> Permissions {
    let right =
        |n: u8| Rights { read: n & 1 != 0, write: n & 2 != 0, create: n & 4 != 0, delete: n & 8 != 0, admin: false };
    let exception = FieldRule { role: None, field: Some("notes".into()), read: c & 16 != 0, write: false };
    Permissions {
        everyone: right(c),
        roles: ROLES.iter().take(4).map(|role| ((*role).into(), right(a.rotate_left(u32::from(c % 4))))).collect(),
        fields: if c & 32 == 0 { Vec::new() } else { vec![exception] },
    }
}

pub(super) fn deploy(world: &World, Throw { a, b, c, .. }: Throw) -> Command {
    use deploy::Command as Deploy;
    let is_api = a.is_multiple_of(2);
    let (name, kind) = if is_api { ("apis", InfraKind::Api) } else { ("projects", InfraKind::Project) };
    let (infra, subject) = (key_of(name), sync_key(if is_api { 2 } else { 4 }, a / 2));
    let policy = one(&[Policy::NoCheck, Policy::Warn, Policy::Prevent], c);
    let command = match b % 6 {
        0 => Deploy::SyncInfrastructure { infra, kind, stage: None, policy, revision: revision(world, c) },
        1 => {
            let demands = Some(if c & 4 == 0 { Vec::new() } else { vec![Demand::Step("review".into())] });
            Deploy::SetInfrastructure { infra, kind: Some(kind), stage: None, policy, demands }
        }
        2 | 3 => {
            let digest = (c & 8 != 0).then(|| Digest::of(&[c % 2]));
            let question = Question { node: Some(infra.node), infra: infra.infra, subjects: vec![subject], digest };
            Deploy::CheckDeployment { question, is_acknowledged: c.is_multiple_of(2) }
        }
        4 => {
            let until = Timestamp::from_millis(world.at.millis() + i64::from(c) * DAY_MILLIS);
            Deploy::GrantOverride { infra, subject, reason: "for once".into(), until }
        }
        _ => Deploy::RevokeOverride { infra, subject },
    };
    command.into()
}
