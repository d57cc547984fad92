//! Publishes sync messages from JSON lines: for tests, for the demo, and for connectors in scripts.

use std::collections::VecDeque;
use std::io;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::{CreateStreamError, PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use countersign_core::ids::Digest;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use crate::broker::{ANSWER_TIME_MAX, Broker};
use crate::cloudevent::STRUCTURED;
use crate::streams;
use crate::subject::{SyncSubject, token};

/// Longest line, in bytes; longer than any message that is taken in, so that its refusal can be tried.
pub const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// Most messages that wait for their acknowledgement.
const IN_FLIGHT_MAX: usize = 256;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Published {
    /// Lines that the stream took.
    pub messages: u64,
    /// Of these, lines that it already held under the same id.
    pub duplicates: u64,
}

/// Why publishing ended early; the lines before the one named are published.
#[derive(Debug, thiserror::Error)]
pub enum PublishLinesError {
    /// No broker answered.
    #[error("NATS did not answer within {} s", ANSWER_TIME_MAX.as_secs())]
    Unreachable,
    /// The stream of sync messages could not be made.
    #[error("the stream {} is not available", streams::SYNC)]
    Stream(#[source] CreateStreamError),
    /// The lines could not be read.
    #[error("line {line} could not be read")]
    Read {
        line: u64,
        #[source]
        source: io::Error,
    },
    /// A line has another shape.
    #[error("line {line}: {detail}")]
    Line { line: u64, detail: String },
    /// The stream did not take a line.
    #[error("line {line} was not acknowledged")]
    Publish {
        line: u64,
        #[source]
        source: PublishError,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Short {
    node: String,
    kind: String,
    data: Map<String, Value>,
    id: Option<String>,
    time: Option<String>,
}

#[derive(Deserialize)]
struct Full {
    source: String,
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Publishes every line and waits for all acknowledgements. A line is either short,
///
/// ```json
/// {"node":"design-1","kind":"project","data":{"projectKey":"FRAUD","name":"Fraud","revision":1},"id":"e1","time":"2026-01-01T00:00:00Z"}
/// ```
///
/// with `kind` as in the subject (`bundle`, `bundle.gone`), `id` and `time` optional (the id is then a digest of the
/// line, so that a file can be published twice), or a whole structured `CloudEvent`, published as it stands on the
/// subject that its source and type name. Empty lines are passed over. The data itself is checked by whoever takes it in.
pub async fn publish<R: AsyncBufRead + Unpin>(broker: &Broker, mut lines: R) -> Result<Published, PublishLinesError> {
    let connected = tokio::time::timeout(ANSWER_TIME_MAX, broker.connected()).await;
    connected.map_err(|_| PublishLinesError::Unreachable)?;
    let context = broker.jetstream();
    let mut is_open = false;
    let mut waiting = VecDeque::new();
    let mut published = Published::default();
    let mut text = Vec::new();
    for line in 1_u64.. {
        text.clear();
        let mut limited = (&mut lines).take(LINE_BYTES_MAX);
        let read = limited.read_until(b'\n', &mut text).await;
        if read.map_err(|source| PublishLinesError::Read { line, source })? == 0 {
            break;
        }
        let invalid = |detail: String| PublishLinesError::Line { line, detail };
        if !text.ends_with(b"\n") && u64::try_from(text.len()).is_ok_and(|length| length == LINE_BYTES_MAX) {
            return Err(invalid(format!("longer than {LINE_BYTES_MAX} bytes")));
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let (subject, message) = message(text.trim_ascii()).map_err(invalid)?;
        if !is_open {
            is_open = has_stream(&context, line, &subject, &message, &mut published).await?;
            if is_open {
                continue;
            }
            streams::sync(&context).await.map_err(PublishLinesError::Stream)?;
            is_open = true;
        }
        let sent = context.send_publish(subject, message).await;
        waiting.push_back((line, sent.map_err(|source| PublishLinesError::Publish { line, source })?));
        if waiting.len() >= IN_FLIGHT_MAX {
            acknowledged(&mut waiting, &mut published).await?;
        }
    }
    while !waiting.is_empty() {
        acknowledged(&mut waiting, &mut published).await?;
    }
    Ok(published)
}

/// Publishes the first line, which tells whether there is a stream. One is made only where there is none: a node may
/// often publish and nothing else.
async fn has_stream(
    context: &Context,
    line: u64,
    subject: &str,
    message: &PublishMessage,
    published: &mut Published,
) -> Result<bool, PublishLinesError> {
    let failed = |source| PublishLinesError::Publish { line, source };
    let sent = context.send_publish(subject.to_owned(), message.clone()).await.map_err(failed)?;
    match sent.await {
        Ok(acknowledgement) => {
            published.messages += 1;
            published.duplicates += u64::from(acknowledgement.duplicate);
            Ok(true)
        }
        Err(error) if error.kind() == PublishErrorKind::StreamNotFound => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

async fn acknowledged(
    waiting: &mut VecDeque<(u64, PublishAckFuture)>,
    published: &mut Published,
) -> Result<(), PublishLinesError> {
    let Some((line, acknowledgement)) = waiting.pop_front() else { return Ok(()) };
    let acknowledgement = acknowledgement.await.map_err(|source| PublishLinesError::Publish { line, source })?;
    published.messages += 1;
    published.duplicates += u64::from(acknowledgement.duplicate);
    Ok(())
}

fn message(line: &[u8]) -> Result<(String, PublishMessage), String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let (subject, id, event) = if value.get("specversion").is_some() { full(value)? } else { short(line, value)? };
    let mut headers = HeaderMap::new();
    headers.insert("Content-Type", STRUCTURED);
    // Ids are unique within their source only.
    let id = format!("{}/{id}", token(&subject.node));
    let message = PublishMessage::build().payload(event.to_string().into()).headers(headers).message_id(id);
    Ok((subject.to_string(), message))
}

fn short(line: &[u8], value: Value) -> Result<(SyncSubject, String, Value), String> {
    let Short { node, kind, data, id, time } = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let subject = subject(&node, &kind)?;
    let id = id.unwrap_or_else(|| Digest::of(line).to_string());
    let mut event = json!({
        "specversion": "1.0",
        "id": id,
        "source": format!("/nodes/{}", token(&node)),
        "type": subject.event_type(),
        "datacontenttype": "application/json",
        "data": data,
    });
    if let (Some(time), Some(event)) = (time, event.as_object_mut()) {
        event.insert("time".to_owned(), time.into());
    }
    Ok((subject, id, event))
}

fn full(event: Value) -> Result<(SyncSubject, String, Value), String> {
    let Full { source, id, kind } = Full::deserialize(&event).map_err(|error| error.to_string())?;
    let node = source.strip_prefix("/nodes/").ok_or_else(|| format!("source {source:?} is not /nodes/<node>"))?;
    let node = percent_decode_str(node).decode_utf8().map_err(|error| error.to_string())?;
    let named = kind.strip_prefix("org.countersign.sync.").and_then(|rest| rest.strip_suffix(".v1"));
    let named = named.ok_or_else(|| format!("type {kind:?} is not org.countersign.sync.<kind>.v1"))?;
    Ok((subject(&node, named)?, id, event))
}

fn subject(node: &str, kind: &str) -> Result<SyncSubject, String> {
    SyncSubject::parse(&format!("govern.sync.{}.{kind}", token(node))).map_err(|refused| refused.detail)
}
