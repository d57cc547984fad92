//! Sign-offs as the state holds them.

use std::sync::Arc;

use imbl::OrdMap;

use crate::blueprint::{Container, Recurrence};
use crate::context::Principal;
use crate::ids::{Digest, FeedbackGroupId, ItemId, KeyId, Position, ReviewId, StepId, UserId};
use crate::personal::Personal;
use crate::time::Timestamp;

/// All sign-offs.
#[derive(Debug, Clone, Default)]
pub struct Signoffs {
    /// One per item and step.
    pub by_step: OrdMap<SignoffKey, Arc<Signoff>>,
    /// The cycles of sign-offs whose step left its item's template; they go on should it come back.
    pub former: OrdMap<SignoffKey, Vec<Arc<Cycle>>>,
    /// The last review id handed out.
    pub last_review: u32,
}

/// One step of one item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignoffKey {
    /// The item.
    pub item: ItemId,
    /// Its step.
    pub step: StepId,
}

/// Feedback and approval of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Signoff {
    /// Where it stands.
    pub status: Status,
    /// Where it stood when it was abandoned; meaningful only then.
    pub before_abandon: Option<Status>,
    /// The decision by which an approver abandoned it; meaningful only while it is abandoned.
    pub given_up: Option<GivenUp>,
    /// 1, 2, 3 …; a reset begins the next.
    pub cycle: u32,
    /// The event whose configuration applies.
    pub configured_at: Position,
    /// Everyone who requested anything in this cycle.
    pub requesters: Vec<Principal>,
    /// Reviews of this cycle, in order of submission.
    pub reviews: Vec<Review>,
    /// Approvals of this cycle, one per approver; more than one only with a quorum.
    pub approvals: Vec<Approval>,
    /// Reviewing or approving rights passed on.
    pub delegations: Vec<Delegation>,
    /// The recurring reset in force.
    pub recurrence: Option<Recurrence>,
    /// When the standing approvals were enough; due times count from here.
    pub approved_at: Option<Timestamp>,
    /// When the next reset by itself is due; it happens only while the sign-off is approved.
    pub reset_due: Option<Timestamp>,
    /// When the approval expires, likewise.
    pub expires_at: Option<Timestamp>,
    /// Earlier cycles, and approvals of this one that were set aside.
    pub history: Vec<Arc<Cycle>>,
}

/// The sign-off statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// NOT_STARTED.
    NotStarted,
    /// WAITING_FOR_FEEDBACK.
    WaitingForFeedback,
    /// WAITING_FOR_APPROVAL.
    WaitingForApproval,
    /// APPROVED.
    Approved,
    /// REJECTED.
    Rejected,
    /// ABANDONED.
    Abandoned,
}

impl Status {
    /// All of them, in the order of the life of a sign-off.
    pub const ALL: [Self; 6] = [
        Self::NotStarted,
        Self::WaitingForFeedback,
        Self::WaitingForApproval,
        Self::Approved,
        Self::Rejected,
        Self::Abandoned,
    ];

    /// The word on every wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotStarted => "NOT_STARTED",
            Self::WaitingForFeedback => "WAITING_FOR_FEEDBACK",
            Self::WaitingForApproval => "WAITING_FOR_APPROVAL",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Abandoned => "ABANDONED",
        }
    }
}

/// What a reviewer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReviewStatus {
    /// APPROVED.
    Approved,
    /// MINOR_ISSUE.
    MinorIssue,
    /// MAJOR_ISSUE.
    MajorIssue,
}

impl ReviewStatus {
    /// The word on every wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::MinorIssue => "MINOR_ISSUE",
            Self::MajorIssue => "MAJOR_ISSUE",
        }
    }
}

/// What an approver decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApprovalStatus {
    /// APPROVED.
    Approved,
    /// REJECTED.
    Rejected,
}

impl ApprovalStatus {
    /// The word on every wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
        }
    }
}

/// One review.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// For which group.
    pub group: FeedbackGroupId,
    /// By whom.
    pub author: Principal,
    /// Through which impersonating key.
    pub via: Option<KeyId>,
    /// What was found.
    pub status: ReviewStatus,
    /// In words.
    pub comment: Option<Personal>,
    /// When, last.
    pub at: Timestamp,
}

/// An approver's decision to abandon.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenUp {
    /// By whom.
    pub author: Principal,
    /// In words.
    pub comment: Option<Personal>,
    /// When.
    pub at: Timestamp,
}

/// One approver's decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// By whom.
    pub author: Principal,
    /// Through which impersonating key.
    pub via: Option<KeyId>,
    /// What was decided.
    pub status: ApprovalStatus,
    /// In words.
    pub comment: Option<Personal>,
    /// When, last.
    pub at: Timestamp,
    /// The content that was approved, as the governed source named it.
    pub digest: Option<Digest>,
    /// What entitled the author when he decided.
    pub through: Vec<Container>,
}

/// A right passed on to one person; whoever passed it on keeps his own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// Of reviewing in this group; none: of approving.
    pub group: Option<FeedbackGroupId>,
    /// To whom.
    pub to: Container,
    /// By whom.
    pub by: Principal,
}

/// An earlier cycle, as it was when it was reset; or approvals of the current one that were set aside, without reviews.
#[derive(Debug, Clone, PartialEq)]
pub struct Cycle {
    /// Its number.
    pub cycle: u32,
    /// Where it ended.
    pub status: Status,
    /// The configuration it ran under.
    pub configured_at: Position,
    /// Its reviews.
    pub reviews: Vec<Review>,
    /// Its approvals.
    pub approvals: Vec<Approval>,
    /// When it was reset.
    pub ended_at: Timestamp,
}

/// Somebody to be told, and in which capacity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notified {
    /// Whom.
    pub user: UserId,
    /// As a member of this feedback group; as an approver when absent.
    pub group: Option<FeedbackGroupId>,
}
