//! `0x00__`. Since 0.1.

use super::super::macros::events;
use super::super::wire::Uuid;
use crate::log::Event;

events! { Event in Log;
    /// The first event: names the log for ever.
    0x0001 1 LogCreated => LogCreatedV1 { log: Uuid, product: String }
}
