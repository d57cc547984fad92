//! Dead letters: every reason, the original kept, nothing dropped.

use async_nats::jetstream::message::PublishMessage;
use countersign_ingest::translate::MESSAGE_BYTES_MAX;
use countersign_tests::nats::NatsServer;
use serde_json::{Value, json};

use super::evaluation;
use super::world::{Ingest, Service, dead_letters, drained, jetstream, publish, stream_made};

fn event(source: &str, kind: &str, data: &Value) -> String {
    json!({"specversion": "1.0", "id": "e", "source": source, "type": format!("org.countersign.sync.{kind}.v1"), "data": data})
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_taken_in_is_put_away_whole_with_its_reason() {
    let server = NatsServer::start().unwrap();
    let service = Service::start().await;
    let ingest = Ingest::start(&server, service.engine.clone()).await;
    stream_made(&server).await;
    let good = json!({"projectKey": "P", "name": "P", "revision": 1});
    let foreign = json!({"projectKey": "OTHER", "modelProjectKey": "P", "storeId": "s", "evaluationId": "e",
        "modelId": "m", "versionId": "v", "evaluatedAt": "2026-01-02T03:04:05Z", "metrics": {}});
    let cases = [
        ("govern.sync.a.b.project", event("/nodes/a", "project", &good), "subject_invalid"),
        ("govern.sync.a.notebook", event("/nodes/a", "notebook", &good), "kind_unknown"),
        ("govern.sync.a.project", "not json".to_owned(), "cloudevent_invalid"),
        ("govern.sync.a.project", event("/nodes/b", "project", &good), "source_mismatch"),
        ("govern.sync.a.project", event("/nodes/a", "bundle", &good), "type_mismatch"),
        (
            "govern.sync.a.project",
            event("/nodes/a", "project", &json!({"projectKey": "P", "name": "P"})),
            "data_invalid",
        ),
        (
            "govern.sync.a.project",
            event("/nodes/a", "project", &json!({"projectKey": "", "name": "P", "revision": 1})),
            "key_invalid",
        ),
        ("govern.sync.a.evaluation", event("/nodes/a", "evaluation", &foreign), "evaluation_foreign_store"),
        (
            "govern.sync.a.project",
            event(
                "/nodes/a",
                "project",
                &json!({"projectKey": "P", "name": "P", "revision": 1, "status": "s".repeat(20_000)}),
            ),
            "field_too_long",
        ),
        ("govern.sync.a.project", " ".repeat(MESSAGE_BYTES_MAX + 1), "message_too_large"),
    ];
    let context = jetstream(&server).await;
    for (number, (subject, payload, _)) in cases.iter().enumerate() {
        let message = PublishMessage::build().payload(payload.clone().into()).message_id(format!("id-{number}"));
        let message = message.header("X-Kept", "yes").expected_stream("GOVERN_SYNC");
        context.send_publish((*subject).to_owned(), message).await.unwrap().await.unwrap();
    }
    drained(&server).await;
    ingest.end().await;

    let letters = dead_letters(&server).await;
    assert_eq!(letters.len(), cases.len());
    for (number, (subject, payload, reason)) in cases.iter().enumerate() {
        let letter = letters.iter().find(|letter| letter.headers["Countersign-Sequence"] == (number + 1).to_string());
        let letter = letter.unwrap();
        assert_eq!(letter.subject, format!("govern.dead.{reason}"), "{:?}", letter.headers);
        assert_eq!(letter.headers["Countersign-Reason"], *reason);
        assert_eq!(letter.headers["Countersign-Subject"], *subject);
        assert_eq!(letter.headers["Countersign-Original-Nats-Msg-Id"], format!("id-{number}"));
        assert_eq!(letter.headers["X-Kept"], "yes");
        assert!(!letter.headers["Countersign-Detail"].is_empty());
        assert!(letter.payload == payload.as_bytes(), "{reason}: the original is not kept");
    }
    assert!(service.settled().await.nodes.items.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_too_long_to_be_kept_beside_its_reason_is_pointed_to() {
    let server = NatsServer::start().unwrap();
    let service = Service::start().await;
    let ingest = Ingest::start(&server, service.engine.clone()).await;
    stream_made(&server).await;
    // The broker's own bound is 1 MiB, headers included.
    let payload = vec![b' '; 1024 * 1024 - 10];
    let context = jetstream(&server).await;
    context.publish("govern.sync.a.project", payload.into()).await.unwrap().await.unwrap();
    drained(&server).await;
    ingest.end().await;
    let letters = dead_letters(&server).await;
    let letter = letters.first().unwrap();
    assert_eq!(letter.subject, "govern.dead.message_too_large");
    assert_eq!(letter.headers["Countersign-Sequence"], "1");
    assert!(letter.payload.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_dead_letter_does_not_hold_up_the_others() {
    let server = NatsServer::start().unwrap();
    let service = Service::start().await;
    let ingest = Ingest::start(&server, service.engine.clone()).await;
    let mut lines: Vec<_> = (0..50).map(|n| super::project(&format!("P{n}"), "P", 1)).collect();
    let mut foreign = evaluation("STORE", "v1", "e1");
    foreign["data"]["modelProjectKey"] = json!("MODEL");
    lines.insert(0, foreign);
    publish(&server, &lines).await;
    drained(&server).await;
    ingest.end().await;
    assert_eq!(dead_letters(&server).await.len(), 1);
    assert_eq!(service.settled().await.nodes.items.len(), 50);
}
