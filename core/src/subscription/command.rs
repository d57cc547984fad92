//! Wishes about one's own subscriptions.

use crate::ids::ItemId;

/// What can be asked, by a person for himself.
#[derive(Debug, Clone)]
pub enum Command {
    /// Tell me about this item and those below it.
    Subscribe { item: ItemId },
    /// Not any more.
    Unsubscribe { item: ItemId },
}
