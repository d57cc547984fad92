//! Time series: those that people push, and those of evaluations, which are only read.
//!
//! Windows hold both their ends, as the client's documentation says.

use axum::Router;
use axum::routing::{get, post};
use countersign_core::access::may::is_architect;
use countersign_core::artifact::Held;
use countersign_core::ids::SeriesId;
use countersign_core::series::{Command, Point};
use countersign_core::time::Timestamp;
use countersign_projections::sight::Sight as _;
use serde_json::{Map, Value as Json, json};

use super::call::{Call, Reply};
use crate::api::ask::Ask;
use crate::api::files::is_held;
use crate::api::params::Segments;
use crate::api::shape::value;
use crate::app::App;
use crate::problem::Problem;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/time-series", post(create)).route("/time-series/{ts}", get(read).put(push).delete(delete))
}

type Window = (Option<Timestamp>, Option<Timestamp>);

async fn create(call: Call) -> Reply {
    let points = points(&call, None)?;
    let done = call.submit(Command::CreateSeries { points }, None).await?;
    Ok(done.answer_as(|shape| json!({ "id": shape.id })))
}

async fn read(Segments(ts): Segments<String>, call: Call) -> Reply {
    let window = window(&call)?;
    let ask = call.ask();
    let missing = || ask.missing(format_args!("the time series {ts}"));
    let id: SeriesId = ts.parse().map_err(|_| missing())?;
    let shown = pushed(&ask, id, window).or_else(|| measured(&ask, id, window)).ok_or_else(missing)?;
    Ok(ask.answer(shown))
}

async fn push(Segments(ts): Segments<String>, call: Call) -> Reply {
    let series = id(&ts)?;
    let points = points(&call, Some(&ts))?;
    let replaces = call.flag("upsert")?.unwrap_or(true);
    let done = call.submit(Command::PushPoints { series, points, replaces }, None).await?;
    Ok(done.answer_as(|_| json!({ "id": ts })))
}

async fn delete(Segments(ts): Segments<String>, call: Call) -> Reply {
    let (from, to) = window(&call)?;
    let done = call.submit(Command::DeletePoints { series: id(&ts)?, from, to }, None).await?;
    Ok(done.answer_as(|_| json!({})))
}

fn id(ts: &str) -> Result<SeriesId, Problem> {
    ts.parse().map_err(|_| Problem::missing(format_args!("the time series {ts}")))
}

fn window(call: &Call) -> Result<Window, Problem> {
    let time = |name| Ok::<_, Problem>(call.number(name)?.map(Timestamp::from_millis));
    Ok((time("timestampMin")?, time("timestampMax")?))
}

fn points(call: &Call, of: Option<&str>) -> Result<Vec<Point>, Problem> {
    let Json::Array(given) = call.json()? else {
        return Err(Problem::invalid_field("body", "wrong_type", "is not a list of datapoints"));
    };
    let one = |(n, given): (usize, &Json)| {
        let wrong = |key: &str, message: &str| Problem::invalid_field(format!("[{n}]{key}"), "wrong_type", message);
        let given = given.as_object().ok_or_else(|| wrong("", "is not an object"))?;
        if given.get("timeSeriesId").is_some_and(|id| of.is_some_and(|of| id.as_str() != Some(of))) {
            return Err(wrong(".timeSeriesId", "is another time series"));
        }
        let millis = given.get("timestamp").and_then(Json::as_i64);
        let millis = millis.filter(|millis| Timestamp::from_millis(*millis).millis() == *millis);
        let millis = millis.ok_or_else(|| wrong(".timestamp", "is no time in milliseconds since 1970"))?;
        let value = given.get("value").ok_or_else(|| wrong(".value", "is needed"))?;
        Ok(Point { at: Timestamp::from_millis(millis), value: value.to_string().into() })
    };
    given.iter().enumerate().map(one).collect()
}

fn pushed(ask: &Ask, id: SeriesId, (from, to): Window) -> Option<Json> {
    let found = ask.state().files.series.get(&id)?;
    let held = Held::Series(id);
    let is_orphan = !ask.state().items.holders.contains_key(&held);
    let is_own = is_orphan && found.owner == ask.who.principal;
    if !is_own && !is_architect(ask.state(), &ask.who.principal) && !is_held(ask, held) {
        return None;
    }
    let value = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_default();
    Some(found.within(from, to).map(|(at, text)| shape(id, at, value(text))).collect())
}

/// The series of a metric, for who may read the field that holds it.
fn measured(ask: &Ask, id: SeriesId, (from, to): Window) -> Option<Json> {
    let item = *ask.state().nodes.series.get(&id)?;
    let is_seen = ask.may_read(item) && (ask.fields(item).is_all() || is_held(ask, Held::Series(id)));
    is_seen.then_some(())?;
    let all = ask.snapshot.views.registry.item_metrics(ask.state(), item, from, to);
    let points = all.into_iter().filter(|series| series.id == id).flat_map(|series| series.points);
    Some(points.map(|point| shape(id, point.at, value::number(point.value))).collect())
}

fn shape(id: SeriesId, at: Timestamp, value: Json) -> Json {
    let mut shown = Map::new();
    shown.insert("timestamp".to_owned(), at.millis().into());
    shown.insert("value".to_owned(), value);
    shown.insert("timeSeriesId".to_owned(), id.to_string().into());
    Json::Object(shown)
}
