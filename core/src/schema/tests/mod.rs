#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failing test should panic")]

mod damage;
mod docs;
mod first_start;
mod golden;
mod personal;
mod round_trip;
mod upcast;

use super::samples::log;
use super::*;

/// A frame with these parts and an honest checksum, to show what is refused beyond it.
fn forged(frame: &[u8], change: impl FnOnce(&mut Forged)) -> Vec<u8> {
    let frame = Frame::read(frame).unwrap();
    let mut forged = Forged {
        event_type: frame.event_type,
        schema: frame.schema,
        header: frame.header.to_vec(),
        payload: frame.payload.to_vec(),
        personal: frame.personal.to_vec(),
        leaf: frame.leaf,
    };
    change(&mut forged);
    let Forged { event_type, schema, header, payload, personal, leaf } = &forged;
    let frame = Frame { event_type: *event_type, schema: *schema, header, payload, personal, leaf: *leaf };
    frame.write().unwrap()
}

struct Forged {
    event_type: u16,
    schema: u16,
    header: Vec<u8>,
    payload: Vec<u8>,
    personal: Vec<u8>,
    leaf: Digest,
}
