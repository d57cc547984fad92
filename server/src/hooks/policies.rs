//! Asks the instance's script about the items that rules leave to it, and tells the core what it said.
//!
//! What there is to ask stands in the state, so that a restart goes on where the service ended. A script that fails is
//! told so to the core, which does not want it asked again before something changes.

use std::time::Duration;

use countersign_core::State;
use countersign_core::context::Caller;
use countersign_core::ids::{BlueprintId, CorrelationId, ItemId, Position, TemplateId, VersionId};
use countersign_core::rules::{Command, Governing, Kind, Said};
use countersign_engine::engine::SubmitError;
use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::run::{Handler, RunError};
use super::{Hooks, Script};
use crate::api::ask::wait;
use crate::api::shape::value::inputs;
use crate::app::App;
use crate::publicapi::artifacts;

/// What the script is called in its own error messages.
const NAME: &str = "governance script";
/// Items asked about at the same time; hooks, for which people wait, have the other places.
const ASKED_MAX: usize = 2;
/// Items asked about before it is looked again what there is to ask, parents before what lies in them.
const ROUND_MAX: usize = 20;
/// After the machine could not run it, or the engine not take what it said.
const PAUSE: Duration = Duration::from_secs(1);

/// What the script's handler gives.
#[derive(Debug, Deserialize)]
struct Answer {
    error: Option<String>,
    output: Json,
}

