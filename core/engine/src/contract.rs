//! The obligations of the log port as code: every adapter has to pass [`assert_all`] (feature `testing`).
//!
//! What cannot be said here is durability itself; `fault` takes the power away for that.

use countersign_core::ids::Position;

use crate::log::{AppendError, LogReader, LogWriter};
use crate::sample;

/// Gives logs to the suite.
pub trait Subject {
    /// Its writing end.
    type Writer: LogWriter;
    /// Its reading end.
    type Reader: LogReader;

    /// An empty log.
    fn fresh(&mut self) -> (Self::Writer, Self::Reader);
    /// The log of the last call, after all its handles were dropped.
    fn reopened(&mut self) -> (Self::Writer, Self::Reader);
}

/// Runs the whole suite.
///
/// # Panics
///
/// When an obligation is not met.
pub fn assert_all(subject: &mut impl Subject) {
    an_empty_log_has_no_head_and_no_frames(subject);
    events_come_back_in_order_from_any_position(subject);
    nothing_is_read_above_the_head_at_the_call(subject);
    a_wrong_head_or_a_gap_writes_nothing_and_poisons_nothing(subject);
    no_events_are_no_write(subject);
    all_is_there_after_reopening(subject);
    large_groups_and_large_events_are_whole(subject);
    a_clone_on_another_thread_sees_only_whole_groups(subject);
}

fn positions(reader: &impl LogReader, after: u64) -> Vec<u64> {
    reader.frames(Position(after)).map(|frame| frame.map_or(0, |(position, _)| position.0)).collect()
}

fn append(writer: &mut impl LogWriter, head: u64, count: u64, name_bytes: usize) -> Result<Position, AppendError> {
    writer.append(Position(head), &sample::encoded(Position(head), count, name_bytes))
}

fn an_empty_log_has_no_head_and_no_frames(subject: &mut impl Subject) {
    let (_writer, reader) = subject.fresh();
    assert_eq!(reader.durable_head(), Position::ZERO);
    assert!(positions(&reader, 0).is_empty());
}

fn events_come_back_in_order_from_any_position(subject: &mut impl Subject) {
    let (mut writer, reader) = subject.fresh();
    let mut head = 0;
    for count in [1, 7, 64, 1] {
        assert_eq!(append(&mut writer, head, count, 20).ok(), Some(Position(head + count)));
        head += count;
        assert_eq!(reader.durable_head(), Position(head));
    }
    for after in 0..=head + 2 {
        assert_eq!(positions(&reader, after), (after + 1..=head).collect::<Vec<_>>(), "after {after}");
    }
    for (recorded, position) in reader.read(Position::ZERO).zip(1..) {
        assert_eq!(recorded.ok(), Some(sample::recorded(Position(position), 20)));
    }
}

fn nothing_is_read_above_the_head_at_the_call(subject: &mut impl Subject) {
    let (mut writer, reader) = subject.fresh();
    assert!(append(&mut writer, 0, 3, 20).is_ok());
    let frames = reader.frames(Position::ZERO);
    assert!(append(&mut writer, 3, 3, 20).is_ok());
    assert_eq!(frames.count(), 3);
    assert_eq!(positions(&reader, 0).len(), 6);
}

fn a_wrong_head_or_a_gap_writes_nothing_and_poisons_nothing(subject: &mut impl Subject) {
    let (mut writer, reader) = subject.fresh();
    assert!(append(&mut writer, 0, 2, 20).is_ok());
    for expected in [0, 1, 3] {
        let refused = append(&mut writer, expected, 1, 20).err();
        assert_eq!(refused.map(|error| (error.code(), error.poisons())), Some(("wrong_head", false)));
    }
    let mut gap = sample::encoded(Position(2), 3, 20);
    gap.remove(1);
    let refused = writer.append(Position(2), &gap).err();
    assert_eq!(refused.map(|error| (error.code(), error.poisons())), Some(("not_dense", false)));
    assert_eq!(positions(&reader, 0), [1, 2]);
    assert!(append(&mut writer, 2, 1, 20).is_ok());
}

fn no_events_are_no_write(subject: &mut impl Subject) {
    let (mut writer, reader) = subject.fresh();
    assert!(append(&mut writer, 0, 1, 20).is_ok());
    assert_eq!(writer.append(Position(1), &[]).ok(), Some(Position(1)));
    assert_eq!(reader.durable_head(), Position(1));
}

fn all_is_there_after_reopening(subject: &mut impl Subject) {
    let (mut writer, reader) = subject.fresh();
    assert!(append(&mut writer, 0, 10, 20).is_ok());
    drop((writer, reader));
    let (mut writer, reader) = subject.reopened();
    assert_eq!(reader.durable_head(), Position(10));
    assert!(append(&mut writer, 10, 10, 20).is_ok());
    drop((writer, reader));
    let (_writer, reader) = subject.reopened();
    assert_eq!(positions(&reader, 0), (1..=20).collect::<Vec<_>>());
}

fn large_groups_and_large_events_are_whole(subject: &mut impl Subject) {
    let (mut writer, reader) = subject.fresh();
    // More than one sled entry of small events, then events near the bound of one.
    assert!(append(&mut writer, 0, 1_000, 200).is_ok());
    for _ in 0..3 {
        let head = reader.durable_head().0;
        assert!(append(&mut writer, head, 7, 60_000).is_ok());
    }
    drop((writer, reader));
    let (_writer, reader) = subject.reopened();
    assert_eq!(positions(&reader, 990), (991..=1_021).collect::<Vec<_>>());
    assert!(reader.read(Position(1_000)).all(|recorded| recorded.is_ok()));
}

fn a_clone_on_another_thread_sees_only_whole_groups(subject: &mut impl Subject) {
    const GROUPS: u64 = 40;
    const SIZE: u64 = 5;
    let (mut writer, reader) = subject.fresh();
    std::thread::scope(|scope| {
        let beside = reader.clone();
        let watcher = scope.spawn(move || {
            while beside.durable_head() < Position(GROUPS * SIZE) {
                let seen = positions(&beside, 0);
                assert_eq!(seen.len() as u64 % SIZE, 0, "half a group was seen");
                assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
            }
        });
        for group in 0..GROUPS {
            assert!(append(&mut writer, group * SIZE, SIZE, 20).is_ok());
        }
        assert!(watcher.join().is_ok());
    });
}
