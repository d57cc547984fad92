//! What evaluations found: histories of metrics, what is kept out of them, and the metric to look at.

use std::sync::Arc;

use countersign_core::ids::{ItemId, Position};
use countersign_core::sync::{Command, Evaluation, focus_of, is_opted_out};
use countersign_core::time::Timestamp;
use countersign_projections::sight::Sight as _;
use countersign_projections::views::registry::{METRIC_DEFAULT, Point, Series};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::registry::time;
use super::shape::List;
use super::shape::command::CommandShape;
use super::shape::value::number;
use super::wish::{Wish, item_id};
use crate::problem::Problem;
use crate::seen::reads_metric;

/// Which time of a metric's history.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Range {
    /// Only this metric.
    metric: Option<String>,
    /// Not before (RFC 3339).
    from: Option<String>,
    /// Not after (RFC 3339).
    to: Option<String>,
}

/// A store, or one evaluation of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Which {
    /// The model evaluation store.
    store_id: String,
    /// The evaluation; the whole store of the item's project when left out.
    evaluation_id: Option<String>,
}

/// A metric to look at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Focus {
    metric: String,
}

/// The metric somebody looks at.
#[derive(Debug, Serialize, ToSchema)]
pub struct FocusShape {
    metric: String,
    position: u64,
}

/// Histories of metrics.
#[derive(Debug, Serialize, ToSchema)]
pub struct Histories {
    items: Vec<History>,
    position: u64,
}

/// The history of one metric of one model version.
#[derive(Debug, Serialize, ToSchema)]
pub struct History {
    /// The time series: `ts.7`.
    id: String,
    /// The model version.
    item: String,
    /// The node that it was evaluated on.
    node: String,
    metric: String,
    points: Vec<PointShape>,
}

/// One value of a metric.
#[derive(Debug, Serialize, ToSchema)]
pub struct PointShape {
    at: String,
    #[schema(value_type = f64)]
    value: Json,
    /// The evaluation's event.
    position: u64,
}

/// One evaluation of a model version.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvaluationShape {
    store_id: String,
    evaluation_id: String,
    at: String,
    #[schema(value_type = Object)]
    metrics: Map<String, Json>,
    #[schema(value_type = Object)]
    drift: Map<String, Json>,
    /// Kept out of the registry and the gate.
    opted_out: bool,
    url: Option<String>,
    /// Its event.
    position: u64,
}

/// The metric histories of a model version and its copies on other nodes, or of the versions that a govern item governs;
/// without what was opted out.
#[utoipa::path(get, path = "/items/{ar}/metrics", tag = "views",
    params(("ar" = String, Path, description = "The item"), Range),
    responses((status = 200, description = "The histories, each with its latest 10,000 points", body = Histories)))]
pub async fn metrics(
    ask: Ask,
    Segments(ar): Segments<String>,
    Params(range): Params<Range>,
) -> Result<Answer<Histories>, Problem> {
    let item = ask.item(&ar)?.id;
    let (from, to) = (time("from", range.from.as_deref())?, time("to", range.to.as_deref())?);
    let series = ask.snapshot.views.registry.item_metrics(ask.state(), item, from, to).into_iter();
    let wanted = |series: &Series| range.metric.as_deref().is_none_or(|metric| *series.name == *metric);
    let items = series
        .filter(|series| wanted(series) && ask.may_read(series.item))
        .filter(|series| reads_metric(&ask.fields(series.item), &series.name))
        .map(|series| history(&ask, &series))
        .collect();
    Ok(ask.answer(Histories { items, position: ask.position().0 }))
}

fn history(ask: &Ask, series: &Series) -> History {
    let node = ask.state().items.by_id.get(&series.item).and_then(|item| item.source.as_ref());
    let point =
        |point: &Point| PointShape { at: point.at.to_string(), value: number(point.value), position: point.position.0 };
    History {
        id: series.id.to_string(),
        item: series.item.to_string(),
        node: node.map_or_else(String::new, |source| source.key.node.to_string()),
        metric: series.name.to_string(),
        points: series.points.iter().map(point).collect(),
    }
}

/// The evaluations of a model version in order of time, those that were opted out too.
#[utoipa::path(get, path = "/items/{ar}/evaluations", tag = "views",
    params(("ar" = String, Path, description = "The model version"), Page),
    responses((status = 200, description = "One page of evaluations", body = List<EvaluationShape>)))]
