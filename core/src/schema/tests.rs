#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use super::*;
use crate::context::{Channel, Principal};
use crate::ids::{CorrelationId, EventId, ItemId, UserId};
use crate::time::Timestamp;

fn log() -> LogId {
    LogId(uuid::Uuid::from_u128(7))
}

#[test]
fn an_event_comes_back_as_it_was_written() {
    let recorded = Recorded {
        position: Position(9),
        id: EventId(uuid::Uuid::from_u128(1)),
        recorded_at: Timestamp::from_millis(1_768_465_800_000),
        actor: Principal::User(UserId(4)),
        groups: vec!["ops".into()],
        via: None,
        channel: Channel::Http,
        reason: Some(crate::personal::Personal::new([3; 16], "because")),
        correlation: CorrelationId(uuid::Uuid::from_u128(2)),
        causation: None,
        request: None,
        event: crate::artifact::Event::StepStarted { item: ItemId(3), step: "review".into() }.into(),
    };
    let encoded = encode(&recorded, log()).unwrap();
    assert_eq!(decode(&encoded.frame).unwrap(), recorded);
    assert_eq!(stored_leaf(&encoded.frame).unwrap(), encoded.leaf);
    verify_leaf(&encoded.frame, log()).unwrap();
    let json = leaf_json(&encoded.frame, log()).unwrap();
    assert!(
        json.starts_with(r#"{"data":{"item":"ar.3","step":"review"},"header":{"actor":{"id":"us.4","kind":"user"}"#)
    );
    assert!(
        json.ends_with(
            r#""logId":"00000000-0000-0000-0000-000000000007","position":9,"schema":1,"type":"StepStarted"}"#
        )
    );
}
