//! What was tried and came to nothing: entries of the audit trail that change no state.
//!
//! A refusal itself is no event, or a storm of refusals would be a storm of events. Shells count them, and now and
//! then tell the counts here.

mod command;
mod decide;
mod event;

pub use command::{Command, Refused};
pub use decide::{REFUSED_MAX, Rejection};
pub use event::Event;

pub(crate) use decide::decide;

#[cfg(test)]
mod tests;
