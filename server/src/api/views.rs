//! Views over items: the board, the inbox.

use countersign_core::ids::{ItemId, Position};
use countersign_projections::views::board::{self, Card};
use countersign_projections::views::inbox;
use serde::Serialize;
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, cursor};
use super::shape::List;
use crate::problem::Problem;

/// Govern projects as a portfolio.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BoardShape {
    /// The workflow board: what has not begun, then every step.
    columns: Vec<Column>,
    /// Value × risk: the cells that hold something.
    matrix: Vec<Cell>,
    /// How many fare how.
    gauges: Vec<Gauge>,
    /// The log position that it was answered from.
    position: u64,
}

/// One column of the workflow board.
#[derive(Debug, Serialize, ToSchema)]
pub struct Column {
    /// The step; null for what has not begun.
    step: Option<String>,
    items: Vec<CardShape>,
}

/// One cell of the matrix.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cell {
    /// 20, 40, 60 or 80; null while not rated.
    value_score: Option<u8>,
    /// 100 minus the value of the rating; null while not rated.
    risk_score: Option<u8>,
    items: Vec<CardShape>,
}

/// A govern project.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardShape {
    id: String,
    name: String,
    step: Option<String>,
    /// `NOT_STARTED`, `IN_PROGRESS`, `FINISHED`, `ON_HOLD` or `STOPPED`.
    progress: &'static str,
    value_score: Option<u8>,
    risk_score: Option<u8>,
}

/// How many fare so.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gauge {
    progress: &'static str,
    count: usize,
}

fn card(ask: &Ask, card: &Card) -> CardShape {
    CardShape {
        id: card.item.to_string(),
        name: name(ask, card.item),
        step: card.step.as_ref().map(ToString::to_string),
        progress: card.progress.word(),
        value_score: card.value_score,
        risk_score: card.risk_score,
    }
}

fn name(ask: &Ask, item: ItemId) -> String {
    ask.state().items.by_id.get(&item).map_or_else(String::new, |item| item.name.to_string())
}

/// Govern projects as workflow board, matrix and gauges.
#[utoipa::path(get, path = "/board", tag = "views",
    responses((status = 200, description = "The board", body = BoardShape)))]
pub async fn portfolio(ask: Ask) -> Answer<BoardShape> {
    let reader = ask.field_reader().map(std::sync::Arc::as_ref);
    let found = ask.snapshot.views.board.cards(ask.state(), &|item: ItemId| ask.may_read(item), reader);
    let cards = |cards: &[std::sync::Arc<Card>]| cards.iter().map(|each| card(&ask, each)).collect();
    let shape = BoardShape {
        gauges: board::gauges(&found).map(|(progress, count)| Gauge { progress: progress.word(), count }).into(),
        columns: board::columns(ask.state(), found.clone())
            .into_iter()
            .map(|column| Column { step: column.step.map(|step| step.to_string()), items: cards(&column.cards) })
            .collect(),
        matrix: board::matrix(found)
            .into_iter()
            .map(|cell| Cell { value_score: cell.value_score, risk_score: cell.risk_score, items: cards(&cell.cards) })
            .collect(),
        position: ask.position().0,
    };
    ask.answer(shape)
}

/// A sign-off that waits for the reader.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    item_id: String,
    name: String,
    step_id: String,
    /// `feedback` or `approval`.
    kind: &'static str,
    /// The feedback groups in which a review is asked for.
    groups: Vec<String>,
    /// The status of the sign-off.
    status: Option<&'static str>,
    /// The event that asked.
    since: u64,
}

/// What waits for the reader, longest waiting first.
#[utoipa::path(get, path = "/inbox", tag = "views", params(Page),
    responses((status = 200, description = "One page of what waits", body = List<Waiting>)))]
pub async fn inbox(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<Waiting>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<u64>()?.unwrap_or(0));
    let (plan, principal) = (ask.plan().map(std::sync::Arc::as_ref), &ask.who.principal);
    let entries = ask.snapshot.views.inbox.waiting_for(ask.state(), principal, plan, Position(after));
    let entries = entries.filter(|entry| ask.may_read(entry.signoff.item));
    let mut items: Vec<Waiting> = entries.take(limit + 1).map(|entry| waiting(&ask, &entry)).collect();
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| has_more).map(|last| cursor(last.since));
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

fn waiting(ask: &Ask, entry: &inbox::Entry) -> Waiting {
    let (kind, groups) = match &entry.ask {
        inbox::Ask::Feedback(groups) => ("feedback", groups.iter().map(ToString::to_string).collect()),
        inbox::Ask::Approval => ("approval", Vec::new()),
    };
    Waiting {
        item_id: entry.signoff.item.to_string(),
        name: name(ask, entry.signoff.item),
        step_id: entry.signoff.step.to_string(),
        kind,
        groups,
        status: ask.state().signoffs.by_step.get(&entry.signoff).map(|signoff| signoff.status.word()),
        since: entry.since.0,
    }
}
