//! Asks a node to tell everything again: a message on `govern.sync.<node>.request`, kept by the stream of sync messages,
//! so that a node that is away at the moment finds it.

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::{HeaderMap, SubscribeError};
use bytes::Bytes;
use countersign_core::ids::CorrelationId;
use countersign_core::time::Timestamp;
use futures::{Stream, StreamExt as _};
use serde_json::json;

use crate::broker::{ANSWER_TIME_MAX, Broker};
use crate::cloudevent::STRUCTURED;
use crate::subject;

/// The type of such a message.
pub const REQUEST_TYPE: &str = "org.countersign.sync.request.v1";

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// Of whom.
    pub node: String,
    /// By whom: a login, or a key's id.
    pub requested_by: String,
    /// The key that acted as that person.
    pub via: Option<String>,
    /// When.
    pub requested_at: Timestamp,
    /// Ties the message to the request that it comes from; the message's id too.
    pub correlation: CorrelationId,
}

/// Why a node was not asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No broker answered.
    #[error("NATS did not answer within {} s", ANSWER_TIME_MAX.as_secs())]
    Unreachable,
    /// The stream did not take the message.
    #[error("the stream of sync messages did not take the request")]
    Publish(#[source] PublishError),
}

impl AskError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "nats_unreachable",
            Self::Publish(_) => "ingest_stream_unavailable",
        }
    }
}

/// Publishes the request and waits until the stream has it; gives the subject.
pub async fn ask(broker: &Broker, request: &Request) -> Result<String, AskError> {
    let connected = tokio::time::timeout(ANSWER_TIME_MAX, broker.connected()).await;
    connected.map_err(|_| AskError::Unreachable)?;
    let subject = subject::request(&request.node);
    let id = request.correlation.to_string();
    let event = json!({
        "specversion": "1.0",
        "id": id,
        "source": "/countersign",
        "type": REQUEST_TYPE,
        "subject": request.node,
        "time": request.requested_at.to_string(),
        "correlationid": id,
        "datacontenttype": "application/json",
        "data": {"node": request.node, "requestedBy": request.requested_by, "via": request.via,
            "requestedAt": request.requested_at.to_string(), "correlation": id},
    });
    let mut headers = HeaderMap::new();
    headers.insert("Content-Type", STRUCTURED);
    let message = PublishMessage::build().payload(event.to_string().into()).headers(headers).message_id(id);
    let sent = broker.jetstream().send_publish(subject.clone(), message).await.map_err(failed)?;
    sent.await.map_err(failed)?;
    Ok(subject)
}

/// What this node is asked from now on: for nodes that speak this language.
pub async fn requests(broker: &Broker, node: &str) -> Result<impl Stream<Item = Bytes> + Unpin, SubscribeError> {
    let subscription = broker.client().subscribe(subject::request(node)).await?;
    Ok(subscription.map(|message| message.payload))
}

fn failed(error: PublishError) -> AskError {
    match error.kind() {
        PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => AskError::Unreachable,
        _ => AskError::Publish(error),
    }
}
