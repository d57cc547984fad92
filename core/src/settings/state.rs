//! Settings as the state holds them.

use std::sync::Arc;

use imbl::OrdMap;

use crate::ids::Position;

/// All settings.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// By name.
    pub by_name: OrdMap<Arc<str>, Arc<Setting>>,
}

/// A named document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// A JSON object, as it was given.
    pub document: Arc<str>,
    /// The event that first set it.
    pub created: Position,
    /// The event that last did.
    pub changed: Position,
}
