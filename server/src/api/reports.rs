//! Separation of duties, looked back upon: who approved what was his own, which gate nobody can pass, who could have
//! approved. For administrators; who may ask is decided by today's rights, since rights of then are what is asked about.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use countersign_core::access::may::{is_admin, members};
use countersign_core::access::why::rules_giving;
use countersign_core::artifact;
use countersign_core::blueprint::{Configuration, Container};
use countersign_core::context::Principal;
use countersign_core::ids::{ItemId, Position, StepId};
use countersign_core::signoff::{self, Signoff, SignoffKey, Status};
use countersign_core::{Event, Recorded, State, schema};
use countersign_projections::derive;
use countersign_projections::page::{LIMIT_MAX, Order};
use countersign_projections::views::timeline::Filter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::params::{Page, Params, cursor};
use super::shape::rules::{HolderShape, holder};
use super::shape::{List, people};
use crate::problem::Problem;

/// Most sign-offs that are looked at for one page; a page may be short for it and the next goes on.
const LOOKED_AT_MAX: usize = 5_000;
/// The events by which somebody builds an item.
const BUILDING: [&str; 5] = ["ItemCreated", "ItemGoverned", "ItemAttached", "FieldsEdited", "ItemRenamed"];
/// The field in which a node says who made an object.
const CREATED_BY: &str = "createdBy";

impl Ask {
    /// Refuses whoever does not administrate the instance today.
    pub(super) fn need_admin_today(&self) -> Result<(), Problem> {
        let refusal = || Problem::forbidden("forbidden", "this needs an administrator").at(self.position());
        is_admin(&self.latest.state, &self.who.principal).then_some(()).ok_or_else(refusal)
    }
}

/// An approval by somebody who had another duty in the same matter.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DutyShape {
    item_id: String,
    step_id: String,
    /// Who approved or rejected.
    approver: String,
    /// `APPROVED` or `REJECTED`.
    status: &'static str,
    at: String,
    /// The approval's event.
    position: u64,
    /// What else he did.
    also: Vec<AlsoShape>,
}

/// Another duty of an approver.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlsoShape {
    /// `built`, `requested` or `reviewed`.
    duty: &'static str,
    /// The event that shows it; null when the node says so.
    position: Option<u64>,
}

/// Approvals by those who built, requested or reviewed what they approved, oldest first.
#[utoipa::path(get, path = "/reports/duties", tag = "reports", params(Page),
    responses((status = 200, description = "One page of approvals", body = List<DutyShape>)))]
pub async fn duties(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<DutyShape>>, Problem> {
    ask.need_admin_today()?;
    let (limit, after) = (page.limit()?, page.after::<u64>()?.map(Position));
    let kinds = vec!["ApprovalSubmitted".into()];
    let filter = Filter { kinds, after, limit: LIMIT_MAX, ..Filter::default() };
    let part = ask.snapshot.views.timeline.list(&filter, &|_| true);
    let (mut items, mut next) = (Vec::new(), part.next);
    for recorded in &part.events {
        if items.len() == limit {
            next = Some(Position(recorded.position.0.saturating_sub(1)));
            break;
        }
        items.extend(duty(&ask, recorded));
    }
    Ok(ask.answer(List { items, next_cursor: next.map(|next| cursor(next.0)), position: ask.position().0 }))
}

fn duty(ask: &Ask, recorded: &Recorded) -> Option<DutyShape> {
    let Event::Signoff(signoff::Event::ApprovalSubmitted { item, step, status, .. }) = &recorded.event else {
        return None;
    };
    let before = Filter {
        item: Some(*item),
        after: Some(recorded.position),
        order: Order::Descending,
        limit: LIMIT_MAX,
        ..Filter::default()
    };
    let timeline = &ask.snapshot.views.timeline;
    let is_of_step = |event: &Recorded| matches!(&event.event, Event::Signoff(of) if of.step().1 == step);
    let resets = Filter { kinds: vec!["SignoffReset".into()], ..before.clone() };
    let began = timeline.list(&resets, &is_of_step).events.first().map_or(Position::ZERO, |reset| reset.position);
    let own = Filter { actor: Some(recorded.actor.clone()), ..before };
    let mut also: BTreeMap<&'static str, Option<u64>> = BTreeMap::new();
    for event in timeline.list(&own, &|_| true).events {
        let name = schema::event_name(&event.event);
        let is_in_cycle = event.position > began && is_of_step(&event);
        let duty = match name {
            _ if BUILDING.contains(&name) => "built",
            "FeedbackRequested" | "ApprovalRequested" if is_in_cycle => "requested",
            "ReviewSubmitted" if is_in_cycle => "reviewed",
            _ => continue,
        };
        also.insert(duty, Some(event.position.0));
    }
    if made_there(ask.state(), *item, &recorded.actor) {
        also.entry("built").or_insert(None);
    }
    let also: Vec<AlsoShape> = also.into_iter().map(|(duty, position)| AlsoShape { duty, position }).collect();
    (!also.is_empty()).then(|| DutyShape {
        item_id: item.to_string(),
        step_id: step.to_string(),
        approver: people::name(ask.state(), &recorded.actor),
        status: status.word(),
        at: recorded.recorded_at.to_string(),
        position: recorded.position.0,
        also,
    })
}

/// Whether the node says that this person made what the item governs.
fn made_there(state: &State, item: ItemId, principal: &Principal) -> bool {
    let Principal::User(user) = principal else { return false };
    let (Some(user), Some(item)) = (state.access.users.get(user), state.items.by_id.get(&item)) else { return false };
    let mut sources = derive::sources(item).filter_map(|source| state.items.by_id.get(&source));
    sources.any(|source: &std::sync::Arc<artifact::Item>| {
        source.fields.get(CREATED_BY).and_then(|value| value.as_text()) == Some(user.login.shown())
    })
}

/// A sign-off that too few people can decide.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateShape {
    item_id: String,
    name: String,
    step_id: String,
    status: &'static str,
    /// `no_approver`, `too_few_approvers`, or `group_empty`, which alone does not keep anybody from approving.
    code: &'static str,
    /// Who is to approve: users, groups, roles and keys that hold nobody, or too few.
    approvers: Vec<HolderShape>,
    /// How many people these are, without those whom the sign-off's options exclude.
    able: usize,
    /// How many have to approve.
    needed: usize,
    /// The feedback groups in which nobody is.
    empty_groups: Vec<String>,
}

