//! The audit trail: timelines, the list of events, and what is hashed of each.

use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use countersign_core::access::may::{Action, Subject, may, may_read_deleted};
use countersign_core::context::Principal;
use countersign_core::ids::{KeyId, NodeId, Position};
use countersign_core::{Recorded, schema};
use countersign_engine::log::LogReader as _;
use countersign_projections::page::Order;
use countersign_projections::views::timeline::Filter;
use serde::Deserialize;
use serde_json::Value as Json;
use utoipa::IntoParams;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::registry::time;
use super::shape::List;
use super::{Event, GOVERN_POSITION};
use crate::event_json::event_json;
use crate::problem::Problem;
use crate::seen::seen;

/// Which part of a timeline.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// By this login, key or node.
    actor: Option<String>,
    /// Recorded then or later (RFC 3339).
    from: Option<String>,
    /// Recorded then or earlier (RFC 3339).
    to: Option<String>,
    /// Only events of these types, separated by commas.
    r#type: Option<String>,
    /// `asc` (oldest first) or `desc`.
    order: Option<String>,
}

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// Those after this position.
    #[serde(default)]
    after: u64,
    /// Only events of these types, separated by commas.
    r#type: Option<String>,
}

impl Ask {
    /// May the event be read? One without an item by whoever may read the instance.
    #[must_use]
    pub fn may_read_event(&self, recorded: &Recorded) -> bool {
        let instance = || {
            let may_read = |state| may(state, &self.who.principal, Action::Read, Subject::Instance).is_allowed;
            may_read(&self.snapshot.state) && may_read(&self.latest.state)
        };
        match recorded.event.item() {
            Some(item) if self.state().items.by_id.contains_key(&item) => {
                self.may_read(item) && seen(recorded, self).is_some()
            }
            Some(item) if self.state().access.buried.contains_key(&item) => {
                let may_read = |state| may_read_deleted(state, &self.who.principal, item);
                may_read(&self.snapshot.state) && may_read(&self.latest.state) && seen(recorded, self).is_some()
            }
            _ => instance(),
        }
    }

    /// The event as the reader sees it; asked of events only that [`Ask::may_read_event`] lets through.
    pub(crate) fn event(&self, recorded: &Recorded) -> Json {
        let Some(shown) = seen(recorded, self) else { return event_json(recorded, self.state()) };
        let mut told = event_json(&shown.event, self.state());
        for member in shown.left_out {
            if let Some(data) = told.get_mut("data").and_then(Json::as_object_mut) {
                data.insert(member.to_owned(), Json::Null);
            }
        }
        told
    }
}

/// Only these types; an unknown one is refused.
#[derive(Debug, Default)]
pub(crate) struct Types(Vec<String>);

impl Types {
    pub(crate) fn of(text: Option<&str>) -> Result<Self, Problem> {
        let wanted = text.into_iter().flat_map(|text| text.split(',')).filter(|name| !name.is_empty());
        let known = |name: &str| schema::catalogue().iter().any(|row| row.name == name);
        let each = |name: &str| match known(name) {
            true => Ok(name.to_owned()),
            false => Err(Problem::invalid_field("type", "unknown_event_type", format!("no event is called {name:?}"))),
        };
        wanted.map(each).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn has(&self, recorded: &Recorded) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| name == schema::event_name(&recorded.event))
    }
}

impl Which {
    fn filter(&self, ask: &Ask, page: &Page) -> Result<Filter, Problem> {
        let order = match self.order.as_deref() {
            None | Some("asc") => Order::Ascending,
            Some("desc") => Order::Descending,
            Some(_) => return Err(Problem::invalid_field("order", "unknown_value", "asc or desc")),
        };
        Ok(Filter {
            actor: self.actor.as_deref().map(|name| actor(ask, name)),
            from: time("from", self.from.as_deref())?,
            to: time("to", self.to.as_deref())?,
            after: page.after::<u64>()?.map(Position),
            order,
            limit: page.limit()?,
            ..Filter::default()
        })
    }
}

fn actor(ask: &Ask, name: &str) -> Principal {
    if let Some(user) = ask.state().access.logins.get(name) {
        return Principal::User(*user);
    }
    if name == "system" {
        return Principal::System;
    }
    name.parse::<KeyId>().map_or_else(|_| Principal::Node(NodeId::from(name)), Principal::Key)
}

