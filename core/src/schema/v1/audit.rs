//! `0x0515`. Since 0.1.

use super::super::macros::events;
use super::super::wire::Ak;
use super::header::PrincipalV1;
use crate::audit::Event;

events! { Event in Audit;
    /// So often, from then until the event's own time, commands were refused to one who lacked the right.
    0x0515 1 RefusalsCounted => RefusalsCountedV1 { who: PrincipalV1, via: Option<Ak>, code: String, times: u32, since: i64 }
}
