//! Durable events go out to NATS: every event once, sequence = position, and the current verdicts for deployers.
//!
//! The stream itself is the cursor. Before each session its last message is compared with the log, so that a foreign
//! stream is never written over. Start at [`run`]; the gate over request/reply is [`gate`].

pub(crate) mod deployer;
mod fold;
pub mod gate;
pub mod message;
mod session;
pub mod stream;

use std::time::Duration;

use countersign_core::ids::Position;
use countersign_engine::log::LogReader;
use countersign_ingest::Broker;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use fold::Fold;
use session::Session;
use stream::Streams;

/// The pause before streams are looked at again after a failure.
const SESSION_PAUSE: Duration = Duration::from_millis(250);
/// The pause while the stream is another log's, until an operator has decided.
const FOREIGN_PAUSE: Duration = Duration::from_secs(5);

/// How the relay is doing, for `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// A broker is there.
    pub is_connected: bool,
    /// The last event that the stream has acknowledged.
    pub position: Position,
    /// Why it does not relay: `nats_unreachable`, `relay_stream_unavailable`, `relay_stream_misconfigured`,
    /// `relay_stream_foreign`, `relay_log_unreadable`, `relay_publish_failed`; `starting` at first, `stopped` at last.
    pub reason: Option<&'static str>,
    /// More of it, for people.
    pub detail: String,
}

impl Default for Status {
    fn default() -> Self {
        Self { is_connected: false, position: Position::ZERO, reason: Some("starting"), detail: String::new() }
    }
}

/// Why a session did not begin or did not last.
#[derive(Debug)]
struct Trouble {
    reason: &'static str,
    detail: String,
}

impl Trouble {
    fn new(reason: &'static str, detail: impl std::fmt::Display) -> Self {
        Self { reason, detail: detail.to_string() }
    }
}

/// Relays until asked to stop. `head` is the engine's durable head; `reader` shows nothing above it.
pub async fn run<R: LogReader>(
    broker: Broker,
    reader: R,
    head: watch::Receiver<Position>,
    status: watch::Sender<Status>,
    stop: CancellationToken,
) {
    let mut acknowledged = Fold::default();
    while !stop.is_cancelled() {
        if !broker.is_connected() {
            report(&status, &broker, &Trouble::new("nats_unreachable", "there is no connection to NATS"));
            let _ = stop.run_until_cancelled(broker.connected()).await;
            continue;
        }
        let trouble = attempt(&broker, &reader, &head, &status, &stop, &mut acknowledged).await.err();
        let Some(trouble) = trouble else { continue };
        report(&status, &broker, &trouble);
        let is_foreign = matches!(trouble.reason, "relay_stream_foreign" | "relay_stream_misconfigured");
        let pause = if is_foreign { FOREIGN_PAUSE } else { SESSION_PAUSE };
        let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    report(&status, &broker, &Trouble::new("stopped", ""));
}

/// One session, from the look at the streams to the first failure.
async fn attempt<R: LogReader>(
    broker: &Broker,
    reader: &R,
    head: &watch::Receiver<Position>,
    status: &watch::Sender<Status>,
    stop: &CancellationToken,
    acknowledged: &mut Fold,
) -> Result<(), Trouble> {
    let context = broker.jetstream();
    let opened = stream::open(&context).await;
    let Streams { events, approvals } = opened.map_err(|error| Trouble::new("relay_stream_unavailable", error))?;
    let info = events.cached_info();
    if let Some(fault) = stream::misconfigured(&info.config) {
        return Err(Trouble::new("relay_stream_misconfigured", fault));
    }
    let last = Position(info.state.last_sequence);
    let durable = *head.borrow();
    if last > durable {
        let detail = format!("the stream is at {last}, ahead of the log at {durable}");
        return Err(Trouble::new("relay_stream_foreign", detail));
    }
    let folded = std::mem::take(acknowledged).at(last, reader.clone()).await;
    *acknowledged = folded.map_err(|error| Trouble::new("relay_log_unreadable", error))?;
    let difference = stream::difference(&events, acknowledged).await;
    if let Some(detail) = difference.map_err(|error| Trouble::new("relay_stream_unavailable", error))? {
        return Err(Trouble::new("relay_stream_foreign", detail));
    }
    let session = Session { broker, context, reader, status, stop };
    if approvals.state.messages == 0 {
        session.publish_all_verdicts(acknowledged).await?;
    }
    session.run(acknowledged, head.clone()).await
}

fn report(status: &watch::Sender<Status>, broker: &Broker, trouble: &Trouble) {
    let is_connected = broker.is_connected();
    status.send_if_modified(|status| {
        let is_new = status.reason != Some(trouble.reason) || status.detail != trouble.detail;
        if is_new {
            tracing::warn!(reason = trouble.reason, detail = trouble.detail, "the relay does not relay");
        }
        let now = Status {
            is_connected,
            position: status.position,
            reason: Some(trouble.reason),
            detail: trouble.detail.clone(),
        };
        std::mem::replace(status, now.clone()) != now
    });
}
