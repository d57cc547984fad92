//! Rules of the instance: which synced items are governed by themselves, and which are recommended.
//!
//! An override on a project or model comes before the rules of the instance, for it and for all that lies in it; among
//! the rules of one place the first whose criteria hold decides. Where none does, nothing happens by itself.
//!
//! A rule can leave it to the instance's script. The shell asks the script about each such item and tells what it said;
//! that is checked and becomes an event, so that a replay asks nobody.

mod command;
mod decide;
mod decision;
mod event;
mod evolve;
mod judge;
mod look;
mod state;

pub use command::Command;
pub use decide::{CRITERION_BYTES_MAX, RULES_MAX, Rejection};
pub use decision::{ChildDecision, Decision, Judged, Said, decision};
pub use event::Event;
pub use judge::{SCRIPT_BYTES_MAX, SCRIPT_ESCAPED_BYTES_MAX, WHY_BYTES_MAX};
pub use state::{Applying, Criteria, Governing, Kind, Place, Rule, Rules, applying, deciding, is_recommended};

pub(crate) use decide::decide;
pub(crate) use decision::to_govern;
pub(crate) use evolve::{evolve, settle};
#[cfg(test)]
pub(crate) use look::is_kept_track_of;
pub(crate) use look::{follow, may_apply};
pub(crate) use state::{automatic, next_project};

#[cfg(test)]
mod script_tests;
#[cfg(test)]
mod tests;
