//! The blueprint designer: blueprints and versions made, saved, set in force and deleted by those who may.

use axum::Router;
use axum::routing::{get, put};
use countersign_core::access::may::{Action, Subject};
use countersign_core::blueprint::{Blueprint, Command, Version, VersionStatus};
use countersign_core::ids::{BlueprintId, TemplateId, VersionId};
use serde_json::{Map, Value as Json, json};

use super::blueprints::{self, bare_version, enriched, enriched_version, status_word, trace};
use super::call::{Call, Reply};
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::api::shape::template;
use crate::app::App;
use crate::problem::Problem;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/blueprints", get(list).post(create))
        .route("/admin/blueprint/{bp}", get(read).put(save).delete(delete))
        .route("/admin/blueprint/{bp}/versions", get(versions).post(create_version))
        .route("/admin/blueprint/{bp}/version/{bv}", get(version).put(save_version).delete(delete_version))
        .route("/admin/blueprint/{bp}/version/{bv}/status", put(set_status))
}

/// A question that only those who design may ask.
pub(super) fn design(call: &Call) -> Result<Ask, Problem> {
    let ask = call.ask();
    ask.need(Action::Admin, Subject::Design)?;
    Ok(ask)
}

/// A blueprint of a path.
pub(super) fn blueprint<'a>(ask: &'a Ask, bp: &str) -> Result<&'a Blueprint, Problem> {
    let found = ask.state().templates.blueprint(&BlueprintId::from(bp));
    found.map(|found| &**found).ok_or_else(|| ask.missing(format_args!("the blueprint {bp}")))
}

/// A version of a path, with its blueprint.
pub(super) fn both<'a>(ask: &'a Ask, bp: &str, bv: &str) -> Result<(&'a Blueprint, &'a Version), Problem> {
    let blueprint = blueprint(ask, bp)?;
    let missing = || ask.missing(format_args!("the version {bv} of {bp}"));
    Ok((blueprint, blueprint.versions.get(&VersionId::from(bv)).ok_or_else(missing)?))
}

/// The id of a path.
pub(super) fn template(bp: &str, bv: &str) -> TemplateId {
    TemplateId { blueprint: BlueprintId::from(bp), version: VersionId::from(bv) }
}

/// The identifier that a new thing gets: what was chosen, under its prefix.
pub(super) fn new_id(call: &Call, prefix: &str) -> Result<String, Problem> {
    let chosen = call.needed("newIdentifier")?;
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !chosen.chars().all(is_good) {
        let message = format!("{chosen:?} has other characters than letters, digits, hyphens and underscores");
        return Err(Problem::invalid_field("newIdentifier", "identifier_invalid", message));
    }
    Ok(format!("{prefix}{chosen}"))
}

async fn list(call: Call) -> Reply {
    let ask = design(&call)?;
    let shown: Json = ask.state().templates.blueprints.values().map(|found| enriched(found)).collect();
    Ok(ask.answer(shown))
}

async fn read(Segments(bp): Segments<String>, call: Call) -> Reply {
    let ask = design(&call)?;
    Ok(ask.answer(enriched(blueprint(&ask, &bp)?)))
}

/// Its name, and the rest of it as it is kept. Id and name have places of their own.
fn parts(mut given: Map<String, Json>) -> Result<(String, String), Problem> {
    given.remove("id");
    let name = match given.remove("name") {
        Some(Json::String(name)) => name,
        _ => return Err(Problem::invalid_field("name", "missing_field", "is needed, as text")),
    };
    Ok((name, template::text(&given)))
}

async fn create(call: Call) -> Reply {
    let id = new_id(&call, "bp.")?;
    let given = call.object()?;
    if given.contains_key("id") {
        return Err(Problem::invalid_field("id", "unknown_field", "blueprint.id must not be set in creation"));
    }
    let (name, document) = parts(given)?;
    let blueprint = BlueprintId::from(id.as_str());
    call.submit(Command::CreateBlueprint { blueprint, name: name.into(), document: document.into() }, None).await?;
    shown(&call, &id)
}

