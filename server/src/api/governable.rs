//! What could be governed but is not yet.

use countersign_core::ids::BlueprintId;
use countersign_projections::views::items::GovernableQuery;
use serde::Deserialize;
use utoipa::IntoParams;

use super::ask::{Answer, Ask};
use super::items::shown;
use super::params::{Page, Params};
use super::shape::List;
use super::shape::item::ItemShape;
use crate::problem::Problem;

/// Which of the governable items.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of this blueprint.
    blueprint: Option<String>,
    /// Words, all of which the name, the id, a foreign key or a text field holds or begins with.
    q: Option<String>,
    /// Those that are hidden, instead of the others.
    #[serde(default)]
    hidden: bool,
}

/// Synced items that nobody governs yet, by name.
#[utoipa::path(get, path = "/governable", tag = "views", params(Which, Page),
    responses((status = 200, description = "One page of items", body = List<ItemShape>)))]
pub async fn list(
    ask: Ask,
    Params(which): Params<Which>,
    Params(page): Params<Page>,
) -> Result<Answer<List<ItemShape>>, Problem> {
    let query = GovernableQuery {
        blueprint: which.blueprint.as_deref().map(BlueprintId::from),
        q: which.q,
        hidden: which.hidden,
        cursor: page.after()?,
        limit: page.limit()?,
        scope: ask.plan().cloned(),
    };
    let page = ask.snapshot.views.items.governable(ask.state(), &query, &|item| ask.may_read(item));
    Ok(ask.answer(shown(&ask, page)))
}
