//! Moving through a workflow, step by step.

use countersign_core::artifact::Command;
use countersign_core::ids::{ItemId, StepId};

use super::ask::Answer;
use super::params::Segments;
use super::shape::command::CommandShape;
use super::wish::{Nothing, Wish, item_id};
use crate::problem::Problem;

/// *Set as finished*; the next visible step becomes the ongoing one.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/finish", tag = "workflow", request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Finished", body = CommandShape)))]
pub async fn finish(
    Segments(at): Segments<(String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    plain(&at, &wish, |item, step| Command::FinishStep { item, step }).await
}

/// A finished or skipped step is ongoing again.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/reopen", tag = "workflow", request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Reopened", body = CommandShape)))]
pub async fn reopen(
    Segments(at): Segments<(String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    plain(&at, &wish, |item, step| Command::ReopenStep { item, step }).await
}

/// Work on a step begins.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/start", tag = "workflow", request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Started", body = CommandShape)))]
pub async fn start(
    Segments(at): Segments<(String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    plain(&at, &wish, |item, step| Command::StartStep { item, step }).await
}

async fn plain(
    (ar, step): &(String, String),
    wish: &Wish<Nothing>,
    command: impl FnOnce(ItemId, StepId) -> Command,
) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(ar)?;
    let done = wish.submit(command(item, StepId::from(step.as_str())), Some(item)).await?;
    Ok(done.with_item(item).answer())
}
