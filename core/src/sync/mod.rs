//! What nodes tell: their objects, whether these are gone, and evaluations.
//!
//! Redelivered, duplicated and reordered messages change nothing: key and revision decide.

mod bounds;
mod cleanup;
mod command;
mod decide;
mod deployments;
mod evaluate;
mod event;
mod evolve;
mod fields;
mod opt_out;
mod read;
mod state;

pub use bounds::{
    FIELDS_MAX, KEY_PART_BYTES_MAX, METRIC_NAME_BYTES_MAX, METRICS_MAX, MODEL_VERSIONS_MAX, NAME_BYTES_MAX,
    URL_BYTES_MAX,
};
pub use cleanup::{CLEANUP_EVENTS_MAX, Fate, Leftover, governed, leftovers};
pub use command::{Command, Evaluate, Sync};
pub use decide::Rejection;
pub use deployments::{API_DEPLOYMENT, REFERENCED_VERSIONS_MAX};
pub use event::{Event, SeriesMeasure};
pub use read::{evaluations, focus_of, is_opted_out, latest_drift, latest_metric};
pub use state::{Active, Evaluation, Measure, Nodes, OptOut, Revision, SyncKey, SyncObject, SyncSource};

/// Before a metric's name, in the field of a model version that holds its time series.
pub const METRIC_FIELD_PREFIX: &str = "evaluation_metrics_";

pub(crate) use decide::{decide, register};
pub(crate) use evolve::{evolve, forget};

#[cfg(test)]
mod tests;
