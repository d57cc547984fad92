//! `COUNTERSIGN_WRITE_GOLDEN=1 cargo test -p countersign-core schema` writes the two pages anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::super::docs::{codes_markdown, events_markdown};
use super::golden::is_writing;
use crate::rejection::Rejection;

fn assert_current(page: &str, generated: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    if is_writing() {
        fs::write(&path, generated).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == generated, "core/docs/{page} is not what is generated; see this test's file for how to renew it");
}

#[test]
fn the_page_of_events_is_what_is_generated() {
    assert_current("events.md", &events_markdown());
}

#[test]
fn the_page_of_codes_is_what_is_generated() {
    assert_current("codes.md", &codes_markdown());
}

#[test]
fn a_code_has_one_kind_wherever_it_is_used() {
    let mut kinds = BTreeMap::new();
    for row in Rejection::codes() {
        let kind = *kinds.entry(row.code).or_insert(row.kind);
        assert_eq!(kind, row.kind, "{}", row.code);
    }
}