/// `handler.script_output`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Output {
    action: Action,
    status: Option<Status>,
    blueprint_version_id: Option<Template>,
    artifact_prefill: Option<Prefill>,
    project_existing_artifact_id: Option<String>,
    project_business_initiative_artifact_id: Option<String>,
    children_configuration: Option<Children>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Action {
    Govern,
    Hide,
    DoNothing,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Auto,
    Suggested,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Template {
    blueprint_id: String,
    version_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prefill {
    fields: Option<Map<String, Json>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Children {
    bundles_config: Option<Child>,
    models_config: Option<Child>,
    model_versions_config: Option<Child>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Child {
    action: Action,
    status: Option<Status>,
    blueprint_version_id: Option<Template>,
}

/// An output that says nothing that could be done.
#[derive(Debug, thiserror::Error)]
enum OutputError {
    #[error("its script_output cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    #[error("its script_output says {action}, but neither AUTO nor SUGGESTED")]
    Status { action: &'static str },
    #[error("its script_output names {0:?}, which is no id of an artifact")]
    Id(String),
}

/// Goes on until the service stops.
pub async fn run(app: App) {
    let stopping = app.stopping.clone();
    // A script that runs is given up: what it would have said, it is asked again after the next start.
    let _ = stopping.run_until_cancelled(ask_on(&app)).await;
}

async fn ask_on(app: &App) {
    let Some(hooks) = &app.hooks else { return };
    let mut heads = app.snapshots.subscribe();
    loop {
        heads.borrow_and_update();
        let latest = app.latest();
        let round: Vec<_> = latest.state.rules.awaiting.iter().take(ROUND_MAX).map(|(i, at)| (*i, *at)).collect();
        if round.is_empty() {
            if heads.changed().await.is_err() {
                return;
            }
            continue;
        }
        let asked = futures::stream::iter(round).map(|(item, since)| ask(app, hooks, &latest.state, item, since));
        let asked: Vec<bool> = asked.buffer_unordered(ASKED_MAX).collect().await;
        if asked.contains(&false) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether something came of asking: a decision, or an account of why there is none.
async fn ask(app: &App, hooks: &Hooks, state: &State, item: ItemId, since: Position) -> bool {
    let Some(text) = &state.rules.script else { return true };
    let caller = Caller::system(CorrelationId(uuid::Uuid::new_v4()));
    let script = Script { name: NAME, text, handler: Handler::Policy };
    let said = match hooks.run(app, &caller, script, artifacts::enriched(state, item)).await {
        Ok(Answer { error: Some(why), .. }) => Err(why),
        Ok(Answer { output, .. }) => said(output).map_err(|error| error.to_string()),
        Err(error @ (RunError::Busy | RunError::Io(_))) => {
            tracing::warn!(%item, error = &error as &dyn std::error::Error, "the governance script could not be run");
            return false;
        }
        Err(error) => Err(error.to_string()),
    };
    let why = match said {
        Ok(said) => match tell(app, &caller, item, since, Ok(Box::new(said))).await {
            Told::Refused(why) => why,
            Told::Heard => return true,
            Told::Later => return false,
        },
        Err(why) => why,
    };
    tracing::warn!(%item, why, "the governance script decided nothing");
    matches!(tell(app, &caller, item, since, Err(why.into())).await, Told::Heard)
}

enum Told {
    Heard,
    Refused(String),
    Later,
}

async fn tell(
    app: &App,
    caller: &Caller,
    item: ItemId,
    since: Position,
    said: Result<Box<Said>, std::sync::Arc<str>>,
) -> Told {
    match app.engine.submit(Command::Judge { item, since, said }.into(), caller.clone()).await {
        Ok(receipt) => seen(app, receipt.position).await,
        // It changed meanwhile, and is among those that are asked about next.
        Err(SubmitError::Rejected { rejection, position }) if rejection.code() == "judgement_outdated" => {
            seen(app, position).await
        }
        Err(SubmitError::Rejected { rejection, .. }) => Told::Refused(format!("{rejection} ({})", rejection.code())),
        Err(error) => {
            tracing::warn!(%item, code = error.code(), "what the governance script said was not taken");
            Told::Later
        }
    }
}

/// What is asked about next is read from a state that has this.
async fn seen(app: &App, position: Position) -> Told {
    if wait(app, position).await.is_ok() { Told::Heard } else { Told::Later }
}

fn said(output: Json) -> Result<Said, OutputError> {
    let output: Output = serde_json::from_value(output)?;
    let children = output.children_configuration.unwrap_or_default();
    let kinds = [
        (Kind::Bundle, children.bundles_config),
        (Kind::Model, children.models_config),
        (Kind::ModelVersion, children.model_versions_config),
    ];
    let given = kinds.into_iter().filter_map(|(kind, child)| Some((kind, child?)));
    let children = given.map(|(kind, child)| {
        let governing = governing(child.action, child.status)?;
        Ok((kind, governing, child.blueprint_version_id.map(Into::into)))
    });
    Ok(Said {
        governing: governing(output.action, output.status)?,
        template: output.blueprint_version_id.map(Into::into),
        prefill: inputs(&output.artifact_prefill.and_then(|prefill| prefill.fields).unwrap_or_default()),
        attach_to: artifact(output.project_existing_artifact_id)?,
        initiative: artifact(output.project_business_initiative_artifact_id)?,
        children: children.collect::<Result<_, OutputError>>()?,
    })
}

fn governing(action: Action, status: Option<Status>) -> Result<Governing, OutputError> {
    match (action, status) {
        (Action::DoNothing, _) => Ok(Governing::Nothing),
        (Action::Govern, Some(Status::Auto)) => Ok(Governing::Automatic),
        (Action::Govern, Some(Status::Suggested)) => Ok(Governing::Recommended),
        (Action::Hide, Some(Status::Auto)) => Ok(Governing::Hide),
        (Action::Hide, Some(Status::Suggested)) => Ok(Governing::RecommendHide),
        (Action::Govern, None) => Err(OutputError::Status { action: "GOVERN" }),
        (Action::Hide, None) => Err(OutputError::Status { action: "HIDE" }),
    }
}

fn artifact(id: Option<String>) -> Result<Option<ItemId>, OutputError> {
    let Some(id) = id.filter(|id| !id.is_empty()) else { return Ok(None) };
    id.parse().map(Some).map_err(|_| OutputError::Id(id))
}

impl From<Template> for TemplateId {
    fn from(given: Template) -> Self {
        let Template { blueprint_id, version_id } = given;
        Self { blueprint: BlueprintId::from(blueprint_id.as_str()), version: VersionId::from(version_id.as_str()) }
    }
}
