//! Artifacts: items, as the client gets, makes, saves and deletes them.

use axum::Router;
use axum::routing::{get, post};
use countersign_core::artifact::{Command, Item, StepStatus};
use countersign_core::blueprint::FieldSource;
use countersign_core::ids::{BlueprintId, FieldId, ItemId, StepId, TemplateId, VersionId};
use countersign_core::input::Input;
use countersign_core::value::Value;
use countersign_core::{State, artifact};
use countersign_projections::sight::{self, Sight as _};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::call::{Call, Reply};
use super::{blueprints, moves};
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::api::shape::item::step_word;
use crate::api::shape::value;
use crate::api::wish::item_id;
use crate::app::App;
use crate::problem::Problem;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/artifacts", post(create)).route("/artifact/{ar}", get(read).put(save).delete(delete))
}

/// An artifact of a body. The client sends back what it got, so that what is derived is there as well and means nothing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    id: Option<String>,
    name: Option<String>,
    blueprint_version_id: Option<GivenTemplate>,
    fields: Option<Map<String, Json>>,
    status: Option<moves::GivenStatus>,
    workflow: Option<moves::GivenWorkflow>,
}

/// A version's id of a body.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GivenTemplate {
    blueprint_id: String,
    version_id: String,
}

impl GivenTemplate {
    pub(super) fn id(&self) -> TemplateId {
        TemplateId {
            blueprint: BlueprintId::from(self.blueprint_id.as_str()),
            version: VersionId::from(self.version_id.as_str()),
        }
    }
}

async fn read(Segments(ar): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    let found = ask.item(&ar)?;
    let shown = json!({ "artifact": shape(&ask, found) });
    Ok(ask.answer(shown))
}

async fn create(call: Call) -> Reply {
    let given: Given = call.read_object()?;
    let missing = |field: &'static str| move || Problem::invalid_field(field, "missing_field", "is needed");
    let template = given.blueprint_version_id.as_ref().ok_or_else(missing("blueprintVersionId"))?.id();
    let name = given.name.as_deref().ok_or_else(missing("name"))?.into();
    let fields = value::inputs(&given.fields.unwrap_or_default());
    let ask = call.ask();
    let fields = stored_only(ask.state(), &template, fields);
    let steps = match ask.state().templates.version(&template) {
        Some(version) => moves::at_birth(version, given.status.as_ref(), given.workflow.as_ref())?,
        None => Vec::new(),
    };
    let TemplateId { blueprint, version } = template.clone();
    let version = Some(version);
    let done = call.submit(Command::Create { blueprint, version, name, fields, steps }, None).await?;
    let mut shown = Map::new();
    shown.insert("artifactId".to_owned(), done.shape.id.clone().unwrap_or_default().into());
    warn(&call.ask(), &template, &mut shown);
    Ok(done.answer_as(|_| Json::Object(shown)))
}

async fn save(Segments(ar): Segments<String>, call: Call) -> Reply {
    let given: Given = call.read_object()?;
    let item = item_id(&ar)?;
    let ask = call.ask();
    let found = ask.item(&ar)?;
    refuse_another(found, &given)?;
    let name = given.name.as_deref().map(Into::into);
    let fields = given.fields.as_ref().map(|fields| changed(&ask, found, fields)).unwrap_or_default();
    let steps = moves::wanted(ask.state(), found, given.status.as_ref(), given.workflow.as_ref())?;
    let archived = given.status.as_ref().and_then(|status| status.archived).filter(|is| *is != found.is_archived);
    if archived == Some(false) {
        call.submit(Command::Restore { item }, Some(item)).await?;
    }
    let is_same = name.as_ref().is_none_or(|name| *name == found.name) && fields.is_empty() && steps.is_empty();
    // An archived artifact is not changed; saving it as it is, only to take it out of the archive or not, is no change.
    if !(is_same && found.is_archived) {
        call.submit(Command::Save { item, name, fields, steps }, Some(item)).await?;
    }
    if archived == Some(true) {
        call.submit(Command::Archive { item }, Some(item)).await?;
    }
    let ask = call.ask();
    let found = ask.item(&ar)?;
    let mut shown = Map::new();
    shown.insert("artifact".to_owned(), shape(&ask, found));
    warn(&ask, &found.template, &mut shown);
    Ok(ask.answer(Json::Object(shown)))
}

async fn delete(Segments(ar): Segments<String>, call: Call) -> Reply {
    let item = item_id(&ar)?;
    let done = call.submit(Command::Delete { item }, Some(item)).await?;
    Ok(done.answer_as(|_| json!({})))
}

fn refuse_another(found: &Item, given: &Given) -> Result<(), Problem> {
    if given.id.as_ref().is_some_and(|id| *id != found.id.to_string()) {
        return Err(Problem::invalid("ids_differ", "Artifact IDs do not match"));
    }
    if given.blueprint_version_id.as_ref().is_some_and(|given| given.id() != found.template) {
        return Err(Problem::invalid("ids_differ", "Blueprint version IDs do not match: saving moves no artifact"));
    }
    Ok(())
}

