//! What could be governed but is not yet.

use countersign_core::ids::BlueprintId;
use countersign_core::rules::is_recommended;
use countersign_projections::views::items::GovernableQuery;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::governance_script::{DecisionShape, decision};
use super::params::{Page, Params, cursor};
use super::rules::{AppliedRule, applied};
use super::shape::List;
use super::shape::item::{ItemShape, item};
use crate::problem::Problem;

/// Which of the governable items.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of this blueprint.
    blueprint: Option<String>,
    /// Words, all of which the name, the id, a foreign key or a text field holds or begins with.
    q: Option<String>,
    /// Only those that a rule recommends, or only the others.
    recommended: Option<bool>,
    /// Those that are hidden, instead of the others.
    #[serde(default)]
    hidden: bool,
}

/// A synced item that nobody governs yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct GovernableShape {
    #[serde(flatten)]
    item: ItemShape,
    /// A rule recommends to govern it.
    recommended: bool,
    /// The rule that decides about it, whatever it says.
    rule: Option<AppliedRule>,
    /// What the instance's script said of it, when the rule leaves it to that.
    decision: Option<DecisionShape>,
}

/// Synced items that nobody governs yet, by name.
#[utoipa::path(get, path = "/governable", tag = "views", params(Which, Page),
    responses((status = 200, description = "One page of items", body = List<GovernableShape>)))]
pub async fn list(
    ask: Ask,
    Params(which): Params<Which>,
    Params(page): Params<Page>,
) -> Result<Answer<List<GovernableShape>>, Problem> {
    let query = GovernableQuery {
        blueprint: which.blueprint.as_deref().map(BlueprintId::from),
        q: which.q,
        hidden: which.hidden,
        recommended: which.recommended,
        cursor: page.after()?,
        limit: page.limit()?,
        scope: ask.plan().cloned(),
        fields: ask.field_reader().cloned(),
    };
    let (state, readable) = (ask.state(), |id| ask.may_read(id));
    let page = ask.snapshot.views.items.governable(state, &query, &readable);
    let found = page.rows.iter().filter_map(|id| state.items.by_id.get(id));
    let items = found.map(|found| GovernableShape {
        item: item(state, found, &ask),
        recommended: is_recommended(state, found.id),
        rule: applied(state, found.id),
        decision: decision(&ask, found.id),
    });
    let list = List { items: items.collect(), next_cursor: page.next.map(cursor), position: ask.position().0 };
    Ok(ask.answer(list))
}
