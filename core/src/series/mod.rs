//! Uploaded files, and time series that people push.

mod command;
mod decide;
mod event;
mod evolve;
mod points;
mod state;

pub use command::Command;
pub use decide::{FILE_BYTES_MAX, FILE_NAME_BYTES_MAX, MEDIA_TYPE_BYTES_MAX, Rejection};
pub use event::Event;
pub use points::{POINT_BYTES_MAX, POINTS_MAX};
pub use state::{File, Files, Point, Series};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;

#[cfg(test)]
mod tests;
