//! What a saved artifact says about its workflow: changed `workflow.steps` win; else a changed `status.stepId` moves
//! the workflow there, as scripts from before 13.5 do.

use std::collections::BTreeMap;

use countersign_core::State;
use countersign_core::artifact::workflow::{StepView, legacy_step_id, steps};
use countersign_core::artifact::{Item, StepStatus};
use countersign_core::blueprint::Version;
use countersign_core::ids::StepId;
use serde::{Deserialize, Deserializer};

use super::artifacts::step_status;
use crate::problem::Problem;

/// `status` of a body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GivenStatus {
    /// Absent, null (nothing is started) or a step.
    #[serde(default, deserialize_with = "present")]
    step_id: Option<Option<String>>,
    pub(super) archived: Option<bool>,
}

/// `workflow` of a body.
#[derive(Debug, Deserialize)]
pub(crate) struct GivenWorkflow {
    #[serde(default)]
    steps: BTreeMap<String, GivenStep>,
}

#[derive(Debug, Deserialize)]
struct GivenStep {
    status: Option<String>,
}

type Moves = Vec<(StepId, StepStatus)>;

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// The moves that bring an item from where it is to where the body has it.
pub(crate) fn wanted(
    state: &State,
    found: &Item,
    status: Option<&GivenStatus>,
    workflow: Option<&GivenWorkflow>,
) -> Result<Moves, Problem> {
    let now = steps(state, found);
    let mut moves = Moves::new();
    for (step, wanted) in stated(workflow)? {
        let at = now.iter().find(|view| view.id == step).map(|view| view.status);
        if at != Some(wanted) {
            moves.push((step, wanted));
        }
    }
    if !moves.is_empty() {
        return Ok(moves);
    }
    let Some(step) = status.and_then(|status| status.step_id.as_ref()) else { return Ok(moves) };
    let current = legacy_step_id(state, found);
    if step.as_deref() == current.as_ref().map(StepId::as_str) {
        return Ok(moves);
    }
    let Some(step) = step else {
        let begun = now.iter().filter(|view| view.is_visible && view.status != StepStatus::NotStarted);
        return Ok(begun.map(|view| (view.id.clone(), StepStatus::NotStarted)).collect());
    };
    let unknown = || Problem::invalid_field("status.stepId", "step_unknown", format!("there is no step {step:?}"));
    let place = now.iter().position(|view| view.id.as_str() == step).ok_or_else(unknown)?;
    Ok(now.iter().enumerate().filter_map(|(n, view)| towards(n, place, view)).collect())
}

/// Everything before the step is done, the step is worked on, nothing after it has begun.
fn towards(n: usize, place: usize, view: &StepView) -> Option<(StepId, StepStatus)> {
    let wanted = match n.cmp(&place) {
        std::cmp::Ordering::Less => StepStatus::Finished,
        std::cmp::Ordering::Equal => StepStatus::Ongoing,
        std::cmp::Ordering::Greater => StepStatus::NotStarted,
    };
    let counts = view.is_visible || n == place;
    (counts && view.status != wanted).then(|| (view.id.clone(), wanted))
}

/// The moves of an item that is still to be made. Steps that show only sometimes are left to the workflow.
pub(super) fn at_birth(
    version: &Version,
    status: Option<&GivenStatus>,
    workflow: Option<&GivenWorkflow>,
) -> Result<Moves, Problem> {
    let mut moves = stated(workflow)?;
    moves.retain(|(_, wanted)| !matches!(wanted, StepStatus::NotStarted | StepStatus::Skipped));
    let step = status.and_then(|status| status.step_id.as_ref()).and_then(Option::as_deref);
    let Some(step) = step.filter(|_| moves.is_empty()) else { return Ok(moves) };
    let always = version.definition.steps.iter().filter(|defined| defined.visible_when.is_none());
    let before = always.map(|defined| &defined.id).take_while(|id| id.as_str() != step);
    moves.extend(before.map(|id| (id.clone(), StepStatus::Finished)));
    moves.push((StepId::from(step), StepStatus::Ongoing));
    Ok(moves)
}

fn stated(workflow: Option<&GivenWorkflow>) -> Result<Moves, Problem> {
    let given = workflow.into_iter().flat_map(|workflow| &workflow.steps);
    let named = given.filter_map(|(step, given)| Some((step, given.status.as_deref()?)));
    named
        .map(|(step, word)| {
            Ok((StepId::from(step.as_str()), step_status(&format!("workflow.steps.{step}.status"), word)?))
        })
        .collect()
}
