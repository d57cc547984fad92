//! A sign-off as the native API shows it.

use std::sync::Arc;

use countersign_core::State;
use countersign_core::blueprint::{Configuration, Container, Recurrence};
use countersign_core::context::Principal;
use countersign_core::ids::ItemId;
use countersign_core::signoff::{self, Approval, Cycle, Delegation, Review, Signoff, SignoffKey, Status};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::people;

/// Feedback and approval of one step of one item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignoffShape {
    /// The item.
    item_id: String,
    /// Its step.
    step_id: String,
    /// `NOT_STARTED`, `WAITING_FOR_FEEDBACK`, `WAITING_FOR_APPROVAL`, `APPROVED`, `REJECTED` or `ABANDONED`.
    status: &'static str,
    /// 1, 2, 3 …; a reset begins the next.
    cycle: u32,
    /// The configuration that it keeps.
    configuration: ConfigurationShape,
    /// What was approved is no longer what the source holds.
    stale: bool,
    /// Who gives feedback, evaluated now.
    groups: Vec<GroupShape>,
    /// Who approves, evaluated now.
    approvers: Vec<String>,
    /// Of this cycle.
    reviews: Vec<ReviewShape>,
    /// Of this cycle, one per approver.
    approvals: Vec<ApprovalShape>,
    /// The last of them.
    approval: Option<ApprovalShape>,
    /// Rights passed on.
    delegations: Vec<DelegationShape>,
    /// The recurring reset.
    recurrence: Option<RecurrenceShape>,
    /// When it resets by itself.
    reset_due: Option<String>,
    /// When the approval runs out.
    expires_at: Option<String>,
    /// What the reader may do now.
    allowed: Vec<&'static str>,
    /// Earlier cycles.
    history: Vec<CycleShape>,
}

/// How a step is signed off.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationShape {
    /// The event that configured it.
    position: u64,
    title: String,
    description: String,
    /// The step cannot be finished without the approval.
    mandatory: bool,
    requester_may_not_approve: bool,
    reviewer_may_not_approve: bool,
    impersonation_refused: bool,
    /// 0 and 1 mean one.
    approvals_needed: u32,
    expires_after_millis: Option<i64>,
    approvers: Vec<ContainerShape>,
    recurrence: Option<RecurrenceShape>,
}

/// Who is meant, whoever that is at the moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContainerShape {
    /// `user`, `group`, `role` or `key`.
    kind: &'static str,
    /// A login, a group's name, a role's or a key's id.
    id: String,
}

/// A group of reviewers.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupShape {
    id: String,
    title: String,
    /// Logins, and ids of keys.
    members: Vec<String>,
}

/// One review.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewShape {
    id: String,
    group: String,
    /// `APPROVED`, `MINOR_ISSUE` or `MAJOR_ISSUE`.
    status: &'static str,
    comment: Option<String>,
    author: String,
    /// The key that acted as the author.
    via: Option<String>,
    at: String,
}

/// One approver's decision.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApprovalShape {
    /// `APPROVED` or `REJECTED`.
    status: &'static str,
    comment: Option<String>,
    author: String,
    /// The key that acted as the author.
    via: Option<String>,
    at: String,
    /// The content that was approved.
    digest: Option<String>,
}

/// A right passed on.
#[derive(Debug, Serialize, ToSchema)]
pub struct DelegationShape {
    /// Of reviewing in this group; null: of approving.
    group: Option<String>,
    to: String,
    by: String,
}

/// How often a sign-off resets by itself; the parts add up.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RecurrenceShape {
    /// Whether it runs.
    pub activated: bool,
    /// Days of it.
    pub days: u32,
    /// Weeks of it.
    pub weeks: u32,
    /// Months of it; month ends are clamped.
    pub months: u32,
    /// Years of it.
    pub years: u32,
    /// Whether the reset takes the configuration afresh.
    pub reload_conf: bool,
}

impl Default for RecurrenceShape {
    fn default() -> Self {
        Self { activated: true, days: 0, weeks: 0, months: 0, years: 0, reload_conf: false }
    }
}

/// An earlier cycle.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CycleShape {
    cycle: u32,
    status: &'static str,
    reviews: Vec<ReviewShape>,
    approvals: Vec<ApprovalShape>,
    approval: Option<ApprovalShape>,
    ended_at: String,
}

