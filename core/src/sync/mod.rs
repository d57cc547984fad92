//! What nodes tell: their objects, whether these are gone, and evaluations.
//!
//! Redelivered, duplicated and reordered messages change nothing: key and revision decide.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::{Command, Evaluate, Sync};
pub use decide::Rejection;
pub use event::{Event, SeriesMeasure};
pub use state::{Active, Measure, Nodes, Revision, SyncKey, SyncObject, SyncSource};

/// Before a metric's name, in the field of a model version that holds its time series.
pub const METRIC_FIELD_PREFIX: &str = "evaluation_metrics_";

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;
