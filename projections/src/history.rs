//! Snapshots of the past, from which time travel folds on.
//!
//! Bounded by number: a snapshot shares with its neighbours whatever did not change between them, so what it costs is
//! bounded by the events between it and the next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use countersign_core::ids::Position;

use crate::snapshot::Snapshot;

/// Events between two kept snapshots, as long as the log is short enough for [`KEPT_MAX`].
pub const INTERVAL_EVENTS: u64 = 20_000;
/// Most snapshots kept for good; when there are more, every other one goes and the interval doubles.
pub const KEPT_MAX: usize = 64;
/// The latest published ones are kept as well: most journeys go back a little.
const RECENT_MAX: usize = 32;
/// What time travel folded up is kept a while: a page asks for the same position again and again.
const FOLDED_MAX: usize = 8;

/// What a start has folded up.
#[derive(Debug, Default)]
pub struct Loaded {
    /// At the head.
    pub snapshot: Snapshot,
    pub(crate) history: History,
}

#[derive(Debug)]
pub(crate) struct History {
    interval: u64,
    kept: BTreeMap<Position, Arc<Snapshot>>,
    recent: VecDeque<Arc<Snapshot>>,
    folded: VecDeque<Arc<Snapshot>>,
}

impl Default for History {
    fn default() -> Self {
        Self { interval: INTERVAL_EVENTS, kept: BTreeMap::new(), recent: VecDeque::new(), folded: VecDeque::new() }
    }
}

impl History {
    /// Whether a snapshot at this position is far enough from the last kept one.
    pub(crate) fn wants(&self, position: Position) -> bool {
        let last = self.kept.last_key_value().map_or(0, |(position, _)| position.0);
        position.0 >= last.saturating_add(self.interval)
    }

    pub(crate) fn keep(&mut self, snapshot: &Arc<Snapshot>) {
        self.kept.insert(snapshot.position(), snapshot.clone());
        if self.kept.len() > KEPT_MAX {
            self.interval = self.interval.saturating_mul(2);
            let mut number = 0_usize;
            self.kept.retain(|_, _| {
                number = number.saturating_add(1);
                number.is_multiple_of(2)
            });
        }
    }

    /// Just published.
    pub(crate) fn published(&mut self, snapshot: &Arc<Snapshot>) {
        if self.wants(snapshot.position()) {
            self.keep(snapshot);
        }
        push(&mut self.recent, snapshot, RECENT_MAX);
    }

    /// Just folded up for somebody.
    pub(crate) fn folded(&mut self, snapshot: &Arc<Snapshot>) {
        push(&mut self.folded, snapshot, FOLDED_MAX);
    }

    /// The last snapshot at or before a position.
    pub(crate) fn nearest(&self, position: Position) -> Option<Arc<Snapshot>> {
        let kept = self.kept.range(..=position).next_back().map(|(_, snapshot)| snapshot);
        let others = self.recent.iter().chain(&self.folded).filter(|snapshot| snapshot.position() <= position);
        kept.into_iter().chain(others).max_by_key(|snapshot| snapshot.position()).cloned()
    }

    /// Nothing folded before is trusted any more.
    pub(crate) fn clear(&mut self) {
        *self = Self { interval: self.interval, ..Self::default() };
    }
}

fn push(ring: &mut VecDeque<Arc<Snapshot>>, snapshot: &Arc<Snapshot>, max: usize) {
    if ring.len() >= max {
        ring.pop_front();
    }
    ring.push_back(snapshot.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: u64) -> Arc<Snapshot> {
        let mut snapshot = Snapshot::default();
        snapshot.state.head = Position(position);
        Arc::new(snapshot)
    }

    #[test]
    fn a_long_log_keeps_a_bounded_number_of_snapshots_spread_over_all_of_it() {
        let mut history = History::default();
        for step in 1..=1_000 {
            let snapshot = at(step * INTERVAL_EVENTS);
            if history.wants(snapshot.position()) {
                history.keep(&snapshot);
            }
        }
        assert!(history.kept.len() <= KEPT_MAX, "{}", history.kept.len());
        assert!(history.kept.len() >= KEPT_MAX / 4, "{}", history.kept.len());
        let positions: Vec<u64> = history.kept.keys().map(|position| position.0).collect();
        assert!(
            positions.windows(2).all(|pair| pair.iter().rev().copied().reduce(|a, b| a - b) <= Some(history.interval))
        );
    }

    #[test]
    fn the_nearest_snapshot_is_never_after_the_position() {
        let mut history = History::default();
        history.keep(&at(20_000));
        history.published(&at(30_000));
        history.folded(&at(25_000));
        let nearest = |position| history.nearest(Position(position)).map(|snapshot| snapshot.position().0);
        assert_eq!(nearest(19_999), None);
        assert_eq!(nearest(20_000), Some(20_000));
        assert_eq!(nearest(27_000), Some(25_000));
        assert_eq!(nearest(40_000), Some(30_000));
    }
}
