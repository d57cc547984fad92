//! `0x03__`. Since 0.1.

use super::super::macros::{events, frozen, words};
use super::super::wire::{Ar, Hash, Rv, Sealed, Us, Whole};
use super::pieces::{ContainerV1, RecurrenceV1};
use crate::signoff::{ApprovalStatus, Event, Notified, ReviewStatus};

frozen! {
    /// Somebody to be told; as an approver when the group is absent.
    NotifiedV1 for Notified { user: Us, group: Option<String> }
}

words! {
    ReviewStatus "a status of a review" {
        Approved "APPROVED", MinorIssue "MINOR_ISSUE", MajorIssue "MAJOR_ISSUE",
    }
    ApprovalStatus "a status of an approval" { Approved "APPROVED", Rejected "REJECTED" }
}

events! { Event in Signoff;
    /// The step has a sign-off, under the configuration of that event.
    0x0301 1 SignoffOpened => SignoffOpenedV1 { item: Ar, step: String, configured_at: Whole }
    /// Reviews are asked for.
    0x0302 1 FeedbackRequested => FeedbackRequestedV1 { item: Ar, step: String, notify: Vec<NotifiedV1> }
    /// A review.
    0x0303 1 ReviewSubmitted => ReviewSubmittedV1 {
        item: Ar,
        step: String,
        review: Rv,
        group: String,
        status: String,
        comment: Option<Sealed>,
        through: Vec<ContainerV1>,
    }
    /// A review's author changed it.
    0x0304 1 ReviewEdited => ReviewEditedV1 {
        item: Ar,
        step: String,
        review: Rv,
        old_status: String,
        status: String,
        comment: Option<Sealed>,
    }
    /// A review's author took it back.
    0x0305 1 ReviewDeleted => ReviewDeletedV1 { item: Ar, step: String, review: Rv }
    /// A reviewer's right was passed on.
    0x0306 1 ReviewDelegated => ReviewDelegatedV1 { item: Ar, step: String, group: String, to: ContainerV1 }
    /// The final approval is asked for.
    0x0307 1 ApprovalRequested => ApprovalRequestedV1 { item: Ar, step: String, notify: Vec<NotifiedV1> }
    /// Feedback is open again.
    0x0308 1 ReturnedToFeedback => ReturnedToFeedbackV1 { item: Ar, step: String }
    /// An approver decided.
    0x0309 1 ApprovalSubmitted => ApprovalSubmittedV1 {
        item: Ar,
        step: String,
        status: String,
        comment: Option<Sealed>,
        through: Vec<ContainerV1>,
        digest: Option<Hash>,
        is_settled: bool,
    }
    /// An approval's author changed it.
    0x030a 1 ApprovalEdited => ApprovalEditedV1 {
        item: Ar,
        step: String,
        old_status: String,
        status: String,
        comment: Option<Sealed>,
        digest: Option<Hash>,
        is_settled: bool,
    }
    /// An approval's author took it back.
    0x030b 1 ApprovalWithdrawn => ApprovalWithdrawnV1 { item: Ar, step: String, is_settled: bool }
    /// An approval ran out.
    0x030c 1 ApprovalExpired => ApprovalExpiredV1 { item: Ar, step: String, due: i64 }
    /// An approver's right was passed on.
    0x030d 1 ApprovalDelegated => ApprovalDelegatedV1 { item: Ar, step: String, to: ContainerV1 }
    /// Given up for now; as an approver's decision, or by a mere change of status.
    0x030e 1 SignoffAbandoned => SignoffAbandonedV1 {
        item: Ar,
        step: String,
        comment: Option<Sealed>,
        is_decision: bool,
    }
    /// An abandonment was taken back: the sign-off returns to where it was.
    0x030f 1 AbandonCancelled => AbandonCancelledV1 { item: Ar, step: String }
    /// A new cycle, under the configuration of that event; `due` when it came by itself.
    0x0310 1 SignoffReset => SignoffResetV1 {
        item: Ar,
        step: String,
        is_reloaded: bool,
        configured_at: Whole,
        due: Option<i64>,
    }
    /// Resets will come by themselves; stopped when absent.
    0x0311 1 ResetScheduled => ResetScheduledV1 { item: Ar, step: String, recurrence: Option<RecurrenceV1> }
}
