//! Infrastructures and the gate before them.

mod approval;
mod command;
mod decide;
mod event;
mod evolve;
pub mod gate;
mod state;

pub use command::Command;
pub use decide::{Rejection, STAGE_BYTES_MAX};
pub use event::Event;
pub use state::{InfraKey, InfraKind, Infrastructure, Infrastructures, Policy};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;

#[cfg(test)]
mod tests;
