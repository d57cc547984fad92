use super::super::samples::{Source, samples_of};
use super::*;
use crate::artifact::Event as Item;
use crate::ids::{CommentId, ItemId};
use crate::personal::{ERASED, Personal as Value};

const WORDS: &str = "my honest opinion";

fn comment(text: Value) -> Recorded {
    let event = Item::CommentAdded { item: ItemId(1), comment: CommentId(2), step: None, text };
    Source::round(0).recorded(Position(5), event.into())
}

fn text_of(recorded: &Recorded) -> &Value {
    match &recorded.event {
        Event::Item(Item::CommentAdded { text, .. }) => text,
        other => panic!("{other:?}"),
    }
}

fn frame() -> Vec<u8> {
    encode(&comment(Value::new([9; 16], WORDS)), log()).unwrap().frame
}

fn openings(openings: &[([u8; 16], &str)]) -> Vec<u8> {
    let openings: Vec<_> =
        openings.iter().map(|(salt, value)| OpeningV1 { salt: *salt, value: (*value).to_owned() }).collect();
    bytes::write(&openings).unwrap()
}

#[test]
fn a_personal_value_stands_in_the_personal_part_only() {
    let frame = frame();
    let parts = Frame::read(&frame).unwrap();
    let holds = |bytes: &[u8]| bytes.windows(WORDS.len()).any(|window| window == WORDS.as_bytes());
    assert!(holds(parts.personal));
    assert!(!holds(parts.header) && !holds(parts.payload));
    let json = leaf_json(&frame, log()).unwrap();
    assert!(!json.contains(WORDS));
    assert!(json.contains(&Value::new([9; 16], WORDS).commitment().to_string()));
}

#[test]
fn an_erased_value_decodes_to_none_and_the_leaf_still_verifies() {
    let before = frame();
    let after = forged(&before, |forged| forged.personal = openings(&[]));
    let decoded = decode(&after).unwrap();
    assert_eq!(text_of(&decoded).value(), None);
    assert_eq!(text_of(&decoded).shown(), ERASED);
    verify_leaf(&after, log()).unwrap();
    assert_eq!(stored_leaf(&after).unwrap(), stored_leaf(&before).unwrap());
    assert_eq!(leaf_json(&after, log()).unwrap(), leaf_json(&before, log()).unwrap());
    assert_eq!(encode(&decoded, log()).unwrap().frame, after, "an erased event is written as it was read");
}

#[test]
fn one_of_several_personal_values_can_be_erased() {
    let sample = &samples_of(0x0501)[1];
    let encoded = encode(sample, log()).unwrap();
    let all: Vec<OpeningV1> = bytes::read(Personal, Frame::read(&encoded.frame).unwrap().personal).unwrap();
    assert_eq!(all.len(), 4, "the reason, login, display name and e-mail");
    for erased in 0..all.len() {
        let mut kept = all.clone();
        kept.remove(erased);
        let frame = forged(&encoded.frame, |forged| forged.personal = bytes::write(&kept).unwrap());
        let decoded = decode(&frame).unwrap();
        let Event::Access(crate::access::Event::UserCreated { login, display_name, email, .. }) = &decoded.event else {
            panic!("{decoded:?}")
        };
        let values = [decoded.reason.as_ref(), Some(login), display_name.as_ref(), email.as_ref()];
        let is_erased: Vec<bool> = values.iter().map(|value| value.unwrap().value().is_none()).collect();
        assert_eq!(is_erased.iter().filter(|erased| **erased).count(), 1);
        assert!(is_erased[erased], "openings stand in the order of the event");
        verify_leaf(&frame, log()).unwrap();
    }
}

#[test]
fn a_changed_personal_value_is_refused() {
    for changed in [([9; 16], "my honest opinion!"), ([8; 16], WORDS), ([9; 16], "")] {
        let frame = forged(&frame(), |forged| forged.personal = openings(&[changed]));
        assert!(matches!(decode(&frame), Err(DecodeError::PersonalMismatch)), "{changed:?}");
    }
}

#[test]
fn a_personal_value_that_belongs_to_nothing_is_refused() {
    let frame = forged(&frame(), |forged| forged.personal = openings(&[([9; 16], WORDS), ([1; 16], "smuggled")]));
    assert!(matches!(decode(&frame), Err(DecodeError::PersonalMismatch)));
}

#[test]
fn readers_who_may_know_get_values_and_erased_ones_as_such() {
    let event = comment(Value::new([9; 16], WORDS)).event;
    assert_eq!(
        data_json(&event),
        serde_json::json!({ "item": "ar.1", "comment": "co.2", "step": null, "text": WORDS })
    );
    let commitment = Value::new([9; 16], WORDS).commitment();
    let event = comment(Value::try_from_parts(commitment, None).unwrap()).event;
    assert_eq!(data_json(&event)["text"], ERASED);
}
