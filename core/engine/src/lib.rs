//! The event log, the stores beside it, and the single writer in front of it.
//!
//! Here: the [`log`] port with its sled and memory adapters, the [`vault`] for secrets, the [`files`] store, and the
//! [`engine`], the one thread that decides and appends. Not here: what the events mean (core), views (projections).

pub mod clock;
#[cfg(any(test, feature = "testing"))]
pub mod contract;
pub mod engine;
#[cfg(test)]
mod engine_tests;
pub mod export;
#[cfg(any(test, feature = "testing"))]
pub mod fault;
pub mod files;
mod group;
pub mod import;
pub mod log;
pub mod memory_log;
#[cfg(test)]
mod power_cut_tests;
#[cfg(any(test, feature = "testing"))]
pub mod sample;
pub mod sled_log;
#[cfg(test)]
mod time_tests;
pub mod vault;
pub mod verify;
mod writer;
