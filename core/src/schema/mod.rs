//! The frozen disk format: events to bytes and back, their leaf hashes, the permanent catalogue.
//!
//! Nothing outside of this module knows bincode. Start at [`encode`] and [`decode`]; the shapes are in `v1`, the way
//! from an old shape to today's in `stored`, the layout of a frame in `frame`.

mod bytes;
mod catalogue;
pub mod docs;
mod error;
mod frame;
mod leaf;
mod macros;
mod readable;
#[cfg(test)]
mod samples;
mod stored;
#[cfg(test)]
mod tests;
mod v1;
mod wire;

pub use catalogue::CatalogueRow;
pub use error::{DecodeError, EncodeError, Part};

use error::Part::{Header, Personal};
use frame::Frame;
use stored::Stored;
use v1::header::HeaderV1;
use wire::{Freezing, OpeningV1, Thawing, Whole};

use crate::event::Event;
use crate::ids::{Digest, LogId, Position};
use crate::recorded::Recorded;

/// Longest event: its leaf JSON and its personal values together. A frame is hardly longer.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;

/// An event as it goes to disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Where it stands.
    pub position: Position,
    /// Its bytes.
    pub frame: Vec<u8>,
    /// Its hash in the tree.
    pub leaf: Digest,
}

/// An event before its domain type is made: what leaf hashes are computed from.
struct StoredEvent {
    position: Whole,
    header: HeaderV1,
    event: Stored,
}

impl StoredEvent {
    fn read(frame: &Frame<'_>) -> Result<Self, DecodeError> {
        let (position, header) = bytes::read(Header, frame.header)?;
        let event = Stored::read(frame.event_type, frame.schema, frame.payload)?;
        Ok(Self { position, header, event })
    }

    fn leaf_json(&self, log: LogId) -> serde_json::Result<String> {
        leaf::json(log, self.position, &self.header, &self.event)
    }
}

/// Makes the frame of an event in its newest schema.
pub fn encode(recorded: &Recorded, log: LogId) -> Result<Encoded, EncodeError> {
    let mut out = Freezing::default();
    let header = HeaderV1::freeze(recorded, &mut out);
    let event = stored::freeze(&recorded.event, &mut out);
    if let Some(problem) = out.problem {
        return Err(problem);
    }
    let stored = StoredEvent { position: Whole(recorded.position.0), header, event };
    let json = stored.leaf_json(log).map_err(EncodeError::Json)?;
    let header = bytes::write(&(stored.position, &stored.header))?;
    let payload = stored.event.payload()?;
    let personal = bytes::write(&out.openings)?;
    let length_bytes = json.len().saturating_add(personal.len());
    if length_bytes > EVENT_BYTES_MAX {
        return Err(EncodeError::TooLarge { length_bytes });
    }
    let (event_type, schema) = stored.event.numbers();
    let leaf = leaf::hash(&json);
    let frame = Frame { event_type, schema, header: &header, payload: &payload, personal: &personal, leaf };
    let frame = frame.write().ok_or(EncodeError::TooLarge { length_bytes })?;
    Ok(Encoded { position: recorded.position, frame, leaf })
}

/// Reads exactly one frame, every byte of it; an older schema is brought to today's event.
pub fn decode(frame: &[u8]) -> Result<Recorded, DecodeError> {
    let frame = Frame::read(frame)?;
    let stored = StoredEvent::read(&frame)?;
    let openings: Vec<OpeningV1> = bytes::read(Personal, frame.personal)?;
    let mut from = Thawing::new(openings);
    let event = stored.event.thaw(&mut from)?;
    let recorded = stored.header.thaw(Position(stored.position.0), event, &mut from)?;
    from.finish()?;
    Ok(recorded)
}

/// The first frame of an entry that holds several, and the rest. Only lengths are looked at, not the checksum.
pub fn split_frame(bytes: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    frame::split(bytes)
}

/// The leaf hash that was stored with the event.
pub fn stored_leaf(frame: &[u8]) -> Result<Digest, DecodeError> {
    Frame::read(frame).map(|frame| frame.leaf)
}

/// Exactly the bytes that are hashed after the 0x00: RFC 8785 JSON of the stored, not the upcast, event.
pub fn leaf_json(frame: &[u8], log: LogId) -> Result<String, DecodeError> {
    StoredEvent::read(&Frame::read(frame)?)?.leaf_json(log).map_err(DecodeError::Json)
}

/// Computes the leaf hash anew and compares it with the stored one.
pub fn verify_leaf(frame: &[u8], log: LogId) -> Result<(), DecodeError> {
    let frame = Frame::read(frame)?;
    let json = StoredEvent::read(&frame)?.leaf_json(log).map_err(DecodeError::Json)?;
    let (stored, computed) = (frame.leaf, leaf::hash(&json));
    if stored == computed { Ok(()) } else { Err(DecodeError::LeafMismatch { stored, computed }) }
}

/// The permanent number of an event's type.
#[must_use]
pub fn event_type(event: &Event) -> u16 {
    stored::name(event).0
}

/// The name of an event's type, as in `ReviewSubmitted`.
#[must_use]
pub fn event_name(event: &Event) -> &'static str {
    stored::name(event).1
}

/// The group of an event by its number: sync, item, signoff, template, access, settings, deploy, series, log.
#[must_use]
pub fn event_group(event: &Event) -> &'static str {
    catalogue::group(event_type(event))
}

/// The name of an event's type in NATS subjects: `review_submitted`.
#[must_use]
pub fn snake_name(event: &Event) -> String {
    let mut snake = String::new();
    for letter in event_name(event).chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The leaf's `data` for readers who may know: personal values instead of their commitments, `[erased]` where erased,
/// and the values of fields as plain JSON.
#[must_use]
pub fn data_json(event: &Event) -> serde_json::Value {
    let mut out = Freezing { is_revealing: true, ..Freezing::default() };
    readable::plain(serde_json::to_value(stored::freeze(event, &mut out)).unwrap_or(serde_json::Value::Null))
}

/// All events there are or will be, in the order of their numbers.
#[must_use]
pub fn catalogue() -> &'static [CatalogueRow] {
    catalogue::CATALOGUE
}
