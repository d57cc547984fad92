//! What is due when: an ordered map, so that time passes the same way at every replay.

use imbl::OrdSet;

use crate::signoff::SignoffKey;
use crate::time::Timestamp;

/// Something that happens by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A scheduled reset of a sign-off.
    Reset(SignoffKey),
    /// An approval runs out.
    Expiry(SignoffKey),
}

/// All timers, earliest first.
#[derive(Debug, Clone, Default)]
pub struct Timers {
    by_due: OrdSet<(Timestamp, Timer)>,
}

impl Timers {
    /// The earliest.
    #[must_use]
    pub fn next(&self) -> Option<&(Timestamp, Timer)> {
        self.by_due.get_min()
    }

    pub(crate) fn set(&mut self, due: Timestamp, timer: Timer) {
        self.by_due.insert((due, timer));
    }

    pub(crate) fn cancel(&mut self, due: Timestamp, timer: Timer) {
        self.by_due.remove(&(due, timer));
    }
}
