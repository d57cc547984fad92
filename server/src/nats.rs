//! What runs over NATS, when there is one: ingest, relay and gate, each on a connection that outlives its broker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use countersign_core::access::may;
use countersign_core::context::{Channel, Principal};
use countersign_ingest::Broker;
use countersign_ingest::status::Status as IngestStatus;
use futures::FutureExt as _;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::gate;
use crate::app::App;
use crate::auth;
use crate::health::Standing;
use crate::relay;
use crate::relay::gate::{Gate, Refused};

/// How long the relay may take to publish what is durable, once the service stops.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a part may take to end.
const END_TIME_MAX: Duration = Duration::from_secs(10);

/// The parts that run.
#[derive(Debug)]
pub struct Running {
    ingest: (CancellationToken, JoinHandle<()>),
    gate: (CancellationToken, JoinHandle<()>),
    relay: (CancellationToken, JoinHandle<()>),
    relayed: watch::Receiver<relay::Status>,
}

/// Starts all parts; a broker that is not there is waited for by each of them.
pub async fn start(app: &App, url: &str) -> anyhow::Result<Running> {
    let connect =
        async |name| Broker::connect_with(&app.config.admission, url, name).await.context("connecting to NATS");
    let (ingest_sender, ingest_status) = watch::channel(IngestStatus::Starting);
    let (relay_sender, relayed) = watch::channel(relay::Status::default());
    watch_ingest(app, ingest_status);
    watch_relay(app, relayed.clone());
    let broker = connect("countersign-ingest").await?;
    // Nodes are asked over the connection on which they are heard.
    app.broker.get_or_init(|| broker.clone());
    let engine = app.engine.clone();
    let ingest = spawn(|stop| countersign_ingest::run(broker, engine, ingest_sender, stop));
    let broker = connect("countersign-relay").await?;
    let (log, head) = (app.log.clone(), app.engine.durable_head());
    let relay = spawn(|stop| relay::run(broker, log, head, relay_sender, stop));
    let broker = connect("countersign-gate").await?;
    let given = gate_of(app);
    let gate = spawn(|stop| relay::gate::run(broker, given, stop));
    Ok(Running { ingest, gate, relay, relayed })
}

fn spawn<F: Future<Output = ()> + Send + 'static>(
    part: impl FnOnce(CancellationToken) -> F,
) -> (CancellationToken, JoinHandle<()>) {
    let stop = CancellationToken::new();
    let task = tokio::spawn(part(stop.clone()));
    (stop, task)
}

async fn end(name: &str, (stop, task): (CancellationToken, JoinHandle<()>)) {
    stop.cancel();
    match tokio::time::timeout(END_TIME_MAX, task).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, part = name, "a part over NATS failed"),
        Err(_elapsed) => tracing::warn!(part = name, "a part over NATS did not end in time"),
    }
}

impl Running {
    /// Takes no more messages and answers no more questions; what was not acknowledged comes again.
    pub async fn stop_taking(self) -> Draining {
        end("ingest", self.ingest).await;
        end("gate", self.gate).await;
        Draining { relay: self.relay, relayed: self.relayed }
    }
}

/// The relay, which still publishes.
#[derive(Debug)]
pub struct Draining {
    relay: (CancellationToken, JoinHandle<()>),
    relayed: watch::Receiver<relay::Status>,
}

impl Draining {
    /// Publishes what is durable, when a broker is there, and ends. What is left is published at the next start.
    pub async fn drain(mut self, head: countersign_core::ids::Position) {
        if self.relayed.borrow().is_connected {
            let all = self.relayed.wait_for(|status| status.position >= head || !status.is_connected);
            drop(tokio::time::timeout(DRAIN_TIME_MAX, all).await);
        }
        end("relay", self.relay).await;
    }
}

/// Remembers whether a part has stood: from then on a trouble degrades the service and no more.
fn has_stood<T: Send + Sync + 'static>(
    status: watch::Receiver<T>,
    stands: fn(&T) -> bool,
) -> (Arc<AtomicBool>, watch::Receiver<T>) {
    let stood = Arc::new(AtomicBool::new(false));
    let (flag, mut watched) = (stood.clone(), status.clone());
    tokio::spawn(async move {
        if watched.wait_for(stands).await.is_ok() {
            flag.store(true, Ordering::Relaxed);
        }
    });
    (stood, status)
}

fn watch_ingest(app: &App, status: watch::Receiver<IngestStatus>) {
    let (stood, status) = has_stood(status, |status| *status == IngestStatus::Ready);
    let standing = move || Standing {
        is_starting: !stood.load(Ordering::Relaxed),
        reason: status.borrow().reason().map(str::to_owned),
    };
    app.health.watch("ingest", Arc::new(standing));
}

fn watch_relay(app: &App, status: watch::Receiver<relay::Status>) {
    let (stood, status) = has_stood(status, |status| status.reason.is_none());
    let head = app.engine.durable_head();
    let standing = move || {
        let status = status.borrow();
        crate::metrics::relayed(status.position, *head.borrow());
        Standing { is_starting: !stood.load(Ordering::Relaxed), reason: status.reason.map(str::to_owned) }
    };
    app.health.watch("relay", Arc::new(standing));
}

fn gate_of(app: &App) -> Gate {
    let (known, answers) = (app.clone(), app.clone());
    Gate {
        authenticate: Arc::new(move |secret| {
            let snapshot = known.latest();
            let key = auth::key_of(&known, &snapshot.state, secret)?;
            Some(may::acts_as(&snapshot.state, key))
        }),
        check: Arc::new(move |principal, question| {
            let app = answers.clone();
            async move { answer(&app, principal, question).await }.boxed()
        }),
    }
}

async fn answer(app: &App, principal: Principal, question: Value) -> Result<Bytes, Refused> {
    let refused = |problem: crate::problem::Problem| {
        let (status, code, detail) = problem.told();
        Refused { status, code, detail }
    };
    let text = question.to_string();
    let check = crate::api::wish::parse(text.as_bytes()).map_err(refused)?;
    let answered = gate::answer_over(app, principal, Channel::Nats, &check).await.map_err(refused)?;
    serde_json::to_vec(&answered).map(Bytes::from).map_err(|error| refused(crate::problem::Problem::internal(&error)))
}
