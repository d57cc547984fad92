//! The service around its routes: the document, health, metrics, the event stream, stopping.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{Api, Server, problem};
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};

const INITIATIVE: &str = "bp.system.business_initiative";
/// Events are there at once; this only bounds a failure.
const EVENT_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(60);

/// Every route of the interfaces' table that this version has.
const ROUTES: &[(&str, &str)] = &[
    ("/items", "get post"),
    ("/items/{ar}", "get patch delete"),
    ("/items/{ar}/govern", "post"),
    ("/items/{ar}/hide", "post"),
    ("/items/{ar}/show", "post"),
    ("/items/{ar}/archive", "post"),
    ("/items/{ar}/restore", "post"),
    ("/items/{ar}/steps/{step}/finish", "post"),
    ("/items/{ar}/steps/{step}/reopen", "post"),
    ("/items/{ar}/steps/{step}/start", "post"),
    ("/files", "post"),
    ("/files/{uf}", "get"),
    ("/files/{uf}/content", "get"),
    ("/users", "get post"),
    ("/groups", "get post"),
    ("/keys", "post"),
    ("/keys/{id}", "delete"),
    ("/keys/{id}/rotate", "post"),
    ("/me", "get"),
    ("/items/{ar}/comments", "get post"),
    ("/items/{ar}/steps/{step}/signoff", "get"),
    ("/items/{ar}/steps/{step}/signoff/request-feedback", "post"),
    ("/items/{ar}/steps/{step}/signoff/reviews", "post"),
    ("/items/{ar}/steps/{step}/signoff/reviews/{id}", "put delete"),
    ("/items/{ar}/steps/{step}/signoff/request-approval", "post"),
    ("/items/{ar}/steps/{step}/signoff/return-to-feedback", "post"),
    ("/items/{ar}/steps/{step}/signoff/approval", "post put delete"),
    ("/items/{ar}/steps/{step}/signoff/abandon", "post"),
    ("/items/{ar}/steps/{step}/signoff/cancel-abandon", "post"),
    ("/items/{ar}/steps/{step}/signoff/reset", "post"),
    ("/items/{ar}/steps/{step}/signoff/schedule-reset", "post"),
    ("/items/{ar}/steps/{step}/signoff/delegate", "post"),
    ("/items/{ar}/steps/{step}/signoff/create", "post"),
    ("/governable", "get"),
    ("/registry/models", "get"),
    ("/registry/bundles", "get"),
    ("/initiatives", "get"),
    ("/board", "get"),
    ("/inbox", "get"),
    ("/items/{ar}/metrics", "get"),
    ("/items/{ar}/timeline", "get"),
    ("/items/{ar}/subscription", "get post delete"),
    ("/webhooks", "get post"),
    ("/webhooks/{id}", "get put delete"),
    ("/webhooks/{id}/deliveries", "get"),
    ("/webhooks/{id}/dead-letters", "get"),
    ("/webhooks/{id}/dead-letters/redrive", "post"),
    ("/webhooks/{id}/redeliver", "post"),
    ("/mail/deliveries", "get"),
    ("/mail/dead-letters", "get"),
    ("/mail/dead-letters/redrive", "post"),
    ("/timeline", "get"),
    ("/events", "get"),
    ("/events/stream", "get"),
    ("/events/{position}/leaf", "get"),
    ("/gate/check", "post"),
    ("/infrastructures", "get"),
    ("/infrastructures/{node}/{infra}", "get put"),
    ("/projections", "get"),
    ("/projections/{name}/rebuild", "post"),
    ("/projections/{name}/digest", "get"),
];

#[tokio::test]
async fn the_openapi_document_lists_every_route_with_its_refusals() -> Result<()> {
    let server = Server::start()?;
    let document = server.admin().get("/openapi.json").await?;
    ensure!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    for (path, methods) in ROUTES {
        for method in methods.split(' ') {
            let operation = &document["paths"][format!("/api/v1{path}")][method];
            ensure!(operation["responses"].is_object(), "{method} {path} is not in the document");
            let statuses: &[&str] = match method {
                "get" => &["400", "401", "403", "404", "422", "503"],
                _ => &["400", "401", "403", "404", "409", "412", "413", "422", "503"],
            };
            for status in statuses {
                let response = &operation["responses"][status];
                ensure!(response["content"]["application/problem+json"].is_object(), "{method} {path} {status}");
            }
            for response in operation["responses"].as_object().into_iter().flat_map(|all| all.values()) {
                ensure!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            }
        }
    }
    let docs = server.admin().without_key().ask(Method::GET, "//api/docs/", None).await?;
    ensure!(docs.status == 200 && String::from_utf8_lossy(&docs.bytes).contains("swagger"), "{}", docs.status);
    Ok(())
}

#[tokio::test]
async fn health_needs_no_key_and_metrics_count_without_ids() -> Result<()> {
    let server = Server::start()?;
    let nobody = server.admin().without_key();
    ensure!(nobody.ask(Method::GET, "//livez", None).await?.status == 200);
    let ready = nobody.ask(Method::GET, "//readyz", None).await?;
    ensure!(ready.status == 200 && ready.json()["ready"] == true, "{}", ready.json());
    server.admin().refused(Method::GET, "/items/ar.999", None, 404, "not_found").await?;
    server.admin().post("/groups", json!({"name": "others"})).await?;
    let metrics = nobody.ask(Method::GET, "//metrics", None).await?;
    let text = String::from_utf8_lossy(&metrics.bytes).into_owned();
    ensure!(metrics.status == 200, "{text}");
    for wanted in ["countersign_http_requests_total", "countersign_commands_total", "countersign_log_position"] {
        ensure!(text.contains(wanted), "{wanted} is missing: {text}");
    }
    ensure!(text.contains("/api/v1/items/{ar}") && !text.contains("ar.999"), "{text}");
    let proxied = nobody.request(Method::GET, "//metrics").header("X-Forwarded-For", "10.0.0.1");
    problem(&nobody.send(proxied).await?, 401, "key_missing")?;
    Ok(())
}

