//! Feedback and the final approval of a sign-off.

use countersign_core::ids::FeedbackGroupId;
use countersign_core::signoff::{Action, ApprovalStatus, ReviewStatus};
use serde::Deserialize;
use serde_json::json;

use super::call::{Call, Reply};
use super::signoffs::{At, abandonment, act, after, approval, feedback, find, review_id};
use crate::api::params::Segments;
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
struct Given {
    status: String,
    comment: Option<String>,
}

impl Given {
    fn comment(&self) -> Option<std::sync::Arc<str>> {
        self.comment.as_deref().map(Into::into)
    }

    fn unknown(&self, possible: &str) -> Problem {
        let message = format!("{:?} is none of {possible}", self.status);
        Problem::invalid_field("status", "unknown_value", message)
    }

    fn review(&self) -> Result<ReviewStatus, Problem> {
        let all = [ReviewStatus::Approved, ReviewStatus::MinorIssue, ReviewStatus::MajorIssue];
        let found = all.into_iter().find(|status| status.word() == self.status);
        found.ok_or_else(|| self.unknown("APPROVED, MINOR_ISSUE, MAJOR_ISSUE"))
    }

    /// Nothing stands for giving the sign-off up.
    fn approval(&self) -> Result<Option<ApprovalStatus>, Problem> {
        match self.status.as_str() {
            "APPROVED" => Ok(Some(ApprovalStatus::Approved)),
            "REJECTED" => Ok(Some(ApprovalStatus::Rejected)),
            "ABANDONED" => Ok(None),
            _ => Err(self.unknown("APPROVED, REJECTED, ABANDONED")),
        }
    }
}

/// Answers the new feedback, not the sign-off.
pub(super) async fn review(Segments(at): At, call: Call) -> Reply {
    let group = FeedbackGroupId::from(call.needed("groupId")?);
    let given: Given = call.read_object()?;
    let action = Action::SubmitReview { group, status: given.review()?, comment: given.comment() };
    let done = act(&call, &at, action).await?;
    let made = done.shape.id.unwrap_or_default();
    shown(&call, &at, &made)
}

fn shown(call: &Call, at: &(String, String), id: &str) -> Reply {
    let ask = call.ask();
    let (_, found) = find(&ask, at)?;
    let review = review_id(id)?;
    let found = found.reviews.iter().find(|found| found.id == review);
    let found = found.ok_or_else(|| ask.missing(format_args!("the feedback {id}")))?;
    Ok(ask.answer(feedback(ask.state(), found)))
}

pub(super) async fn edit_review(Segments((ar, step, id)): Segments<(String, String, String)>, call: Call) -> Reply {
    let given: Given = call.read_object()?;
    let (at, review) = ((ar, step), review_id(&id)?);
    act(&call, &at, Action::EditReview { review, status: given.review()?, comment: given.comment() }).await?;
    shown(&call, &at, &id)
}

pub(super) async fn delete_review(Segments((ar, step, id)): Segments<(String, String, String)>, call: Call) -> Reply {
    let done = act(&call, &(ar, step), Action::DeleteReview { review: review_id(&id)? }).await?;
    Ok(done.answer_as(|_| json!({})))
}

pub(super) async fn approve(Segments(at): At, call: Call) -> Reply {
    let given: Given = call.read_object()?;
    let comment = given.comment();
    let action = match given.approval()? {
        Some(status) => Action::SubmitApproval { status, comment },
        None => Action::AbandonAsApprover { comment },
    };
    act(&call, &at, action).await?;
    after(&call, &at)
}

/// Answers the approver's response.
pub(super) async fn edit_approval(Segments(at): At, call: Call) -> Reply {
    let given: Given = call.read_object()?;
    let comment = given.comment();
    let action = match given.approval()? {
        Some(status) => Action::EditApproval { status, comment },
        None => Action::AbandonAsApprover { comment },
    };
    act(&call, &at, action).await?;
    let ask = call.ask();
    let (_, found) = find(&ask, &at)?;
    if let Some(given_up) = &found.given_up {
        return Ok(ask.answer(abandonment(ask.state(), given_up)));
    }
    let own = found.approvals.iter().find(|given| given.author == ask.who.principal);
    let own = own.ok_or_else(|| ask.missing("an approval of yours"))?;
    Ok(ask.answer(approval(ask.state(), own)))
}

pub(super) async fn withdraw(Segments(at): At, call: Call) -> Reply {
    let done = act(&call, &at, Action::WithdrawApproval).await?;
    Ok(done.answer_as(|_| json!({})))
}
