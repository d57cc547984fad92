//! The hash of one event in the log's RFC 6962 tree.

use serde::Serialize;

use super::catalogue;
use super::stored::Stored;
use super::v1::header::HeaderV1;
use super::wire::Whole;
use crate::ids::{Digest, LogId};

/// Since 0.1: these names and nothing else, in RFC 8785 form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Leaf<'a> {
    log_id: String,
    position: Whole,
    header: &'a HeaderV1,
    r#type: &'static str,
    schema: u16,
    data: &'a Stored,
}

pub(crate) fn json(log: LogId, position: Whole, header: &HeaderV1, event: &Stored) -> serde_json::Result<String> {
    let (number, schema) = event.numbers();
    let r#type = catalogue::row(number).map_or("unknown", |row| row.name);
    serde_json_canonicalizer::to_string(&Leaf {
        log_id: log.to_string(),
        position,
        header,
        r#type,
        schema,
        data: event,
    })
}

/// SHA-256(0x00 ‖ JSON).
pub(crate) fn hash(json: &str) -> Digest {
    let mut bytes = Vec::with_capacity(json.len().saturating_add(1));
    bytes.push(0);
    bytes.extend_from_slice(json.as_bytes());
    Digest::of(&bytes)
}
