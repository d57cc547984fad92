//! Reviews and the final approval of a sign-off.

use countersign_core::ids::{FeedbackGroupId, ReviewId};
use countersign_core::signoff::{Action, ApprovalStatus, ReviewStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::Answer;
use super::params::Segments;
use super::shape::command::CommandShape;
use super::signoff::act;
use super::wish::{Nothing, Wish};
use crate::problem::Problem;

/// A review for a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// For which feedback group.
    group: String,
    /// What was found.
    status: Found,
    /// In words.
    comment: Option<String>,
}

/// A changed review; a comment left out is removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// What was found.
    status: Found,
    /// In words.
    comment: Option<String>,
}

/// What a reviewer found.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Found {
    /// Nothing to object to.
    Approved,
    /// Something small.
    MinorIssue,
    /// Something grave.
    MajorIssue,
}

/// The final decision, or giving the sign-off up as an approver.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// What is decided.
    status: Decided,
    /// In words.
    comment: Option<String>,
}

/// A changed decision; a comment left out is removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditDecision {
    /// What is decided.
    status: Approved,
    /// In words.
    comment: Option<String>,
}

/// What an approver decides.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decided {
    /// Yes.
    Approved,
    /// No.
    Rejected,
    /// Neither: given up.
    Abandoned,
}

/// What a decision can be changed to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Approved {
    /// Yes.
    Approved,
    /// No.
    Rejected,
}

impl From<Found> for ReviewStatus {
    fn from(found: Found) -> Self {
        match found {
            Found::Approved => Self::Approved,
            Found::MinorIssue => Self::MinorIssue,
            Found::MajorIssue => Self::MajorIssue,
        }
    }
}

impl From<Approved> for ApprovalStatus {
    fn from(approved: Approved) -> Self {
        match approved {
            Approved::Approved => Self::Approved,
            Approved::Rejected => Self::Rejected,
        }
    }
}

fn review_id(text: &str) -> Result<ReviewId, Problem> {
    text.parse().map_err(|_| Problem::missing(format_args!("the review {text}")))
}

/// Reviews for a group that one is in.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/reviews", tag = "sign-off", request_body = Submit,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 201, description = "Submitted", body = CommandShape)))]
pub async fn submit(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Submit>,
) -> Result<Answer<CommandShape>, Problem> {
    let body = &wish.body;
    let group = FeedbackGroupId::from(body.group.as_str());
    let comment = body.comment.as_deref().map(Into::into);
    let action = Action::SubmitReview { group, status: body.status.into(), comment };
    let mut done = act((&ar, &step), &wish, action).await?;
    done.shape.review_id.clone_from(&done.shape.id);
    Ok(done.created())
}

/// Changes one's own review.
#[utoipa::path(put, path = "/items/{ar}/steps/{step}/signoff/reviews/{id}", tag = "sign-off", request_body = Edit,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step"),
        ("id" = String, Path, description = "The review")),
    responses((status = 200, description = "Changed", body = CommandShape)))]
pub async fn edit(
    Segments((ar, step, id)): Segments<(String, String, String)>,
    wish: Wish<Edit>,
) -> Result<Answer<CommandShape>, Problem> {
    let review = review_id(&id)?;
    let comment = wish.body.comment.as_deref().map(Into::into);
    let action = Action::EditReview { review, status: wish.body.status.into(), comment };
    let mut done = act((&ar, &step), &wish, action).await?;
    done.shape.review_id = Some(id);
    Ok(done.answer())
}

/// Takes one's own review back; the history keeps it.
#[utoipa::path(delete, path = "/items/{ar}/steps/{step}/signoff/reviews/{id}", tag = "sign-off",
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step"),
        ("id" = String, Path, description = "The review")),
    responses((status = 200, description = "Taken back", body = CommandShape)))]
pub async fn delete(
    Segments((ar, step, id)): Segments<(String, String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    let review = review_id(&id)?;
    Ok(act((&ar, &step), &wish, Action::DeleteReview { review }).await?.answer())
}

/// Decides, as an approver.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/approval", tag = "sign-off", request_body = Decide,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 201, description = "Decided", body = CommandShape)))]
pub async fn decide(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Decide>,
) -> Result<Answer<CommandShape>, Problem> {
    let comment = wish.body.comment.as_deref().map(Into::into);
    let action = match wish.body.status {
        Decided::Approved => Action::SubmitApproval { status: ApprovalStatus::Approved, comment },
        Decided::Rejected => Action::SubmitApproval { status: ApprovalStatus::Rejected, comment },
        Decided::Abandoned => Action::AbandonAsApprover { comment },
    };
    Ok(act((&ar, &step), &wish, action).await?.created())
}

/// Changes one's own decision.
#[utoipa::path(put, path = "/items/{ar}/steps/{step}/signoff/approval", tag = "sign-off", request_body = EditDecision,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Changed", body = CommandShape)))]
pub async fn edit_decision(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<EditDecision>,
) -> Result<Answer<CommandShape>, Problem> {
    let comment = wish.body.comment.as_deref().map(Into::into);
    let action = Action::EditApproval { status: wish.body.status.into(), comment };
    Ok(act((&ar, &step), &wish, action).await?.answer())
}

/// Withdraws one's own decision.
#[utoipa::path(delete, path = "/items/{ar}/steps/{step}/signoff/approval", tag = "sign-off",
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Withdrawn", body = CommandShape)))]
pub async fn withdraw(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    Ok(act((&ar, &step), &wish, Action::WithdrawApproval).await?.answer())
}
