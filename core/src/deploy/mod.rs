//! Infrastructures and the gate before them.

mod approval;
mod command;
mod decide;
mod demand;
mod event;
mod evolve;
pub mod gate;
mod health;
mod overrides;
mod report;
mod state;

pub use command::Command;
pub use decide::{Rejection, STAGE_BYTES_MAX};
pub use demand::{CHECKS_FIELD, DEMAND_NAME_BYTES_MAX, DEMANDS_MAX, Demand};
pub use event::Event;
pub use health::{Health, health_of};
pub use overrides::REASON_BYTES_MAX;
pub use report::asked_subjects;
pub use state::{Deployed, InfraKey, InfraKind, Infrastructure, Infrastructures, Override, Policy};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;
pub(crate) use report::report;

#[cfg(test)]
mod tests;
