//! A served directory with a broker, and nodes that tell it of their objects.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use countersign_tests::nats::NatsServer;
use countersign_tests::server::{Api, Options, Server};
use serde_json::{Value, json};

use crate::ingest::world::{drained, publish};

/// Nothing takes this long, except when it hangs.
const BOUND: Duration = Duration::from_secs(60);

pub(crate) struct Estate {
    pub(crate) nats: NatsServer,
    _server: Server,
    pub(crate) admin: Api,
}

/// What a node tells.
pub(crate) fn line(node: &str, kind: &str, data: &Value) -> Value {
    json!({"node": node, "kind": kind, "data": data, "id": uuid::Uuid::new_v4().to_string()})
}

pub(crate) fn project(node: &str, key: &str, tags: &[&str], folder: &str, revision: u64) -> Value {
    let data = json!({"projectKey": key, "name": key, "tags": tags, "folder": folder, "revision": revision});
    line(node, "project", &data)
}

pub(crate) fn bundle(node: &str, project: &str, bundle: &str) -> Value {
    line(node, "bundle", &json!({"projectKey": project, "bundleId": bundle, "revision": 1}))
}

impl Estate {
    pub(crate) async fn start() -> Result<Self> {
        let nats = NatsServer::start()?;
        let server = Server::start_with(Options { nats: Some(nats.url()), ..Options::default() })?;
        let admin = server.admin();
        Ok(Self { nats, _server: server, admin })
    }

    /// Publishes and returns once everything was taken in.
    pub(crate) async fn tell(&self, lines: &[Value]) {
        publish(&self.nats, lines).await;
        drained(&self.nats).await;
    }

    /// Asks again until the answer is so.
    pub(crate) async fn until(&self, path: &str, what: impl Fn(&Value) -> bool) -> Result<Value> {
        let start = Instant::now();
        let mut last = Value::Null;
        while start.elapsed() < BOUND {
            last = self.admin.get(path).await?;
            if what(&last) {
                return Ok(last);
            }
        }
        bail!("{path} stays {last}")
    }

    /// The id of the item of that blueprint and exact name.
    pub(crate) async fn find(&self, blueprint: &str, name: &str) -> Result<String> {
        let path = format!("/items?blueprint={blueprint}&limit=1000");
        let named = |list: &Value| list["items"].as_array()?.iter().find(|item| item["name"] == name).cloned();
        let list = self.until(&path, |list| named(list).is_some()).await?;
        let id = named(&list).and_then(|item| item["id"].as_str().map(str::to_owned));
        id.context("an id")
    }

    pub(crate) async fn project(&self, key: &str) -> Result<String> {
        self.find("bp.system.dataiku_project", key).await
    }

    pub(crate) async fn govern(&self, source: &str, how: Value) -> Result<String> {
        let done = self.admin.post(&format!("/items/{source}/govern"), how).await?;
        Ok(done["governItem"].as_str().context("a govern item")?.to_owned())
    }
}
