//! A message becomes a command, or the reason why it never will. Pure: the same bytes, the same answer.
//!
//! Whether the command changes anything is the core's affair: here nothing is known of what came before.

mod fields;
mod objects;

use std::sync::Arc;

use async_nats::HeaderMap;
use bytes::Bytes;
use countersign_core::ids::{CorrelationId, Digest, NAMED_ID_BYTES_MAX, NodeId};
use countersign_core::sync::SyncKey;
use countersign_core::{Caller, Channel, Command, Principal, sync};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use crate::cloudevent::{self, CloudEvent};
use crate::message::Kind;
use crate::subject::{SyncSubject, is_request};

/// Longest message, in bytes; what a node tells of one object is far below.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Most metrics in one message.
pub const MEASURES_MAX: usize = 200;
/// Most model versions in one bundle or deployment.
pub const PACKAGED_VERSIONS_MAX: usize = 1_000;

/// What is asked of the engine, and as whom.
#[derive(Debug, Clone)]
pub struct Translated {
    /// The wish.
    pub command: Command,
    /// The node, with a correlation that follows from the message's id.
    pub caller: Caller,
}

/// Why a message can never be taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Untranslatable {
    /// Stable, snake case; the last token of the dead letter's subject.
    pub reason: &'static str,
    /// What is wrong and where, for people.
    pub detail: String,
    /// Nothing is wrong: such things are not governed. It is acknowledged and counted, and makes no dead letter.
    pub is_left_out: bool,
}

impl Untranslatable {
    pub(crate) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), is_left_out: false }
    }

    pub(crate) fn left_out(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), is_left_out: true }
    }
}

/// Translates one message of a sync subject.
pub fn translate(subject: &str, headers: Option<&HeaderMap>, payload: &Bytes) -> Result<Translated, Untranslatable> {
    if payload.len() > MESSAGE_BYTES_MAX {
        let detail = format!("the message has {} bytes; at most {MESSAGE_BYTES_MAX} are taken in", payload.len());
        return Err(Untranslatable::new("message_too_large", detail));
    }
    if is_request(subject) {
        return Err(Untranslatable::left_out("request", "what is asked of a node is not for us"));
    }
    let subject = SyncSubject::parse(subject)?;
    let event = cloudevent::read(headers, payload)?;
    check_source(&subject, &event)?;
    let node = NodeId::new(key("node", &Arc::from(subject.node.as_str()))?);
    leave_out(&event.data)?;
    let command = if subject.is_gone {
        gone(&node, subject.kind, event.data)?
    } else {
        objects::command(&node, subject.kind, event.data)?
    };
    let caller = Caller::new(Principal::Node(node), Channel::Nats, correlation(&event.source, &event.id));
    Ok(Translated { command, caller })
}

/// Nobody speaks for another node, nor of another kind than the subject's, on which permissions are given.
fn check_source(subject: &SyncSubject, event: &CloudEvent) -> Result<(), Untranslatable> {
    let source = percent_decode_str(&event.source).decode_utf8_lossy();
    if source.strip_prefix("/nodes/") != Some(&subject.node) {
        let detail = format!("source is {:?}; on this subject it is \"/nodes/{}\"", event.source, subject.node);
        return Err(Untranslatable::new("source_mismatch", detail));
    }
    let expected = subject.event_type();
    if event.kind != expected {
        let detail = format!("type is {:?}; on this subject it is {expected:?}", event.kind);
        return Err(Untranslatable::new("type_mismatch", detail));
    }
    Ok(())
}

/// What marks an object, in a message of any kind, as nothing to be governed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeftOut {
    /// A partitioned model, or a version or an evaluation of one.
    #[serde(default)]
    partitioned: bool,
    /// A temporary project, as one made for a run of an application, or something in one.
    #[serde(default)]
    temporary: bool,
    /// The same in another word.
    #[serde(default)]
    is_app_instance: bool,
}

fn leave_out(data: &Value) -> Result<(), Untranslatable> {
    let LeftOut { partitioned, temporary, is_app_instance } = parse(data.clone())?;
    if partitioned {
        return Err(Untranslatable::left_out("model_partitioned", "partitioned models are not taken in"));
    }
    if temporary || is_app_instance {
        return Err(Untranslatable::left_out("project_temporary", "temporary instances of apps are not taken in"));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gone {
    #[serde(default)]
    epoch: u32,
    revision: u64,
}

fn gone(node: &NodeId, kind: Kind, data: Value) -> Result<Command, Untranslatable> {
    let object = objects::object(kind, &data)?;
    let Gone { epoch, revision } = parse(data)?;
    let key = SyncKey { node: node.clone(), object };
    Ok(sync::Command::Gone { key, revision: sync::Revision { epoch, revision } }.into())
}

/// Reads a wire struct; the sentence names the field.
fn parse<T: for<'de> Deserialize<'de>>(data: Value) -> Result<T, Untranslatable> {
    if !data.is_object() {
        return Err(Untranslatable::new("data_invalid", "the data is not a JSON object"));
    }
    serde_json::from_value(data).map_err(|error| Untranslatable::new("data_invalid", error.to_string()))
}

/// Checks what becomes part of a key.
fn key(name: &str, text: &Arc<str>) -> Result<Arc<str>, Untranslatable> {
    let is_printable = !text.is_empty() && !text.chars().any(char::is_control);
    if !is_printable || text.len() > NAMED_ID_BYTES_MAX {
        let detail = format!("{name} must hold 1 to {NAMED_ID_BYTES_MAX} bytes and no control characters");
        return Err(Untranslatable::new("key_invalid", detail));
    }
    Ok(text.clone())
}

/// The same message always gets the same correlation, so that a redelivery is recognisable.
fn correlation(source: &str, id: &str) -> CorrelationId {
    let digest = Digest::of(format!("{source}\n{id}").as_bytes()).0;
    let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
    CorrelationId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests;
