#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test should panic")]

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use countersign_core::ids::{CorrelationId, Digest, Position};
use countersign_core::rejection::common;
use countersign_core::schema::Encoded;
use countersign_core::{
    Caller, Channel, Command, Context, Event, Outcome, Principal, Rejection, RequestKey, State, access, evolve, log,
};
use tokio::time::timeout;

use crate::engine::{Committed, Engine, Health, Settings, SubmitError};
use crate::group::Rules;
use crate::log::{AppendError, LogReader, LogWriter};
use crate::memory_log::{self, MemoryReader};
use crate::sample;

/// Nothing in these tests takes this long, except when it hangs.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

/// `count` samples after `state`, as `context` asks for them.
pub(crate) fn outcome(state: &State, context: &Context, count: u64) -> Outcome {
    let mut after = state.clone();
    let mut events = Vec::new();
    let first = if state.log.is_none() { 1 } else { 0 };
    for number in 0..count + first {
        let mut recorded = sample::recorded(after.head.next(), 40);
        recorded.id = context.event_id(u32::try_from(number).unwrap());
        recorded.recorded_at = context.at;
        recorded.actor = context.caller.principal.clone();
        recorded.correlation = context.caller.correlation;
        recorded.request = context.caller.request.clone();
        evolve(&mut after, &recorded);
        events.push(recorded);
    }
    Outcome { events, state: after, repeated: None }
}

/// Every command makes as many events as the lowest byte of its correlation says, besides a new log's first.
pub(crate) fn sample_rules() -> Rules {
    let handle = |state: &State, _: &Command, context: &Context| {
        let count = u64::try_from(context.caller.correlation.0.as_u128() & 0xff).unwrap();
        Ok(outcome(state, context, count))
    };
    Rules { handle: Box::new(handle), due: |_| None, is_pending: |_| false }
}

fn rules(handle: impl Fn(&State, &Command, &Context) -> Result<Outcome, Rejection> + Send + 'static) -> Rules {
    Rules { handle: Box::new(handle), ..sample_rules() }
}

pub(crate) fn any_command() -> Command {
    Command::Log(log::Command::FireDue)
}

pub(crate) fn caller(events: u128) -> Caller {
    Caller::new(Principal::System, Channel::Engine, CorrelationId(uuid::Uuid::from_u128(events)))
}

/// A log whose appends wait for a word from the test, and which counts them.
struct Gated {
    log: memory_log::MemoryWriter,
    gate: mpsc::Receiver<Result<(), ()>>,
    sizes: Arc<Mutex<Vec<usize>>>,
}

impl LogWriter for Gated {
    fn append(&mut self, expected_head: Position, events: &[Encoded]) -> Result<Position, AppendError> {
        self.sizes.lock().unwrap().push(events.len());
        match self.gate.recv_timeout(BOUND) {
            Ok(Ok(())) => self.log.append(expected_head, events),
            _ => Err(AppendError::Full { source: std::io::ErrorKind::StorageFull.into() }),
        }
    }
}

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    reader: MemoryReader,
    pub(crate) open: mpsc::Sender<Result<(), ()>>,
    sizes: Arc<Mutex<Vec<usize>>>,
    observed: Arc<Mutex<Vec<Committed>>>,
}

impl Bench {
    pub(crate) fn new(rules: Rules, settings: Settings) -> Self {
        let (log, reader) = memory_log::open(MemoryReader::default());
        let (open, gate) = mpsc::channel();
        let (sizes, observed) = (Arc::<Mutex<Vec<usize>>>::default(), Arc::<Mutex<Vec<Committed>>>::default());
        let writer = Gated { log, gate, sizes: Arc::clone(&sizes) };
        let seen = Arc::clone(&observed);
        let engine = Engine::start_with(writer, State::default(), settings, rules, move |group| {
            seen.lock().unwrap().extend(group);
        });
        Self { engine, reader, open, sizes, observed }
    }

    pub(crate) fn opened(rules: Rules) -> Self {
        let bench = Self::new(rules, Settings::default());
        for _ in 0..100 {
            bench.open.send(Ok(())).unwrap();
        }
        bench
    }

