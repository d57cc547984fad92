//! Migrations by script: what becomes of an item on its way to another version of its blueprint.
//!
//! The version that it goes to lists in its document from which versions there is a way to it, and by which script
//! (`migrationPaths`). To the core the list means nothing; what a script makes of the item is decided there.

use countersign_core::artifact::{Command as ItemCommand, Rejection as Refusal, Rewrite, StepStatus};
use countersign_core::blueprint::{FieldSource, Version};
use countersign_core::context::Caller;
use countersign_core::ids::{ItemId, StepId, TemplateId};
use countersign_core::{Command, Rejection, State};
use countersign_engine::engine::SubmitError;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::consult::{changed, decide, refused};
use super::run::{Handler, RunError};
use super::{Hooks, Script};
use crate::api::shape::value;
use crate::app::App;
use crate::publicapi::{artifacts, blueprints, moves};

/// The key that a document without ways to it does not hold.
const LISTED: &str = "migrationPaths";

/// A way to a version from another one of its blueprint.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Path {
    from_version_id: String,
    /// What people call it.
    #[serde(default)]
    name: String,
    /// Its text; without one items move as they are.
    #[serde(default)]
    script: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Listed {
    migration_paths: Vec<Path>,
}

/// What a script makes of the item.
#[derive(Debug, Deserialize)]
struct Said {
    /// Why it failed, when it did.
    failure: Option<String>,
    /// The whole of its `target_artifact`.
    artifact: Json,
}

/// A move of an item for which there is a script, or a list in which none can be found.
struct Migration<'a> {
    item: ItemId,
    target: &'a Version,
    path: Result<Path, Rejection>,
}

impl<'a> Migration<'a> {
    fn of(state: &'a State, command: &Command) -> Option<Self> {
        let Command::Item(ItemCommand::Migrate { item, version, .. }) = command else { return None };
        let from = &state.items.by_id.get(item)?.template;
        let to = TemplateId { blueprint: from.blueprint.clone(), version: version.clone() };
        let target = state.templates.version(&to).filter(|_| to != *from)?;
        let path = path(target, from).map_err(|why| failed(*item, LISTED, why)).transpose()?;
        Some(Self { item: *item, target, path })
    }
}

fn path(target: &Version, from: &TemplateId) -> Result<Option<Path>, String> {
    let document = &target.definition.document;
    if !document.contains(LISTED) {
        return Ok(None);
    }
    let listed: Listed = serde_json::from_str(document).map_err(|error| error.to_string())?;
    let is_from = |path: &Path| path.from_version_id == from.version.as_str();
    let mut found = listed.migration_paths.into_iter().filter(is_from);
    let only = found.next().filter(|path| !path.script.trim().is_empty());
    match found.next() {
        None => Ok(only),
        Some(_) => Err(format!("there are several paths from {}", from.version)),
    }
}

/// Whether the command moves an item by a script.
pub(super) fn is_by_script(state: &State, command: &Command) -> bool {
    Migration::of(state, command).is_some()
}

/// Refuses a move by a script on a service that runs none.
pub(super) fn refuse(state: &State, caller: &Caller, command: &Command) -> Result<(), SubmitError> {
    let Some(found) = Migration::of(state, command) else { return Ok(()) };
    if decide(state, caller, &accepting(command))?.repeated.is_some() {
        return Ok(());
    }
    let item = found.item;
    let off = |path: Path| Refusal::MigrationScriptOff { item, path: path.name.into() }.into();
    Err(refused(state, found.path.map_or_else(|wrong| wrong, off)))
}

