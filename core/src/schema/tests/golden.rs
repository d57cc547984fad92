//! `core/golden`: for every (event type, schema) the frames of its samples and, line by line, their leaf JSON.
//!
//! `COUNTERSIGN_WRITE_GOLDEN=1 cargo test -p countersign-core golden` writes missing files and changes none.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Once;

use super::super::samples::samples_of;
use super::super::stored::SCHEMAS;
use super::*;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn stem(number: u16, schema: u16) -> String {
    format!("{number:04x}-{}-v{schema}", catalogue::row(number).unwrap().name)
}

pub(super) fn is_writing() -> bool {
    std::env::var_os("COUNTERSIGN_WRITE_GOLDEN").is_some()
}

fn encoded(number: u16) -> (Vec<u8>, String) {
    let mut frames = Vec::new();
    let mut lines = String::new();
    for sample in samples_of(number) {
        let encoded = encode(&sample, log()).unwrap();
        lines.push_str(&leaf_json(&encoded.frame, log()).unwrap());
        lines.push('\n');
        frames.extend(encoded.frame);
    }
    (frames, lines)
}

/// The newest schema of each number: what is written today.
fn newest() -> Vec<(u16, u16)> {
    let numbers: BTreeSet<u16> = SCHEMAS.iter().map(|row| row.number).collect();
    let schema = |number| SCHEMAS.iter().filter(|row| row.number == number).map(|row| row.schema).max().unwrap();
    numbers.into_iter().map(|number| (number, schema(number))).collect()
}

/// A golden file, after the missing ones were written if that was asked for.
fn golden(name: &str) -> Vec<u8> {
    static WRITING: Once = Once::new();
    WRITING.call_once(|| {
        if is_writing() {
            write_missing();
        }
    });
    fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn write_missing() {
    fs::create_dir_all(folder()).unwrap();
    for (number, schema) in newest() {
        let (frames, lines) = encoded(number);
        let stem = stem(number, schema);
        for (name, content) in [(format!("{stem}.bin"), frames), (format!("{stem}.leaf.json"), lines.into_bytes())] {
            let path = folder().join(name);
            if !path.exists() {
                fs::write(path, content).unwrap();
            }
        }
    }
}

#[test]
fn todays_frames_and_leaves_are_the_golden_ones() {
    for (number, schema) in newest() {
        let (frames, lines) = encoded(number);
        let stem = stem(number, schema);
        let is_same = golden(&format!("{stem}.bin")) == frames;
        assert!(is_same, "{stem}.bin differs from what is written today; a new shape needs a new schema");
        let leaves = String::from_utf8(golden(&format!("{stem}.leaf.json"))).unwrap();
        assert_eq!(leaves, lines, "{stem}.leaf.json");
    }
}

#[test]
fn golden_frames_of_every_schema_can_be_read_and_verified() {
    for row in SCHEMAS {
        let stem = stem(row.number, row.schema);
        let bytes = golden(&format!("{stem}.bin"));
        let leaves = String::from_utf8(golden(&format!("{stem}.leaf.json"))).unwrap();
        let mut leaves = leaves.lines();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (frame, after) = split_frame(rest).unwrap();
            rest = after;
            verify_leaf(frame, log()).unwrap();
            let line = leaves.next().unwrap();
            assert_eq!(leaf_json(frame, log()).unwrap(), line, "{stem}");
            assert_eq!(stored_leaf(frame).unwrap(), Digest::of(format!("\0{line}").as_bytes()), "{stem}");
            assert_eq!(event_type(&decode(frame).unwrap().event), row.number, "{stem}");
        }
        assert_eq!(leaves.next(), None, "{stem}.leaf.json has more lines than frames");
    }
}

#[test]
fn golden_frames_decode_to_their_samples() {
    for (number, schema) in newest() {
        let bytes = golden(&format!("{}.bin", stem(number, schema)));
        let mut rest = &bytes[..];
        for sample in samples_of(number) {
            let (frame, after) = split_frame(rest).unwrap();
            rest = after;
            assert_eq!(decode(frame).unwrap(), sample);
        }
        assert!(rest.is_empty());
    }
}

#[test]
fn the_golden_folder_holds_nothing_else() {
    golden(&format!("{}.bin", stem(1, 1)));
    let known: BTreeSet<String> = SCHEMAS
        .iter()
        .map(|row| stem(row.number, row.schema))
        .flat_map(|stem| [format!("{stem}.bin"), format!("{stem}.leaf.json")])
        .collect();
    let found = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let strange: Vec<String> = found.filter(|name| !known.contains(name)).collect();
    assert!(strange.is_empty(), "a schema can be read for ever; nothing may be taken out: {strange:?}");
}
