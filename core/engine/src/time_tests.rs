//! What the engine does by itself: timers and pending work.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use countersign_core::ids::Position;
use countersign_core::time::Timestamp;
use countersign_core::{Caller, Channel, Command, Context, State, artifact, log};
use tokio::time::timeout;

use crate::engine::Settings;
use crate::engine_tests::{BOUND, Bench, any_command, caller, outcome, sample_rules};
use crate::group::Rules;

#[tokio::test]
async fn recorded_time_never_goes_back() {
    let now = Arc::new(AtomicI64::new(2_000));
    let clock = Arc::clone(&now);
    let settings = Settings {
        clock: Box::new(move || Timestamp::from_millis(clock.load(Ordering::SeqCst))),
        ..Settings::default()
    };
    let bench = Bench::new(sample_rules(), settings);
    for (at, recorded_at) in [(2_000, 2_000), (1_000, 2_000), (3_000, 3_000)] {
        now.store(at, Ordering::SeqCst);
        bench.open.send(Ok(())).unwrap();
        let receipt = bench.engine.submit(any_command(), caller(1)).await.unwrap();
        assert_eq!(receipt.events.last().unwrap().recorded_at, Timestamp::from_millis(recorded_at));
    }
}

/// Rules under which a timer is due at 5 s until the third event, and the system's own commands make one event.
fn timed(fired: Arc<AtomicU64>) -> Rules {
    let handle = move |state: &State, command: &Command, context: &Context| match command {
        Command::Log(log::Command::FireDue) if context.caller.channel == Channel::Engine => {
            fired.fetch_add(1, Ordering::SeqCst);
            Ok(outcome(state, context, 1))
        }
        _ => Ok(outcome(state, context, 1)),
    };
    let due = |state: &State| (state.head == Position(2)).then_some(Timestamp::from_millis(5_000));
    Rules { handle: Box::new(handle), due, is_pending: |_| false }
}

#[tokio::test]
async fn a_timer_fires_once_before_the_next_command_and_by_itself_when_its_time_comes() {
    for with_command in [true, false] {
        let fired = Arc::new(AtomicU64::new(0));
        let now = Arc::new(AtomicI64::new(if with_command { 1_000 } else { 4_950 }));
        let clock = Arc::clone(&now);
        let begun = std::time::Instant::now();
        let clock = move || {
            let passed = if with_command { 0 } else { i64::try_from(begun.elapsed().as_millis()).unwrap() };
            Timestamp::from_millis(clock.load(Ordering::SeqCst) + passed)
        };
        let bench = Bench::new(timed(Arc::clone(&fired)), Settings { clock: Box::new(clock), ..Settings::default() });
        for _ in 0..10 {
            bench.open.send(Ok(())).unwrap();
        }
        let person = || Caller { channel: Channel::Http, ..caller(1) };
        bench.engine.submit(any_command(), person()).await.unwrap();
        let mut head = bench.engine.durable_head();
        if with_command {
            assert_eq!(fired.load(Ordering::SeqCst), 0, "not yet due");
            now.store(6_000, Ordering::SeqCst);
            assert_eq!(bench.engine.submit(any_command(), person()).await.unwrap().position, Position(4));
        }
        timeout(BOUND, head.wait_for(|head| *head >= Position(3))).await.unwrap().unwrap();
        bench.engine.submit(any_command(), person()).await.unwrap();
        assert_eq!(fired.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn pending_work_is_done_by_the_system_without_being_asked_and_never_spins() {
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let handle = move |state: &State, command: &Command, context: &Context| match command {
        Command::Item(artifact::Command::GovernPending) => {
            count.fetch_add(1, Ordering::SeqCst);
            // Works until event 10, then makes nothing though something is pending for ever.
            Ok(outcome(state, context, u64::from(state.head < Position(10))))
        }
        _ => Ok(outcome(state, context, 1)),
    };
    let is_pending = |state: &State| state.head >= Position(2);
    let bench = Bench::opened(Rules { handle: Box::new(handle), due: |_| None, is_pending });
    bench.engine.submit(any_command(), caller(1)).await.unwrap();
    let mut head = bench.engine.durable_head();
    timeout(BOUND, head.wait_for(|head| *head >= Position(10))).await.unwrap().unwrap();
    bench.engine.submit(any_command(), caller(1)).await.unwrap();
    timeout(BOUND, bench.engine.stop()).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 8 + 2, "once per head at which it makes nothing");
}
