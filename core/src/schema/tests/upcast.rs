//! How an old schema is read: shown on one that never was.

use serde::{Deserialize, Serialize};

use super::super::stored::Frozen;
use super::super::v1::item::StepReopenedV1;
use super::super::wire::Ar;
use super::*;
use crate::artifact::Event as Item;
use crate::ids::ItemId;

/// What `StepReopened` might have been before it told whether the step is ongoing.
#[derive(Serialize, Deserialize)]
struct StepReopenedV0 {
    item: Ar,
    step: String,
}

/// At that time a reopened step was always ongoing: no guess, the old fact in the new shape.
fn upcast(old: StepReopenedV0) -> StepReopenedV1 {
    StepReopenedV1 { item: old.item, step: old.step, is_ongoing: true }
}

impl Frozen for StepReopenedV0 {
    const NUMBER: u16 = StepReopenedV1::NUMBER;
    const SCHEMA: u16 = 0;
    const RULE: &'static str = StepReopenedV1::RULE;
    const FIELDS: &'static [(&'static str, &'static str)] = &[];

    fn thaw(self, from: &mut Thawing) -> Result<Event, DecodeError> {
        upcast(self).thaw(from)
    }
}

#[test]
fn an_older_schema_reaches_the_domain_through_its_successor() {
    let payload = bytes::write(&StepReopenedV0 { item: Ar(4), step: "review".to_owned() }).unwrap();
    let old: StepReopenedV0 = bytes::read(Part::Payload, &payload).unwrap();
    let event = old.thaw(&mut Thawing::default()).unwrap();
    let expected = Item::StepReopened { item: ItemId(4), step: "review".into(), is_ongoing: true };
    assert_eq!(event, expected.into());
}

#[test]
fn the_bytes_of_one_schema_are_not_read_as_another() {
    let payload = bytes::write(&StepReopenedV0 { item: Ar(4), step: "review".to_owned() }).unwrap();
    assert!(Stored::read(StepReopenedV1::NUMBER, 1, &payload).is_err());
    assert!(matches!(
        Stored::read(StepReopenedV1::NUMBER, 0, &payload),
        Err(DecodeError::UnknownSchema { schema: 0, newest: 1, .. })
    ));
}
