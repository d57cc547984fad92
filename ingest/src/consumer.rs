//! Moves messages from the broker to the engine, and acknowledges each once its events would survive a power cut.
//!
//! Order is not kept between messages, and need not be: keys and revisions decide. A session ends with its broker; the
//! next takes up what was not acknowledged.

use std::future::Future;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::{AckKind, Context, Message};
use countersign_core::{Caller, Command};
use countersign_engine::engine::{Engine, SubmitError};
use futures::StreamExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::metrics::{self, Outcome};
use crate::status::Status;
use crate::translate::translate;
use crate::{dead, streams};

/// The durable consumer's name.
pub const CONSUMER: &str = "countersign-ingest";
/// Most messages between the broker and the engine.
pub const IN_FLIGHT_MAX: usize = 256;
/// After this the broker delivers again what was not acknowledged.
pub const ACKNOWLEDGE_TIME_MAX: Duration = Duration::from_secs(10);
/// How often a message may make the engine fail before it is put away.
pub const FAILED_DELIVERIES_MAX: i64 = 5;
/// How often an acknowledgement is sent before the message is left to come again.
const ACKNOWLEDGE_ATTEMPTS_MAX: usize = 3;
/// The pause after a busy answer, times the number of deliveries.
const BUSY_PAUSE: Duration = Duration::from_millis(200);
/// The longest such pause.
const BUSY_PAUSE_MAX: Duration = Duration::from_secs(5);
/// The pause before streams and consumer are asked for again.
const SESSION_PAUSE: Duration = Duration::from_millis(250);
/// A broker that says nothing for twice this long is taken as lost.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// How long one fetch stands.
const FETCH_TIME_MAX: Duration = Duration::from_secs(15);

/// What is needed of the engine: durable on return, safe to repeat.
pub trait Submit: Clone + Send + Sync + 'static {
    /// Asks for the command; `Ok` means that its events are durable, or that there was nothing to do.
    fn submit(&self, command: Command, caller: Caller) -> impl Future<Output = Result<Taken, Refusal>> + Send;
}

/// What an accepted command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Events, durable by now.
    Recorded,
    /// Nothing: it was so already.
    AlreadySo,
}

/// Why a command came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It always will: the message goes to the dead letters.
    Rejected {
        /// Stable, snake case.
        code: &'static str,
        /// For people.
        detail: String,
    },
    /// Later it may not.
    Busy,
    /// The command made the engine fail, which harmed nobody else.
    Failed,
    /// The engine takes no more commands.
    Closed,
}

impl Submit for Engine {
    async fn submit(&self, command: Command, caller: Caller) -> Result<Taken, Refusal> {
        match Self::submit(self, command, caller).await {
            Ok(receipt) if receipt.events.is_empty() => Ok(Taken::AlreadySo),
            Ok(_receipt) => Ok(Taken::Recorded),
            Err(SubmitError::Rejected { rejection, .. }) => {
                Err(Refusal::Rejected { code: rejection.code(), detail: rejection.to_string() })
            }
            Err(SubmitError::Busy) => Err(Refusal::Busy),
            Err(SubmitError::Internal) => Err(Refusal::Failed),
            Err(SubmitError::Poisoned | SubmitError::Stopped) => Err(Refusal::Closed),
        }
    }
}

/// Runs until asked to stop: then it fetches no more, finishes what is in flight, and returns.
pub async fn run<S: Submit>(broker: Broker, engine: S, status: watch::Sender<Status>, stop: CancellationToken) {
    status.send_replace(Status::Starting);
    while !stop.is_cancelled() {
        if !broker.is_connected() {
            degrade(&status, "nats_unreachable", "there is no connection to NATS".to_owned());
            let _ = stop.run_until_cancelled(broker.connected()).await;
            continue;
        }
        match open(&broker).await {
            Ok((context, consumer)) => {
                let session = Session { broker: &broker, engine: &engine, context, status: &status, stop: &stop };
                session.run(consumer).await;
            }
            Err(error) => degrade(&status, "ingest_stream_unavailable", error.to_string()),
        }
        let _ = stop.run_until_cancelled(tokio::time::sleep(SESSION_PAUSE)).await;
    }
    status.send_replace(Status::Stopped);
}

fn degrade(status: &watch::Sender<Status>, reason: &'static str, detail: String) {
    let now = Status::Degraded { reason, detail };
    status.send_if_modified(|status| {
        let is_new = *status != now;
        if is_new {
            tracing::warn!(status = ?now, "ingest is degraded");
            *status = now;
        }
        is_new
    });
}

