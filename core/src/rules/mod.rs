//! Rules of the instance: which synced items are governed by themselves, and which are recommended.
//!
//! An override on a project or model comes before the rules of the instance, for it and for all that lies in it; among
//! the rules of one place the first whose criteria hold decides. Where none does, nothing happens by itself.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::Command;
pub use decide::{CRITERION_BYTES_MAX, RULES_MAX, Rejection};
pub use event::Event;
pub use state::{Applying, Criteria, Governing, Kind, Place, Rule, Rules, applying, is_recommended};

pub(crate) use decide::decide;
pub(crate) use evolve::{evolve, settle};
pub(crate) use state::{automatic, next_project};

#[cfg(test)]
mod tests;
