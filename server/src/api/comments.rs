//! Comment threads of items and steps.

use countersign_core::State;
use countersign_core::artifact::{self, Command, Comment};
use countersign_core::ids::{CommentId, StepId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::shape::command::CommandShape;
use super::shape::{List, people};
use super::wish::{Nothing, Wish, item_id};
use crate::problem::Problem;

/// A new comment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Add {
    /// What is said.
    text: String,
    /// About this step; left out: about the item.
    step: Option<String>,
}

/// What a comment is to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// What is said instead.
    text: String,
}

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommentShape {
    /// `co.5`.
    id: String,
    /// What was said.
    text: String,
    /// About which step.
    step: Option<String>,
    /// By whom.
    author: String,
    /// The key that acted as the author.
    via: Option<String>,
    /// When.
    at: String,
    /// When it was last changed.
    edited_at: Option<String>,
    /// Its event.
    position: u64,
}

/// Says something about an item.
#[utoipa::path(post, path = "/items/{ar}/comments", tag = "comments", request_body = Add,
    params(("ar" = String, Path, description = "The item")),
    responses((status = 201, description = "Said", body = CommandShape)))]
pub async fn add(Segments(ar): Segments<String>, wish: Wish<Add>) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    let step = wish.body.step.as_deref().map(StepId::from);
    let command = Command::Comment { item, step, text: wish.body.text.as_str().into() };
    Ok(wish.submit(command, Some(item)).await?.created())
}

/// What was said about an item, oldest first.
#[utoipa::path(get, path = "/items/{ar}/comments", tag = "comments",
    params(("ar" = String, Path, description = "The item"), Page),
    responses((status = 200, description = "One page of comments", body = List<CommentShape>)))]
pub async fn list(
    ask: Ask,
    Segments(ar): Segments<String>,
    Params(page): Params<Page>,
) -> Result<Answer<List<CommentShape>>, Problem> {
    let item = ask.item(&ar)?.id;
    let (after, limit) = (page.after::<CommentId>()?, page.limit()?);
    let mut said: Vec<_> = artifact::comments(&ask.state().items, item, after).take(limit + 1).collect();
    let has_more = said.len() > limit;
    said.truncate(limit);
    let next_cursor = said.last().filter(|_| has_more).map(|last| cursor(last.id));
    let items = said.into_iter().map(|said| shape(ask.state(), said)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// Changes what was said: its author, or an administrator. The item's timeline keeps what it was.
#[utoipa::path(put, path = "/items/{ar}/comments/{co}", tag = "comments", request_body = Edit,
    params(("ar" = String, Path, description = "The item"), ("co" = String, Path, description = "The comment")),
    responses((status = 200, description = "Changed", body = CommandShape)))]
pub async fn edit(
    Segments((ar, co)): Segments<(String, String)>,
    wish: Wish<Edit>,
) -> Result<Answer<CommandShape>, Problem> {
    let (item, comment) = (item_id(&ar)?, comment_id(&co)?);
    let command = Command::EditComment { item, comment, text: wish.body.text.as_str().into() };
    Ok(wish.submit(command, Some(item)).await?.answer())
}

/// Takes a comment back: its author, or an administrator. The item's timeline keeps it.
#[utoipa::path(delete, path = "/items/{ar}/comments/{co}", tag = "comments",
    params(("ar" = String, Path, description = "The item"), ("co" = String, Path, description = "The comment")),
    responses((status = 200, description = "Deleted", body = CommandShape)))]
pub async fn delete(
    Segments((ar, co)): Segments<(String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    let (item, comment) = (item_id(&ar)?, comment_id(&co)?);
    Ok(wish.submit(Command::DeleteComment { item, comment }, Some(item)).await?.answer())
}

fn comment_id(text: &str) -> Result<CommentId, Problem> {
    text.parse().map_err(|_| Problem::missing(format_args!("the comment {text}")))
}

fn shape(state: &State, said: &Comment) -> CommentShape {
    CommentShape {
        id: said.id.to_string(),
        text: said.text.shown().to_owned(),
        step: said.step.as_ref().map(ToString::to_string),
        author: people::name(state, &said.author),
        via: said.via.map(|key| key.to_string()),
        at: said.at.to_string(),
        edited_at: said.edited_at.map(|at| at.to_string()),
        position: said.position.0,
    }
}
