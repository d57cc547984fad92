//! Blueprints and their versions, for everybody who may read items of them.

use axum::Router;
use axum::routing::get;
use countersign_core::access::may::{Action, Subject, allows};
use countersign_core::blueprint::{Blueprint, Version, VersionStatus};
use countersign_core::ids::{BlueprintId, TemplateId, VersionId};
use serde_json::{Map, Value as Json, json};

use super::call::{Call, Reply};
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::app::App;
use crate::problem::Problem;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/blueprints", get(list))
        .route("/blueprint/{bp}", get(read))
        .route("/blueprint/{bp}/versions", get(versions))
        .route("/blueprint/{bp}/version/{bv}", get(version))
}

async fn list(call: Call) -> Reply {
    let ask = call.ask();
    let all = ask.state().templates.blueprints.values();
    let shown: Json = all.filter(|found| is_readable(&ask, &found.id)).map(|found| enriched(found)).collect();
    Ok(ask.answer(shown))
}

async fn read(Segments(bp): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(enriched(find(&ask, &bp)?)))
}

async fn versions(Segments(bp): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    let found = find(&ask, &bp)?;
    let shown = found.versions.values().filter(|version| is_shown(&ask, version));
    let shown: Json = shown.map(|version| enriched_version(found, version)).collect();
    Ok(ask.answer(shown))
}

async fn version(Segments((bp, bv)): Segments<(String, String)>, call: Call) -> Reply {
    let ask = call.ask();
    let found = find(&ask, &bp)?;
    let missing = || ask.missing(format_args!("the version {bv} of {bp}"));
    let version = found.versions.get(&VersionId::from(bv.as_str())).filter(|version| is_shown(&ask, version));
    Ok(ask.answer(enriched_version(found, version.ok_or_else(missing)?)))
}

fn find<'a>(ask: &'a Ask, bp: &str) -> Result<&'a Blueprint, Problem> {
    let id = BlueprintId::from(bp);
    let found = ask.state().templates.blueprint(&id).filter(|_| is_readable(ask, &id));
    found.map(|found| &**found).ok_or_else(|| ask.missing(format_args!("the blueprint {bp}")))
}

fn is_readable(ask: &Ask, blueprint: &BlueprintId) -> bool {
    allows(ask.state(), &ask.who.principal, Action::Read, Subject::Blueprint(blueprint))
}

/// Drafts are for those who design.
fn is_shown(ask: &Ask, version: &Version) -> bool {
    version.status != VersionStatus::Draft || allows(ask.state(), &ask.who.principal, Action::Admin, Subject::Design)
}

/// A blueprint in the envelope in which the client looks for it.
pub(super) fn enriched(blueprint: &Blueprint) -> Json {
    json!({ "blueprint": bare(blueprint) })
}

/// A blueprint: whatever was kept of it, under its id and name.
pub(super) fn bare(blueprint: &Blueprint) -> Json {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), blueprint.id.as_str().into());
    shown.insert("name".to_owned(), (&*blueprint.name).into());
    for (key, value) in document(&blueprint.document) {
        shown.entry(key).or_insert(value);
    }
    Json::Object(shown)
}

/// A version in its envelope, with its blueprint and its trace.
pub(super) fn enriched_version(blueprint: &Blueprint, version: &Version) -> Json {
    json!({
        "blueprint": bare(blueprint),
        "blueprintVersion": bare_version(version),
        "blueprintVersionTrace": trace(version),
    })
}

/// A version: the document as it was given, under its id.
pub(crate) fn bare_version(version: &Version) -> Json {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), id(&version.id));
    for (key, value) in document(&version.definition.document) {
        shown.entry(key).or_insert(value);
    }
    Json::Object(shown)
}

/// Where a version stands, and what it was forked from.
pub(super) fn trace(version: &Version) -> Json {
    let mut shown = Map::new();
    shown.insert("blueprintVersionId".to_owned(), id(&version.id));
    shown.insert("status".to_owned(), status_word(version.status).into());
    if let Some(origin) = &version.origin {
        shown.insert("originVersionId".to_owned(), origin.as_str().into());
    }
    Json::Object(shown)
}

/// How many hooks a version has: scripts that would run before or after a save.
pub(super) fn hooks(version: &Version) -> usize {
    let document = document(&version.definition.document);
    let count = |key| document.get(key).and_then(Json::as_array).map_or(0, Vec::len);
    count("logicalHookList") + count("postLogicalHookList")
}

/// A version's id on this wire.
pub(super) fn id(template: &TemplateId) -> Json {
    json!({ "blueprintId": template.blueprint.as_str(), "versionId": template.version.as_str() })
}

pub(super) const fn status_word(status: VersionStatus) -> &'static str {
    match status {
        VersionStatus::Draft => "DRAFT",
        VersionStatus::Active => "ACTIVE",
        VersionStatus::Archived => "ARCHIVED",
    }
}

pub(super) fn document(text: &str) -> Map<String, Json> {
    serde_json::from_str(text).unwrap_or_default()
}