/// The command with what the script of its migration makes of the item; nothing when it has none.
pub(super) async fn complete(
    app: &App,
    hooks: &Hooks,
    caller: &Caller,
    before: &State,
    command: &Command,
) -> Result<Option<Command>, SubmitError> {
    let Some(Migration { item, target, path }) = Migration::of(before, command) else { return Ok(None) };
    // Who may not move the item, or asks for an answer once more, has no script run for it.
    if decide(before, caller, &accepting(command))?.repeated.is_some() {
        return Ok(None);
    }
    let path = path.map_err(|wrong| refused(before, wrong))?;
    let wrong = |why: String| refused(before, failed(item, &path.name, why));
    let source = artifacts::enriched(before, item);
    let shown = source.get("artifact").cloned().unwrap_or_default();
    let told = json!({ "source": source, "target": blueprints::bare_version(target) });
    let script = Script { name: &path.name, text: &path.script, handler: Handler::Migration };
    let said: Said = hooks.run(app, caller, script, told).await.map_err(|error| match error {
        RunError::Busy => SubmitError::Busy,
        error => wrong(error.to_string()),
    })?;
    if let Some(why) = said.failure {
        return Err(wrong(why));
    }
    let mut rewrite = rewritten(before, item, target, &shown, &said.artifact).map_err(wrong)?;
    let moved = decide(before, caller, &with(command, rewrite.clone()))?.state;
    rewrite.steps = steps(&moved, item, &shown, &said.artifact).map_err(wrong)?;
    Ok(Some(with(command, rewrite)))
}

/// Name and fields as the script has them otherwise than the item.
fn rewritten(before: &State, item: ItemId, target: &Version, shown: &Json, wanted: &Json) -> Result<Rewrite, String> {
    let none = Map::new();
    let fields = match wanted.get("fields") {
        None | Some(Json::Null) => &none,
        Some(Json::Object(fields)) => fields,
        Some(_) => return Err("target_artifact.fields is no dictionary".to_owned()),
    };
    let held = before.items.by_id.get(&item).map(|found| &found.fields);
    let held = held.into_iter().flatten().map(|(field, held)| (field.to_string(), value::json(held))).collect();
    let is_stored =
        |field: &str| target.definition.field(&field.into()).is_some_and(|field| field.source == FieldSource::Stored);
    // What was only computed is nothing that the script left, unless it can be kept now.
    let mut fields = changed(&held, fields);
    fields.retain(|field, value| shown.get("fields").and_then(|all| all.get(field)) != Some(value) || is_stored(field));
    let name = wanted.get("name").filter(|name| shown.get("name") != Some(name)).and_then(Json::as_str);
    Ok(Rewrite { name: name.map(Into::into), fields: value::inputs(&fields), steps: Vec::new() })
}

/// The moves that bring the item, once it has moved, to where the script has its workflow.
fn steps(moved: &State, item: ItemId, shown: &Json, wanted: &Json) -> Result<Vec<(StepId, StepStatus)>, String> {
    let Some(found) = moved.items.by_id.get(&item) else { return Ok(Vec::new()) };
    let differs = |at: &str| wanted.pointer(at) != shown.pointer(at);
    if differs("/status/archived") {
        return Err("a migration neither archives nor restores".to_owned());
    }
    // What the script left speaks of the workflow that the item came from.
    let status = wanted.get("status").filter(|_| differs("/status/stepId"));
    let status = status.map(moves::GivenStatus::deserialize).transpose();
    let workflow = wanted.pointer("/workflow/steps").and_then(Json::as_object).map(|steps| {
        let shown = shown.pointer("/workflow/steps");
        let is_changed = |(step, wanted): &(&String, &Json)| shown.and_then(|all| all.get(step)) != Some(wanted);
        let steps: Map<_, _> = steps.iter().filter(is_changed).map(|(step, to)| (step.clone(), to.clone())).collect();
        moves::GivenWorkflow::deserialize(json!({ "steps": steps }))
    });
    let status = status.map_err(|error| format!("target_artifact.json[\"status\"]: {error}"))?;
    let workflow = workflow.transpose().map_err(|error| format!("target_artifact.json[\"workflow\"]: {error}"))?;
    moves::wanted(moved, found, status.as_ref(), workflow.as_ref()).map_err(|problem| problem.tell().detail)
}

fn with(command: &Command, rewrite: Rewrite) -> Command {
    let mut command = command.clone();
    if let Command::Item(ItemCommand::Migrate { rewrite: of, .. }) = &mut command {
        *of = Some(Box::new(rewrite));
    }
    command
}

/// The move as it would be without a script, whatever that loses.
fn accepting(command: &Command) -> Command {
    let mut command = command.clone();
    if let Command::Item(ItemCommand::Migrate { accepts_loss, .. }) = &mut command {
        *accepts_loss = true;
    }
    command
}

fn failed(item: ItemId, path: &str, why: String) -> Rejection {
    Refusal::MigrationFailed { item, path: path.into(), why }.into()
}
