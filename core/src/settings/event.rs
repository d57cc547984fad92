//! Facts about settings.

use std::sync::Arc;

/// `0x06__`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An administrator set a named document, a JSON object; removed when absent.
    SettingsChanged { name: Arc<str>, document: Option<Arc<str>> },
}
