//! Uploaded files (and, later, time series that people push).

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::Command;
pub use event::Event;
pub use state::{File, Files};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;
