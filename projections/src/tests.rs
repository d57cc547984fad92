//! Load, publish, wait, travel in time, rebuild: on a real log of the story.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failing test should panic")]

use std::sync::Arc;
use std::time::Duration;

use countersign_core::ids::{Digest, Position};
use countersign_core::{Recorded, schema};
use countersign_engine::engine::Committed;
use countersign_engine::log::{LogReader, LogWriter};
use countersign_engine::memory_log::{self, MemoryReader};

use crate::projection::state_digest;
use crate::snapshots::FOLDS_MAX;
use crate::story::{states, story};
use crate::views::{Views, inbox};
use crate::{AtError, Feed, Projector, RebuildError, Snapshot, Snapshots, WaitError, load};

const LONG: Duration = Duration::from_secs(30);

fn log_of(events: &[Recorded]) -> MemoryReader {
    let (mut writer, reader) = memory_log::open(MemoryReader::default());
    append(&mut writer, events);
    reader
}

fn append(writer: &mut impl LogWriter, events: &[Recorded]) {
    let id = countersign_core::ids::LogId(uuid::Uuid::from_u128(1));
    let encoded: Vec<_> = events.iter().map(|event| schema::encode(event, id).unwrap()).collect();
    let before = Position(events[0].position.0 - 1);
    writer.append(before, &encoded).unwrap();
}

fn committed(events: &[Recorded]) -> Vec<Committed> {
    let each = states(events).into_iter();
    let leaf = Digest::of(b"not looked at by projections");
    each.map(|(event, state)| Committed { recorded: Arc::new(event), leaf, state }).collect()
}

fn digests(snapshot: &Snapshot) -> Vec<(&'static str, Digest)> {
    let views = Views::ALL.iter().map(|(name, _)| (*name, snapshot.views.summary(name).unwrap().digest));
    std::iter::once(("state", state_digest(&snapshot.state))).chain(views).collect()
}

/// A projector that starts before the first event, on a log that holds all of the story.
fn at_the_beginning() -> (Vec<Recorded>, Projector, Feed, Snapshots<MemoryReader>) {
    let (world, _) = story();
    let (projector, feed, snapshots) = Projector::start(crate::Loaded::default(), log_of(&world.log)).unwrap();
    (world.log, projector, feed, snapshots)
}

#[test]
fn a_load_is_what_the_live_projector_published_digest_by_digest() {
    let (log, projector, feed, snapshots) = at_the_beginning();
    for group in committed(&log).chunks(5) {
        feed.send(group.to_vec()).unwrap();
    }
    drop(feed);
    projector.join().unwrap();
    let mut reached = Vec::new();
    let loaded = load(&log_of(&log), |position, head| reached.push((position, head))).unwrap();
    assert_eq!(digests(&loaded.snapshot), digests(&snapshots.latest()));
    let head = Position(log.len() as u64);
    assert_eq!(reached, [(head, head)]);
}

