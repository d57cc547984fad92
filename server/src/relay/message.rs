//! What the relay publishes: events as binary-mode `CloudEvents`, and the compact verdicts for deployers. Pure.

use async_nats::HeaderMap;
use bytes::Bytes;
use countersign_core::ids::{EventId, LogId, Position};
use countersign_core::sync::SyncObject;
use countersign_core::{Principal, Recorded, State, schema};
use countersign_ingest::subject::token;
use countersign_projections::views::verdicts::Verdict;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::event_json::event_json;

/// The id of an event, by which a stream tells duplicates.
pub const MESSAGE_ID: &str = "Nats-Msg-Id";
/// The id of the log that an event is from.
pub const LOG_ID: &str = "ce-logid";

/// Space, `"`, `%`, controls, and everything beyond ASCII: the `CloudEvents` rule for values of headers.
const HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// A message, ready to be published.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Where.
    pub subject: String,
    /// Attributes.
    pub headers: HeaderMap,
    /// JSON.
    pub payload: Bytes,
}

/// The log's id, as its events carry it; empty before the first event.
#[must_use]
pub fn log_id(state: &State) -> String {
    state.log.map(|LogId(id)| id.to_string()).unwrap_or_default()
}

/// An event; `state` is the state after it.
#[must_use]
pub fn event(recorded: &Recorded, state: &State) -> Outgoing {
    let snake = schema::snake_name(&recorded.event);
    let item = recorded.event.item().map(|item| item.to_string());
    let subject_item = item.as_ref().map_or_else(|| "-".to_owned(), |item| item.replace('.', "-"));
    let (auth_type, auth_id) = author(&recorded.actor);
    let mut headers = attributes(&recorded.id.to_string(), &format!("org.countersign.event.{snake}.v1"), state);
    let recorded_at = recorded.recorded_at.to_string();
    for (name, value) in [
        ("ce-time", recorded_at.as_str()),
        ("ce-recordedtime", &recorded_at),
        ("ce-sequence", &format!("{:020}", recorded.position.0)),
        ("ce-correlationid", &recorded.correlation.to_string()),
        ("ce-authtype", auth_type),
        ("ce-authid", &auth_id),
    ] {
        insert(&mut headers, name, value);
    }
    if let Some(item) = &item {
        insert(&mut headers, "ce-subject", item);
    }
    Outgoing {
        subject: format!("govern.events.{}.{subject_item}.{snake}", schema::event_group(&recorded.event)),
        headers,
        payload: event_json(recorded, state).to_string().into(),
    }
}

/// The current verdict on a bundle or model version; nothing for anything else.
#[must_use]
pub fn verdict(verdict: &Verdict, state: &State) -> Option<Outgoing> {
    let node = verdict.key.node.as_str();
    let mut tokens = vec![token(node)];
    let mut data = Map::new();
    data.insert("node".to_owned(), node.into());
    let kind = match &verdict.key.object {
        SyncObject::Bundle { project, bundle } => {
            keys(&mut tokens, &mut data, [("projectKey", project), ("bundleId", bundle)]);
            "bundle"
        }
        SyncObject::ModelVersion { project, model, version } => {
            keys(&mut tokens, &mut data, [("projectKey", project), ("modelId", model), ("versionId", version)]);
            "model_version"
        }
        _ => return None,
    };
    let rest = json!({
        "itemId": verdict.item.to_string(),
        "governItemId": verdict.govern_item.map(|item| item.to_string()),
        "status": verdict.word(),
        "cycle": verdict.cycle,
        "digest": verdict.digest.map(|digest| digest.to_string()),
        "position": verdict.position.0,
    });
    if let Value::Object(rest) = rest {
        data.extend(rest);
    }
    let subject = format!("govern.approvals.{kind}.{}", tokens.join("."));
    // Names log, position and subject: a late copy of an older verdict is a duplicate, and cannot undo a newer one.
    let id = format!("{}:{}:{}", log_id(state), verdict.position, verdict.item);
    let mut headers = attributes(&id, "org.countersign.verdict.v1", state);
    insert(&mut headers, "ce-time", &state.head_at.to_string());
    insert(&mut headers, "ce-subject", &verdict.item.to_string());
    insert(&mut headers, "ce-sequence", &format!("{:020}", verdict.position.0));
    Some(Outgoing { subject, headers, payload: Value::Object(data).to_string().into() })
}

fn keys<const N: usize>(
    tokens: &mut Vec<String>,
    data: &mut Map<String, Value>,
    keys: [(&str, &std::sync::Arc<str>); N],
) {
    for (name, key) in keys {
        tokens.push(token(key));
        data.insert(name.to_owned(), Value::String(key.to_string()));
    }
}

fn attributes(id: &str, kind: &str, state: &State) -> HeaderMap {
    let log = log_id(state);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (MESSAGE_ID, id),
        ("ce-specversion", "1.0"),
        ("ce-id", id),
        ("ce-source", &format!("/logs/{log}")),
        ("ce-type", kind),
        ("ce-datacontenttype", "application/json"),
        (LOG_ID, &log),
    ] {
        insert(&mut headers, name, value);
    }
    headers
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    headers.insert(name, utf8_percent_encode(value, HEADER).to_string().as_str());
}

/// `CloudEvents`' words for who acted, and an id without anything personal in it.
fn author(actor: &Principal) -> (&'static str, String) {
    match actor {
        Principal::User(user) => ("user", user.to_string()),
        Principal::Key(key) => ("api_key", key.to_string()),
        Principal::Node(node) => ("service_account", node.to_string()),
        Principal::System => ("system", "system".to_owned()),
    }
}

/// Where an event stands: what the stream's last message is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The position, which is the stream's sequence.
    pub position: Position,
    /// The event's id, which is the message's.
    pub id: EventId,
}
