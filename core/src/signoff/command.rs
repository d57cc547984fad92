//! Wishes about sign-offs.

use std::sync::Arc;

use super::state::{ApprovalStatus, Notified, ReviewStatus};
use crate::blueprint::Recurrence;
use crate::ids::{FeedbackGroupId, ItemId, ReviewId, StepId, UserId};

/// What can be asked of the sign-off of one step.
#[derive(Debug, Clone)]
pub struct Command {
    /// The item.
    pub item: ItemId,
    /// Its step.
    pub step: StepId,
    /// What is asked.
    pub action: Action,
}

/// Whom to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notify {
    /// Everyone of the target stage.
    Stage,
    /// These, nobody when empty; who is not of the stage is left out.
    These(Vec<Notified>),
}

/// One row of the table of sign-off actions.
#[derive(Debug, Clone)]
pub enum Action {
    /// Open a sign-off whose configuration came after the item.
    Create,
    /// Ask for reviews.
    RequestFeedback { notify: Notify },
    /// Review for a group.
    SubmitReview { group: FeedbackGroupId, status: ReviewStatus, comment: Option<Arc<str>> },
    /// Change one's review; a comment left out is removed.
    EditReview { review: ReviewId, status: ReviewStatus, comment: Option<Arc<str>> },
    /// Take one's review back.
    DeleteReview { review: ReviewId },
    /// Pass a right on: of reviewing in a group, or of approving.
    Delegate { group: Option<FeedbackGroupId>, to: UserId },
    /// Ask for the final approval.
    RequestApproval { notify: Notify },
    /// Open feedback again.
    ReturnToFeedback,
    /// Decide.
    SubmitApproval { status: ApprovalStatus, comment: Option<Arc<str>> },
    /// An approval with status ABANDONED: an approver gives it up.
    AbandonAsApprover { comment: Option<Arc<str>> },
    /// Change one's decision; a comment left out is removed.
    EditApproval { status: ApprovalStatus, comment: Option<Arc<str>> },
    /// Take one's decision back.
    WithdrawApproval,
    /// Give up for now.
    Abandon { comment: Option<Arc<str>> },
    /// Take the abandonment back.
    CancelAbandon,
    /// Begin a new cycle.
    Reset { reload: bool },
    /// Reset by itself from now on; `None` stops that.
    ScheduleReset { recurrence: Option<Recurrence> },
}
