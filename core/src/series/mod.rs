//! Uploaded files (and, later, time series that people push).

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::Command;
pub use decide::{FILE_BYTES_MAX, FILE_NAME_BYTES_MAX, MEDIA_TYPE_BYTES_MAX, Rejection};
pub use event::Event;
pub use state::{File, Files};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;

#[cfg(test)]
mod tests;
