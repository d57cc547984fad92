//! What was told outside and what could not be: for webhooks and for mail.

use std::sync::Arc;

use axum::http::StatusCode;
use countersign_core::ids::{Position, UserId};
use countersign_core::schema;
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::Segments;
use super::shape::List;
use super::wish::{Nothing, Wish};
use crate::app::App;
use crate::notify::MAIL;
use crate::notify::courier::{Desk, now_millis};
use crate::notify::endpoint;
use crate::notify::ledger::Parcel;
use crate::problem::Problem;

/// From where everything is told again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Redeliver {
    /// The position of the first event.
    from: u64,
}

/// One attempt to deliver.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptShape {
    #[serde(flatten)]
    parcel: ParcelShape,
    /// 1 for the first.
    attempt: u32,
    at: String,
    duration_ms: u64,
    /// `delivered`, `not_needed`, or why it failed.
    result: String,
}

/// One thing that was given up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadShape {
    #[serde(flatten)]
    parcel: ParcelShape,
    attempts: u32,
    /// When it was given up.
    at: String,
    /// Why the last attempt failed.
    result: String,
}

/// What is told, and to whom.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParcelShape {
    /// Of the event.
    position: u64,
    /// The event's id: the webhook-id.
    event_id: Option<String>,
    r#type: Option<&'static str>,
    /// A login, where mail goes to a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

/// How far an endpoint is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Everything up to here is told, waits for another attempt, or is dead.
    pub cursor: u64,
    /// Waiting for another attempt.
    pub open: usize,
    /// Given up.
    pub dead: usize,
}

/// What was done to deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redelivery {
    /// How many dead letters are tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    redriven: Option<usize>,
    /// Where the endpoint stands now.
    #[serde(flatten)]
    standing: Standing,
}

/// The ledger of an endpoint that exists.
pub(crate) async fn desk_of(app: &App, id: &str) -> Result<Arc<Desk>, Problem> {
    let latest = app.latest();
    let missing = || Problem::missing(format_args!("the webhook {id}")).at(latest.position());
    let known = endpoint::find(&latest.state, id).ok_or_else(missing)?;
    app.notifier.desk(id, known.created).await.map_err(|error| Problem::internal(&error))
}

async fn mail(app: &App) -> Result<Arc<Desk>, Problem> {
    if app.config.mail.is_none() {
        return Err(Problem::missing("mail, which is not configured,"));
    }
    let position = app.latest().position();
    app.notifier.desk(MAIL, position).await.map_err(|error| Problem::internal(&error))
}

/// How far an endpoint is.
pub(crate) fn standing(desk: &Desk) -> Standing {
    let contents = &desk.ledger().contents;
    Standing { cursor: contents.cursor, open: contents.open.len(), dead: contents.dead.len() }
}

fn parcel(ask: &Ask, parcel: Parcel) -> ParcelShape {
    let recorded = ask.snapshot.views.timeline.get(Position(parcel.position));
    let login = |user: u32| {
        let known = ask.state().access.users.get(&UserId(user));
        known.map_or_else(|| UserId(user).to_string(), |known| known.login.shown().to_owned())
    };
    ParcelShape {
        position: parcel.position,
        event_id: recorded.map(|recorded| recorded.id.to_string()),
        r#type: recorded.map(|recorded| schema::event_name(&recorded.event)),
        to: parcel.to.map(login),
    }
}

fn time(millis: i64) -> String {
    Timestamp::from_millis(millis).to_string()
}

fn attempts(ask: &Ask, desk: &Desk) -> Answer<List<AttemptShape>> {
    let history = desk.ledger().contents.history.clone();
    let shape = |attempt: crate::notify::ledger::Attempt| AttemptShape {
        parcel: parcel(ask, attempt.parcel),
        attempt: attempt.number,
        at: time(attempt.at_millis),
        duration_ms: attempt.duration_millis,
        result: attempt.code,
    };
    let items = history.into_iter().rev().map(shape).collect();
    ask.answer(List { items, next_cursor: None, position: ask.position().0 })
}

