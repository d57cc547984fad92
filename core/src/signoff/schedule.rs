//! When something is due: calendar arithmetic in UTC, month ends clamped.

use super::rejection::Rejection;
use crate::blueprint::Recurrence;
use crate::time::Timestamp;

/// Longest interval of a recurrence, in years; days, weeks and months are bounded alike.
pub const RECURRENCE_YEARS_MAX: u32 = 100;

/// Refuses an interval that is too long, or that runs and is none.
pub(crate) fn check_recurrence(recurrence: &Recurrence) -> Result<(), Rejection> {
    if !is_bounded(recurrence) {
        return Err(Rejection::RecurrenceTooLong);
    }
    if recurrence.activated && is_empty(recurrence) {
        return Err(Rejection::RecurrenceEmpty);
    }
    Ok(())
}

/// Whether every part of the interval is within [`RECURRENCE_YEARS_MAX`].
const fn is_bounded(recurrence: &Recurrence) -> bool {
    recurrence.years <= RECURRENCE_YEARS_MAX
        && recurrence.months <= RECURRENCE_YEARS_MAX * 12
        && recurrence.weeks <= RECURRENCE_YEARS_MAX * 53
        && recurrence.days <= RECURRENCE_YEARS_MAX * 366
}

/// Whether the parts add up to nothing.
const fn is_empty(recurrence: &Recurrence) -> bool {
    recurrence.days == 0 && recurrence.weeks == 0 && recurrence.months == 0 && recurrence.years == 0
}

/// One interval after `from`; nothing when the recurrence does not run or the calendar ends before that.
pub(super) fn next_due(from: Timestamp, recurrence: &Recurrence) -> Option<Timestamp> {
    if !recurrence.activated || is_empty(recurrence) {
        return None;
    }
    let span = jiff::Span::new()
        .try_years(recurrence.years)
        .and_then(|span| span.try_months(recurrence.months))
        .and_then(|span| span.try_weeks(recurrence.weeks))
        .and_then(|span| span.try_days(recurrence.days))
        .ok()?;
    let from = jiff::Timestamp::from_millisecond(from.millis()).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    let due = from.checked_add(span).ok()?;
    Some(Timestamp::from_millis(due.timestamp().as_millisecond()))
}

/// When an approval given at `from` expires.
pub(super) fn expiry(from: Timestamp, after_millis: Option<i64>) -> Option<Timestamp> {
    after_millis.map(|millis| Timestamp::from_millis(from.millis().saturating_add(millis.max(0))))
}
