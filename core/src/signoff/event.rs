//! Facts about sign-offs.

use super::state::{ApprovalStatus, Notified, ReviewStatus};
use crate::blueprint::{Container, Recurrence};
use crate::ids::{Digest, FeedbackGroupId, ItemId, Position, ReviewId, StepId};
use crate::personal::Personal;
use crate::time::Timestamp;

/// `0x03__`. `through` names the containers and delegations that entitled the actor at that moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The step has a sign-off, under the configuration of that event.
    SignoffOpened { item: ItemId, step: StepId, configured_at: Position },
    /// Reviews are asked for.
    FeedbackRequested { item: ItemId, step: StepId, notify: Vec<Notified> },
    /// A review.
    ReviewSubmitted {
        item: ItemId,
        step: StepId,
        review: ReviewId,
        group: FeedbackGroupId,
        status: ReviewStatus,
        comment: Option<Personal>,
        through: Vec<Container>,
    },
    /// Its author changed it.
    ReviewEdited {
        item: ItemId,
        step: StepId,
        review: ReviewId,
        old_status: ReviewStatus,
        status: ReviewStatus,
        comment: Option<Personal>,
    },
    /// Its author took it back.
    ReviewDeleted { item: ItemId, step: StepId, review: ReviewId },
    /// A reviewer's right was passed on.
    ReviewDelegated { item: ItemId, step: StepId, group: FeedbackGroupId, to: Container },
    /// The final approval is asked for.
    ApprovalRequested { item: ItemId, step: StepId, notify: Vec<Notified> },
    /// Feedback is open again.
    ReturnedToFeedback { item: ItemId, step: StepId },
    /// An approver decided; `is_settled` tells whether the sign-off is decided with that: one rejection, or the quorum.
    ApprovalSubmitted {
        item: ItemId,
        step: StepId,
        status: ApprovalStatus,
        comment: Option<Personal>,
        through: Vec<Container>,
        digest: Option<Digest>,
        is_settled: bool,
    },
    /// Its author changed it.
    ApprovalEdited {
        item: ItemId,
        step: StepId,
        old_status: ApprovalStatus,
        status: ApprovalStatus,
        comment: Option<Personal>,
        digest: Option<Digest>,
        is_settled: bool,
    },
    /// Its author took it back; the others may still settle the sign-off.
    ApprovalWithdrawn { item: ItemId, step: StepId, is_settled: bool },
    /// It ran out.
    ApprovalExpired { item: ItemId, step: StepId, due: Timestamp },
    /// An approver's right was passed on.
    ApprovalDelegated { item: ItemId, step: StepId, to: Container },
    /// Given up for now; as an approver's decision, or by a mere change of status.
    SignoffAbandoned { item: ItemId, step: StepId, comment: Option<Personal>, is_decision: bool },
    /// An abandonment was taken back: the sign-off returns to where it was, reviews included.
    AbandonCancelled { item: ItemId, step: StepId },
    /// A new cycle, under the configuration of that event; `due` when it came by itself.
    SignoffReset { item: ItemId, step: StepId, is_reloaded: bool, configured_at: Position, due: Option<Timestamp> },
    /// Resets will come by themselves; stopped when absent.
    ResetScheduled { item: ItemId, step: StepId, recurrence: Option<Recurrence> },
}

impl Event {
    /// The item and step it is about.
    #[must_use]
    pub fn step(&self) -> (ItemId, &StepId) {
        match self {
            Self::SignoffOpened { item, step, .. }
            | Self::FeedbackRequested { item, step, .. }
            | Self::ReviewSubmitted { item, step, .. }
            | Self::ReviewEdited { item, step, .. }
            | Self::ReviewDeleted { item, step, .. }
            | Self::ReviewDelegated { item, step, .. }
            | Self::ApprovalRequested { item, step, .. }
            | Self::ReturnedToFeedback { item, step }
            | Self::ApprovalSubmitted { item, step, .. }
            | Self::ApprovalEdited { item, step, .. }
            | Self::ApprovalWithdrawn { item, step, .. }
            | Self::ApprovalExpired { item, step, .. }
            | Self::ApprovalDelegated { item, step, .. }
            | Self::SignoffAbandoned { item, step, .. }
            | Self::AbandonCancelled { item, step }
            | Self::SignoffReset { item, step, .. }
            | Self::ResetScheduled { item, step, .. } => (*item, step),
        }
    }
}