/// The fields that the body says otherwise than the reader sees them; what is left out of the whole is cleared.
fn changed(ask: &Ask, found: &Item, given: &Map<String, Json>) -> Vec<(FieldId, Input)> {
    let shown = fields(ask, found);
    let differs = |(field, wanted): &(&String, &Json)| shown.get(field.as_str()) != Some(wanted);
    let set: Map<_, _> = given.iter().filter(differs).map(|(field, value)| (field.clone(), value.clone())).collect();
    let gone = shown.keys().filter(|field| !given.contains_key(field.as_str()));
    let cleared = gone.map(|field| (FieldId::from(field.as_str()), Input::Null));
    let all = value::inputs(&set).into_iter().chain(cleared).collect();
    stored_only(ask.state(), &found.template, all)
}

/// Computed fields come back as the client got them, and perhaps are others by now: nobody sets them.
fn stored_only(state: &State, template: &TemplateId, mut fields: Vec<(FieldId, Input)>) -> Vec<(FieldId, Input)> {
    if let Some(version) = state.templates.version(template) {
        let is_computed =
            |field: &FieldId| version.definition.field(field).is_some_and(|field| field.source != FieldSource::Stored);
        fields.retain(|(field, _)| !is_computed(field));
    }
    fields
}

/// Says that the version has hooks and that none of them ran, where that is so.
fn warn(ask: &Ask, template: &TemplateId, shown: &mut Map<String, Json>) {
    if ask.app.hooks.is_some() {
        return;
    }
    let hooks = ask.state().templates.version(template).map_or(0, |version| blueprints::hooks(version));
    if hooks > 0 {
        let text = format!("{hooks} hooks of {template} did not run: hooks are switched off");
        shown.insert("warnings".to_owned(), json!([text]));
    }
}

/// The fields that the reader may see.
fn fields(ask: &Ask, found: &Item) -> Map<String, Json> {
    let all = sight::values(ask.state(), found, ask);
    all.into_iter().map(|(id, held)| (id.to_string(), value::json(&held))).collect()
}

/// What one field holds, as the reader may see it.
pub(super) fn held(ask: &Ask, found: &Item, field: &FieldId) -> Option<Value> {
    let version = ask.state().templates.version(&found.template);
    let source = version.and_then(|version| version.definition.field(field)).map(|field| &field.source);
    if source.is_some_and(|source| *source != FieldSource::Stored) {
        return sight::values(ask.state(), found, ask).into_iter().find(|(id, _)| id == field).map(|(_, held)| held);
    }
    let held = found.fields.get(field).filter(|_| ask.fields(found.id).reads(field))?;
    sight::value(held, &|item| ask.sees(item))
}

/// An artifact as the client reads it.
pub(super) fn shape(ask: &Ask, found: &Item) -> Json {
    shape_with(ask.state(), found, fields(ask, found))
}

/// An artifact with its blueprint and version, as scripts of its template see it: whole.
pub(crate) fn enriched(state: &State, item: ItemId) -> Json {
    let Some(found) = state.items.by_id.get(&item) else { return json!({}) };
    let all = artifact::field_values(state, found);
    let fields = all.into_iter().map(|(id, held)| (id.to_string(), value::json(&held))).collect();
    let (blueprint, version) =
        (state.templates.blueprint(&found.template.blueprint), state.templates.version(&found.template));
    json!({
        "artifact": shape_with(state, found, fields),
        "blueprint": blueprint.map(|blueprint| blueprints::bare(blueprint)),
        "blueprintVersion": version.map(|version| blueprints::bare_version(version)),
    })
}

fn shape_with(state: &State, found: &Item, fields: Map<String, Json>) -> Json {
    let step = |step: artifact::workflow::StepView| {
        let shown = json!({ "status": step_word(step.status), "visible": step.is_visible });
        (step.id.to_string(), shown)
    };
    let steps: Map<_, _> = artifact::workflow::steps(state, found).into_iter().map(step).collect();
    let current = artifact::workflow::legacy_step_id(state, found);
    json!({
        "id": found.id.to_string(),
        "name": &*found.name,
        "blueprintVersionId": blueprints::id(&found.template),
        "fields": fields,
        "status": { "stepId": current.as_ref().map(StepId::as_str), "archived": found.is_archived },
        "workflow": { "steps": steps },
    })
}

/// A step's status from its word.
pub(super) fn step_status(path: &str, word: &str) -> Result<StepStatus, Problem> {
    let all = [StepStatus::NotStarted, StepStatus::Ongoing, StepStatus::Finished, StepStatus::Skipped];
    let unknown = || Problem::invalid_field(path, "unknown_value", format!("{word:?} is no status of a step"));
    all.into_iter().find(|status| step_word(*status) == word).ok_or_else(unknown)
}
