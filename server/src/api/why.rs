//! Why may somebody do something on an item, or why not?

use countersign_core::State;
use countersign_core::access::may::{Action, Subject, groups_of};
use countersign_core::access::why::{RuleTold, why};
use countersign_core::blueprint::Container;
use countersign_core::context::Principal;
use countersign_core::ids::{ItemId, KeyId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::params::Params;
use super::shape::people;
use super::shape::rules::{HolderShape, holder};
use crate::problem::Problem;

/// Who, what, where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// A login, or a key's id; the caller when left out. Others are for administrators.
    user: Option<String>,
    /// `read`, `write`, `create`, `delete` or `admin`.
    action: String,
    /// The item.
    item: String,
}

/// A judgement and the rules behind it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    allowed: bool,
    /// In one sentence.
    because: String,
    /// The rules that give it.
    granted_by: Vec<RuleShape>,
    /// When refused: the rules that give it to others.
    would_be_granted_by: Vec<RuleShape>,
    position: u64,
}

/// A rule that gives a role which is permitted the action.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleShape {
    role: String,
    /// `rule 1 of bp.system.govern_project`; null when no rule gives the role there.
    rule: Option<String>,
    /// The item whose fields it looks at.
    at: Option<String>,
    /// To whom.
    to: Vec<HolderShape>,
}

/// Names the rule that grants an action, or those that are missing.
#[utoipa::path(get, path = "/access/why", tag = "access", params(Question),
    responses((status = 200, description = "Whether, and by which rule", body = Reason)))]
pub async fn read(ask: Ask, Params(question): Params<Question>) -> Result<Answer<Reason>, Problem> {
    let action = action(&question.action)?;
    let principal = match &question.user {
        None => ask.who.principal.clone(),
        Some(name) => principal(&ask, name)?,
    };
    if principal != ask.who.principal {
        ask.need_admin()?;
    }
    let item = ask.item(&question.item)?.id;
    // Who else has a role on an item is told to those who decide about that.
    let others = ask.need(Action::Admin, Subject::Item(item)).is_ok();
    Ok(ask.answer(reason(ask.state(), &principal, (action, item), others, &|item| ask.may_read(item))))
}

/// The judgement and its rules; without `others` a rule tells of nobody but the one asked about.
pub(crate) fn reason(
    state: &State,
    principal: &Principal,
    (action, item): (Action, ItemId),
    others: bool,
    sees: &dyn Fn(ItemId) -> bool,
) -> Reason {
    let found = why(state, principal, action, Subject::Item(item));
    let groups = groups_of(state, principal);
    let is_theirs = |container: &&Container| match container {
        Container::User(user) => *principal == Principal::User(*user),
        Container::Key(key) => *principal == Principal::Key(*key),
        Container::Group(group) => groups.contains(group),
        Container::Role(_) => false,
    };
    let rule = |told: &RuleTold| RuleShape {
        role: told.role.to_string(),
        rule: told.rule.clone().filter(|_| told.at.is_none_or(|at| others || sees(at))),
        at: told.at.filter(|at| sees(*at)).map(|item| item.to_string()),
        to: told.to.iter().filter(|to| others || is_theirs(to)).map(|to| holder(state, to)).collect(),
    };
    Reason {
        allowed: found.is_allowed,
        because: found.because,
        granted_by: found.granted_by.iter().map(rule).collect(),
        would_be_granted_by: found.would_be_granted_by.iter().filter(|_| others).map(rule).collect(),
        position: state.head.0,
    }
}

pub(crate) fn action(word: &str) -> Result<Action, Problem> {
    let all = [Action::Read, Action::Write, Action::Create, Action::Delete, Action::Admin];
    let unknown = || Problem::invalid_field("action", "unknown_value", "read, write, create, delete or admin");
    all.into_iter().find(|action| action.word() == word).ok_or_else(unknown)
}

// A name that nobody has is told apart from one that somebody has to administrators only.
fn principal(ask: &Ask, name: &str) -> Result<Principal, Problem> {
    if let Ok(key) = name.parse::<KeyId>() {
        return Ok(Principal::Key(key));
    }
    if *name == people::name(ask.state(), &ask.who.principal) {
        return Ok(ask.who.principal.clone());
    }
    ask.need_admin()?;
    people::user(ask.state(), "user", name).map(Principal::User)
}
