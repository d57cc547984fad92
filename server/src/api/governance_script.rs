//! The script that decides what is governed, where a rule leaves it to it; and what it decided.

use std::collections::BTreeMap;

use countersign_core::access::may::{Action, Subject};
use countersign_core::ids::ItemId;
use countersign_core::rules::{Command, Decision, Kind};
use countersign_projections::sight::{self, Sight as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::rules::Word;
use super::shape::command::CommandShape;
use super::shape::value;
use super::wish::Wish;
use crate::problem::Problem;

/// What others are told of a script that failed.
const FAILED: &str = "it failed";

/// The script as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptBody {
    /// Python; empty for none.
    script: String,
}

/// The script as it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScriptShape {
    /// Python; empty when there is none.
    script: String,
    /// How many items it is still to be asked about.
    waiting: usize,
    /// The log position that it was answered from.
    position: u64,
}

/// What came of asking the script about an item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionShape {
    /// It is still to be asked, for the first time or again.
    waiting: bool,
    /// Why it decided nothing; in its own words for those who may read the script.
    problem: Option<String>,
    /// What happens to the item; null while it decided nothing.
    governing: Option<Word>,
    /// The version of the govern blueprint.
    template: Option<String>,
    /// What the govern item holds from the start; not for readers from whom fields may be hidden.
    #[schema(value_type = Object)]
    prefill: BTreeMap<String, serde_json::Value>,
    /// The govern project that it is attached to.
    attach_to: Option<String>,
    /// What happens to what lies in it.
    children: ChildrenShape,
}

/// What the script decided about what lies in an item; null where it said nothing.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChildrenShape {
    bundle: Option<ChildShape>,
    saved_model: Option<ChildShape>,
    saved_model_version: Option<ChildShape>,
}

/// What it decided about one kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChildShape {
    /// What happens.
    governing: Word,
    /// The version of the govern blueprint.
    template: Option<String>,
}

/// What the script said of an item that is left to it; nothing about others.
pub(super) fn decision(ask: &Ask, item: ItemId) -> Option<DecisionShape> {
    let rules = &ask.state().rules;
    let (waiting, judged) = (rules.awaiting.contains_key(&item), rules.judged.get(&item));
    if !waiting && judged.is_none() {
        return None;
    }
    let decided = judged.and_then(|judged| judged.as_ref().ok());
    let said = judged.and_then(|judged| judged.as_ref().err());
    Some(DecisionShape {
        waiting,
        problem: said.map(|why| if ask.designs() { why.to_string() } else { FAILED.to_owned() }),
        governing: decided.map(|decided| decided.rule.governing.into()),
        template: decided.and_then(|decided| Some(decided.rule.version.as_ref()?.to_string())),
        prefill: decided.map(|decided| prefill(ask, decided)).unwrap_or_default(),
        attach_to: decided
            .and_then(|decided| decided.attach_to)
            .filter(|to| ask.may_read(*to))
            .map(|to| to.to_string()),
        children: decided.map(|decided| children(decided)).unwrap_or_default(),
    })
}

fn prefill(ask: &Ask, decided: &Decision) -> BTreeMap<String, serde_json::Value> {
    if ask.field_reader().is_some() {
        return BTreeMap::new();
    }
    let seen = |(field, held): &(_, _)| Some((ToString::to_string(field), sight::value(held, &|id| ask.may_read(id))?));
    let seen = decided.prefill.iter().filter_map(seen);
    seen.map(|(field, held)| (field, value::json(&held))).collect()
}

fn children(decided: &Decision) -> ChildrenShape {
    let of = |kind| {
        let found = decided.children.iter().find(|child| child.kind == kind)?;
        let template = found.rule.version.as_ref().map(ToString::to_string);
        Some(ChildShape { governing: found.rule.governing.into(), template })
    };
    ChildrenShape {
        bundle: of(Kind::Bundle),
        saved_model: of(Kind::Model),
        saved_model_version: of(Kind::ModelVersion),
    }
}

/// The script of the instance; for administrators.
#[utoipa::path(get, path = "/governance-script", tag = "governing",
    responses((status = 200, description = "The script", body = ScriptShape)))]
pub async fn read(ask: Ask) -> Result<Answer<ScriptShape>, Problem> {
    ask.need(Action::Read, Subject::Design)?;
    let rules = &ask.state().rules;
    let script = rules.script.as_deref().unwrap_or_default().to_owned();
    Ok(ask.answer(ScriptShape { script, waiting: rules.awaiting.len(), position: ask.position().0 }))
}

/// Sets the script of the instance. It is asked about every item that a rule leaves to it, right after it.
#[utoipa::path(put, path = "/governance-script", tag = "governing", request_body = ScriptBody,
    responses((status = 200, description = "Set", body = CommandShape)))]
pub async fn set(wish: Wish<ScriptBody>) -> Result<Answer<CommandShape>, Problem> {
    let script = Some(wish.body.script.as_str().into());
    Ok(wish.submit(Command::SetScript { script }, None).await?.answer())
}
