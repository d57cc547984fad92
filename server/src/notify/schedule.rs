//! When a failed delivery is tried again: more and more seldom, over days.

/// The pauses between the attempts, in seconds: three days in all, then a parcel is a dead letter.
const PAUSES_SECONDS: [i64; 12] = [1, 5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400];
/// The pause of what cannot even become a dead letter, for want of room.
pub(super) const LAST_PAUSE_MILLIS: i64 = 86_400_000;
/// How much later than the schedule says an attempt may be, as a part of the pause.
const JITTER: f64 = 0.25;
/// The longest `Retry-After` that is respected.
pub(super) const RETRY_AFTER_MILLIS_MAX: i64 = 86_400_000;

/// How long to wait after the attempt of that number, with `chance` of 0 to 1 for the jitter; nothing when it was the
/// last.
#[must_use]
pub(super) fn pause_millis(attempt: u32, chance: f64) -> Option<i64> {
    let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
    let pause = PAUSES_SECONDS.get(index)?.saturating_mul(1_000);
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a pause has few digits")]
    let jitter = (pause as f64 * JITTER * chance.clamp(0.0, 1.0)) as i64;
    Some(pause.saturating_add(jitter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_to_days_and_end() {
        let pauses: Vec<i64> = (1..).map_while(|attempt| pause_millis(attempt, 0.0)).collect();
        assert_eq!(pauses.len(), PAUSES_SECONDS.len());
        assert!(pauses.windows(2).all(|pair| pair.first() <= pair.last()), "{pauses:?}");
        assert!(pauses.iter().sum::<i64>() > 2 * 86_400_000);
        assert_eq!(pause_millis(0, 0.0), None);
    }

    #[test]
    fn the_jitter_delays_by_at_most_a_quarter() {
        assert_eq!(pause_millis(1, 1.0), Some(1_250));
        assert_eq!(pause_millis(1, 7.0), Some(1_250));
    }
}