/// Sign-offs that cannot be passed, because the roles and groups that decide them are empty; and those that lack
/// reviewers. A page may be short of its limit while there is a next one.
#[utoipa::path(get, path = "/reports/gates", tag = "reports", params(Page),
    responses((status = 200, description = "One page of sign-offs", body = List<GateShape>)))]
pub async fn gates(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<GateShape>>, Problem> {
    ask.need_admin_today()?;
    let limit = page.limit()?;
    let after = page.after::<String>()?.map(|text| key_of(&text)).transpose()?;
    let from = after.map_or(Unbounded, Excluded);
    let (mut items, mut last, mut looked_at) = (Vec::new(), None, 0_usize);
    let mut all = ask.state().signoffs.by_step.range((from, Unbounded));
    for (key, signoff) in all.by_ref() {
        items.extend(gate(ask.state(), key, signoff));
        (last, looked_at) = (Some(key), looked_at.saturating_add(1));
        if items.len() == limit || looked_at == LOOKED_AT_MAX {
            break;
        }
    }
    let has_more = all.next().is_some();
    let next_cursor = last.filter(|_| has_more).map(|key| cursor(format_args!("{}\n{}", key.item, key.step)));
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

fn key_of(text: &str) -> Result<SignoffKey, Problem> {
    let parsed = text.split_once('\n').and_then(|(item, step)| {
        let item = item.parse().ok()?;
        Some(SignoffKey { item, step: StepId::from(step) })
    });
    parsed.ok_or_else(|| Problem::invalid_field("cursor", "cursor_invalid", "not a cursor of this list"))
}

fn gate(state: &State, key: &SignoffKey, signoff: &Signoff) -> Option<GateShape> {
    let item = state.items.by_id.get(&key.item).filter(|item| !item.is_archived)?;
    let configuration = state.templates.configurations.get(&signoff.configured_at)?;
    if signoff.status == Status::Approved {
        return None;
    }
    let could = could_approve(state, key, signoff, configuration);
    let able = could.values().filter(|one| one.barred.is_none()).count();
    let needed = usize::try_from(configuration.approvals_needed.max(1)).unwrap_or(usize::MAX);
    let is_empty = |group: &&countersign_core::blueprint::FeedbackGroup| {
        group.members.iter().all(|container| members(state, container, key.item).is_empty())
    };
    let empty: Vec<String> = configuration.groups.iter().filter(is_empty).map(|group| group.id.to_string()).collect();
    let code = match able {
        0 => "no_approver",
        able if able < needed => "too_few_approvers",
        _ if !empty.is_empty() => "group_empty",
        _ => return None,
    };
    Some(GateShape {
        item_id: key.item.to_string(),
        name: item.name.to_string(),
        step_id: key.step.to_string(),
        status: signoff.status.word(),
        code,
        approvers: configuration.approvers.iter().map(|container| holder(state, container)).collect(),
        able,
        needed,
        empty_groups: empty,
    })
}

/// Which sign-off.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Of {
    /// The item.
    item: String,
    /// The step; may be left out while only one of the item's has a sign-off.
    step: Option<String>,
}

/// Somebody who could approve.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CouldShape {
    /// A login, or a key's id.
    who: String,
    /// What made him one who could.
    through: Vec<ThroughShape>,
    /// An option of the sign-off excludes him all the same: `requester` or `reviewer`.
    barred: Option<&'static str>,
    /// What he decided in this cycle: `APPROVED` or `REJECTED`; null when nothing.
    decided: Option<&'static str>,
    /// When.
    decided_at: Option<String>,
}

