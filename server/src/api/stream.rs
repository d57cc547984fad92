//! Events as they happen: server-sent events, resumed by `Last-Event-ID`.
//!
//! Each turn reads the newest snapshot, with the rights of that moment, and sends what came since; the stream ends when
//! the service stops, or the reader's key or session no longer opens anything.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use countersign_core::ids::Position;
use countersign_core::schema;
use futures::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use utoipa::IntoParams;

use super::ask::Ask;
use super::events::Types;
use super::params::Params;
use crate::app::App;
use crate::auth::Who;
use crate::problem::Problem;

/// Most open streams.
pub const STREAMS_MAX: usize = 1_000;
/// Most events that are read at once for one stream.
const TURN_EVENTS_MAX: usize = 256;
/// How often a silent stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How often a silent stream looks whether its reader is still let in.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Where the stream begins.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct From {
    /// After this position; what comes from now on when left out. `Last-Event-ID` wins.
    after: Option<u64>,
    /// Only events of these types, separated by commas.
    r#type: Option<String>,
}

/// One open stream; counted while it lives.
struct Open;

impl Open {
    fn try_new() -> Result<Self, Problem> {
        if OPEN.fetch_add(1, Ordering::Relaxed) < STREAMS_MAX {
            return Ok(Self);
        }
        OPEN.fetch_sub(1, Ordering::Relaxed);
        Err(Problem::later("too_many_streams", "too many event streams are open"))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Turn {
    app: App,
    who: Who,
    types: Types,
    sent: Position,
    _open: Open,
}

/// Events as they happen; the id of each is its position.
#[utoipa::path(get, path = "/events/stream", tag = "audit", params(From,
        ("Last-Event-ID" = Option<u64>, Header, description = "The position of the last event that was received")),
    responses((status = 200, description = "A stream of events", content_type = "text/event-stream", body = String)))]
pub async fn stream(
    State(app): State<App>,
    who: Who,
    Params(from): Params<From>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Sent, Infallible>>>, Problem> {
    let last = match headers.get("last-event-id") {
        None => from.after,
        Some(text) => {
            let wrong = || Problem::invalid_field("Last-Event-ID", "parameter_invalid", "not a position");
            Some(text.to_str().ok().and_then(|text| text.trim().parse().ok()).ok_or_else(wrong)?)
        }
    };
    let sent = last.map_or_else(|| app.latest().position(), Position);
    let types = Types::of(from.r#type.as_deref())?;
    let stopping = app.stopping.clone();
    let turn = Turn { app, who, types, sent, _open: Open::try_new()? };
    let events = stream::unfold(turn, next).flat_map(stream::iter).map(Ok);
    let events = events.take_until(stopping.cancelled_owned());
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

async fn next(mut turn: Turn) -> Option<(Vec<Sent>, Turn)> {
    let mut head = turn.app.snapshots.subscribe();
    let sent = turn.sent;
    // What lets the reader in can end without an event: keys and sessions have a time.
    let news = head.wait_for(|head| head.position > sent || !head.is_running);
    let is_quiet = match tokio::time::timeout(LOOK_PERIOD, news).await {
        Ok(found) => found.map(|_| false).ok()?,
        Err(_elapsed) => true,
    };
    let latest = turn.app.latest();
    if !turn.who.is_let_in(&turn.app, &latest.state) || (!is_quiet && latest.position() <= turn.sent) {
        return None;
    }
    let ask = Ask::new(turn.app.clone(), turn.who.clone(), Arc::clone(&latest), latest);
    let events: Vec<_> = ask.snapshot.views.timeline.after(turn.sent).take(TURN_EVENTS_MAX).cloned().collect();
    turn.sent = events.last().map_or(turn.sent, |event| event.position);
    let shown = events.iter().filter(|event| turn.types.has(event) && ask.may_read_event(event));
    let frames = shown.map(|event| {
        let name = schema::event_name(&event.event);
        Sent::default().id(event.position.to_string()).event(name).data(ask.event(event).to_string())
    });
    let frames = frames.collect();
    Some((frames, turn))
}
