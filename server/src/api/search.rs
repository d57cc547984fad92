//! Full text over all items, and govern projects as a table.

use countersign_core::ids::{BlueprintId, ItemId};
use countersign_projections::views::board;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::items::{self, shown};
use super::params::{Page, Params, cursor};
use super::shape::List;
use super::shape::item::{ItemShape, item};
use crate::problem::Problem;

/// What is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Sought {
    /// Words, all of which an item holds or begins with: in its name, id, foreign key or a text field.
    q: Option<String>,
    /// Only items of this blueprint.
    blueprint: Option<String>,
}

/// Items that hold all words, by name.
#[utoipa::path(get, path = "/search", tag = "views", params(Sought, Page),
    responses((status = 200, description = "One page of items", body = List<ItemShape>)))]
pub async fn search(
    ask: Ask,
    Params(sought): Params<Sought>,
    Params(page): Params<Page>,
) -> Result<Answer<List<ItemShape>>, Problem> {
    let is_word = |q: &String| q.chars().any(char::is_alphanumeric);
    let Some(q) = sought.q.filter(is_word) else {
        return Err(Problem::invalid_field("q", "parameter_missing", "at least one letter or digit to look for"));
    };
    let query = countersign_projections::views::items::Query {
        blueprint: sought.blueprint.as_deref().map(BlueprintId::from),
        q: Some(q),
        cursor: page.after()?,
        limit: page.limit()?,
        scope: ask.plan().cloned(),
        fields: ask.field_reader().cloned(),
        ..Default::default()
    };
    let page = ask.snapshot.views.items.list(ask.state(), &query, &|item: ItemId| ask.may_read(item));
    Ok(ask.answer(shown(&ask, page)))
}

/// A govern project as a row.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectRow {
    /// The item itself.
    item: ItemShape,
    /// `NOT_STARTED`, `IN_PROGRESS`, `FINISHED`, `ON_HOLD` or `STOPPED`.
    progress: Option<&'static str>,
    /// Where the workflow is.
    step: Option<String>,
    /// 20, 40, 60 or 80; null while not rated.
    value_score: Option<u8>,
    /// 100 minus the value of the rating; null while not rated.
    risk_score: Option<u8>,
}

/// Govern projects as a table; the filters and orders of `/items`.
#[utoipa::path(get, path = "/governed-projects", tag = "views", params(items::Which, Page),
    responses((status = 200, description = "One page of govern projects", body = List<ProjectRow>)))]
pub async fn governed_projects(
    ask: Ask,
    Params(which): Params<items::Which>,
    Params(page): Params<Page>,
) -> Result<Answer<List<ProjectRow>>, Problem> {
    let mut query = which.query(&ask, &page)?;
    query.blueprint = Some(BlueprintId::from(board::BLUEPRINT));
    let readable = |item: ItemId| ask.may_read(item);
    let page = ask.snapshot.views.items.list(ask.state(), &query, &readable);
    let reader = ask.field_reader().map(std::sync::Arc::as_ref);
    let row = |id: &ItemId| {
        let found = ask.state().items.by_id.get(id)?;
        let card = ask.snapshot.views.board.get(ask.state(), *id, reader);
        Some(ProjectRow {
            item: item(ask.state(), found, &ask),
            progress: card.as_ref().map(|card| card.progress.word()),
            step: card.as_ref().and_then(|card| card.step.as_ref()).map(ToString::to_string),
            value_score: card.as_ref().and_then(|card| card.value_score),
            risk_score: card.as_ref().and_then(|card| card.risk_score),
        })
    };
    let items = page.rows.iter().filter_map(row).collect();
    Ok(ask.answer(List { items, next_cursor: page.next.map(cursor), position: ask.position().0 }))
}
