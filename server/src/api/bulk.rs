//! The same wish for many items: each its own command with its own events, and a result per item.

use countersign_core::artifact::{Command, Govern};
use countersign_core::ids::{ItemId, VersionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::Answer;
use super::governing::{GovernBody, govern_item};
use super::shape::command::EventName;
use super::wish::{Done, Wish, submit};
use crate::problem::Problem;

/// Most items of one request.
pub const BULK_ITEMS_MAX: usize = 200;

/// Which items.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bulk {
    /// 1 to 200 ids.
    #[schema(min_items = 1, max_items = 200)]
    items: Vec<String>,
}

/// Which synced items are to be governed, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulkGovern {
    /// 1 to 200 ids.
    #[schema(min_items = 1, max_items = 200)]
    items: Vec<String>,
    /// The same for all of them.
    #[serde(default)]
    how: GovernBody,
}

/// Which items are to move, and to what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulkMigrate {
    /// 1 to 200 ids.
    #[schema(min_items = 1, max_items = 200)]
    items: Vec<String>,
    /// Another active version of their blueprint.
    version_id: String,
    /// They may lose values and steps by it.
    #[serde(default)]
    danger_zone_accepted: bool,
}

/// What became of each.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkShape {
    /// In the order asked.
    results: Vec<ResultShape>,
    /// The last position of all.
    position: u64,
}

/// What became of one.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultShape {
    /// The item.
    item: String,
    /// As the route for one item would have answered.
    status: u16,
    /// What happened; empty when the wish was fulfilled before, or refused.
    events: Vec<EventName>,
    /// The govern item that governs the source now.
    #[serde(skip_serializing_if = "Option::is_none")]
    govern_item: Option<String>,
    /// The code of the problem, when it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Governs many synced items.
#[utoipa::path(post, path = "/items/bulk/govern", tag = "governing", request_body = BulkGovern,
    responses((status = 200, description = "A result per item", body = BulkShape)))]
pub async fn govern(wish: Wish<BulkGovern>) -> Result<Answer<BulkShape>, Problem> {
    let of = |item| wish.body.how.of(item).map(Command::Govern);
    each(&wish, &wish.body.items, 201, of).await
}

/// Hides many synced items.
#[utoipa::path(post, path = "/items/bulk/hide", tag = "governing", request_body = Bulk,
    responses((status = 200, description = "A result per item", body = BulkShape)))]
pub async fn hide(wish: Wish<Bulk>) -> Result<Answer<BulkShape>, Problem> {
    each(&wish, &wish.body.items, 200, |item| Ok(Command::Hide { item })).await
}

/// Archives many items.
#[utoipa::path(post, path = "/items/bulk/archive", tag = "governing", request_body = Bulk,
    responses((status = 200, description = "A result per item", body = BulkShape)))]
pub async fn archive(wish: Wish<Bulk>) -> Result<Answer<BulkShape>, Problem> {
    each(&wish, &wish.body.items, 200, |item| Ok(Command::Archive { item })).await
}

/// Moves many items to another version of their blueprint, as the route for one item does.
#[utoipa::path(post, path = "/items/bulk/migrate", tag = "items", request_body = BulkMigrate,
    responses((status = 200, description = "A result per item", body = BulkShape)))]
pub async fn migrate(wish: Wish<BulkMigrate>) -> Result<Answer<BulkShape>, Problem> {
    let version = VersionId::from(wish.body.version_id.as_str());
    let accepts_loss = wish.body.danger_zone_accepted;
    let of = |item| Ok(Command::Migrate { item, version: version.clone(), accepts_loss, rewrite: None });
    each(&wish, &wish.body.items, 200, of).await
}

/// Everything wrong with the request itself is told before the first command.
async fn each<T>(
    wish: &Wish<T>,
    items: &[String],
    done: u16,
    of: impl Fn(ItemId) -> Result<Command, Problem>,
) -> Result<Answer<BulkShape>, Problem> {
    if items.is_empty() || items.len() > BULK_ITEMS_MAX {
        return Err(Problem::invalid_field("items", "count_out_of_range", format!("1 to {BULK_ITEMS_MAX} ids")));
    }
    let wrong = |_| Problem::invalid_field("items", "wrong_type", "item ids such as ar.12");
    let ids: Vec<ItemId> = items.iter().map(|text| text.parse().map_err(wrong)).collect::<Result<_, _>>()?;
    let mut parts = Vec::with_capacity(ids.len());
    for id in ids {
        parts.push((id, of(id)?, wish.terms().part(id)?));
    }
    let mut position = wish.latest().position();
    let mut results = Vec::with_capacity(parts.len());
    for (item, command, terms) in parts {
        let is_govern = matches!(command, Command::Govern(Govern { .. }));
        let result = submit(&wish.app, &terms, command.into(), None).await;
        if let Ok(one) = &result {
            position = position.max(countersign_core::ids::Position(one.shape.position));
        }
        results.push(shape(item, done, is_govern, result));
    }
    Ok(Answer::ok(position, BulkShape { results, position: position.0 }))
}

fn shape(item: ItemId, status: u16, is_govern: bool, result: Result<Done, Problem>) -> ResultShape {
    match result {
        Ok(done) => ResultShape {
            item: item.to_string(),
            status,
            govern_item: is_govern.then(|| govern_item(&done, item)).flatten(),
            events: done.shape.events,
            ..ResultShape::default()
        },
        Err(problem) => {
            let (status, code, detail) = problem.told();
            let (code, detail) = (Some(code), Some(detail));
            ResultShape { item: item.to_string(), status, code, detail, ..ResultShape::default() }
        }
    }
}
