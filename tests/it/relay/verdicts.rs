//! The compact stream: deployers hear every change of a verdict, before its event, and the last one however late.

use countersign_core::artifact::{ChildRule, ChildrenRules, Command, Govern};
use countersign_core::ids::{CorrelationId, ItemId, KeyId};
use countersign_core::sync::{SyncKey, SyncObject};
use countersign_core::{Caller, Channel, Principal};
use countersign_server::relay::stream::APPROVALS;
use countersign_tests::nats::NatsServer;
use futures::StreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{BOUND, Relay};
use crate::ingest::world::{Ingest, Service, drained, jetstream, line, publish};

const SUBJECT: &str = "govern.approvals.model_version.design-1.FRAUD.m1.1%2E0%2E3";

struct Story {
    server: NatsServer,
    service: Service,
}

impl Story {
    async fn begin() -> Self {
        Self { server: NatsServer::start().unwrap(), service: Service::start().await }
    }

    async fn relay(&self) -> Relay {
        Relay::of(&self.server, self.service.reader.clone(), self.service.engine.durable_head()).await
    }

    async fn caught_up(&self, relay: &mut Relay) {
        let head = self.service.head().await;
        relay.until(|status| status.position == head && status.reason.is_none()).await;
    }

    /// A project, a model, and the version 1.0.3 of it.
    async fn sync(&self) {
        let ingest = Ingest::start(&self.server, self.service.engine.clone()).await;
        let version = json!({"projectKey": "FRAUD", "modelId": "m1", "versionId": "1.0.3", "name": "v", "revision": 1,
            "digest": {"sha256": "ab".repeat(32)}});
        let lines = [
            line("project", &json!({"projectKey": "FRAUD", "name": "Fraud", "revision": 1})),
            line("saved_model", &json!({"projectKey": "FRAUD", "modelId": "m1", "name": "M", "revision": 1})),
            line("saved_model_version", &version),
        ];
        publish(&self.server, &lines).await;
        drained(&self.server).await;
        ingest.end().await;
    }

    async fn item(&self, object: SyncObject) -> ItemId {
        let key = SyncKey { node: "design-1".into(), object };
        *self.service.settled().await.nodes.items.get(&key).unwrap()
    }

    async fn govern_version(&self) {
        let version = SyncObject::ModelVersion { project: "FRAUD".into(), model: "m1".into(), version: "1.0.3".into() };
        let govern = Govern {
            source: self.item(version).await,
            version: None,
            children: ChildrenRules {
                bundles: ChildRule::None,
                models: ChildRule::None,
                model_versions: ChildRule::None,
            },
            with_parents: true,
            attach_to: None,
            initiative: None,
        };
        let caller = Caller::new(Principal::Key(KeyId(1)), Channel::Http, CorrelationId(Uuid::new_v4()));
        self.service.engine.submit(Command::Govern(govern).into(), caller).await.unwrap();
    }

    async fn last_verdict(&self) -> Value {
        let stream = jetstream(&self.server).await.get_stream(APPROVALS).await.unwrap();
        let message = stream.get_last_raw_message_by_subject(SUBJECT).await.unwrap();
        serde_json::from_slice(&message.payload).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_late_still_learns_the_last_verdict() {
    let story = Story::begin().await;
    let mut relay = story.relay().await;
    story.sync().await;
    story.caught_up(&mut relay).await;
    let verdict = story.last_verdict().await;
    for (name, expected) in [
        ("node", json!("design-1")),
        ("projectKey", json!("FRAUD")),
        ("modelId", json!("m1")),
        ("versionId", json!("1.0.3")),
        ("governItemId", json!(null)),
        ("status", json!("UNGOVERNED")),
        ("digest", json!("ab".repeat(32))),
    ] {
        assert_eq!(verdict.get(name), Some(&expected), "{name}");
    }
    story.govern_version().await;
    story.caught_up(&mut relay).await;
    let verdict = story.last_verdict().await;
    assert_eq!(verdict.get("status").unwrap(), "NOT_STARTED");
    assert!(verdict.get("governItemId").unwrap().is_string(), "{verdict}");
    relay.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_is_told_before_the_event_that_caused_it() {
    let story = Story::begin().await;
    story.sync().await;
    story.govern_version().await;
    let listener = async_nats::connect(story.server.url()).await.unwrap();
    let mut heard = listener.subscribe("govern.>").await.unwrap();
    listener.flush().await.unwrap();
    let mut relay = story.relay().await;
    story.caught_up(&mut relay).await;
    relay.end().await;
    let head = story.service.head().await.0;
    let (mut verdicts, mut position) = (0, 0);
    while position < head {
        let message = tokio::time::timeout(BOUND, heard.next()).await.unwrap().unwrap();
        let told: Value = serde_json::from_slice(&message.payload).unwrap();
        let told = told.get("position").unwrap().as_u64().unwrap();
        if message.subject.starts_with("govern.approvals.") {
            verdicts += 1;
            assert_eq!(told, position + 1, "the verdict is not right before its event");
        } else {
            position = told;
        }
    }
    // Synced, and governed; what came between did not concern it.
    assert!(verdicts >= 2, "{verdicts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_outlives_a_relay_that_dies_before_its_event() {
    let story = Story::begin().await;
    story.sync().await;
    for _ in 0..5 {
        let mut relay = story.relay().await;
        relay.until(|status| status.reason.is_none()).await;
        relay.abort().await;
    }
    story.govern_version().await;
    let mut relay = story.relay().await;
    story.caught_up(&mut relay).await;
    relay.end().await;
    assert_eq!(story.last_verdict().await.get("status").unwrap(), "NOT_STARTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_verdicts_that_was_lost_is_filled_again() {
    let story = Story::begin().await;
    story.sync().await;
    story.govern_version().await;
    let mut relay = story.relay().await;
    story.caught_up(&mut relay).await;
    relay.end().await;
    let before = story.last_verdict().await;
    jetstream(&story.server).await.delete_stream(APPROVALS).await.unwrap();
    let mut relay = story.relay().await;
    story.caught_up(&mut relay).await;
    relay.end().await;
    let after = story.last_verdict().await;
    for name in ["status", "itemId", "governItemId", "cycle", "digest"] {
        assert_eq!(after.get(name), before.get(name), "{name}");
    }
}
