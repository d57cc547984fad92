//! The event log, the stores beside it, and the single writer in front of it.
//!
//! Here: the [`log`] port with its sled and memory adapters, the [`vault`] for secrets, the [`files`] store, and the
//! [`engine`], the one thread that decides and appends. Not here: what the events mean (core), views (projections).

pub mod clock;
pub mod files;
pub mod vault;
