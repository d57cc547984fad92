//! Being told about an item, and those below it.

use countersign_core::context::Principal;
use countersign_core::subscription::{Command, is_subscribed};
use serde::Serialize;
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::Segments;
use super::shape::command::CommandShape;
use super::wish::{Nothing, Wish, item_id};
use crate::problem::Problem;

/// Whether the caller is told about an item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionShape {
    /// By his own wish or deed, here or on an item above.
    subscribed: bool,
}

/// Whether the caller is told about an item.
#[utoipa::path(get, path = "/items/{ar}/subscription", tag = "notifications",
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Whether", body = SubscriptionShape)))]
pub async fn read(ask: Ask, Segments(ar): Segments<String>) -> Result<Answer<SubscriptionShape>, Problem> {
    let item = ask.item(&ar)?.id;
    let subscribed = match ask.who.principal {
        Principal::User(user) => is_subscribed(ask.state(), item, user),
        _ => false,
    };
    Ok(ask.answer(SubscriptionShape { subscribed }))
}

/// Subscribes the caller to an item and those below it.
#[utoipa::path(post, path = "/items/{ar}/subscription", tag = "notifications", request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Subscribed", body = CommandShape)))]
pub async fn subscribe(Segments(ar): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    Ok(wish.submit(Command::Subscribe { item }, Some(item)).await?.answer())
}

/// Ends the caller's subscription to an item and those below it.
#[utoipa::path(delete, path = "/items/{ar}/subscription", tag = "notifications",
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "No longer subscribed", body = CommandShape)))]
pub async fn unsubscribe(Segments(ar): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    Ok(wish.submit(Command::Unsubscribe { item }, Some(item)).await?.answer())
}
