//! The streams of the relay, and whether the one of events is ours to go on with.

use anyhow::Context as _;
use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RawMessageErrorKind, StorageType, Stream};
use async_nats::jetstream::{Context, ErrorCode};

use countersign_ingest::Broker;
use countersign_ingest::broker::ANSWER_TIME_MAX;

use super::fold::Fold;
use super::message::{LOG_ID, MESSAGE_ID, log_id};

/// Every event, in log order.
pub const EVENTS: &str = "GOVERN_EVENTS";
/// What lies in [`EVENTS`].
pub const EVENTS_SUBJECTS: &str = "govern.events.>";
/// The current verdict on every bundle and model version.
pub const APPROVALS: &str = "GOVERN_APPROVALS";
/// What lies in [`APPROVALS`].
pub const APPROVALS_SUBJECTS: &str = "govern.approvals.>";

/// The two streams, as they are.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) events: Stream,
    pub(super) approvals: Info,
}

/// Creates what is absent, and looks at what is there.
pub(super) async fn open(context: &Context) -> Result<Streams, async_nats::Error> {
    let approvals = context.get_or_create_stream(approvals()).await?.get_info().await?;
    let mut events = context.get_or_create_stream(events()).await?;
    events.info().await?;
    Ok(Streams { events, approvals })
}

/// Throws both streams away, whatever they held: an operator's decision. Gives how many messages are gone.
pub(crate) async fn throw_away(broker: &Broker) -> anyhow::Result<u64> {
    let connected = tokio::time::timeout(ANSWER_TIME_MAX, broker.connected()).await;
    connected.context("the NATS server does not answer")?;
    let context = broker.jetstream();
    let mut messages = 0;
    for name in [EVENTS, APPROVALS] {
        match context.get_stream(name).await {
            Ok(found) => {
                messages += found.cached_info().state.messages;
                context.delete_stream(name).await.with_context(|| format!("throwing {name} away"))?;
            }
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(anyhow::Error::new(error).context(format!("looking at {name}"))),
        }
    }
    // The relay that finds them missing makes them anew; were they there again, one that is up to date would not look.
    Ok(messages)
}

fn is_missing(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn events() -> Config {
    Config {
        name: EVENTS.to_owned(),
        subjects: vec![EVENTS_SUBJECTS.to_owned()],
        description: Some("Every event of one Countersign log; the sequence is the log position".to_owned()),
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
        num_replicas: 1,
        ..Config::default()
    }
}

fn approvals() -> Config {
    Config {
        name: APPROVALS.to_owned(),
        subjects: vec![APPROVALS_SUBJECTS.to_owned()],
        description: Some("The current verdict on every bundle and model version".to_owned()),
        storage: StorageType::File,
        max_messages_per_subject: 1,
        allow_direct: true,
        num_replicas: 1,
        ..Config::default()
    }
}

/// Why a stream of events that somebody else made cannot hold a log.
pub(super) fn misconfigured(config: &Config) -> Option<&'static str> {
    let limits = [config.max_messages, config.max_bytes, config.max_messages_per_subject];
    if !config.subjects.iter().any(|subject| subject == EVENTS_SUBJECTS) {
        Some("it does not hold govern.events.>")
    } else if !config.deny_delete || !config.deny_purge {
        Some("its messages can be deleted or purged")
    } else if config.discard != DiscardPolicy::New || limits.iter().any(|limit| *limit > 0) || !config.max_age.is_zero()
    {
        Some("it has limits, or drops old messages")
    } else {
        None
    }
}

/// Whether the stream's last message is the log's event at that position; the fold stands there. In words, when not.
pub(super) async fn difference(events: &Stream, fold: &Fold) -> Result<Option<String>, async_nats::Error> {
    let state = &events.cached_info().state;
    let sequence = state.last_sequence;
    if sequence == 0 {
        return Ok(None);
    }
    if state.first_sequence != 1 || state.messages != sequence {
        return Ok(Some(format!("it ends at {sequence} but holds {} messages", state.messages)));
    }
    let message = match events.get_raw_message(sequence).await {
        Ok(message) => message,
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {
            return Ok(Some(format!("its message {sequence} is missing")));
        }
        Err(error) => return Err(error.into()),
    };
    let header = |name: &str| message.headers.get(name).map(|value| value.as_str().to_owned()).unwrap_or_default();
    let (id, log) = (header(MESSAGE_ID), header(LOG_ID));
    let ours = fold.last.map(|mark| mark.id.to_string()).unwrap_or_default();
    if id == ours && log == log_id(&fold.state) {
        return Ok(None);
    }
    Ok(Some(format!("its message {sequence} is event {id:?} of log {log:?}; here it is event {ours:?}")))
}