async fn open(broker: &Broker) -> Result<(Context, PullConsumer), async_nats::Error> {
    let context = broker.jetstream();
    streams::dead(&context).await?;
    let stream = streams::sync(&context).await?;
    let configuration = pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACKNOWLEDGE_TIME_MAX,
        filter_subject: streams::SYNC_SUBJECTS.to_owned(),
        max_ack_pending: i64::try_from(IN_FLIGHT_MAX.saturating_mul(2))?,
        ..pull::Config::default()
    };
    let consumer = stream.get_or_create_consumer(CONSUMER, configuration).await?;
    Ok((context, consumer))
}

struct Session<'a, S> {
    broker: &'a Broker,
    engine: &'a S,
    context: Context,
    status: &'a watch::Sender<Status>,
    stop: &'a CancellationToken,
}

impl<S: Submit> Session<'_, S> {
    async fn run(&self, consumer: PullConsumer) {
        let fetching = consumer
            .stream()
            .max_messages_per_batch(IN_FLIGHT_MAX)
            .heartbeat(HEARTBEAT)
            .expires(FETCH_TIME_MAX)
            .messages()
            .await;
        let messages = match fetching {
            Ok(messages) => messages,
            Err(error) => return degrade(self.status, "ingest_stream_unavailable", error.to_string()),
        };
        self.status.send_replace(Status::Ready);
        let over = self.stop.child_token();
        let taking = messages.take_until(over.cancelled()).take_until(self.broker.lost()).for_each_concurrent(
            IN_FLIGHT_MAX,
            |message| async {
                match message {
                    Ok(message) => self.take(message, &over).await,
                    Err(error) => {
                        degrade(self.status, "ingest_stream_unavailable", error.to_string());
                        over.cancel();
                    }
                }
            },
        );
        tokio::pin!(taking);
        tokio::select! {
            () = &mut taking => return,
            // Said at once: what is in flight waits for the broker's return before the session ends.
            () = self.broker.lost() => {
                degrade(self.status, "nats_unreachable", "the connection to NATS was lost".to_owned());
            }
        }
        taking.await;
    }

    async fn take(&self, message: Message, over: &CancellationToken) {
        let translated = match translate(&message.subject, message.headers.as_ref(), &message.payload) {
            Ok(translated) => translated,
            Err(left) if left.is_left_out => {
                metrics::message(Outcome::LeftOut);
                tracing::debug!(subject = %message.subject, reason = left.reason, "message left out");
                return self.acknowledge(&message, AckKind::Ack).await;
            }
            Err(refused) => return self.put_away(&message, refused.reason, &refused.detail).await,
        };
        let deliveries = message.info().map_or(1, |origin| origin.delivered);
        match self.engine.submit(translated.command, translated.caller).await {
            Ok(taken) => {
                metrics::message(match taken {
                    Taken::Recorded => Outcome::Accepted,
                    Taken::AlreadySo => Outcome::AlreadySo,
                });
                self.acknowledge(&message, AckKind::Ack).await;
            }
            Err(Refusal::Rejected { code, detail }) => self.put_away(&message, code, &detail).await,
            Err(Refusal::Failed) if deliveries >= FAILED_DELIVERIES_MAX => {
                self.put_away(&message, "internal", "the command makes the engine fail").await;
            }
            Err(Refusal::Busy | Refusal::Failed) => {
                metrics::message(Outcome::Busy);
                let times = u32::try_from(deliveries).unwrap_or(u32::MAX);
                let pause = BUSY_PAUSE.saturating_mul(times).min(BUSY_PAUSE_MAX);
                self.acknowledge(&message, AckKind::Nak(Some(pause))).await;
            }
            Err(Refusal::Closed) => {
                degrade(self.status, "engine_closed", "the engine takes no more commands".to_owned());
                over.cancel();
            }
        }
    }

    /// The letter is stored before the broker is told to deliver the message no more.
    async fn put_away(&self, message: &Message, reason: &'static str, detail: &str) {
        match dead::bury(&self.context, message, reason, detail).await {
            Ok(()) => {
                metrics::message(Outcome::Dead);
                tracing::warn!(subject = %message.subject, reason, detail, "message put to the dead letters");
                self.acknowledge(message, AckKind::Term).await;
            }
            // It is not acknowledged, so it comes again.
            Err(error) => {
                metrics::message(Outcome::Busy);
                tracing::error!(subject = %message.subject, reason, %error, "dead letter not stored");
            }
        }
    }

    async fn acknowledge(&self, message: &Message, kind: AckKind) {
        for _ in 0..ACKNOWLEDGE_ATTEMPTS_MAX {
            match message.double_ack_with(kind).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(subject = %message.subject, %error, "acknowledgement not confirmed"),
            }
            if self.stop.run_until_cancelled(self.broker.connected()).await.is_none() {
                return;
            }
        }
    }
}
