//! The Markdown page of an item. Earlier texts stand in the item's timeline, and with `as_of`.

use countersign_core::artifact::Command;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::Segments;
use super::shape::command::CommandShape;
use super::shape::people;
use super::wish::{Nothing, Wish, item_id};
use crate::problem::Problem;

/// What the page is to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Markdown.
    text: String,
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageShape {
    /// Markdown.
    text: String,
    /// Who wrote it last.
    author: String,
    /// When.
    at: String,
    /// Its event.
    position: u64,
}

/// The page of an item.
#[utoipa::path(get, path = "/items/{ar}/page", tag = "pages", params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "The page", body = PageShape)))]
pub async fn read(ask: Ask, Segments(ar): Segments<String>) -> Result<Answer<PageShape>, Problem> {
    let item = ask.item(&ar)?;
    let missing = || ask.missing(format_args!("a page of {ar}"));
    let page = ask.state().items.pages.get(&item.id).ok_or_else(missing)?;
    let shape = PageShape {
        text: page.text.to_string(),
        author: people::name(ask.state(), &page.author),
        at: page.at.to_string(),
        position: page.position.0,
    };
    Ok(ask.answer(shape).tagged(item.position))
}

/// Writes the page of an item.
#[utoipa::path(put, path = "/items/{ar}/page", tag = "pages", request_body = Set,
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Written", body = CommandShape)))]
pub async fn set(Segments(ar): Segments<String>, wish: Wish<Set>) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    let command = Command::SetPage { item, text: wish.body.text.as_str().into() };
    Ok(wish.submit(command, Some(item)).await?.answer())
}

/// Takes the page of an item away.
#[utoipa::path(delete, path = "/items/{ar}/page", tag = "pages",
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Removed", body = CommandShape)))]
pub async fn remove(Segments(ar): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    Ok(wish.submit(Command::RemovePage { item }, Some(item)).await?.answer())
}