/// How somebody came to be an approver.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThroughShape {
    /// The approver that the configuration or a delegation names: `user`, `group`, `role` or `key`.
    r#type: &'static str,
    /// Its login, name or id.
    id: String,
    /// Passed on by somebody.
    delegated: bool,
    /// Of a role: the rules that give it, `rule 5 of bp.system.govern_project`.
    rules: Vec<String>,
    /// Of a role: the groups through which it is held.
    groups: Vec<String>,
}

struct Could {
    through: Vec<ThroughShape>,
    barred: Option<&'static str>,
}

fn could_approve(
    state: &State,
    key: &SignoffKey,
    signoff: &Signoff,
    configuration: &Configuration,
) -> BTreeMap<Principal, Could> {
    let passed_on = signoff.delegations.iter().filter(|one| one.group.is_none()).map(|one| (&one.to, true));
    let mut found: BTreeMap<Principal, Could> = BTreeMap::new();
    for (container, delegated) in configuration.approvers.iter().map(|one| (one, false)).chain(passed_on) {
        for principal in members(state, container, key.item) {
            let through = through(state, key.item, container, &principal, delegated);
            let barred = || {
                let has_requested = configuration.requester_may_not_approve && signoff.requesters.contains(&principal);
                let has_reviewed = configuration.reviewer_may_not_approve
                    && signoff.reviews.iter().any(|review| review.author == principal);
                if has_requested { Some("requester") } else { has_reviewed.then_some("reviewer") }
            };
            let one = found.entry(principal.clone()).or_insert_with(|| Could { through: Vec::new(), barred: barred() });
            one.through.push(through);
        }
    }
    found
}

fn through(state: &State, item: ItemId, named: &Container, who: &Principal, delegated: bool) -> ThroughShape {
    let (r#type, id) = people::container(state, named);
    let (mut rules, mut groups) = (Vec::new(), Vec::new());
    if let Container::Role(role) = named {
        for told in rules_giving(state, role, item) {
            let holds = told.to.iter().filter(|container| members(state, container, item).contains(who));
            let held: Vec<&Container> = holds.collect();
            if !held.is_empty() {
                rules.extend(told.rule.clone());
            }
            groups.extend(held.into_iter().filter_map(|container| match container {
                Container::Group(group) => Some(group.to_string()),
                _ => None,
            }));
        }
    }
    ThroughShape { r#type, id, delegated, rules, groups }
}

/// Who could approve a sign-off, through what, and who did: as things were at `as_of` or `as_of_time`.
#[utoipa::path(get, path = "/reports/could-approve", tag = "reports", params(Of, Page),
    responses((status = 200, description = "One page of people", body = List<CouldShape>)))]
pub async fn could(
    ask: Ask,
    Params(of): Params<Of>,
    Params(page): Params<Page>,
) -> Result<Answer<List<CouldShape>>, Problem> {
    ask.need_admin_today()?;
    let (limit, after) = (page.limit()?, page.after::<String>()?);
    let state = ask.state();
    let missing = || ask.missing(format_args!("a sign-off of {}", of.item));
    let item: ItemId = of.item.parse().map_err(|_| missing())?;
    let mut found = signoff::of_item(state, item)
        .filter(|(key, _)| of.step.as_deref().is_none_or(|step| key.step.as_str() == step));
    let (key, signoff) = found.next().ok_or_else(missing)?;
    if found.next().is_some() {
        return Err(Problem::invalid_field("step", "step_ambiguous", "several steps have a sign-off; name one"));
    }
    let configuration = state.templates.configurations.get(&signoff.configured_at).ok_or_else(missing)?;
    let all = could_approve(state, key, signoff, configuration);
    let mut shapes: BTreeMap<String, CouldShape> = BTreeMap::new();
    for (principal, Could { through, barred }) in all {
        let decided = signoff.approvals.iter().find(|approval| approval.author == principal);
        let shape = CouldShape {
            who: people::name(state, &principal),
            through,
            barred,
            decided: decided.map(|approval| approval.status.word()),
            decided_at: decided.map(|approval| approval.at.to_string()),
        };
        shapes.insert(shape.who.clone(), shape);
    }
    let rest = shapes.into_iter().filter(|(who, _)| after.as_ref().is_none_or(|after| who > after));
    let mut items: Vec<CouldShape> = rest.map(|(_, shape)| shape).take(limit.saturating_add(1)).collect();
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| has_more).map(|last| cursor(&last.who));
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}