pub async fn list(
    ask: Ask,
    Segments(ar): Segments<String>,
    Params(page): Params<Page>,
) -> Result<Answer<List<EvaluationShape>>, Problem> {
    let item = ask.item(&ar)?.id;
    let (limit, after) = (page.limit()?, page.after::<String>()?.map(|text| after(&text)).transpose()?);
    let (at, position) = after.unwrap_or((Timestamp::from_millis(i64::MIN), Position::ZERO));
    let last = (item, Timestamp::from_millis(i64::MAX), Position(u64::MAX));
    let all = ask.state().nodes.evaluated.range((item, at, position)..=last);
    let all = all.filter(|((_, at, position), _)| after.is_none_or(|after| (*at, *position) > after));
    let mut rows: Vec<_> = all.take(limit + 1).collect();
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    let next_cursor = last.map(|((_, at, position), _)| cursor(format_args!("{}\n{position}", at.millis())));
    let items = rows.into_iter().map(|((_, at, position), found)| shape(&ask, item, (*at, *position), found));
    Ok(ask.answer(List { items: items.collect(), next_cursor, position: ask.position().0 }))
}

fn after(text: &str) -> Result<(Timestamp, Position), Problem> {
    let parsed = text.split_once('\n').and_then(|(at, position)| Some((at.parse().ok()?, position.parse().ok()?)));
    let (at, position) =
        parsed.ok_or_else(|| Problem::invalid_field("cursor", "cursor_invalid", "not a cursor of this list"))?;
    Ok((Timestamp::from_millis(at), Position(position)))
}

fn shape(ask: &Ask, item: ItemId, (at, position): (Timestamp, Position), found: &Arc<Evaluation>) -> EvaluationShape {
    let seen = ask.fields(item);
    let metrics = found.metrics.iter().filter(|metric| reads_metric(&seen, &metric.name));
    EvaluationShape {
        store_id: found.store.to_string(),
        evaluation_id: found.evaluation.to_string(),
        at: at.to_string(),
        metrics: metrics.map(|metric| (metric.name.to_string(), number(metric.value))).collect(),
        drift: found.drift.iter().map(|drift| (drift.name.to_string(), number(drift.value))).collect(),
        opted_out: is_opted_out(ask.state(), item, found),
        url: found.url.as_ref().map(ToString::to_string),
        position: position.0,
    }
}

/// Keeps an evaluation, or a whole store of the item's project, out of the registry and the gate.
#[utoipa::path(post, path = "/items/{ar}/evaluations/opt-out", tag = "views", request_body = Which,
    params(("ar" = String, Path, description = "The model version; for a store also its model or project")),
    responses((status = 200, description = "Kept out", body = CommandShape)))]
pub async fn opt_out(Segments(ar): Segments<String>, wish: Wish<Which>) -> Result<Answer<CommandShape>, Problem> {
    opted(&ar, wish, true).await
}

/// Takes an evaluation, or a whole store, back in.
#[utoipa::path(post, path = "/items/{ar}/evaluations/opt-in", tag = "views", request_body = Which,
    params(("ar" = String, Path, description = "The model version; for a store also its model or project")),
    responses((status = 200, description = "Taken back in", body = CommandShape)))]
pub async fn opt_in(Segments(ar): Segments<String>, wish: Wish<Which>) -> Result<Answer<CommandShape>, Problem> {
    opted(&ar, wish, false).await
}

async fn opted(ar: &str, wish: Wish<Which>, is_out: bool) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(ar)?;
    let store = wish.body.store_id.as_str().into();
    let evaluation = wish.body.evaluation_id.as_deref().map(Into::into);
    Ok(wish.submit(Command::OptOut { item, store, evaluation, is_out }, Some(item)).await?.answer())
}

/// The metric that the caller looks at.
#[utoipa::path(get, path = "/registry/focus", tag = "views",
    responses((status = 200, description = "The metric", body = FocusShape)))]
pub async fn focus(ask: Ask) -> Answer<FocusShape> {
    let metric = focus_metric(&ask);
    let position = ask.position().0;
    ask.answer(FocusShape { metric, position })
}

/// The metric that the caller looks at from now on.
#[utoipa::path(put, path = "/registry/focus", tag = "views", request_body = Focus,
    responses((status = 200, description = "Chosen", body = CommandShape)))]
pub async fn choose_focus(wish: Wish<Focus>) -> Result<Answer<CommandShape>, Problem> {
    let command = Command::FocusMetric { metric: wish.body.metric.as_str().into() };
    Ok(wish.submit(command, None).await?.answer())
}

/// The caller's own choice, else the default.
pub(super) fn focus_metric(ask: &Ask) -> String {
    focus_of(ask.state(), &ask.who.principal).map_or_else(|| METRIC_DEFAULT.to_owned(), ToString::to_string)
}
