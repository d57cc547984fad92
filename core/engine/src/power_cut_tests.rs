//! The power goes off under concurrent load: nothing that was acknowledged is lost, nothing is there by half.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use countersign_core::ids::{CorrelationId, Position};
use countersign_core::{Caller, Channel, Command, Principal, Recorded, State, evolve, log};

use crate::engine::{Engine, Settings, SubmitError};
use crate::engine_tests::sample_rules;
use crate::fault::{PowerCut, Random, Unsynced};
use crate::log::LogReader;
use crate::sled_log::SledLog;
use crate::verify::verify;

const CALLERS: u64 = 24;
/// A chain of cuts on one log, each on what the cut before left.
const CHAIN: u64 = 5;
/// Far more commands of one caller than it takes until the latest cut.
const TURNS_MAX: u64 = 5_000;

/// The events of a command share its correlation, which says how many they are.
fn correlation(seed: u64, caller: u64, turn: u64) -> (CorrelationId, u64) {
    let count = 1 + (caller + turn) % 4;
    let id = u128::from(seed) << 64 | u128::from(caller) << 48 | u128::from(turn) << 8 | u128::from(count);
    (CorrelationId(uuid::Uuid::from_u128(id)), count)
}

fn count_of(id: CorrelationId) -> u64 {
    u64::try_from(id.0.as_u128() & 0xff).unwrap()
}

fn state_of(reader: &impl LogReader) -> State {
    let mut state = State::default();
    for recorded in reader.read(Position::ZERO) {
        evolve(&mut state, &recorded.unwrap());
    }
    state
}

/// Loads a log until the power goes off; gives what was acknowledged.
async fn load_until_cut(directory: &Path, survivor: &Path, seed: u64) -> Vec<Arc<Recorded>> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let unsynced = if seed.is_multiple_of(2) { Unsynced::Lost } else { Unsynced::Torn(random.next()) };
    let disk = Arc::new(PowerCut::new(directory, survivor, 1 + random.below(60), unsynced).unwrap());
    let (writer, reader) = SledLog::open_with(directory, disk.clone()).unwrap();
    let engine = Engine::start_with(writer, state_of(&reader), Settings::default(), sample_rules(), |_| {});
    let callers = (0..CALLERS).map(|caller| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for turn in 0..TURNS_MAX {
                let (id, _) = correlation(seed, caller, turn);
                let caller = Caller::new(Principal::System, Channel::Engine, id);
                match engine.submit(Command::Log(log::Command::FireDue), caller).await {
                    Ok(receipt) => acknowledged.extend(receipt.events),
                    Err(error) => {
                        assert_eq!(error, SubmitError::Poisoned);
                        break;
                    }
                }
            }
            acknowledged
        })
    });
    let mut acknowledged = Vec::new();
    for caller in futures::future::join_all(callers).await {
        acknowledged.extend(caller.unwrap());
    }
    assert!(disk.is_off(), "the load ended by the power cut");
    engine.stop().await;
    acknowledged
}

/// What is left after the cut: all that was acknowledged, whole commands, an intact log.
fn check(survivor: &Path, acknowledged: &BTreeMap<Position, Recorded>) -> u64 {
    let (_writer, reader) = SledLog::open(survivor).unwrap();
    let report = verify(&reader, |_| {}).unwrap();
    let left: BTreeMap<_, _> =
        reader.read(Position::ZERO).map(|recorded| recorded.unwrap()).map(|r| (r.position, r)).collect();
    for (position, recorded) in acknowledged {
        assert_eq!(left.get(position), Some(recorded), "an acknowledged event is lost or changed");
    }
    let mut parts: BTreeMap<CorrelationId, u64> = BTreeMap::new();
    // The first event is the log's own, made besides those of the first command.
    for recorded in left.values().filter(|recorded| recorded.position > Position(1)) {
        *parts.entry(recorded.correlation).or_default() += 1;
    }
    for (id, count) in parts {
        assert_eq!(count, count_of(id), "half a command is there");
    }
    report.events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_power_cut_loses_an_acknowledged_event_or_halves_a_command() {
    let cuts: u64 = std::env::var("COUNTERSIGN_LONG").ok().and_then(|count| count.parse().ok()).unwrap_or(20);
    let mut events = 0;
    for chain in 0..cuts.div_ceil(CHAIN) {
        let folder = tempfile::tempdir().unwrap();
        let mut acknowledged = BTreeMap::new();
        for link in 0..CHAIN.min(cuts - chain * CHAIN) {
            let seed = 1 + chain * CHAIN + link;
            let directory = folder.path().join(link.to_string());
            let survivor = folder.path().join((link + 1).to_string());
            let told = load_until_cut(&directory, &survivor, seed).await;
            acknowledged.extend(told.into_iter().map(|recorded| (recorded.position, Recorded::clone(&recorded))));
            events = check(&survivor, &acknowledged);
            std::fs::remove_dir_all(&directory).unwrap();
        }
        assert!(events > CHAIN.min(cuts), "there was load");
    }
}
