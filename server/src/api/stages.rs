//! What the gate asks for in every infrastructure of a stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_core::State;
use countersign_core::deploy::{Command, of_stage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::infrastructures::{Condition, condition, demands, step};
use super::params::{Page, Params, Segments, cursor};
use super::shape::List;
use super::shape::command::CommandShape;
use super::wish::Wish;
use crate::problem::Problem;

/// What an administrator sets; what is left out stays, and an empty list asks for nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetStage {
    /// Steps whose sign-offs have to be approved beside the review's.
    required_steps: Option<Vec<String>>,
    /// What has to hold beside the approvals.
    conditions: Option<Vec<Condition>>,
}

/// A stage that an infrastructure lies in, or that asks for something.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageShape {
    stage: String,
    required_steps: Vec<String>,
    conditions: Vec<Condition>,
    /// How many infrastructures lie in it.
    infrastructures: usize,
}

/// Every stage there is, with the number of its infrastructures.
fn stages(state: &State) -> BTreeMap<&Arc<str>, usize> {
    let mut found: BTreeMap<&Arc<str>, usize> = state.infrastructures.stages.keys().map(|stage| (stage, 0)).collect();
    for stage in state.infrastructures.by_key.values().filter_map(|infra| infra.stage.as_ref()) {
        *found.entry(stage).or_default() += 1;
    }
    found
}

fn shape(state: &State, stage: &Arc<str>, infrastructures: usize) -> StageShape {
    let demands = of_stage(state, Some(stage));
    StageShape {
        stage: stage.to_string(),
        required_steps: demands.iter().filter_map(step).collect(),
        conditions: demands.iter().filter_map(condition).collect(),
        infrastructures,
    }
}

/// All stages, by name.
#[utoipa::path(get, path = "/stages", tag = "gate", params(Page),
    responses((status = 200, description = "One page of stages", body = List<StageShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<StageShape>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<String>()?);
    let all = stages(ask.state()).into_iter();
    let mut rows: Vec<_> =
        all.filter(|(stage, _)| after.as_deref().is_none_or(|after| &***stage > after)).take(limit + 1).collect();
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_more).map(|(stage, _)| cursor(stage));
    let items = rows.into_iter().map(|(stage, count)| shape(ask.state(), stage, count)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// One stage.
#[utoipa::path(get, path = "/stages/{stage}", tag = "gate",
    params(("stage" = String, Path, description = "The stage, in the deployers' words")),
    responses((status = 200, description = "The stage", body = StageShape)))]
pub async fn read(ask: Ask, Segments(stage): Segments<String>) -> Result<Answer<StageShape>, Problem> {
    let stage: Arc<str> = stage.into();
    let found = stages(ask.state()).get(&stage).copied();
    let count = found.ok_or_else(|| ask.missing(format_args!("the stage {stage}")))?;
    Ok(ask.answer(shape(ask.state(), &stage, count)))
}

/// Sets what the gate asks for in every infrastructure of a stage, beyond what each asks for itself; for administrators.
/// Of two conditions on the same thing the stricter one counts.
#[utoipa::path(put, path = "/stages/{stage}", tag = "gate", request_body = SetStage,
    params(("stage" = String, Path, description = "The stage, in the deployers' words")),
    responses((status = 200, description = "Set", body = CommandShape)))]
pub async fn set(Segments(stage): Segments<String>, wish: Wish<SetStage>) -> Result<Answer<CommandShape>, Problem> {
    let stage: Arc<str> = stage.into();
    let latest = wish.latest();
    let held = of_stage(&latest.state, Some(&stage));
    let (steps, conditions) = (wish.body.required_steps.as_deref(), wish.body.conditions.as_deref());
    let demands = demands(steps, conditions, held)?.unwrap_or_else(|| held.to_vec());
    Ok(wish.submit(Command::SetStage { stage, demands }, None).await?.answer())
}