fn listed(ask: &Ask, filter: &Filter, types: &Types) -> Answer<List<Json>> {
    let kinds = types.0.iter().map(|name| name.as_str().into()).collect();
    let among = ask.plan().and_then(|plan| plan.little(ask.state())).map(Arc::new);
    let filter = Filter { kinds, among, ..filter.clone() };
    let part = ask.snapshot.views.timeline.list(&filter, &|recorded: &Recorded| ask.may_read_event(recorded));
    let items = part.events.iter().map(|recorded| ask.event(recorded)).collect();
    ask.answer(List { items, next_cursor: part.next.map(cursor), position: ask.position().0 })
}

/// Everything that happened to an item.
#[utoipa::path(get, path = "/items/{ar}/timeline", tag = "audit",
    params(("ar" = String, Path, description = "The item"), Which, Page),
    responses((status = 200, description = "One page of events", body = List<Event>)))]
pub async fn item_timeline(
    ask: Ask,
    Segments(ar): Segments<String>,
    Params(which): Params<Which>,
    Params(page): Params<Page>,
) -> Result<Answer<List<Json>>, Problem> {
    let item = ask.item(&ar)?.id;
    let filter = Filter { item: Some(item), ..which.filter(&ask, &page)? };
    Ok(listed(&ask, &filter, &Types::of(which.r#type.as_deref())?))
}

/// Everything that happened.
#[utoipa::path(get, path = "/timeline", tag = "audit", params(Which, Page),
    responses((status = 200, description = "One page of events", body = List<Event>)))]
pub async fn timeline(
    ask: Ask,
    Params(which): Params<Which>,
    Params(page): Params<Page>,
) -> Result<Answer<List<Json>>, Problem> {
    Ok(listed(&ask, &which.filter(&ask, &page)?, &Types::of(which.r#type.as_deref())?))
}

/// Events in log order.
#[utoipa::path(get, path = "/events", tag = "audit", params(After, Page),
    responses((status = 200, description = "One page of events", body = List<Event>)))]
pub async fn list(
    ask: Ask,
    Params(which): Params<After>,
    Params(page): Params<Page>,
) -> Result<Answer<List<Json>>, Problem> {
    let after = page.after::<u64>()?.unwrap_or(which.after);
    let filter = Filter { after: Some(Position(after)), limit: page.limit()?, ..Filter::default() };
    Ok(listed(&ask, &filter, &Types::of(which.r#type.as_deref())?))
}

/// Exactly the bytes of an event that are hashed into the log's tree, without the leading 0x00.
#[utoipa::path(get, path = "/events/{position}/leaf", tag = "audit",
    params(("position" = u64, Path, description = "The event")),
    responses((status = 200, description = "RFC 8785 JSON", body = Event)))]
pub async fn leaf(ask: Ask, Segments(position): Segments<String>) -> Result<Response, Problem> {
    let missing = || ask.missing(format_args!("event {position}"));
    let wanted = position.parse().map(Position).map_err(|_| missing())?;
    let recorded = ask.snapshot.views.timeline.get(wanted).ok_or_else(missing)?;
    // The bytes tell all fields or none.
    let is_whole = recorded.event.item().is_none() || seen(recorded, &ask).is_some_and(|shown| shown.is_whole());
    if !ask.may_read_event(recorded) || !is_whole {
        return Err(missing());
    }
    let log = ask.app.log.clone();
    let id = ask.state().log.ok_or_else(missing)?;
    let read = tokio::task::spawn_blocking(move || {
        let before = Position(wanted.0.saturating_sub(1));
        log.frames(before).next().map(|frame| frame.map(|(_, bytes)| bytes))
    });
    let frame = read.await.map_err(|error| Problem::internal(&error))?.ok_or_else(missing)?;
    let frame = frame.map_err(|error| Problem::internal(&error))?;
    let json = schema::leaf_json(&frame, id).map_err(|error| Problem::internal(&error))?;
    let mut response = json.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(GOVERN_POSITION, HeaderValue::from(ask.position().0));
    Ok(response)
}
