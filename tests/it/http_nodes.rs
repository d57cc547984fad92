//! Nodes over HTTP: what they told of, cleaning up after one, asking one to tell everything again.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::Server;
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::estate::{Estate, story};

/// Nothing takes this long, except when it hangs.
const BOUND: Duration = Duration::from_secs(60);

async fn settled() -> Result<(Estate, String)> {
    let estate = Estate::start().await?;
    let bundle = estate.told().await?;
    estate.settled().await?;
    Ok((estate, bundle))
}

fn of_kind<'a>(node: &'a Value, kind: &str) -> &'a Value {
    let kinds = node["items"].as_array().into_iter().flatten();
    kinds.into_iter().find(|found| found["kind"] == kind).unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_listed_with_what_they_told_of_and_when() -> Result<()> {
    let (estate, _) = settled().await?;
    let admin = estate.admin();
    let list = admin.get("/nodes").await?;
    let [deployer, design] = &list["items"].as_array().context("nodes")?[..] else { anyhow::bail!("{list}") };
    ensure!(deployer["id"] == "deployer-1" && deployer["infrastructures"] == 2 && deployer["items"] == json!([]));
    ensure!(design["id"] == "design-1" && design["gone"] == 0, "{design}");
    ensure!(of_kind(design, "saved_model_version") == &json!({"kind": "saved_model_version", "count": 2, "gone": 0}));
    let [first, last] = ["firstSeen", "lastSynced"].map(|member| design[member].as_str().unwrap_or_default());
    ensure!(!first.is_empty() && first <= last, "{design}");
    let page = admin.get("/nodes?limit=1").await?;
    let next = page["nextCursor"].as_str().context("a second page")?;
    let second = admin.get(&format!("/nodes?limit=1&cursor={next}")).await?;
    ensure!(second["items"][0] == *design && second["nextCursor"].is_null(), "{second}");
    let gone = json!({"projectKey": "FRAUD", "modelId": "m1", "versionId": "v1", "revision": 2});
    estate.tell(&[("design-1", "saved_model_version.gone", gone)]).await?;
    estate.until("/nodes", |list| list["items"][1]["gone"] == 1).await?;
    admin.post("/users", json!({"login": "cy"})).await?;
    admin.acting_as("cy").refused(Method::GET, "/nodes", None, 403, "forbidden").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_no_more_is_cleaned_up_as_its_dry_run_said() -> Result<()> {
    let (estate, bundle) = settled().await?;
    let admin = estate.admin();
    let governed = admin.post(&format!("/items/{bundle}/govern"), json!({"governParents": true})).await?;
    let govern_item = governed["governItem"].as_str().context("a govern item")?.to_owned();
    let path = "/nodes/design-1/cleanup";

    let rehearsed = admin.post(path, json!({})).await?;
    ensure!(rehearsed["dryRun"] == true && rehearsed["gone"] == 5 && rehearsed["archived"] == 2, "{rehearsed}");
    ensure!(admin.get("/nodes").await?["position"] == governed["position"], "a dry run changes nothing");
    let first = admin.post(path, json!({"dryRun": true, "limit": 2})).await?;
    let cursor = first["nextCursor"].as_str().context("a second page")?;
    let rest = admin.post(path, json!({"cursor": cursor})).await?;
    let rows = |page: &Value| page["items"].as_array().cloned().unwrap_or_default();
    ensure!([rows(&first), rows(&rest)].concat() == rows(&rehearsed), "{first} {rest}");

    let done = admin.post(path, json!({"dryRun": false})).await?;
    for member in ["items", "gone", "archived"] {
        ensure!(done[member] == rehearsed[member], "{member}: {done} {rehearsed}");
    }
    ensure!(done["remaining"] == 0 && done["dryRun"] == false, "{done}");
    ensure!(admin.get(&format!("/items/{bundle}")).await?["source"]["gone"] == true);
    ensure!(admin.get(&format!("/items/{govern_item}")).await?["archived"] == true);
    let told = admin.get(&format!("/items/{govern_item}/timeline")).await?;
    let events = told["items"].as_array().into_iter().flatten();
    let archived = events.into_iter().find(|event| event["type"] == "ItemArchived").context("the archiving")?;
    ensure!(archived["reason"].as_str().is_some_and(|reason| reason.contains("node design-1 was removed")));
    let again = admin.post(path, json!({"dryRun": false})).await?;
    ensure!(again["position"] == done["position"] && again["items"] == json!([]), "{again}");
    ensure!(admin.get("/nodes").await?["items"][1]["gone"] == 5);

    admin.refused(Method::POST, "/nodes/nowhere/cleanup", Some(&json!({})), 404, "node_unknown").await?;
    let real = json!({"dryRun": false});
    admin.refused(Method::POST, "/nodes/nowhere/cleanup", Some(&real), 404, "node_unknown").await?;
    admin.post("/users", json!({"login": "cy"})).await?;
    for body in [json!({}), real] {
        admin.acting_as("cy").refused(Method::POST, path, Some(&body), 403, "forbidden").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_asked_over_nats_to_tell_everything_again_and_what_is_known_changes_nothing() -> Result<()> {
    let (estate, bundle) = settled().await?;
    let admin = estate.admin();
    admin.post(&format!("/items/{bundle}/govern"), json!({"governParents": true})).await?;
    let client = async_nats::connect(estate.nats.url()).await?;
    let mut requests = client.subscribe("govern.sync.design-1.request").await?;
    client.flush().await?;
    let asked = admin.post("/nodes/design-1/resync", json!({})).await?;
    let message =
        tokio::time::timeout(BOUND, requests.next()).await.context("no request came")?.context("a message")?;
    let event: Value = serde_json::from_slice(&message.payload)?;
    ensure!(event["type"] == "org.countersign.sync.request.v1" && event["specversion"] == "1.0", "{event}");
    ensure!(event["data"]["node"] == "design-1" && event["data"]["requestedBy"] == "ak.1", "{event}");
    ensure!(asked["correlation"].as_str().is_some_and(|id| event["data"]["correlation"] == id), "{asked} {event}");

    let before = admin.get("/nodes").await?;
    estate.tell_again(&story()).await?;
    estate.settled().await?;
    ensure!(admin.get("/nodes").await? == before, "what was told before is no news");
    admin.refused(Method::POST, "/nodes/nowhere/resync", None, 404, "not_found").await?;
    admin.post("/users", json!({"login": "cy"})).await?;
    admin.acting_as("cy").refused(Method::POST, "/nodes/design-1/resync", None, 403, "forbidden").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_no_node_can_be_asked_and_the_answer_says_so() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.refused(Method::POST, "/nodes/design-1/resync", None, 409, "nats_not_configured").await?;
    Ok(())
}
