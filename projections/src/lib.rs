//! Read models: folded from the log, never written to by anybody else.
//!
//! Absent here on purpose: rules (they are in `core`), rendering to JSON, HTTP. Views hold ids and numbers and are
//! rendered from the [`State`](countersign_core::State) of the same [`Snapshot`]. Start at [`projection`], then read
//! [`snapshot`] and [`projector`].

pub mod derive;
pub mod fold;
pub mod history;
pub mod page;
pub mod projection;
pub mod projector;
pub mod readable;
pub mod rebuild;
pub mod sight;
pub mod snapshot;
pub mod snapshots;
pub mod views;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walks;

pub use fold::{LoadError, load};
pub use history::Loaded;
pub use projection::Projection;
pub use projector::{Feed, Projector, Stopped};
pub use rebuild::{Rebuild, RebuildError, Rebuilt};
pub use snapshot::Snapshot;
pub use snapshots::{AtError, Snapshots, Status, WaitError};
pub use views::Views;
