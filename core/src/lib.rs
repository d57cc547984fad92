//! The pure heart of Countersign: what can happen, what may happen, and what follows from it.
//!
//! Absent here on purpose: clocks, randomness, I/O, threads, async, logging, HTTP, NATS, sled. Time and randomness come
//! in through [`context::Context`]. Start at [`decide::handle`] and [`evolve::evolve`], then read `signoff`.

pub mod access;
pub mod artifact;
pub mod audit;
pub mod blueprint;
pub mod command;
pub mod context;
pub mod decide;
pub mod deploy;
pub mod draft;
pub mod event;
pub mod evolve;
pub mod ids;
pub mod input;
pub mod log;
pub mod personal;
pub mod recorded;
pub mod rejection;
pub mod rules;
pub mod schema;
pub mod series;
pub mod settings;
pub mod signoff;
pub mod state;
pub mod subscription;
pub mod sync;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod timer;
pub mod value;
#[cfg(test)]
mod walks;

pub use command::Command;
pub use context::{Caller, Channel, Context, Principal, RequestKey};
pub use decide::{Outcome, decide, handle};
pub use event::Event;
pub use evolve::evolve;
pub use recorded::Recorded;
pub use rejection::{Rejection, RejectionKind};
pub use state::State;
