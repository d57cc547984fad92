//! A broker, an engine on a log in memory, and the consumer between them.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use countersign_core::ids::{CorrelationId, CredentialId, ItemId, LogId, Position};
use countersign_core::sync::{Revision, SyncKey};
use countersign_core::value::Value as Field;
use countersign_core::{Caller, State, log};
use countersign_engine::engine::{Engine, Settings};
use countersign_engine::memory_log::{self, MemoryReader};
use countersign_ingest::consumer::CONSUMER;
use countersign_ingest::{Broker, Published, Status, Submit, streams};
use countersign_tests::nats::NatsServer;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Nothing takes this long, except when it hangs.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// An engine and the state after its last durable event.
pub(crate) struct Service {
    pub(crate) engine: Engine,
    pub(crate) reader: MemoryReader,
    state: watch::Receiver<State>,
}

impl Service {
    /// After its first start.
    pub(crate) async fn start() -> Self {
        let (writer, reader) = memory_log::open(MemoryReader::default());
        let (sender, state) = watch::channel(State::default());
        let engine = Engine::start(writer, State::default(), Settings::default(), move |group| {
            if let Some(last) = group.last() {
                sender.send_replace(last.state.clone());
            }
        });
        let bootstrap = log::Command::Bootstrap {
            log: LogId(Uuid::new_v4()),
            product: "test".into(),
            admin_credential: CredentialId(Uuid::new_v4()),
        };
        let caller = Caller::system(CorrelationId(Uuid::new_v4()));
        let first = engine.submit(bootstrap.into(), caller).await.unwrap().position;
        let service = Self { engine, reader, state };
        service.until(|state| state.head >= first).await;
        service
    }

    pub(crate) async fn until(&self, what: impl FnMut(&State) -> bool) -> State {
        let mut state = self.state.clone();
        tokio::time::timeout(BOUND, state.wait_for(what)).await.unwrap().unwrap().clone()
    }

    /// The state after everything durable so far.
    pub(crate) async fn settled(&self) -> State {
        let head = *self.engine.durable_head().borrow();
        self.until(|state| state.head >= head).await
    }

    pub(crate) async fn head(&self) -> Position {
        self.settled().await.head
    }
}

/// A running consumer.
pub(crate) struct Ingest {
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Ingest {
    pub(crate) async fn start(server: &NatsServer, engine: impl Submit) -> Self {
        let broker = Broker::connect(&server.url(), "test ingest").await.unwrap();
        let (sender, status) = watch::channel(Status::Starting);
        let stop = CancellationToken::new();
        let task = tokio::spawn(countersign_ingest::run(broker, engine, sender, stop.clone()));
        Self { status, stop, task }
    }

    pub(crate) async fn until(&mut self, what: impl FnMut(&Status) -> bool) {
        let last = self.status.clone();
        let waiting = tokio::time::timeout(BOUND, self.status.wait_for(what)).await;
        assert!(waiting.is_ok(), "ingest hangs at {:?}", *last.borrow());
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(BOUND, self.task).await.unwrap().unwrap();
    }
}

/// Publishes lines as `ingest publish` does.
pub(crate) async fn publish(server: &NatsServer, lines: &[Value]) -> Published {
    let broker = Broker::connect(&server.url(), "test node").await.unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    countersign_ingest::publish(&broker, text.as_bytes()).await.unwrap()
}

/// The stream that nodes publish to, before any of them has.
pub(crate) async fn stream_made(server: &NatsServer) {
    streams::sync(&jetstream(server).await).await.unwrap();
}

/// A short line with an id of its own, so that the broker takes it for a new message.
pub(crate) fn line(kind: &str, data: &Value) -> Value {
    json!({"node": "design-1", "kind": kind, "data": data, "id": Uuid::new_v4().to_string()})
}

pub(crate) async fn jetstream(server: &NatsServer) -> async_nats::jetstream::Context {
    async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap())
}

/// Returns once every message was delivered and acknowledged, or put away.
pub(crate) async fn drained(server: &NatsServer) {
    let context = jetstream(server).await;
    let mut stream = context.get_stream(streams::SYNC).await.unwrap();
    let last = stream.info().await.unwrap().state.last_sequence;
    // The consumer hears of new messages a little later than their publisher: only the sequence tells.
    let draining = async {
        loop {
            let consumer: Result<PullConsumer, _> = context.get_consumer_from_stream(CONSUMER, streams::SYNC).await;
            if consumer.is_ok_and(|consumer| consumer.cached_info().ack_floor.stream_sequence >= last) {
                return;
            }
        }
    };
    tokio::time::timeout(BOUND, draining).await.unwrap();
}

/// A message that was put away.
#[derive(Debug)]
pub(crate) struct Dead {
    pub(crate) subject: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) payload: Vec<u8>,
}

pub(crate) async fn dead_letters(server: &NatsServer) -> Vec<Dead> {
    let stream = jetstream(server).await.get_stream(streams::DEAD).await.unwrap();
    let mut letters = Vec::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        let message = stream.get_raw_message(sequence).await.unwrap();
        let headers = message.headers.iter();
        let headers = headers.map(|(name, values)| (name.to_string(), values.first().unwrap().to_string())).collect();
        letters.push(Dead { subject: message.subject.to_string(), headers, payload: message.payload.to_vec() });
    }
    letters
}

/// What is known of an object, in words that do not depend on the order in which it was told.
pub(crate) type Told = BTreeMap<SyncKey, (Revision, bool, String, BTreeMap<String, String>)>;

pub(crate) fn told(state: &State) -> Told {
    let keys: BTreeMap<ItemId, &SyncKey> = state.nodes.items.iter().map(|(key, item)| (*item, key)).collect();
    let shown = |value: &Field| match value {
        Field::Reference(item) => format!("{:?}", keys.get(item)),
        // Series are numbered as they come.
        Field::Series(_) => "series".to_owned(),
        other => format!("{other:?}"),
    };
    let items = state.nodes.items.iter().map(|(key, id)| {
        let item = state.items.by_id.get(id).unwrap();
        let source = item.source.as_ref().unwrap();
        if source.is_gone {
            // What was told of it before it went counts only when it came before that.
            return (key.clone(), (source.revision, true, String::new(), BTreeMap::new()));
        }
        let fields = item.fields.iter().map(|(field, value)| (field.to_string(), shown(value))).collect();
        (key.clone(), (source.revision, source.is_gone, item.name.to_string(), fields))
    });
    items.collect()
}