    fn submit(&self, caller: Caller) -> tokio::task::JoinHandle<Result<crate::engine::Receipt, SubmitError>> {
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.submit(any_command(), caller).await })
    }

    /// Waits until so many appends have begun.
    async fn appending(&self, count: usize) {
        let begun = async {
            while self.sizes.lock().unwrap().len() < count {
                tokio::task::yield_now().await;
            }
        };
        timeout(BOUND, begun).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_answered_before_it_is_durable_not_even_a_refusal_that_rests_on_it() {
    let refuse_second = rules(|state, _, context| {
        if state.head >= Position(3) {
            Err(common::Rejection::AlreadyBootstrapped.into())
        } else {
            Ok(outcome(state, context, 1))
        }
    });
    let bench = Bench::new(refuse_second, Settings::default());
    let first = bench.submit(caller(1));
    bench.appending(1).await;
    let second = bench.submit(caller(1));
    let third = bench.submit(caller(1));
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(!first.is_finished() && !second.is_finished() && !third.is_finished(), "answered before durable");
    assert_eq!(*bench.engine.durable_head().borrow(), Position::ZERO);
    bench.open.send(Ok(())).unwrap();
    assert_eq!(timeout(BOUND, first).await.unwrap().unwrap().unwrap().position, Position(2));
    bench.appending(2).await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished() && !third.is_finished(), "the refusal rests on an event that is not durable");
    bench.open.send(Ok(())).unwrap();
    let (second, third) =
        (timeout(BOUND, second).await.unwrap().unwrap(), timeout(BOUND, third).await.unwrap().unwrap());
    let answers = [second, third];
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let refused = answers.into_iter().find_map(Result::err).unwrap();
    assert_eq!(
        (refused.code(), matches!(refused, SubmitError::Rejected { position: Position(3), .. })),
        ("already_bootstrapped", true)
    );
}

#[tokio::test]
async fn commands_that_come_while_the_disk_works_share_one_append() {
    let bench = Bench::new(sample_rules(), Settings::default());
    let first = bench.submit(caller(1));
    bench.appending(1).await;
    let others: Vec<_> = (0..50).map(|_| bench.submit(caller(2))).collect();
    // All fifty have their place in the queue once the runtime has nothing else to do.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    bench.open.send(Ok(())).unwrap();
    bench.open.send(Ok(())).unwrap();
    assert!(timeout(BOUND, first).await.unwrap().unwrap().is_ok());
    for other in others {
        assert_eq!(timeout(BOUND, other).await.unwrap().unwrap().unwrap().events.len(), 2);
    }
    assert_eq!(*bench.sizes.lock().unwrap(), [2, 100]);
}

#[tokio::test]
async fn a_full_queue_waits_and_then_refuses_as_busy() {
    let settings = Settings { queue_max: 2, submit_wait: Duration::from_millis(50), ..Settings::default() };
    let bench = Bench::new(sample_rules(), settings);
    let first = bench.submit(caller(1));
    bench.appending(1).await;
    let waiting = [bench.submit(caller(1)), bench.submit(caller(1))];
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.engine.submit(any_command(), caller(1)).await.unwrap_err().code(), "busy");
    bench.open.send(Ok(())).unwrap();
    bench.open.send(Ok(())).unwrap();
    assert!(timeout(BOUND, first).await.unwrap().unwrap().is_ok());
    for waiting in waiting {
        assert!(timeout(BOUND, waiting).await.unwrap().unwrap().is_ok(), "who waited in time is served");
    }
}

#[tokio::test]
async fn a_failed_append_poisons_for_all_and_for_ever() {
    let bench = Bench::new(sample_rules(), Settings::default());
    let first = bench.submit(caller(1));
    bench.appending(1).await;
    let queued = bench.submit(caller(1));
    bench.open.send(Err(())).unwrap();
    assert_eq!(timeout(BOUND, first).await.unwrap().unwrap().unwrap_err(), SubmitError::Poisoned);
    assert_eq!(timeout(BOUND, queued).await.unwrap().unwrap().unwrap_err(), SubmitError::Poisoned);
    assert_eq!(bench.engine.submit(any_command(), caller(1)).await.unwrap_err(), SubmitError::Poisoned);
    let Health::Poisoned { reason } = bench.engine.health() else { panic!("healthy") };
    assert!(reason.contains("disk is full"), "{reason}");
    assert_eq!(bench.reader.durable_head(), Position::ZERO);
    assert!(bench.observed.lock().unwrap().is_empty(), "nothing that is not durable is shown");
    assert_eq!(bench.sizes.lock().unwrap().len(), 1, "the append was not retried");
    timeout(BOUND, bench.engine.stop()).await.unwrap();
}

#[tokio::test]
async fn a_panic_while_deciding_harms_nobody_else() {
    let bench = Bench::opened(rules(|state, command, context| match command {
        Command::Access(_) => panic!("on purpose"),
        _ => Ok(outcome(state, context, 1)),
    }));
    let bad: Command = access::Command::DisableUser { user: countersign_core::ids::UserId(1) }.into();
    bench.engine.submit(any_command(), caller(1)).await.unwrap();
    assert_eq!(bench.engine.submit(bad, caller(1)).await.unwrap_err(), SubmitError::Internal);
    assert_eq!(bench.engine.submit(any_command(), caller(1)).await.unwrap().position, Position(3));
    assert_eq!(bench.engine.health(), Health::Running);
}

