//! Facts about subscriptions.

use crate::ids::{ItemId, UserId};

/// `0x06__`. What people do subscribes them without an event of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Is told about the item, and those below it.
    Subscribed { item: ItemId, user: UserId },
    /// No longer.
    Unsubscribed { item: ItemId, user: UserId },
}

impl Event {
    /// The item it is about.
    #[must_use]
    pub const fn item(&self) -> ItemId {
        match self {
            Self::Subscribed { item, .. } | Self::Unsubscribed { item, .. } => *item,
        }
    }
}
