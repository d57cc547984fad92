//! The service and its broker: what is counted.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use countersign_ingest::{Broker, publish};
use countersign_tests::nats::NatsServer;
use countersign_tests::server::{Api, Options, Server};
use reqwest::Method;
use serde_json::json;

/// Nothing takes this long, except when it hangs.
const BOUND: Duration = Duration::from_secs(60);

/// Asks `/metrics` until all of these lines are in it.
async fn until_metrics_say(api: &Api, lines: &[&str]) -> Result<()> {
    let mut text = String::new();
    let asking = async {
        while !lines.iter().all(|line| text.lines().any(|found| found == *line)) {
            text = String::from_utf8(api.ask(Method::GET, "//metrics", None).await?.bytes)?;
        }
        anyhow::Ok(())
    };
    let asked = tokio::time::timeout(BOUND, asking).await;
    asked.with_context(|| format!("{lines:?} did not come: {text}"))?
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_counted_by_what_became_of_them_and_the_relay_says_how_far_it_is() -> Result<()> {
    let nats = NatsServer::start()?;
    let server = Server::start_with(Options { nats: Some(nats.url()), ..Options::default() })?;
    until_metrics_say(&server.admin(), &["countersign_relay_lag_events 0"]).await?;
    let line = |id: &str, key: &str| {
        let data = json!({"projectKey": key, "name": "P", "revision": 1});
        format!("{}\n", json!({"node": "design-1", "kind": "project", "id": id, "data": data}))
    };
    let lines = [line("a", "P"), line("b", "P"), line("c", "Q"), line("d", "")].concat();
    let published = publish(&Broker::connect(&nats.url(), "test node").await?, lines.as_bytes()).await?;
    ensure!(published.messages == 4, "{published:?}");
    let counted = |outcome, times| format!("countersign_ingest_messages_total{{outcome=\"{outcome}\"}} {times}");
    let wanted = [counted("accepted", 2), counted("already_so", 1), counted("dead", 1)];
    until_metrics_say(&server.admin(), &wanted.each_ref().map(String::as_str)).await?;
    // The head may still move on by what the service tells of itself.
    let admin = server.admin();
    let caught_up = async {
        loop {
            let head = admin.get("/events?limit=1").await?["position"].clone();
            let text = String::from_utf8(admin.ask(Method::GET, "//metrics", None).await?.bytes)?;
            let wanted = [format!("countersign_relay_position {head}"), "countersign_relay_lag_events 0".to_owned()];
            if wanted.iter().all(|line| text.lines().any(|found| found == line)) {
                return anyhow::Ok(());
            }
        }
    };
    tokio::time::timeout(BOUND, caught_up).await.context("the relay never says that it is at the head")?
}
