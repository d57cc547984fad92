//! One session of the relay: it knows that the stream holds the log up to a position, and goes on from there.
//!
//! INVARIANT (sequence-is-position): each event is published with the expectation that the stream ends right before
//! it, and after the first of a session also with the id that the stream then ends with. So a message that is lost stops all that
//! follow, and a stream that was exchanged underneath takes nothing; the session ends and the next looks again.

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use countersign_core::Recorded;
use countersign_core::ids::Position;
use countersign_engine::log::LogReader;
use countersign_ingest::Broker;
use countersign_projections::views::verdicts::{Verdict, verdict, verdicts_changed};
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::fold::{self, Fold};
use super::message::{self, Outgoing};
use super::stream::{APPROVALS, EVENTS};
use super::{Status, Trouble};

/// Most events that wait for their acknowledgement.
const IN_FLIGHT_MAX: usize = 256;
/// Most verdicts that wait for theirs, while a lost stream of verdicts is filled again.
const VERDICTS_IN_FLIGHT_MAX: usize = 64;

/// The header by which the stream refuses what does not follow its last message.
const EXPECTED_LAST_ID: &str = "Nats-Expected-Last-Msg-Id";

type Waiting = FuturesOrdered<BoxFuture<'static, (Fold, Result<PublishAck, PublishError>)>>;

pub(super) struct Session<'a, R> {
    pub(super) broker: &'a Broker,
    pub(super) context: Context,
    pub(super) reader: &'a R,
    pub(super) status: &'a watch::Sender<Status>,
    pub(super) stop: &'a CancellationToken,
}

impl<R: LogReader> Session<'_, R> {
    /// Publishes what the log holds beyond `acknowledged`, and what comes; returns without trouble when asked to stop.
    pub(super) async fn run(
        &self,
        acknowledged: &mut Fold,
        mut head: watch::Receiver<Position>,
    ) -> Result<(), Trouble> {
        let mut ahead = acknowledged.clone();
        let mut waiting = Waiting::new();
        let mut is_first = true;
        self.relayed(acknowledged.position());
        loop {
            let durable = *head.borrow_and_update();
            // The first goes alone: it finds out whether the stream still ends where it was seen to end.
            let room = if is_first { usize::from(waiting.is_empty()) } else { IN_FLIGHT_MAX - waiting.len() };
            if room > 0 && ahead.position() < durable && !self.stop.is_cancelled() {
                let chunk = fold::chunk(self.reader.clone(), ahead.position()).await;
                let chunk = chunk.map_err(|error| Trouble::new("relay_log_unreadable", error))?;
                for recorded in chunk.iter().take(room) {
                    let after = ahead.after(recorded);
                    self.publish_event(recorded, &ahead, &after, is_first, &mut waiting).await?;
                    ahead = after;
                }
            }
            if self.stop.is_cancelled() && waiting.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some((fold, outcome)) = waiting.next() => {
                    *acknowledged = checked(fold, outcome)?;
                    is_first = false;
                    self.relayed(acknowledged.position());
                }
                changed = head.changed(), if ahead.position() >= durable && waiting.is_empty() => {
                    if changed.is_err() {
                        return self.stop.cancelled().map(Ok).await;
                    }
                }
                // Whether what was sent arrived, the next session sees in the stream.
                () = self.broker.lost() => {
                    return Err(Trouble::new("nats_unreachable", "the connection to NATS was lost"));
                }
                () = self.stop.cancelled(), if !self.stop.is_cancelled() => {}
            }
        }
    }

    /// The verdicts that the event causes are stored before the event is sent.
    async fn publish_event(
        &self,
        recorded: &Recorded,
        before: &Fold,
        after: &Fold,
        is_first: bool,
        waiting: &mut Waiting,
    ) -> Result<(), Trouble> {
        for verdict in verdicts_changed(recorded, &before.state, &after.state) {
            self.publish_verdict(&verdict, after).await?;
        }
        let Outgoing { subject, mut headers, payload } = message::event(recorded, &after.state);
        if let (false, Some(last)) = (is_first, before.last) {
            headers.insert(EXPECTED_LAST_ID, last.id.to_string().as_str());
        }
        let publish = publish(EVENTS, headers).payload(payload).expected_last_sequence(before.position().0);
        let sent = self.context.send_publish(subject, publish).await;
        let acknowledgement = sent.map_err(|error| Trouble::new("relay_publish_failed", error))?;
        let after = after.clone();
        waiting.push_back(async move { (after, acknowledgement.await) }.boxed());
        Ok(())
    }

    /// Fills a stream of verdicts that is new although the log is not.
    pub(super) async fn publish_all_verdicts(&self, fold: &Fold) -> Result<(), Trouble> {
        let verdicts = fold.state.items.by_id.keys().filter_map(|item| verdict(&fold.state, *item));
        futures::stream::iter(verdicts.map(Ok))
            .try_for_each_concurrent(VERDICTS_IN_FLIGHT_MAX, |verdict| async move {
                self.publish_verdict(&verdict, fold).await
            })
            .await
    }

    async fn publish_verdict(&self, verdict: &Verdict, after: &Fold) -> Result<(), Trouble> {
        let Some(Outgoing { subject, headers, payload }) = message::verdict(verdict, &after.state) else {
            return Ok(());
        };
        let failed = |error| Trouble::new("relay_publish_failed", error);
        let sent = self.context.send_publish(subject, publish(APPROVALS, headers).payload(payload)).await;
        sent.map_err(failed)?.await.map_err(failed)?;
        Ok(())
    }

    fn relayed(&self, position: Position) {
        let now = Status { is_connected: true, position, reason: None, detail: String::new() };
        self.status.send_if_modified(|status| std::mem::replace(status, now.clone()) != now);
    }
}

fn publish(stream: &str, headers: HeaderMap) -> PublishMessage {
    PublishMessage::build().headers(headers).expected_stream(stream)
}

/// The stream took the event at its position, or the session is over.
fn checked(fold: Fold, outcome: Result<PublishAck, PublishError>) -> Result<Fold, Trouble> {
    let acknowledgement = outcome.map_err(|error| Trouble::new("relay_publish_failed", error))?;
    if acknowledgement.sequence == fold.position().0 {
        return Ok(fold);
    }
    let detail = format!("event {} was stored at sequence {}", fold.position(), acknowledgement.sequence);
    Err(Trouble::new("relay_publish_failed", detail))
}
