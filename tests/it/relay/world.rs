//! A log that grows as a test wants, and a relay between it and a real broker.

use std::time::Duration;

use countersign_core::ids::{CorrelationId, EventId, LogId, NodeId, Position};
use countersign_core::time::Timestamp;
use countersign_core::{Channel, Event, Principal, Recorded, log, schema, sync};
use countersign_engine::log::{LogReader as _, LogWriter as _};
use countersign_engine::memory_log::{self, MemoryReader, MemoryWriter};
use countersign_ingest::Broker;
use countersign_server::relay::stream::EVENTS;
use countersign_server::relay::{self, Status};
use countersign_tests::nats::NatsServer;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Nothing takes this long, except when it hangs.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// A log without an engine in front of it.
pub(crate) struct Log {
    writer: MemoryWriter,
    pub(crate) reader: MemoryReader,
    pub(crate) id: LogId,
    head: watch::Sender<Position>,
}

impl Log {
    pub(crate) fn with_events(count: u64) -> Self {
        let (writer, reader) = memory_log::open(MemoryReader::default());
        let mut log = Self { writer, reader, id: LogId(Uuid::new_v4()), head: watch::channel(Position::ZERO).0 };
        log.grow(count);
        log
    }

    /// The first names the log, the others register nodes.
    pub(crate) fn grow(&mut self, count: u64) {
        let head = self.reader.durable_head();
        let events: Vec<_> = (head.0 + 1..=head.0 + count)
            .map(|position| {
                let event: Event = if position == 1 {
                    log::Event::LogCreated { log: self.id, product: "test".into() }.into()
                } else {
                    sync::Event::NodeRegistered { node: NodeId::new(format!("node {position}")) }.into()
                };
                let recorded = Recorded {
                    position: Position(position),
                    id: EventId(Uuid::now_v7()),
                    recorded_at: Timestamp::from_millis(1_700_000_000_000),
                    actor: Principal::Node(NodeId::from("node é")),
                    groups: Vec::new(),
                    via: None,
                    channel: Channel::Nats,
                    reason: None,
                    correlation: CorrelationId(Uuid::from_u128(7)),
                    causation: None,
                    request: None,
                    event,
                };
                schema::encode(&recorded, self.id).unwrap()
            })
            .collect();
        let head = self.writer.append(head, &events).unwrap();
        self.head.send_replace(head);
    }

    /// The same log, as it was at that position.
    pub(crate) fn first(&self, count: usize) -> Self {
        let (mut writer, reader) = memory_log::open(MemoryReader::default());
        let events = self.events().into_iter().take(count);
        let events: Vec<_> = events.map(|event| schema::encode(&event, self.id).unwrap()).collect();
        let head = writer.append(Position::ZERO, &events).unwrap();
        Self { writer, reader, id: self.id, head: watch::channel(head).0 }
    }

    pub(crate) fn head(&self) -> Position {
        self.reader.durable_head()
    }

    pub(crate) fn events(&self) -> Vec<Recorded> {
        self.reader.read(Position::ZERO).collect::<Result<_, _>>().unwrap()
    }
}

/// A running relay.
pub(crate) struct Relay {
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Relay {
    pub(crate) async fn start(server: &NatsServer, log: &Log) -> Self {
        Self::of(server, log.reader.clone(), log.head.subscribe()).await
    }

    pub(crate) async fn of(server: &NatsServer, reader: MemoryReader, head: watch::Receiver<Position>) -> Self {
        let broker = Broker::connect(&server.url(), "test relay").await.unwrap();
        let (sender, status) = watch::channel(Status::default());
        let stop = CancellationToken::new();
        let task = tokio::spawn(relay::run(broker, reader, head, sender, stop.clone()));
        Self { status, stop, task }
    }

    pub(crate) async fn until(&mut self, what: impl FnMut(&Status) -> bool) -> Status {
        let last = self.status.clone();
        let waiting = tokio::time::timeout(BOUND, self.status.wait_for(what)).await;
        let Ok(reached) = waiting else { panic!("the relay hangs at {:?}", *last.borrow()) };
        reached.unwrap().clone()
    }

    pub(crate) async fn caught_up(&mut self, log: &Log) {
        let head = log.head();
        self.until(|status| status.position == head && status.reason.is_none()).await;
    }

    pub(crate) async fn reason(&mut self, reason: &str) -> Status {
        self.until(|status| status.reason == Some(reason)).await
    }

    /// As the service ends it.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(BOUND, self.task).await.unwrap().unwrap();
    }

    /// As a crash ends it.
    pub(crate) async fn abort(self) {
        self.task.abort();
        self.task.await.unwrap_err();
    }
}

/// What a message of the stream says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) sequence: String,
    pub(crate) log: String,
}

/// Everything that the stream holds, from its first sequence to its last.
pub(crate) async fn stored(server: &NatsServer) -> Vec<Stored> {
    let jetstream = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let stream = jetstream.get_stream(EVENTS).await.unwrap();
    let state = &stream.cached_info().state;
    assert_eq!(state.messages, state.last_sequence, "the stream has gaps");
    let mut messages = Vec::new();
    for sequence in 1..=state.last_sequence {
        let message = stream.direct_get(sequence).await.unwrap();
        let header = |name: &str| message.headers.get(name).map(ToString::to_string).unwrap_or_default();
        messages.push(Stored { id: header("Nats-Msg-Id"), sequence: header("ce-sequence"), log: header("ce-logid") });
    }
    messages
}

/// What it has to hold.
pub(crate) fn expected(log: &Log) -> Vec<Stored> {
    let events = log.events().into_iter();
    let stored = |event: Recorded| Stored {
        id: event.id.to_string(),
        sequence: format!("{:020}", event.position.0),
        log: log.id.to_string(),
    };
    events.map(stored).collect()
}
