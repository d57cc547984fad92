#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use std::collections::BTreeMap;
use std::io::{ErrorKind, Seek, SeekFrom, Write};

use tempfile::TempDir;

use super::*;
use crate::contract::{self, Subject};
use crate::fault::{FailingSync, PowerCut, Unsynced};
use crate::sample;

/// Logs in fresh folders, on whatever disk `disk` makes for one.
struct OnSled<D> {
    folder: TempDir,
    disk: D,
}

impl<D: Fn(&Path) -> Arc<dyn Durability>> Subject for OnSled<D> {
    type Writer = SledWriter;
    type Reader = SledReader;

    fn fresh(&mut self) -> (SledWriter, SledReader) {
        self.folder = tempfile::tempdir().unwrap();
        self.reopened()
    }

    fn reopened(&mut self) -> (SledWriter, SledReader) {
        SledLog::open_with(&self.folder.path().join("log"), (self.disk)(self.folder.path())).unwrap()
    }
}

fn append(writer: &mut SledWriter, head: u64, count: u64) -> Result<Position, AppendError> {
    writer.append(Position(head), &sample::encoded(Position(head), count, 200))
}

/// A log of `count` events, closed.
fn closed_log(directory: &Path, count: u64) {
    let (mut writer, _reader) = SledLog::open(directory).unwrap();
    append(&mut writer, 0, count).unwrap();
}

/// Leaves it as a killed process would: the store's files, and a note that says it is open.
fn kill(directory: &Path) {
    let head = Note::read(directory).unwrap().unwrap().head;
    Note { head, closed: None }.write(directory, &Fdatasync).unwrap();
}

fn files_of(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(directory).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file());
    files.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

/// Overwrites the middle of every frame's name, which the samples fill with `n`.
fn damage(directory: &Path) {
    let path = directory.join(open::DATABASE);
    let bytes = fs::read(&path).unwrap();
    let place = bytes.windows(64).position(|window| window.iter().all(|byte| *byte == b'n')).unwrap();
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(place as u64 + 32)).unwrap();
    file.write_all(b"?").unwrap();
}

#[test]
fn the_sled_log_meets_the_contract() {
    contract::assert_all(&mut OnSled {
        folder: tempfile::tempdir().unwrap(),
        disk: |_: &Path| Arc::new(Fdatasync) as _,
    });
}

#[test]
fn the_sled_log_on_a_disk_that_loses_what_is_not_synced_meets_the_contract() {
    let disk = |folder: &Path| {
        let cut = PowerCut::new(&folder.join("log"), &folder.join("survivor"), u64::MAX, Unsynced::Lost).unwrap();
        Arc::new(cut) as Arc<dyn Durability>
    };
    contract::assert_all(&mut OnSled { folder: tempfile::tempdir().unwrap(), disk });
}

#[test]
fn a_second_process_on_the_same_directory_is_refused_by_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, reader) = SledLog::open(folder.path()).unwrap();
    assert_eq!(SledLog::open(folder.path()).unwrap_err().code(), "data_directory_in_use");
    drop(writer);
    assert_eq!(SledLog::open(folder.path()).unwrap_err().code(), "data_directory_in_use", "a reader still has it");
    drop(reader);
    assert!(SledLog::open(folder.path()).is_ok());
}

#[test]
fn a_failed_sync_poisons_and_is_never_retried() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(FailingSync::new(2, ErrorKind::Other));
    let (mut writer, reader) = SledLog::open_with(folder.path(), disk).unwrap();
    append(&mut writer, 0, 3).unwrap();
    append(&mut writer, 3, 3).unwrap();
    assert_eq!(append(&mut writer, 6, 3).unwrap_err().code(), "log_write_failed");
    assert_eq!(append(&mut writer, 6, 3).unwrap_err().code(), "log_poisoned");
    assert_eq!(append(&mut writer, 9, 3).unwrap_err().code(), "log_poisoned");
    assert_eq!(reader.durable_head(), Position(6));
    assert_eq!(reader.frames(Position::ZERO).count(), 6, "what was not acknowledged is not shown");
    drop((writer, reader));
    assert!(Note::read(folder.path()).unwrap().unwrap().closed.is_none(), "a poisoned log is not cleanly closed");
    let (_writer, reader) = SledLog::open(folder.path()).unwrap();
    assert!([6, 9].contains(&reader.durable_head().0), "the group is there whole or not at all");
}

#[test]
fn a_full_disk_has_its_own_code_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(FailingSync::new(1, ErrorKind::StorageFull));
    let (mut writer, reader) = SledLog::open_with(folder.path(), disk).unwrap();
    append(&mut writer, 0, 3).unwrap();
    let full = append(&mut writer, 3, 1).unwrap_err();
    assert_eq!((full.code(), full.poisons()), ("disk_full", true));
    assert_eq!(reader.durable_head(), Position(3));
}

#[test]
fn damage_is_reported_and_the_original_left_as_it_was() {
    for was_killed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        closed_log(folder.path(), 500);
        damage(folder.path());
        if was_killed {
            kill(folder.path());
        }
        let before = files_of(folder.path());
        let error = SledLog::open(folder.path()).unwrap_err();
        assert_eq!(error.code(), "log_damaged", "killed: {was_killed}");
        assert!(error.to_string().contains("nothing in it was changed"), "{error}");
        assert!(files_of(folder.path()) == before, "the original was touched; killed: {was_killed}");
        assert!(!folder.path().join("copy").exists(), "the copy is removed");
    }
}