fn dead_letters(ask: &Ask, desk: &Desk) -> Answer<List<DeadShape>> {
    let dead = desk.ledger().contents.dead.clone();
    let shape = |dead: crate::notify::ledger::Dead| DeadShape {
        parcel: parcel(ask, dead.parcel),
        attempts: dead.attempts,
        at: time(dead.at_millis),
        result: dead.code,
    };
    ask.answer(List { items: dead.into_iter().map(shape).collect(), next_cursor: None, position: ask.position().0 })
}

async fn saved<T>(wish: &Wish<T>, desk: &Desk, redriven: Option<usize>) -> Result<Answer<Redelivery>, Problem> {
    desk.save().await.map_err(|error| Problem::internal(&error))?;
    let (position, standing) = (wish.latest().position(), standing(desk));
    desk.wake();
    Ok(Answer { status: StatusCode::OK, position, etag: None, body: Redelivery { redriven, standing } })
}

/// The last attempts of a webhook, newest first; bounded, without pages.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", tag = "notifications",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, description = "The last attempts", body = List<AttemptShape>)))]
pub async fn list(ask: Ask, Segments(id): Segments<String>) -> Result<Answer<List<AttemptShape>>, Problem> {
    ask.need_admin()?;
    Ok(attempts(&ask, &*desk_of(&ask.app, &id).await?))
}

/// What was given up at a webhook, oldest first.
#[utoipa::path(get, path = "/webhooks/{id}/dead-letters", tag = "notifications",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, description = "Dead letters", body = List<DeadShape>)))]
pub async fn dead(ask: Ask, Segments(id): Segments<String>) -> Result<Answer<List<DeadShape>>, Problem> {
    ask.need_admin()?;
    Ok(dead_letters(&ask, &*desk_of(&ask.app, &id).await?))
}

/// Tries the dead letters of a webhook again.
#[utoipa::path(post, path = "/webhooks/{id}/dead-letters/redrive", tag = "notifications", request_body = Option<Nothing>,
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, description = "They are tried again", body = Redelivery)))]
pub async fn redrive(Segments(id): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<Redelivery>, Problem> {
    wish.need_admin()?;
    let desk = desk_of(&wish.app, &id).await?;
    let redriven = desk.ledger().revive(now_millis());
    saved(&wish, &desk, Some(redriven)).await
}

/// Tells a webhook everything again from a position on, under the same ids.
#[utoipa::path(post, path = "/webhooks/{id}/redeliver", tag = "notifications", request_body = Redeliver,
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, description = "It is told again", body = Redelivery)))]
pub async fn redeliver(Segments(id): Segments<String>, wish: Wish<Redeliver>) -> Result<Answer<Redelivery>, Problem> {
    wish.need_admin()?;
    let desk = desk_of(&wish.app, &id).await?;
    let head = wish.latest().position();
    if !(1..=head.0).contains(&wish.body.from) {
        let message = format!("a position of the log: 1 to {head}");
        return Err(Problem::invalid_field("from", "position_out_of_range", message).at(head));
    }
    desk.ledger().go_back(Position(wish.body.from));
    saved(&wish, &desk, None).await
}

/// The last attempts to send mail, newest first; bounded, without pages.
#[utoipa::path(get, path = "/mail/deliveries", tag = "notifications",
    responses((status = 200, description = "The last attempts", body = List<AttemptShape>)))]
pub async fn mail_list(ask: Ask) -> Result<Answer<List<AttemptShape>>, Problem> {
    ask.need_admin()?;
    Ok(attempts(&ask, &*mail(&ask.app).await?))
}

/// Mail that was given up, oldest first.
#[utoipa::path(get, path = "/mail/dead-letters", tag = "notifications",
    responses((status = 200, description = "Dead letters", body = List<DeadShape>)))]
pub async fn mail_dead(ask: Ask) -> Result<Answer<List<DeadShape>>, Problem> {
    ask.need_admin()?;
    Ok(dead_letters(&ask, &*mail(&ask.app).await?))
}

/// Tries mail that was given up again.
#[utoipa::path(post, path = "/mail/dead-letters/redrive", tag = "notifications", request_body = Option<Nothing>,
    responses((status = 200, description = "It is tried again", body = Redelivery)))]
pub async fn mail_redrive(wish: Wish<Nothing>) -> Result<Answer<Redelivery>, Problem> {
    wish.need_admin()?;
    let desk = mail(&wish.app).await?;
    let redriven = desk.ledger().revive(now_millis());
    saved(&wish, &desk, Some(redriven)).await
}
