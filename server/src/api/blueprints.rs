//! Blueprints: kinds of items. Everybody reads them; administrators change them.

use countersign_core::blueprint::{Blueprint, Command};
use countersign_core::ids::BlueprintId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::shape::List;
use super::shape::command::CommandShape;
use super::shape::template::{self, VersionHeadShape};
use super::wish::{Nothing, Wish};
use crate::problem::Problem;

/// A new kind of item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Create {
    /// `bp.` and a name of your own.
    blueprint_id: String,
    /// What people call it.
    name: String,
    /// Icon, colours and whatever else clients keep there.
    #[serde(default)]
    #[schema(value_type = Object)]
    document: Map<String, Json>,
}

/// What a kind of item is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// What people call it.
    name: String,
    /// Icon, colours and whatever else clients keep there.
    #[serde(default)]
    #[schema(value_type = Object)]
    document: Map<String, Json>,
}

/// A kind of item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlueprintShape {
    /// `bp.…`.
    id: String,
    /// What people call it.
    name: String,
    /// Its items come from nodes; nobody changes it.
    locked: bool,
    /// Icon, colours and whatever else clients keep there.
    #[schema(value_type = Object)]
    document: Json,
    /// Its templates.
    versions: Vec<VersionHeadShape>,
}

fn shape(blueprint: &Blueprint) -> BlueprintShape {
    BlueprintShape {
        id: blueprint.id.to_string(),
        name: blueprint.name.to_string(),
        locked: blueprint.locked,
        document: serde_json::from_str(&blueprint.document).unwrap_or_default(),
        versions: blueprint.versions.values().map(|version| template::head(version)).collect(),
    }
}

/// All kinds of items, by id.
#[utoipa::path(get, path = "/blueprints", tag = "templates", params(Page),
    responses((status = 200, description = "One page of blueprints", body = List<BlueprintShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<BlueprintShape>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<String>()?.map(BlueprintId::from));
    let all = ask.state().templates.blueprints.values();
    let mut found: Vec<_> =
        all.filter(|blueprint| after.as_ref().is_none_or(|after| blueprint.id > *after)).take(limit + 1).collect();
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| has_more).map(|last| cursor(&last.id));
    let items = found.into_iter().map(|blueprint| shape(blueprint)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// One kind of item with its templates.
#[utoipa::path(get, path = "/blueprints/{bp}", tag = "templates",
    params(("bp" = String, Path, description = "The blueprint")),
    responses((status = 200, description = "The blueprint", body = BlueprintShape)))]
pub async fn read(ask: Ask, Segments(bp): Segments<String>) -> Result<Answer<BlueprintShape>, Problem> {
    let missing = || ask.missing(format_args!("the blueprint {bp}"));
    let found = ask.state().templates.blueprints.get(&BlueprintId::from(bp.as_str())).ok_or_else(missing)?;
    Ok(ask.answer(shape(found)))
}

/// Makes a kind of item, without templates yet.
#[utoipa::path(post, path = "/blueprints", tag = "templates", request_body = Create,
    responses((status = 201, description = "Made", body = CommandShape)))]
pub async fn create(wish: Wish<Create>) -> Result<Answer<CommandShape>, Problem> {
    let Create { blueprint_id, name, document } = &wish.body;
    let blueprint = BlueprintId::from(blueprint_id.as_str());
    let document = template::text(document).into();
    let command = Command::CreateBlueprint { blueprint, name: name.as_str().into(), document };
    Ok(wish.submit(command, None).await?.created())
}

/// Changes name, icon and colours.
#[utoipa::path(put, path = "/blueprints/{bp}", tag = "templates", request_body = Set,
    params(("bp" = String, Path, description = "The blueprint")),
    responses((status = 200, description = "Changed", body = CommandShape)))]
pub async fn set(Segments(bp): Segments<String>, wish: Wish<Set>) -> Result<Answer<CommandShape>, Problem> {
    let Set { name, document } = &wish.body;
    let document = template::text(document).into();
    let command = Command::EditBlueprint { blueprint: bp.as_str().into(), name: name.as_str().into(), document };
    Ok(wish.submit(command, None).await?.answer())
}

/// Deletes a kind of item with its templates; only while it has no items.
#[utoipa::path(delete, path = "/blueprints/{bp}", tag = "templates",
    params(("bp" = String, Path, description = "The blueprint")),
    responses((status = 200, description = "Deleted", body = CommandShape)))]
pub async fn delete(Segments(bp): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let command = Command::DeleteBlueprint { blueprint: bp.as_str().into() };
    Ok(wish.submit(command, None).await?.answer())
}
