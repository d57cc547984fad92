//! The events of a real first start, not samples: what every log begins with.

use super::*;
use crate::blueprint::{Definition, Event as Template};
use crate::command::Command;
use crate::context::{Caller, Context};
use crate::ids::{CorrelationId, CredentialId};
use crate::time::Timestamp;

fn first_events() -> Vec<Recorded> {
    let admin_credential = CredentialId(uuid::Uuid::from_u128(5));
    let command =
        Command::Log(crate::log::Command::Bootstrap { log: log(), product: "0.1.0".into(), admin_credential });
    let caller = Caller::system(CorrelationId(uuid::Uuid::from_u128(6)));
    let context = Context { caller, at: Timestamp::from_millis(1_768_465_800_000), seed: [4; 32] };
    crate::decide::handle(&crate::State::default(), &command, &context).unwrap().events
}

fn definitions(events: &[Recorded]) -> Vec<&Definition> {
    events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::Template(Template::VersionCreated { definition, .. }) => Some(&**definition),
            _ => None,
        })
        .collect()
}

#[test]
fn the_events_of_a_first_start_fit_and_come_back() {
    let events = first_events();
    assert!(events.len() > 10);
    for recorded in &events {
        let frame = encode(recorded, log()).unwrap().frame;
        verify_leaf(&frame, log()).unwrap();
        assert_eq!(&decode(&frame).unwrap(), recorded);
    }
}

#[test]
fn a_template_comes_back_with_its_fields_and_steps() {
    let events = first_events();
    let back: Vec<Recorded> =
        events.iter().map(|recorded| decode(&encode(recorded, log()).unwrap().frame).unwrap()).collect();
    let (before, after) = (definitions(&events), definitions(&back));
    assert!(before.iter().any(|definition| !definition.steps.is_empty()));
    // Two definitions are equal when their documents are, so what was parsed from them is compared as text.
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
}

#[test]
fn a_version_document_that_is_none_is_refused() {
    let frame = encode(&super::super::samples::samples_of(0x0404)[0], log()).unwrap().frame;
    let frame = forged(&frame, |forged| {
        let at = forged.payload.windows(6).position(|window| window == b"{\"name").unwrap();
        forged.payload[at] = b'[';
    });
    assert!(matches!(decode(&frame), Err(DecodeError::Definition(_))));
}