#[tokio::test]
async fn every_answer_carries_its_position_and_a_request_id() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let request = admin.request(Method::GET, "/me").header("x-request-id", "mine");
    let answer = admin.send(request).await?;
    ensure!(answer.header("x-request-id") == "mine", "{:?}", answer.headers);
    for path in ["/me", "/items/ar.999", "/nothing", "/items?limit=0"] {
        let answer = admin.ask(Method::GET, path, None).await?;
        ensure!(answer.header("govern-position").parse::<u64>().is_ok(), "{path}: {:?}", answer.headers);
        ensure!(!answer.header("x-request-id").is_empty(), "{path}: {:?}", answer.headers);
    }
    Ok(())
}

async fn make(api: &Api, name: &str) -> Result<u64> {
    let made = api.post("/items", json!({"blueprintId": INITIATIVE, "name": name})).await?;
    made["position"].as_u64().context("a position")
}

/// Reads a stream until an event of this type has come; gives the ids that came.
async fn until(response: reqwest::Response, wanted: &str, times: usize) -> Result<Vec<u64>> {
    let mut text = String::new();
    let mut bytes = response.bytes_stream();
    let reading = async {
        while text.matches(&format!("event: {wanted}\n")).count() < times || !text.ends_with("\n\n") {
            let piece = bytes.next().await.context("the stream ended")??;
            text.push_str(&String::from_utf8_lossy(&piece));
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(EVENT_TIME_MAX, reading).await.context("the events did not come")??;
    Ok(text.lines().filter_map(|line| line.strip_prefix("id: ")?.trim().parse().ok()).collect())
}

#[tokio::test]
async fn the_event_stream_goes_on_after_the_last_event_that_was_received() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let first = make(&admin, "One").await?;
    let second = make(&admin, "Two").await?;
    let from = admin.request(Method::GET, "/events/stream").header("Last-Event-ID", first.to_string());
    let response = from.send().await?;
    ensure!(response.headers()["content-type"] == "text/event-stream");
    let third = make(&admin, "Three").await?;
    let ids = until(response, "ItemCreated", 2).await?;
    ensure!(ids == (first + 1..=third).collect::<Vec<_>>() && ids.contains(&second), "{ids:?}");

    let all = admin.request(Method::GET, "/events/stream?after=0&type=ItemCreated").send().await?;
    let ids = until(all, "ItemCreated", 3).await?;
    ensure!(ids.len() == 3, "{ids:?}");
    let wrong = admin.request(Method::GET, "/events/stream").header("Last-Event-ID", "x");
    problem(&admin.send(wrong).await?, 422, "parameter_invalid")?;
    Ok(())
}

#[tokio::test]
async fn stopping_ends_open_streams_and_keeps_everything() -> Result<()> {
    let mut server = Server::start()?;
    let admin = server.admin();
    let position = make(&admin, "Kept").await?;
    let stream = admin.request(Method::GET, "/events/stream").send().await?;
    server.stop()?;
    stream.bytes().await.context("the stream was not ended but cut off")?;
    server.restart()?;
    let events = server.admin().get(&format!("/events?after={}", position - 1)).await?;
    ensure!(events["items"][0]["type"] == "ItemCreated", "{events}");
    Ok(())
}

#[tokio::test]
async fn a_rebuild_finds_every_read_model_equal_to_the_log() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    make(&admin, "One").await?;
    let before = admin.get("/projections/items/digest").await?;
    let rebuilt = admin.post("/projections/all/rebuild", json!({})).await?;
    ensure!(rebuilt["equal"] == true && rebuilt["items"].as_array().is_some_and(|all| all.len() > 5), "{rebuilt}");
    ensure!(admin.get("/projections/items/digest").await? == before);
    admin.refused(Method::POST, "/projections/none/rebuild", None, 404, "not_found").await?;
    Ok(())
}

#[tokio::test]
async fn the_gate_knows_its_infrastructures_and_nothing_else() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let bundle = json!({"node": "design-1", "projectKey": "FRAUD", "bundleId": "b1"});
    let question = |infra: &str| json!({"infraId": infra, "bundle": bundle, "intent": "ask"});
    let unknown = admin.ask(Method::POST, "/gate/check", Some(&question("prod"))).await?;
    ensure!(unknown.status == 404, "an unknown infrastructure is never ALLOW: {}", unknown.json());
    admin.put("/infrastructures/deployer-1/prod", json!({"type": "project", "policy": "PREVENT"})).await?;
    let answer = admin.post("/gate/check", question("prod")).await?;
    ensure!(answer["decision"] == "DENY" && answer["policy"] == "PREVENT", "{answer}");
    ensure!(answer["unmet"][0]["code"] == "not_synced" && answer["messages"][0]["isFatal"] == true, "{answer}");
    let before = admin.get("/events?limit=1").await?["position"].clone();
    ensure!(answer["position"] == before, "asking makes no event: {answer}");
    let mut deploying = question("prod");
    deploying["intent"] = json!("deploy");
    let checked = admin.post("/gate/check", deploying).await?;
    ensure!(checked["decision"] == "DENY" && checked["position"].as_u64() > before.as_u64(), "{checked}");
    let neither: Value = json!({"infraId": "prod", "intent": "ask"});
    admin.refused(Method::POST, "/gate/check", Some(&neither), 422, "subjects_invalid").await?;
    Ok(())
}