async fn save(Segments(bp): Segments<String>, call: Call) -> Reply {
    let given = call.object()?;
    if given.get("id").is_some_and(|id| id.as_str() != Some(&bp)) {
        return Err(Problem::invalid("ids_differ", "Blueprint IDs do not match"));
    }
    let (name, document) = parts(given)?;
    let blueprint = BlueprintId::from(bp.as_str());
    call.submit(Command::EditBlueprint { blueprint, name: name.into(), document: document.into() }, None).await?;
    shown(&call, &bp)
}

fn shown(call: &Call, bp: &str) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(enriched(blueprint(&ask, bp)?)))
}

async fn delete(Segments(bp): Segments<String>, call: Call) -> Reply {
    let ask = design(&call)?;
    let versions = blueprint(&ask, &bp)?.versions.len();
    if versions > 0 {
        return Err(Problem::conflict("blueprint_in_use", format!("{bp} still has {versions} versions")));
    }
    let blueprint = BlueprintId::from(bp.as_str());
    let done = call.submit(Command::DeleteBlueprint { blueprint }, None).await?;
    Ok(done.answer_as(|_| json!({})))
}

async fn versions(Segments(bp): Segments<String>, call: Call) -> Reply {
    let ask = design(&call)?;
    let found = blueprint(&ask, &bp)?;
    let shown: Json = found.versions.values().map(|version| enriched_version(found, version)).collect();
    Ok(ask.answer(shown))
}

/// There is no body: a new version is empty, or a fork of its origin with the sign-off configurations.
async fn create_version(Segments(bp): Segments<String>, call: Call) -> Reply {
    let bv = new_id(&call, "bv.")?;
    let (name, template) = (call.param("name"), template(&bp, &bv));
    let command = match call.param("originVersionId") {
        Some(origin) => {
            let from = self::template(&bp, origin);
            Command::Fork { from, version: template.version, name: name.map(Into::into) }
        }
        None => {
            let document = json!({ "name": name.unwrap_or_else(|| bv.trim_start_matches("bv.")) });
            Command::CreateVersion { template, document: document.to_string().into() }
        }
    };
    call.submit(command, None).await?;
    let ask = call.ask();
    let (blueprint, version) = both(&ask, &bp, &bv)?;
    Ok(ask.answer(enriched_version(blueprint, version)))
}

async fn version(Segments((bp, bv)): Segments<(String, String)>, call: Call) -> Reply {
    let ask = design(&call)?;
    let (blueprint, version) = both(&ask, &bp, &bv)?;
    Ok(ask.answer(enriched_version(blueprint, version)))
}

async fn save_version(Segments((bp, bv)): Segments<(String, String)>, call: Call) -> Reply {
    let accepts_loss = call.flag("dangerZoneAccepted")?.unwrap_or(false);
    let mut given = call.object()?;
    let template = template(&bp, &bv);
    if given.remove("id").is_some_and(|id| id != blueprints::id(&template)) {
        return Err(Problem::invalid("ids_differ", "Blueprint version IDs do not match"));
    }
    let document = template::text(&given).into();
    call.submit(Command::EditVersion { template, document, accepts_loss }, None).await?;
    let ask = call.ask();
    let (_, version) = both(&ask, &bp, &bv)?;
    Ok(ask.answer(json!({ "blueprintVersion": bare_version(version), "blueprintVersionTrace": trace(version) })))
}

/// The body is a bare JSON string.
async fn set_status(Segments((bp, bv)): Segments<(String, String)>, call: Call) -> Reply {
    let word: String = call.read()?;
    let all = [VersionStatus::Draft, VersionStatus::Active, VersionStatus::Archived];
    let status = all.into_iter().find(|status| status_word(*status) == word).ok_or_else(|| {
        Problem::invalid_field("status", "unknown_value", format!("{word:?} is none of DRAFT, ACTIVE, ARCHIVED"))
    })?;
    call.submit(Command::SetStatus { template: template(&bp, &bv), status }, None).await?;
    let ask = call.ask();
    let (blueprint, version) = both(&ask, &bp, &bv)?;
    Ok(ask.answer(enriched_version(blueprint, version)))
}

async fn delete_version(Segments((bp, bv)): Segments<(String, String)>, call: Call) -> Reply {
    let done = call.submit(Command::DeleteVersion { template: template(&bp, &bv) }, None).await?;
    Ok(done.answer_as(|_| json!({})))
}