#[tokio::test]
async fn an_event_beyond_its_bound_is_a_refusal_and_leaves_nothing() {
    let bench = Bench::opened(rules(|state, command, context| {
        let mut outcome = outcome(state, context, 2);
        if matches!(command, Command::Access(_))
            && let Some(recorded) = outcome.events.last_mut()
        {
            let position = recorded.position;
            recorded.event = sample::recorded(position, 70_000).event;
        }
        Ok(outcome)
    }));
    bench.engine.submit(any_command(), caller(1)).await.unwrap();
    let large: Command = access::Command::DisableUser { user: countersign_core::ids::UserId(1) }.into();
    assert_eq!(bench.engine.submit(large, caller(1)).await.unwrap_err().code(), "event_too_large");
    assert_eq!(bench.engine.submit(any_command(), caller(1)).await.unwrap().position, Position(5));
}

#[tokio::test]
async fn of_contradictory_commands_at_the_same_time_one_wins() {
    let once = rules(|state, _, context| match state.head {
        Position::ZERO => Ok(outcome(state, context, 1)),
        _ => Err(common::Rejection::AlreadyBootstrapped.into()),
    });
    let bench = Bench::opened(once);
    let all: Vec<_> = (0..64).map(|_| bench.submit(caller(1))).collect();
    let mut won = 0;
    for one in all {
        match timeout(BOUND, one).await.unwrap().unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert_eq!(error.code(), "already_bootstrapped"),
        }
    }
    assert_eq!((won, bench.reader.durable_head()), (1, Position(2)));
}

#[tokio::test]
async fn observers_get_every_event_once_in_order_with_the_state_right_after_it() {
    let bench = Bench::opened(sample_rules());
    for count in [1, 3, 0, 5] {
        bench.engine.submit(any_command(), caller(count)).await.unwrap();
    }
    timeout(BOUND, bench.engine.stop()).await.unwrap();
    let observed = bench.observed.lock().unwrap();
    assert_eq!(observed.len(), 10);
    for (committed, position) in observed.iter().zip(1..) {
        assert_eq!(committed.recorded.position, Position(position));
        assert_eq!(committed.state.head, Position(position));
    }
}

#[tokio::test]
async fn a_repeated_request_is_answered_with_its_first_positions_and_another_body_is_refused() {
    let with_memory = rules(|state, command, context| {
        // The core's own memory of requests comes first, as in `handle`.
        match context.caller.request.as_ref().and_then(|key| state.requests.get(&context.caller.principal, &key.key)) {
            Some(_) => countersign_core::handle(state, command, context),
            None => Ok(outcome(state, context, 2)),
        }
    });
    let bench = Bench::opened(with_memory);
    let asking = |body: &[u8]| {
        let request = RequestKey { key: "once".into(), request: Digest::of(body) };
        Caller { request: Some(request), ..caller(1) }
    };
    bench.engine.submit(any_command(), caller(1)).await.unwrap();
    let first = bench.engine.submit(any_command(), asking(b"a")).await.unwrap();
    let (begin, end) = (first.events.first().unwrap().position, first.position);
    let again = bench.engine.submit(any_command(), asking(b"a")).await.unwrap();
    assert_eq!((again.events.len(), again.repeated), (0, Some((begin, end))));
    let other = bench.engine.submit(any_command(), asking(b"b")).await.unwrap_err();
    assert_eq!(other.code(), "idempotency_key_reused");
}

#[tokio::test]
async fn stopping_finishes_what_is_queued_and_refuses_the_rest() {
    let bench = Bench::opened(sample_rules());
    let queued: Vec<_> = (0..20).map(|_| bench.submit(caller(1))).collect();
    let mut answered = 0;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    timeout(BOUND, bench.engine.stop()).await.unwrap();
    for queued in queued {
        answered += u64::from(timeout(BOUND, queued).await.unwrap().unwrap().is_ok());
    }
    assert_eq!((answered, bench.reader.durable_head()), (20, Position(21)));
    assert_eq!(bench.engine.submit(any_command(), caller(1)).await.unwrap_err(), SubmitError::Stopped);
    assert_eq!(bench.engine.health(), Health::Stopped);
    assert!(matches!(bench.observed.lock().unwrap().first().unwrap().recorded.event, Event::Log(_)));
}
