//! Sync messages through a real broker into a real engine: each once, none lost, none dropped silently.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test should panic")]

mod dead;
mod faults;
pub(crate) mod world;

use async_nats::HeaderMap;
use countersign_core::deploy::{InfraKey, Policy};
use countersign_core::sync::{SyncKey, SyncObject};
use countersign_core::value::Value as Field;
use countersign_ingest::Published;
use countersign_tests::nats::NatsServer;
use serde_json::{Value, json};

use world::{Ingest, Service, drained, jetstream, line, publish, stream_made, told};

fn of(object: SyncObject) -> SyncKey {
    SyncKey { node: "design-1".into(), object }
}

fn project(key: &str, name: &str, revision: u64) -> Value {
    line("project", &json!({"projectKey": key, "name": name, "tags": [name], "revision": revision}))
}

fn version(project: &str, version: &str, auc: f64, revision: u64) -> Value {
    line(
        "saved_model_version",
        &json!({"projectKey": project, "modelId": "m1", "versionId": version, "name": version,
            "metrics": {"auc": auc}, "revision": revision}),
    )
}

fn evaluation(project: &str, version: &str, id: &str) -> Value {
    line(
        "evaluation",
        &json!({"projectKey": project, "storeId": "mes", "evaluationId": id, "modelId": "m1", "versionId": version,
            "evaluatedAt": "2026-01-02T03:04:05Z", "metrics": {"auc": 0.81}, "drift": {"data_drift": 0.12}}),
    )
}

