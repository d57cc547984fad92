//! Wishes about settings.

use std::sync::Arc;

/// What can be asked.
#[derive(Debug, Clone)]
pub enum Command {
    /// The setting of that name is this JSON object from now on; without one it is gone.
    Set { name: Arc<str>, document: Option<Arc<str>> },
}
