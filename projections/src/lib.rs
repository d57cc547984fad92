//! Read models: folded from the log, never written to by anybody else.
//!
//! Absent here on purpose: rules (they are in `core`), rendering to JSON, HTTP. Views hold ids and numbers and are
//! rendered from the [`State`](countersign_core::State) of the same [`Snapshot`]. Start at [`projection`], then read
//! [`snapshot`].

pub mod derive;
pub mod page;
pub mod projection;
pub mod snapshot;
pub mod views;

pub use projection::Projection;
pub use snapshot::Snapshot;
pub use views::Views;
