//! Random walks of commands over the whole state, with what has to hold after each step.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test should panic")]

mod invariants;

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::command::Command;
use crate::evolve::evolve;
use crate::state::State;
use crate::testing::walk::{Throw, begin, is_repeatable, wish};
use crate::testing::{World, name};
use crate::{artifact, context::Principal};

/// Wishes of one walk.
const STEPS_MAX: usize = 60;
/// Walks of the short form.
const WALKS: u32 = 24;

static BEGIN: LazyLock<World> = LazyLock::new(begin);

/// How many times more walks; `COUNTERSIGN_LONG` makes it the long form.
fn rounds() -> u32 {
    std::env::var("COUNTERSIGN_LONG").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn throws() -> impl Strategy<Value = Vec<Throw>> {
    let throw = any::<[u8; 5]>().prop_map(|[wish, who, a, b, c]| Throw { wish, who, a, b, c });
    prop::collection::vec(throw, 1..STEPS_MAX)
}

/// What a walk came to, for a figure.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    events: std::collections::BTreeMap<String, usize>,
}

fn step(world: &mut World, throw: Throw, tally: &mut Tally) -> Result<(), TestCaseError> {
    let (who, command) = wish(world, throw);
    let before = world.state.clone();
    let Ok(outcome) = world.handle(&who, None, &command) else {
        tally.refused += 1;
        return Ok(());
    };
    tally.accepted += 1;
    for recorded in &outcome.events {
        *tally.events.entry(name(&recorded.event)).or_default() += 1;
    }
    invariants::entitled(&before, &outcome.events)?;
    if is_repeatable(&command) {
        // The same moment: what falls due in between is not a repetition's doing.
        let again = world.clone().handle(&who, None, &command);
        let events = again.map(|again| again.events.iter().map(|recorded| name(&recorded.event)).collect::<Vec<_>>());
        // Who took a right away from himself is refused the second time.
        let lost =
            matches!(command, Command::Access(_) | Command::Item(artifact::Command::Save { .. })) && events.is_err();
        prop_assert!(lost || events == Ok(Vec::new()), "{:?} by {:?} again: {:?}", command, who, events);
    }
    settle(world);
    invariants::hold(&world.state)
}

/// The system works off what is pending, as the service lets it do after each command.
fn settle(world: &mut World) {
    for _ in 0..100 {
        let done = world.handle(&Principal::System, None, &artifact::Command::GovernPending.into());
        if done.unwrap().events.is_empty() {
            return;
        }
    }
    unreachable!("pending work has an end")
}

fn replayed(world: &World) -> State {
    let mut state = State::default();
    world.log.iter().for_each(|recorded| evolve(&mut state, recorded));
    state
}

#[test]
fn any_wishes_of_anybody_keep_what_has_to_hold() {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: WALKS * rounds(),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let tally = std::cell::RefCell::new(Tally::default());
    let outcome = runner.run(&throws(), |throws| {
        let mut world = BEGIN.clone();
        for throw in throws {
            step(&mut world, throw, &mut tally.borrow_mut())?;
        }
        prop_assert!(
            format!("{:?}", replayed(&world)) == format!("{:?}", world.state),
            "the events give another state"
        );
        Ok(())
    });
    let tally = tally.into_inner();
    if rounds() > 1 {
        report(&tally);
    }
    assert_eq!(outcome.map_err(|error| error.to_string()), Ok(()));
    assert!(tally.accepted > 100, "nearly everything was refused");
}

#[expect(clippy::print_stdout, reason = "the long form tells a person what it did")]
fn report(tally: &Tally) {
    let Tally { accepted, refused, events } = tally;
    let all: usize = events.values().sum();
    let made = crate::schema::catalogue().iter().filter(|row| !row.is_reserved);
    let never: Vec<_> = made.map(|row| row.name).filter(|name| !events.contains_key(*name)).collect();
    println!(
        "{} walks: {accepted} commands accepted, {refused} refused, {all} events of {} kinds; never: {}",
        WALKS * rounds(),
        events.len(),
        never.join(", ")
    );
}
