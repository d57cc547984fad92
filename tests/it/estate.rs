//! A service with a broker, and nodes that tell it what a test needs.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use countersign_ingest::{Broker, publish};
use countersign_tests::nats::NatsServer;
use countersign_tests::server::{Api, Options, Server};
use serde_json::{Value, json};

/// Nothing takes this long, except when it hangs.
const BOUND: Duration = Duration::from_secs(60);

/// The service, its broker and a publisher for the nodes.
pub(crate) struct Estate {
    pub(crate) nats: NatsServer,
    pub(crate) server: Server,
    broker: Broker,
}

impl Estate {
    pub(crate) async fn start() -> Result<Self> {
        let nats = NatsServer::start()?;
        let server = Server::start_with(Options { nats: Some(nats.url()), ..Options::default() })?;
        let broker = Broker::connect(&nats.url(), "test nodes").await?;
        Ok(Self { nats, server, broker })
    }

    pub(crate) fn admin(&self) -> Api {
        self.server.admin()
    }

    /// These messages, in this order.
    pub(crate) async fn tell(&self, messages: &[(&str, &str, Value)]) -> Result<()> {
        let line =
            |(node, kind, data): &(&str, &str, Value)| json!({"node": node, "kind": kind, "data": data}).to_string();
        self.publish(&messages.iter().map(line).collect::<Vec<_>>()).await
    }

    /// The same things again, as messages of their own.
    pub(crate) async fn tell_again(&self, messages: &[(&str, &str, Value)]) -> Result<()> {
        let line = |(n, (node, kind, data)): (usize, &(&str, &str, Value))| {
            json!({"node": node, "kind": kind, "data": data, "id": format!("again {n}")}).to_string()
        };
        self.publish(&messages.iter().enumerate().map(line).collect::<Vec<_>>()).await
    }

    async fn publish(&self, lines: &[String]) -> Result<()> {
        let published = publish(&self.broker, lines.join("\n").as_bytes()).await?;
        ensure!(published.messages == u64::try_from(lines.len())? && published.duplicates == 0, "{published:?}");
        Ok(())
    }

    /// Until every message was taken in, or put away, and said so.
    pub(crate) async fn settled(&self) -> Result<()> {
        let jetstream = async_nats::jetstream::new(async_nats::connect(self.nats.url()).await?);
        let asking = async {
            loop {
                let stream = jetstream.get_stream("GOVERN_SYNC").await?;
                let consumer = stream.consumer_info("countersign-ingest").await?;
                if consumer.num_pending == 0 && consumer.num_ack_pending == 0 {
                    return anyhow::Ok(());
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(BOUND, asking).await.context("messages wait for ever")?
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        let admin = self.admin();
        let asking = async {
            loop {
                let answer = admin.get(path).await?;
                if is_so(&answer) {
                    return anyhow::Ok(answer);
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(BOUND, asking).await.with_context(|| format!("{path} never was as wanted"))?
    }

    /// [`story`]; gives the bundle's id.
    pub(crate) async fn told(&self) -> Result<String> {
        self.tell(&story()).await?;
        let found =
            self.until("/registry/bundles", |found| found["items"].as_array().is_some_and(|all| !all.is_empty()));
        Ok(found.await?["items"][0]["id"].as_str().unwrap_or_default().to_owned())
    }
}

/// A project with a model of two versions, a bundle of the second, and two infrastructures.
pub(crate) fn story() -> Vec<(&'static str, &'static str, Value)> {
    let version = |version: &str, auc: f64| {
        let name = format!("Random forest - {version}");
        let digest = json!({"sha256": "11".repeat(32)});
        json!({"projectKey": "FRAUD", "modelId": "m1", "versionId": version, "name": name, "algorithm": "RANDOM_FOREST",
            "metrics": {"auc": auc, "f1": 0.5}, "digest": digest, "revision": 1})
    };
    let model = json!({"projectKey": "FRAUD", "modelId": "m1", "name": "Predict", "origin": "mlflow", "activeVersion": "v2", "revision": 1});
    let infra = |id: &str, policy: &str| json!({"infraId": id, "type": "project", "stage": "production", "governCheckPolicy": policy, "revision": 1});
    vec![
        ("design-1", "project", json!({"projectKey": "FRAUD", "name": "Fraud", "revision": 1})),
        ("design-1", "saved_model", model),
        ("design-1", "saved_model_version", version("v1", 0.8)),
        ("design-1", "saved_model_version", version("v2", 0.87)),
        ("deployer-1", "infrastructure", infra("prod", "PREVENT")),
        ("deployer-1", "infrastructure", infra("test", "WARN")),
        ("design-1", "bundle", bundle(1, "aa", "{}")),
    ]
}

/// The bundle with this content.
pub(crate) fn bundle(revision: u64, byte: &str, checks: &str) -> Value {
    let checks: Value = serde_json::from_str(checks).unwrap_or_default();
    json!({"projectKey": "FRAUD", "bundleId": "b1", "modelVersions": [{"modelId": "m1", "versionId": "v2"}],
        "digest": {"sha256": byte.repeat(32)}, "checks": checks, "revision": revision})
}
