//! The ledger, with a clock that the test holds.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test should panic")]

use super::*;

fn ledger(folder: &tempfile::TempDir) -> Ledger {
    Ledger::open(folder.path().join("e.json"), Position(4)).unwrap()
}

fn parcel(position: u64) -> Parcel {
    Parcel::new(Position(position), None)
}

fn failed() -> Outcome {
    Outcome::Failed { code: "http_500".to_owned(), retry_after_millis: None, is_final: false }
}

fn take(ledger: &mut Ledger, position: u64) {
    ledger.take(Position(position), [parcel(position)], 0);
}

#[test]
fn what_was_written_is_read_back_and_a_damaged_file_is_not_taken_for_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = ledger(&folder);
    take(&mut first, 5);
    first.settle(first.due(0).unwrap(), &failed(), (10, 3), 0.0);
    let (path, contents) = first.to_write();
    write(&path, &contents).unwrap();
    assert_eq!(ledger(&folder).contents, contents);
    fs::write(&path, b"{").unwrap();
    assert!(Ledger::open(path, Position(4)).is_err());
}

#[test]
fn an_unwritten_delivery_is_taken_again_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = ledger(&folder);
    take(&mut first, 5);
    assert_eq!(first.contents.cursor, 5);
    assert_eq!(ledger(&folder).contents.cursor, 4);
}

#[test]
fn a_failure_waits_as_the_schedule_says_and_ends_among_the_dead() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&folder);
    take(&mut ledger, 5);
    let (mut now, mut attempts) = (0, 0);
    while let Some(job) = ledger.due(now) {
        attempts += 1;
        assert_eq!(job.number, attempts);
        ledger.settle(job, &failed(), (now, 1), 0.0);
        if let Some(due) = ledger.next_due_millis() {
            assert!(due > now && ledger.due(due - 1).is_none());
            now = due;
        }
    }
    assert_eq!(ledger.contents.dead.len(), 1);
    assert_eq!(ledger.contents.dead[0].attempts, attempts);
    assert!(now > 2 * 86_400_000, "given up after {now} ms");
    assert_eq!(ledger.revive(now), 1);
    let job = ledger.due(now).unwrap();
    assert_eq!((job.parcel, job.number), (parcel(5), 1));
    ledger.settle(job, &Outcome::Delivered, (now, 1), 0.0);
    assert!(ledger.contents.open.is_empty() && ledger.contents.dead.is_empty());
}

#[test]
fn the_receiver_may_ask_for_more_time_but_not_for_more_than_a_day() {
    for (asked, due) in [(60_000, 60_000), (i64::MAX, schedule::RETRY_AFTER_MILLIS_MAX), (-5, 1_000)] {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = ledger(&folder);
        take(&mut ledger, 5);
        let outcome = Outcome::Failed { code: "http_429".to_owned(), retry_after_millis: Some(asked), is_final: false };
        ledger.settle(ledger.due(0).unwrap(), &outcome, (0, 1), 0.0);
        assert_eq!(ledger.next_due_millis(), Some(due));
    }
}

#[test]
fn a_final_failure_is_dead_at_once_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&folder);
    take(&mut ledger, 5);
    take(&mut ledger, 6);
    let gone = Outcome::Failed { code: "http_410".to_owned(), retry_after_millis: None, is_final: true };
    ledger.settle(ledger.due(0).unwrap(), &gone, (0, 1), 0.0);
    assert_eq!(ledger.contents.dead[0].parcel, parcel(5));
    assert_eq!(ledger.due(0).unwrap().parcel, parcel(6));
}

#[test]
fn going_back_takes_everything_again_even_what_is_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&folder);
    take(&mut ledger, 5);
    take(&mut ledger, 6);
    let on_its_way = ledger.due(0).unwrap();
    ledger.go_back(Position(5));
    assert_eq!(ledger.contents.cursor, 4);
    assert!(ledger.contents.open.is_empty());
    take(&mut ledger, 5);
    ledger.settle(on_its_way, &Outcome::Delivered, (0, 1), 0.0);
    assert_eq!(ledger.contents.open.len(), 1, "the attempt from before settles nothing");
}

#[test]
fn nothing_is_lost_when_there_is_no_room_among_the_dead() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&folder);
    let gone = Outcome::Failed { code: "http_410".to_owned(), retry_after_millis: None, is_final: true };
    let dead_max = u64::try_from(DEAD_MAX).unwrap();
    for position in 5..5 + dead_max {
        assert!(ledger.has_room());
        take(&mut ledger, position);
        ledger.settle(ledger.due(0).unwrap(), &gone, (0, 1), 0.0);
    }
    assert!(!ledger.has_room());
    take(&mut ledger, 5 + dead_max);
    ledger.settle(ledger.due(0).unwrap(), &gone, (0, 1), 0.0);
    assert_eq!(ledger.contents.dead.len(), DEAD_MAX);
    assert_eq!(ledger.next_due_millis(), Some(schedule::LAST_PAUSE_MILLIS));
    assert_eq!(ledger.contents.history.len(), HISTORY_MAX);
}
