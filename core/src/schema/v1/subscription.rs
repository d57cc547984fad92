//! `0x06__`, subscriptions. Since 0.1.

use super::super::macros::events;
use super::super::wire::{Ar, Us};
use crate::subscription::Event;

events! { Event in Subscription;
    /// Is told about the item, and those below it.
    0x0606 1 Subscribed => SubscribedV1 { item: Ar, user: Us }
    /// No longer told about the item.
    0x0607 1 Unsubscribed => UnsubscribedV1 { item: Ar, user: Us }
}
