//! Dead letters: what can never be taken in is kept whole, beside the reason, and nothing is dropped silently.

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{Context, Message};
use async_nats::{HeaderMap, HeaderValue};
use bytes::Bytes;

/// Why: the last token of the subject, too.
pub const REASON: &str = "Countersign-Reason";
/// What is wrong and where, for people.
pub const DETAIL: &str = "Countersign-Detail";
/// The subject that the message came on.
pub const SUBJECT: &str = "Countersign-Subject";
/// Its sequence in the stream of sync messages, where it stays.
pub const SEQUENCE: &str = "Countersign-Sequence";
/// Before the name of a header that would mean something to the broker again.
pub const ORIGINAL: &str = "Countersign-Original-";
/// Longest detail, in characters.
const DETAIL_CHARS_MAX: usize = 500;

/// Why a dead letter could not be put away; the message stays where it is and comes again.
#[derive(Debug, thiserror::Error)]
pub enum BuryError {
    /// It carries no `JetStream` reply subject.
    #[error("the message does not come from a stream")]
    NotFromStream(#[source] async_nats::Error),
    /// Its stream did not take it.
    #[error("the dead letter was not acknowledged")]
    Publish(#[from] async_nats::jetstream::context::PublishError),
}

/// Publishes the message to `govern.dead.<reason>`; on return the broker has stored it.
pub async fn bury(context: &Context, message: &Message, reason: &str, detail: &str) -> Result<(), BuryError> {
    let headers = headers(message, reason, detail)?;
    match publish(context, reason, headers.clone(), message.payload.clone()).await {
        // With the reason it is longer than any message may be: then the reason points to where it stays.
        Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
            let own = ["Nats-Msg-Id", REASON, DETAIL, SUBJECT, SEQUENCE];
            let pointer = headers.iter().filter(|(name, _)| own.contains(&AsRef::<str>::as_ref(*name)));
            let pointer = pointer.flat_map(|(name, values)| values.iter().map(|value| (name.clone(), value.clone())));
            Ok(publish(context, reason, pointer.collect(), Bytes::new()).await?)
        }
        published => Ok(published?),
    }
}

async fn publish(
    context: &Context,
    reason: &str,
    headers: HeaderMap,
    payload: Bytes,
) -> Result<(), async_nats::jetstream::context::PublishError> {
    let letter = PublishMessage::build().payload(payload).headers(headers);
    context.send_publish(format!("govern.dead.{reason}"), letter).await?.await.map(|_| ())
}

fn headers(message: &Message, reason: &str, detail: &str) -> Result<HeaderMap, BuryError> {
    let origin = message.info().map_err(BuryError::NotFromStream)?;
    let mut headers = HeaderMap::new();
    for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
        let name: &str = name.as_ref();
        let is_for_broker = name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("nats-"));
        let kept = if is_for_broker { format!("{ORIGINAL}{name}") } else { name.to_owned() };
        for value in values {
            headers.append(kept.as_str(), value.clone());
        }
    }
    headers.insert(REASON, reason);
    headers.insert(DETAIL, printable(detail));
    headers.insert(SUBJECT, printable(&message.subject));
    headers.insert(SEQUENCE, HeaderValue::from(origin.stream_sequence));
    // A letter whose acknowledgement was lost is written once: sequence and time tell it from any other.
    let id = format!("{}-{}-{}", origin.stream, origin.stream_sequence, origin.published.unix_timestamp_nanos());
    headers.insert("Nats-Msg-Id", id.as_str());
    Ok(headers)
}

/// A header holds one line.
fn printable(text: &str) -> HeaderValue {
    let line: String = text.chars().take(DETAIL_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.as_str().into()
}