#[test]
fn a_store_that_lost_events_it_once_held_is_damaged() {
    let (folder, older) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    closed_log(folder.path(), 500);
    closed_log(older.path(), 20);
    for name in ["db", "conf"] {
        fs::copy(older.path().join(name), folder.path().join(name)).unwrap();
    }
    for (name, _) in files_of(folder.path()).into_iter().filter(|(name, _)| name.starts_with("snap.")) {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    let error = SledLog::open(folder.path()).unwrap_err();
    assert_eq!(error.code(), "log_damaged");
    // The head is noted when the log is opened and closed.
    assert!(error.to_string().contains("500"), "{error}");
    fs::remove_file(folder.path().join("db")).unwrap();
    assert_eq!(SledLog::open(folder.path()).unwrap_err().code(), "log_damaged");
}

#[test]
fn a_short_log_that_was_killed_and_damaged_anywhere_is_never_taken_for_a_shorter_whole_one() {
    let (living, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut writer, reader) = SledLog::open(living.path()).unwrap();
    for head in 0..12 {
        append(&mut writer, head, 1).unwrap();
    }
    // What a killed process leaves: the files as they are while it still has them open.
    let left = files_of(living.path());
    let whole: Vec<_> = reader.frames(Position::ZERO).map(Result::unwrap).collect();
    let length = left.get("db").unwrap().len();
    for place in (0..length).step_by(97) {
        let log = folder.path().join(place.to_string());
        fs::create_dir(&log).unwrap();
        for (name, bytes) in left.iter().filter(|(name, _)| *name != "lock") {
            fs::write(log.join(name), bytes).unwrap();
        }
        let mut damaged = left.get("db").unwrap().clone();
        *damaged.get_mut(place).unwrap() ^= 0x20;
        fs::write(log.join("db"), &damaged).unwrap();
        match SledLog::open(&log) {
            Ok((_writer, reader)) => {
                let frames: Vec<_> = reader.frames(Position::ZERO).map(Result::unwrap).collect();
                assert!(frames == whole, "byte {place}: {} events of {}", frames.len(), whole.len());
            }
            Err(error) => {
                assert_eq!(error.code(), "log_damaged", "byte {place}");
                assert_eq!(fs::read(log.join("db")).unwrap(), damaged, "byte {place}: the original was touched");
            }
        }
    }
}

#[test]
fn a_torn_watermark_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    closed_log(folder.path(), 5);
    assert_eq!(Watermark::read(folder.path()).unwrap(), Position(5));
    fs::write(folder.path().join("watermark"), [0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4]).unwrap();
    assert_eq!(Watermark::read(folder.path()).unwrap(), Position::ZERO);
    assert!(SledLog::open(folder.path()).is_ok());
}

#[test]
fn a_newer_log_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    closed_log(folder.path(), 5);
    fs::write(folder.path().join("note"), "countersign-log 2 head 5 something new\n").unwrap();
    let before = files_of(folder.path());
    assert_eq!(SledLog::open(folder.path()).unwrap_err().code(), "log_newer_format");
    assert_eq!(files_of(folder.path()), before);
}

#[test]
fn an_event_of_a_newer_schema_is_refused_by_readers() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = SledLog::open(folder.path()).unwrap();
    let mut events = sample::encoded(Position::ZERO, 2, 20);
    // Bytes 7 and 8 of a frame are the schema; the checksum is made to fit.
    let frame = &mut events.last_mut().unwrap().frame;
    *frame.get_mut(8).unwrap() = 200;
    let covered = frame.len() - 4;
    let sum = crc32c::crc32c(frame.get(..covered).unwrap());
    frame.truncate(covered);
    frame.extend_from_slice(&sum.to_be_bytes());
    writer.append(Position::ZERO, &events).unwrap();
    let read: Vec<_> = reader.read(Position::ZERO).collect();
    assert_eq!(read.len(), 2);
    assert!(read.first().unwrap().is_ok());
    assert_eq!(read.last().unwrap().as_ref().unwrap_err().code(), "event_damaged");
}

#[test]
fn a_killed_log_with_a_half_written_snapshot_opens() {
    let folder = tempfile::tempdir().unwrap();
    closed_log(folder.path(), 50);
    fs::write(folder.path().join("snap.FFFFFFFFFFFFFFFF.generating"), b"half").unwrap();
    kill(folder.path());
    let (_writer, reader) = SledLog::open(folder.path()).unwrap();
    assert_eq!(reader.durable_head(), Position(50));
}

#[test]
fn blob_files_are_damage_at_open_and_poison_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = SledLog::open(folder.path()).unwrap();
    append(&mut writer, 0, 1).unwrap();
    fs::create_dir_all(folder.path().join("blobs")).unwrap();
    fs::write(folder.path().join("blobs").join("1"), b"never synced").unwrap();
    assert_eq!(append(&mut writer, 1, 1).unwrap_err().code(), "log_write_failed");
    assert_eq!(append(&mut writer, 1, 1).unwrap_err().code(), "log_poisoned");
    drop((writer, reader));
    assert_eq!(SledLog::open(folder.path()).unwrap_err().code(), "log_damaged");
}

#[test]
fn a_cleanly_closed_log_needs_no_copy_and_a_changed_one_does() {
    let folder = tempfile::tempdir().unwrap();
    closed_log(folder.path(), 5);
    let note = Note::read(folder.path()).unwrap().unwrap();
    assert_eq!(note.head, Position(5));
    assert_eq!(note.closed, Some(note::sum_of(&folder.path().join("db")).unwrap()));
}
