//! Sign-off of one workflow step: feedback, then approval.
//!
//! Pure. Who may act is decided in `policy`; what people see is a projection. Start at `decide`.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::{Action, Command, Notify};
pub use decide::Rejection;
pub use event::Event;
pub use state::{
    Approval, ApprovalStatus, Cycle, Delegation, Notified, Review, ReviewStatus, Signoff, SignoffKey, Signoffs, Status,
};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;
