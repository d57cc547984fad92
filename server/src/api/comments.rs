//! Comment threads of items and steps.

use countersign_core::artifact::{Command, Event as ItemEvent};
use countersign_core::ids::{Position, StepId};
use countersign_core::{Event, Recorded};
use countersign_projections::views::timeline::Filter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::shape::command::CommandShape;
use super::shape::{List, people};
use super::wish::{Wish, item_id};
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

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
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
    let after = page.after::<u64>()?.map(Position);
    let filter = Filter { item: Some(item), after, limit: page.limit()?, ..Filter::default() };
    let part = ask.snapshot.views.timeline.list(
        &filter,
        &|recorded| matches!(&recorded.event, Event::Item(ItemEvent::CommentAdded { item: on, .. }) if *on == item),
    );
    let items = part.events.iter().filter_map(|recorded| shape(&ask, recorded)).collect();
    Ok(ask.answer(List { items, next_cursor: part.next.map(cursor), position: ask.position().0 }))
}

fn shape(ask: &Ask, recorded: &Recorded) -> Option<CommentShape> {
    let Event::Item(ItemEvent::CommentAdded { comment, step, text, .. }) = &recorded.event else { return None };
    Some(CommentShape {
        id: comment.to_string(),
        text: text.shown().to_owned(),
        step: step.as_ref().map(ToString::to_string),
        author: people::name(ask.state(), &recorded.actor),
        via: recorded.via.map(|key| key.to_string()),
        at: recorded.recorded_at.to_string(),
        position: recorded.position.0,
    })
}