#[tokio::test]
async fn time_travel_gives_the_snapshot_of_then() {
    let (log, _projector, feed, snapshots) = at_the_beginning();
    let mut then = vec![digests(&Snapshot::default())];
    for event in committed(&log) {
        let position = event.recorded.position;
        feed.send(vec![event]).unwrap();
        then.push(digests(&snapshots.wait_for(position, LONG).await.unwrap()));
    }
    for position in (0..=log.len()).rev() {
        let past = snapshots.at(Position(position as u64)).await.unwrap();
        assert_eq!(past.position(), Position(position as u64));
        assert_eq!(digests(&past), then[position], "at {position}");
    }
    let middle = &log[log.len() / 2];
    let last = log.iter().rfind(|event| event.recorded_at == middle.recorded_at).unwrap().position;
    assert_eq!(snapshots.at_time(middle.recorded_at).await.unwrap().position(), last);
    let head = Position(log.len() as u64);
    match snapshots.at(head.next()).await {
        Err(error @ AtError::BeyondHead { .. }) => assert_eq!(error.code(), "as_of_beyond_head"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn more_journeys_into_the_past_than_allowed_are_refused_as_busy() {
    let (log, _projector, feed, snapshots) = at_the_beginning();
    feed.send(committed(&log)).unwrap();
    snapshots.wait_for(Position(log.len() as u64), LONG).await.unwrap();
    let all = snapshots.shared.folds.clone().try_acquire_many_owned(u32::try_from(FOLDS_MAX).unwrap()).unwrap();
    assert!(matches!(snapshots.at(Position(3)).await, Err(AtError::Busy)));
    drop(all);
    assert_eq!(snapshots.at(Position(3)).await.unwrap().position(), Position(3));
}

#[tokio::test]
async fn a_reader_waits_for_a_position_in_vain_no_longer_than_he_says() {
    let (log, projector, feed, snapshots) = at_the_beginning();
    feed.send(committed(&log[..2])).unwrap();
    assert_eq!(snapshots.wait_for(Position(2), LONG).await.unwrap().position(), Position(2));
    let short = Duration::from_millis(5);
    let (position, reached) = (Position(3), Position(2));
    let timed_out = snapshots.wait_for(position, short).await.map(|_| ());
    assert_eq!(timed_out, Err(WaitError::TimedOut { position, reached }));
    drop(feed);
    projector.join().unwrap();
    let stopped = snapshots.wait_for(position, LONG).await.map(|_| ());
    assert_eq!(stopped, Err(WaitError::Stopped { reached }));
}

#[tokio::test]
async fn the_status_names_every_view_with_its_lag() {
    let (log, _projector, feed, snapshots) = at_the_beginning();
    feed.send(committed(&log[..2])).unwrap();
    snapshots.wait_for(Position(2), LONG).await.unwrap();
    let status = snapshots.status();
    let names: Vec<&str> = status.iter().map(|status| status.name).collect();
    assert_eq!(
        names,
        [
            "items",
            "inbox",
            "registry",
            "timeline",
            "verdicts",
            "board",
            "initiatives",
            "readers",
            "deployments",
            "nodes",
            "outbox"
        ]
    );
    assert!(status.iter().all(|status| status.position == Position(2)));
    assert!(status.iter().all(|status| status.lag_events == log.len() as u64 - 2));
}

#[tokio::test]
async fn a_rebuild_beside_the_live_views_finds_them_equal() {
    let (log, _projector, feed, snapshots) = at_the_beginning();
    feed.send(committed(&log)).unwrap();
    let before = digests(&snapshots.wait_for(Position(log.len() as u64), LONG).await.unwrap());
    let all = snapshots.rebuild(None).await.unwrap();
    assert!(all.is_equal(), "{all:?}");
    assert_eq!(all.position, Position(log.len() as u64));
    assert_eq!(all.compared.iter().map(|view| (view.name, view.live)).collect::<Vec<_>>(), before);
    let one = snapshots.rebuild(Some("items")).await.unwrap();
    assert_eq!(one.compared.iter().map(|view| view.name).collect::<Vec<_>>(), ["items"]);
    let unknown = snapshots.rebuild(Some("nothing")).await;
    assert!(matches!(&unknown, Err(RebuildError::Unknown { name }) if name == "nothing"), "{unknown:?}");
}

#[tokio::test]
async fn a_rebuild_replaces_a_view_that_differs_and_leaves_the_others() {
    let (log, _projector, feed, snapshots) = at_the_beginning();
    let end = log.iter().position(|event| schema::event_name(&event.event) == "FeedbackRequested").unwrap() + 1;
    feed.send(committed(&log[..end])).unwrap();
    let good = digests(&snapshots.wait_for(Position(end as u64), LONG).await.unwrap());
    snapshots.shared.change(|snapshot| snapshot.views.inbox = inbox::Inbox::default());
    assert_ne!(digests(&snapshots.latest()), good);
    let rebuild = snapshots.rebuild(None).await.unwrap();
    let differing: Vec<&str> = rebuild.compared.iter().filter(|v| !v.is_equal()).map(|v| v.name).collect();
    assert_eq!(differing, ["inbox"]);
    assert_eq!(digests(&snapshots.latest()), good);
    assert!(snapshots.rebuild(None).await.unwrap().is_equal());
    // And the live projector goes on from there.
    feed.send(committed(&log).split_off(end)).unwrap();
    let last = snapshots.wait_for(Position(log.len() as u64), LONG).await.unwrap();
    assert_eq!(digests(&last), digests(&load(&log_of(&log), |_, _| {}).unwrap().snapshot));
}

#[test]
fn a_log_that_ends_before_its_head_is_not_loaded() {
    #[derive(Clone)]
    struct Short(MemoryReader);

    impl LogReader for Short {
        fn frames(
            &self,
            after: Position,
        ) -> impl Iterator<Item = Result<(Position, Vec<u8>), countersign_engine::log::ReadError>> + Send {
            self.0.frames(after)
        }

        fn durable_head(&self) -> Position {
            self.0.durable_head().next()
        }
    }

    let reader = Short(log_of(&story().0.log));
    let error = load(&reader, |_, _| {}).unwrap_err();
    assert_eq!(error.code(), "log_gap");
}
