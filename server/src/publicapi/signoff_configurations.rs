//! How the steps of a version are signed off. A change touches no sign-off that is there until it is reset with reload.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use countersign_core::blueprint::{Command, Configuration, Version};
use countersign_core::ids::StepId;
use serde_json::{Value as Json, json};

use super::blueprints;
use super::call::{Call, Reply};
use super::containers::{self, GivenConfiguration};
use super::designer::{both, design, template};
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::app::App;
use crate::problem::Problem;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/admin/blueprint/{bp}/version/{bv}/signoffs", get(list)).route(
        "/admin/blueprint/{bp}/version/{bv}/workflow/step/{step}/signoff",
        get(read).post(create).put(save).delete(delete),
    )
}

/// Blueprint, version and step of a path.
type At = Segments<(String, String, String)>;

async fn list(Segments((bp, bv)): Segments<(String, String)>, call: Call) -> Reply {
    let ask = design(&call)?;
    let (_, version) = both(&ask, &bp, &bv)?;
    let steps = version.definition.steps.iter().map(|step| &step.id);
    let shown: Json = steps.filter_map(|step| Some(shape(&ask, version, step, held(&ask, version, step)?))).collect();
    Ok(ask.answer(shown))
}

async fn read(Segments(at): At, call: Call) -> Reply {
    let ask = design(&call)?;
    shown(&ask, &at)
}

async fn create(Segments(at): At, call: Call) -> Reply {
    let given = call.object()?;
    if given.contains_key("id") {
        let message = "signoffConfiguration.id must not be set in creation";
        return Err(Problem::invalid_field("id", "unknown_field", message));
    }
    let ask = design(&call)?;
    let (_, version) = both(&ask, &at.0, &at.1)?;
    if held(&ask, version, &StepId::from(at.2.as_str())).is_some() {
        let detail = format!("step {} already has a sign-off configuration", at.2);
        return Err(Problem::conflict("signoff_configuration_exists", detail));
    }
    configure(&call, &at, None).await
}

async fn save(Segments(at): At, call: Call) -> Reply {
    let ask = design(&call)?;
    let given = call.object()?;
    let (_, version) = both(&ask, &at.0, &at.1)?;
    let step = given.get("id").and_then(|id| id.get("stepId"));
    if step.is_some_and(|step| step.as_str() != Some(&at.2)) {
        return Err(Problem::invalid("ids_differ", "Sign-off configuration IDs do not match"));
    }
    let held = held(&ask, version, &StepId::from(at.2.as_str())).ok_or_else(|| missing(&ask, &at))?;
    configure(&call, &at, Some(held)).await
}

async fn configure(call: &Call, at: &(String, String, String), held: Option<&Configuration>) -> Reply {
    let given: GivenConfiguration = call.read_object()?;
    let configuration = Arc::new(given.configuration(call.ask().state(), held)?);
    let (template, step) = (template(&at.0, &at.1), StepId::from(at.2.as_str()));
    call.submit(Command::ConfigureSignoff { template, step, configuration }, None).await?;
    shown(&call.ask(), at)
}

async fn delete(Segments(at): At, call: Call) -> Reply {
    let ask = design(&call)?;
    let step = StepId::from(at.2.as_str());
    held(&ask, both(&ask, &at.0, &at.1)?.1, &step).ok_or_else(|| missing(&ask, &at))?;
    let done = call.submit(Command::RemoveSignoff { template: template(&at.0, &at.1), step }, None).await?;
    Ok(done.answer_as(|_| json!({})))
}

fn held<'a>(ask: &'a Ask, version: &Version, step: &StepId) -> Option<&'a Configuration> {
    let at = version.configured.get(step)?;
    ask.state().templates.configuration(*at).map(|held| &**held)
}

fn missing(ask: &Ask, (bp, bv, step): &(String, String, String)) -> Problem {
    ask.missing(format_args!("a sign-off configuration of step {step} of {bp} {bv}"))
}

fn shown(ask: &Ask, at: &(String, String, String)) -> Reply {
    let (_, version) = both(ask, &at.0, &at.1)?;
    let step = StepId::from(at.2.as_str());
    let held = held(ask, version, &step).ok_or_else(|| missing(ask, at))?;
    Ok(ask.answer(shape(ask, version, &step, held)))
}

fn shape(ask: &Ask, version: &Version, step: &StepId, held: &Configuration) -> Json {
    let mut shown = serde_json::Map::new();
    let id = json!({ "blueprintVersionId": blueprints::id(&version.id), "stepId": step.as_str() });
    shown.insert("id".to_owned(), id);
    shown.extend(containers::configuration(ask.state(), held, held.recurrence.as_ref()));
    Json::Object(shown)
}
