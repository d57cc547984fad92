//! Time as the log keeps it: whole milliseconds since 1970, UTC.

use std::fmt;
use std::str::FromStr;

/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A text that is not an RFC 3339 time, or a number outside of the years −9999 to 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an RFC 3339 time")]
pub struct ParseTimestampError {
    /// What was given, cut to a printable length.
    pub text: String,
}

impl Timestamp {
    /// From milliseconds since 1970; what lies outside of the calendar's range is clamped to its ends.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        // Whole seconds: jiff takes no milliseconds within the calendar's last second.
        Self(millis.clamp(jiff::Timestamp::MIN.as_second() * 1_000, jiff::Timestamp::MAX.as_second() * 1_000))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }
}

/// RFC 3339, UTC, always with milliseconds: `2026-01-15T08:30:00.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{time:.3}")
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        text.parse::<jiff::Timestamp>()
            .map(|time| Self::from_millis(time.as_millisecond()))
            .map_err(|_| ParseTimestampError { text: text.chars().take(64).collect() })
    }
}
