use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::samples::{self, Source, samples};
use super::super::stored::SCHEMAS;
use super::*;
use crate::context::Channel;
use crate::ids::ItemId;
use crate::sync::{Event as Sync, Measure};
use crate::value::Value;

fn number() -> impl Strategy<Value = u16> {
    prop::sample::select(SCHEMAS.iter().map(|row| row.number).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_event_comes_back_as_it_was_written(
        number in number(),
        position in 1..u64::MAX,
        bytes in prop::collection::vec(any::<u8>(), 1..400),
    ) {
        let mut source = Source::random(bytes);
        let event = samples::event(number, &mut source);
        let recorded = source.recorded(Position(position), event);
        let encoded = encode(&recorded, log()).unwrap();
        prop_assert_eq!(encoded.position, recorded.position);
        prop_assert_eq!(stored_leaf(&encoded.frame).unwrap(), encoded.leaf);
        prop_assert!(verify_leaf(&encoded.frame, log()).is_ok());
        prop_assert_eq!(decode(&encoded.frame).unwrap(), recorded);
    }
}

#[test]
fn every_implemented_event_has_samples() {
    let sampled: BTreeSet<u16> = samples().iter().map(|sample| event_type(&sample.event)).collect();
    let implemented: BTreeSet<u16> = SCHEMAS.iter().map(|row| row.number).collect();
    assert_eq!(sampled, implemented);
}

#[test]
fn the_catalogue_and_the_implementation_agree() {
    let implemented: BTreeSet<u16> = SCHEMAS.iter().map(|row| row.number).collect();
    let made = catalogue().iter().filter(|row| !row.is_reserved).map(|row| row.number).collect();
    assert_eq!(implemented, made);
    for sample in samples() {
        let row = catalogue::row(event_type(&sample.event)).unwrap();
        assert_eq!(event_name(&sample.event), row.name);
    }
}

#[test]
fn numbers_of_the_catalogue_ascend_without_gaps_within_each_group() {
    for pair in catalogue().windows(2) {
        let (before, after) = (pair[0].number, pair[1].number);
        let begins_group = after >> 8 == (before >> 8) + 1 && after & 0xff == 1;
        assert!(after == before + 1 || begins_group, "{before:#06x} is followed by {after:#06x}");
    }
}

#[test]
fn no_pair_of_numbers_is_used_twice() {
    let pairs: BTreeSet<(u16, u16)> = SCHEMAS.iter().map(|row| (row.number, row.schema)).collect();
    assert_eq!(pairs.len(), SCHEMAS.len());
}

#[test]
fn names_and_groups_follow_the_catalogue() {
    let names = |number| {
        let event = samples::event(number, &mut Source::round(0));
        (event_name(&event), snake_name(&event), event_group(&event))
    };
    assert_eq!(names(0x0303), ("ReviewSubmitted", "review_submitted".to_owned(), "signoff"));
    assert_eq!(names(0x0608), ("CommentAdded", "comment_added".to_owned(), "settings"));
    assert_eq!(names(0x0001), ("LogCreated", "log_created".to_owned(), "log"));
    assert_eq!(names(0x0406), ("VersionStatusChanged", "version_status_changed".to_owned(), "template"));
    assert_eq!(names(0x0701).2, "deploy");
    assert_eq!(names(0x0804).2, "series");
}

fn sample_with(event: Event) -> Recorded {
    let mut recorded = Source::round(1).recorded(Position(1), event);
    recorded.channel = Channel::Cli;
    recorded
}

#[test]
fn ids_and_integers_above_2_to_53_are_strings_in_the_leaf() {
    let event = Sync::EvaluationOptedOut {
        item: ItemId(9),
        store: "s".into(),
        evaluation: Some("e".into()),
        fingerprint: Some(u128::MAX),
        is_out: true,
    };
    let mut recorded = sample_with(event.into());
    recorded.causation = Some(Position(1 << 53));
    recorded.position = Position((1 << 53) - 1);
    let json = leaf_json(&encode(&recorded, log()).unwrap().frame, log()).unwrap();
    for expected in [
        r#""fingerprint":"340282366920938463463374607431768211455""#,
        r#""item":"ar.9""#,
        r#""causation":"9007199254740992""#,
        r#""position":9007199254740991,"#,
    ] {
        assert!(json.contains(expected), "{expected} is not in {json}");
    }
}

#[test]
fn a_leaf_is_canonical_json_already() {
    for sample in samples() {
        let json = leaf_json(&encode(&sample, log()).unwrap().frame, log()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json_canonicalizer::to_string(&value).unwrap(), json);
    }
}

#[test]
fn the_leaf_belongs_to_its_log() {
    let encoded = encode(&samples()[0], log()).unwrap();
    let other = LogId(uuid::Uuid::from_u128(8));
    assert!(matches!(verify_leaf(&encoded.frame, other), Err(DecodeError::LeafMismatch { .. })));
}

#[test]
fn an_event_above_its_bound_is_refused_and_one_at_it_is_kept() {
    let comment = |length: usize| {
        let text = crate::personal::Personal::new([1; 16], "x".repeat(length));
        let comment = crate::ids::CommentId(1);
        sample_with(crate::artifact::Event::CommentAdded { item: ItemId(1), comment, step: None, text }.into())
    };
    let fits = |length: &usize| encode(&comment(*length), log()).is_ok();
    let fitting = (EVENT_BYTES_MAX - 2_000..EVENT_BYTES_MAX).rev().find(fits).unwrap();
    let encoded = encode(&comment(fitting), log()).unwrap();
    assert_eq!(decode(&encoded.frame).unwrap(), comment(fitting));
    assert!(matches!(
        encode(&comment(fitting + 1), log()),
        Err(EncodeError::TooLarge { length_bytes }) if length_bytes == EVENT_BYTES_MAX + 1
    ));
}

#[test]
fn numbers_that_json_cannot_hold_and_mixed_lists_are_refused() {
    let of = |value: Value| {
        let fields = vec![("f".into(), value)];
        let template = crate::ids::TemplateId { blueprint: "b".into(), version: "v".into() };
        let event = crate::artifact::Event::ItemCreated { item: ItemId(1), template, name: "n".into(), fields };
        encode(&sample_with(event.into()), log())
    };
    assert!(matches!(of(Value::Number(f64::NAN)), Err(EncodeError::NotFinite)));
    let mixed = Value::List([Value::Boolean(true), Value::Number(1.0)].into());
    assert!(matches!(of(mixed), Err(EncodeError::MixedList)));
    let nested = Value::List([Value::List([].into())].into());
    assert!(matches!(of(nested), Err(EncodeError::MixedList)));
    let metric = Measure { name: "auc".into(), value: f64::INFINITY };
    let event = Sync::EvaluationRecorded {
        item: ItemId(1),
        store: "s".into(),
        evaluation: "e".into(),
        fingerprint: 1,
        evaluated_at: crate::time::Timestamp::from_millis(0),
        metrics: Vec::new(),
        drift: vec![metric],
        url: None,
    };
    assert!(matches!(encode(&sample_with(event.into()), log()), Err(EncodeError::NotFinite)));
}

#[test]
fn dates_at_the_ends_of_the_calendar_come_back() {
    for millis in [i64::MIN, -1, 0, 1, i64::MAX] {
        let time = crate::time::Timestamp::from_millis(millis);
        assert_eq!(time.to_string().parse(), Ok(time), "{time}");
    }
}