/// One of each kind, with several revisions and something that goes.
fn story() -> Vec<Value> {
    vec![
        project("FRAUD", "Imported", 1),
        project("FRAUD", "Renamed", 2),
        project("FRAUD", "XX Govern Tutorial", 3),
        line(
            "saved_model",
            &json!({"projectKey": "FRAUD", "modelId": "m1", "name": "Predict", "activeVersion": "v2", "revision": 1}),
        ),
        version("FRAUD", "v1", 0.85, 1),
        version("FRAUD", "v2", 0.86, 1),
        version("FRAUD", "v2", 0.87, 2),
        line(
            "bundle",
            &json!({"projectKey": "FRAUD", "bundleId": "b1", "createdBy": "ana", "revision": 1,
            "modelVersions": [{"modelId": "m1", "versionId": "v2"}]}),
        ),
        line("dataset", &json!({"projectKey": "FRAUD", "datasetId": "d1", "name": "Transactions", "revision": 4})),
        line("dataset.gone", &json!({"projectKey": "FRAUD", "datasetId": "d1", "revision": 5})),
        evaluation("FRAUD", "v2", "e17"),
        evaluation("FRAUD", "v2", "e18"),
        line(
            "infrastructure",
            &json!({"infraId": "prod", "type": "project", "stage": "production", "governCheckPolicy": "PREVENT", "revision": 1}),
        ),
        line(
            "deployment",
            &json!({"deploymentId": "d1", "infraId": "prod", "projectKey": "FRAUD", "bundleId": "b1", "status": "running", "revision": 1}),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_message_becomes_what_it_tells() {
    let server = NatsServer::start().unwrap();
    let service = Service::start().await;
    let ingest = Ingest::start(&server, service.engine.clone()).await;
    let lines = story();
    let expected = Published { messages: lines.len() as u64, duplicates: 0 };
    assert_eq!(publish(&server, &lines).await, expected);
    drained(&server).await;
    ingest.end().await;

    assert!(world::dead_letters(&server).await.is_empty());
    let state = service.settled().await;
    let told = told(&state);
    let (revision, is_gone, name, fields) = &told[&of(SyncObject::Project { project: "FRAUD".into() })];
    assert_eq!((revision.revision, *is_gone, name.as_str()), (3, false, "XX Govern Tutorial"));
    assert!(fields["tags"].contains("XX Govern Tutorial"));
    assert!(told[&of(SyncObject::Dataset { project: "FRAUD".into(), dataset: "d1".into() })].1);
    let prod = state.infrastructures.by_key.get(&InfraKey { node: "design-1".into(), infra: "prod".into() }).unwrap();
    assert_eq!(prod.policy, Policy::Prevent);
    let v2 = of(SyncObject::ModelVersion { project: "FRAUD".into(), model: "m1".into(), version: "v2".into() });
    let v2 = state.items.by_id.get(state.nodes.items.get(&v2).unwrap()).unwrap();
    assert_eq!(v2.source.as_ref().unwrap().metrics.first().unwrap().value, 0.87);
    assert!(matches!(v2.fields.get("evaluation_metrics_auc"), Some(Field::Series(_))));
    assert_eq!(state.nodes.evaluations.len(), 2);
    let deployment = &told[&of(SyncObject::Deployment { deployment: "d1".into() })];
    assert!(deployment.3["dataiku_bundle"].contains("b1"), "{deployment:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_mode_is_taken_in_whatever_the_case_of_its_headers() {
    let server = NatsServer::start().unwrap();
    let service = Service::start().await;
    let ingest = Ingest::start(&server, service.engine.clone()).await;
    stream_made(&server).await;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("CE-SPECVERSION", "1.0"),
        ("Ce-Id", "e1"),
        ("ce-Source", "/nodes/n%2E1"),
        ("ce-type", "org.countersign.sync.project.v1"),
    ] {
        headers.insert(name, value);
    }
    let data = json!({"projectKey": "P", "name": "Binary", "revision": 1}).to_string();
    let context = jetstream(&server).await;
    context.publish_with_headers("govern.sync.n%2E1.project", headers, data.into()).await.unwrap().await.unwrap();
    drained(&server).await;
    ingest.end().await;
    let told = told(&service.settled().await);
    let key = SyncKey { node: "n.1".into(), object: SyncObject::Project { project: "P".into() } };
    assert_eq!(told[&key].2, "Binary");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_again_changes_nothing() {
    let server = NatsServer::start().unwrap();
    let service = Service::start().await;
    let ingest = Ingest::start(&server, service.engine.clone()).await;
    publish(&server, &story()).await;
    drained(&server).await;
    let (head, before) = (service.head().await, told(&service.settled().await));
    // The same story under new ids, so that only keys and revisions can tell.
    for _ in 0..3 {
        publish(&server, &story()).await;
    }
    drained(&server).await;
    ingest.end().await;
    assert_eq!(service.head().await, head);
    assert_eq!(told(&service.settled().await), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_messages_does_not_matter() {
    let mut outcomes = Vec::new();
    for seed in 0..6_u64 {
        let server = NatsServer::start().unwrap();
        let service = Service::start().await;
        let ingest = Ingest::start(&server, service.engine.clone()).await;
        publish(&server, &shuffled([story(), story()].concat(), seed)).await;
        drained(&server).await;
        ingest.end().await;
        let state = service.settled().await;
        assert_eq!(state.nodes.evaluations.len(), 2, "seed {seed}");
        outcomes.push((seed, told(&state)));
    }
    let (_, first) = outcomes.first().unwrap();
    for (seed, outcome) in &outcomes {
        assert_eq!(outcome, first, "seed {seed}");
    }
}

/// Seed 0 leaves the order as it is.
fn shuffled(mut lines: Vec<Value>, seed: u64) -> Vec<Value> {
    let mut random = seed;
    for end in (1..lines.len()).rev().filter(|_| seed != 0) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        lines.swap(end, usize::try_from(random >> 33).unwrap() % (end + 1));
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_published_twice_is_known_to_the_broker() {
    let server = NatsServer::start().unwrap();
    let lines: Vec<_> = story()
        .into_iter()
        .map(|mut line| {
            line.as_object_mut().unwrap().remove("id");
            line
        })
        .collect();
    let messages = lines.len() as u64;
    assert_eq!(publish(&server, &lines).await, Published { messages, duplicates: 0 });
    assert_eq!(publish(&server, &lines).await, Published { messages, duplicates: messages });
}
