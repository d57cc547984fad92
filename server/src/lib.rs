//! Countersign as a service: everything around the core.

pub mod event_json;
pub mod relay;