/// As it is in this state, for this reader.
#[must_use]
pub fn signoff(state: &State, key: &SignoffKey, signoff: &Signoff, reader: &Principal) -> SignoffShape {
    let none = Configuration::default();
    let configuration = state.templates.configurations.get(&signoff.configured_at).map_or(&none, |found| &**found);
    let approvals: Vec<_> = signoff.approvals.iter().map(|given| approval(state, given)).collect();
    let group = |group: &countersign_core::blueprint::FeedbackGroup| GroupShape {
        id: group.id.to_string(),
        title: group.title.to_string(),
        members: named(state, signoff::reviewers(state, key, &group.id)),
    };
    SignoffShape {
        item_id: key.item.to_string(),
        step_id: key.step.to_string(),
        status: signoff.status.word(),
        cycle: signoff.cycle,
        stale: is_stale(state, key.item, signoff),
        groups: configuration.groups.iter().map(group).collect(),
        approvers: named(state, signoff::approvers(state, key)),
        configuration: self::configuration(state, signoff, configuration),
        reviews: signoff.reviews.iter().map(|given| review(state, given)).collect(),
        approval: approvals.last().cloned(),
        approvals,
        delegations: signoff.delegations.iter().map(|given| delegation(state, given)).collect(),
        recurrence: signoff.recurrence.map(RecurrenceShape::from),
        reset_due: signoff.reset_due.map(|due| due.to_string()),
        expires_at: signoff.expires_at.map(|due| due.to_string()),
        allowed: signoff::allowed(state, key, reader),
        history: signoff.history.iter().map(|ended| cycle(state, ended)).collect(),
    }
}

fn named(state: &State, people: std::collections::BTreeSet<Principal>) -> Vec<String> {
    let mut all: Vec<String> = people.iter().map(|who| people::name(state, who)).collect();
    all.sort();
    all
}

/// Approved content is named by digest; the govern item's source may hold another by now.
fn is_stale(state: &State, item: ItemId, signoff: &Signoff) -> bool {
    let approved = signoff.approvals.iter().rev().find_map(|given| given.digest);
    let approved = approved.filter(|_| signoff.status == Status::Approved);
    approved.is_some_and(|approved| signoff::content_digest(state, item).is_some_and(|held| held != approved))
}

fn configuration(state: &State, signoff: &Signoff, configuration: &Configuration) -> ConfigurationShape {
    let container = |given: &Container| {
        let (kind, id) = people::container(state, given);
        ContainerShape { kind, id }
    };
    ConfigurationShape {
        position: signoff.configured_at.0,
        title: configuration.title.to_string(),
        description: configuration.description.to_string(),
        mandatory: configuration.mandatory,
        requester_may_not_approve: configuration.requester_may_not_approve,
        reviewer_may_not_approve: configuration.reviewer_may_not_approve,
        impersonation_refused: configuration.impersonation_refused,
        approvals_needed: configuration.approvals_needed,
        expires_after_millis: configuration.expires_after_millis,
        approvers: configuration.approvers.iter().map(container).collect(),
        recurrence: configuration.recurrence.map(RecurrenceShape::from),
    }
}

fn review(state: &State, review: &Review) -> ReviewShape {
    ReviewShape {
        id: review.id.to_string(),
        group: review.group.to_string(),
        status: review.status.word(),
        comment: review.comment.as_ref().map(|comment| comment.shown().to_owned()),
        author: people::name(state, &review.author),
        via: review.via.map(|key| key.to_string()),
        at: review.at.to_string(),
    }
}

fn approval(state: &State, approval: &Approval) -> ApprovalShape {
    ApprovalShape {
        status: approval.status.word(),
        comment: approval.comment.as_ref().map(|comment| comment.shown().to_owned()),
        author: people::name(state, &approval.author),
        via: approval.via.map(|key| key.to_string()),
        at: approval.at.to_string(),
        digest: approval.digest.map(|digest| digest.to_string()),
    }
}

fn delegation(state: &State, given: &Delegation) -> DelegationShape {
    DelegationShape {
        group: given.group.as_ref().map(ToString::to_string),
        to: people::container(state, &given.to).1,
        by: people::name(state, &given.by),
    }
}

/// An earlier cycle.
#[must_use]
pub fn cycle(state: &State, cycle: &Arc<Cycle>) -> CycleShape {
    let approvals: Vec<_> = cycle.approvals.iter().map(|given| approval(state, given)).collect();
    CycleShape {
        cycle: cycle.cycle,
        status: cycle.status.word(),
        reviews: cycle.reviews.iter().map(|given| review(state, given)).collect(),
        approval: approvals.last().cloned(),
        approvals,
        ended_at: cycle.ended_at.to_string(),
    }
}

impl From<Recurrence> for RecurrenceShape {
    fn from(recurrence: Recurrence) -> Self {
        let Recurrence { activated, days, weeks, months, years, reload } = recurrence;
        Self { activated, days, weeks, months, years, reload_conf: reload }
    }
}

impl From<RecurrenceShape> for Recurrence {
    fn from(shape: RecurrenceShape) -> Self {
        let RecurrenceShape { activated, days, weeks, months, years, reload_conf } = shape;
        Self { activated, days, weeks, months, years, reload: reload_conf }
    }
}
