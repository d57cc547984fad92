//! What the native API shows. Every shape is made from one snapshot and nothing else, never from a clock.

pub mod command;
pub mod configuration;
pub mod item;
pub mod people;
pub mod rules;
pub mod signoff;
pub mod template;
pub mod value;

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Give it as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
    /// The log position that the list was answered from.
    pub position: u64,
}
