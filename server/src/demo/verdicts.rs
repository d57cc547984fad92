//! The deployer's side of the demo: a subscription to the compact verdict stream.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::relay::deployer::{self, Verdict};

/// How long a verdict may take to arrive.
const VERDICT_MAX: Duration = Duration::from_secs(30);

/// What the deployer has heard, the latest per model version.
pub(super) struct Verdicts {
    messages: tokio::sync::mpsc::Receiver<Verdict>,
    latest: BTreeMap<(String, String, String), String>,
}

impl Verdicts {
    /// Subscribes from the first verdict on.
    pub(super) async fn subscribe(nats: &str) -> Result<Self> {
        Ok(Self { messages: deployer::subscribe(nats).await?, latest: BTreeMap::new() })
    }

    /// Waits until the latest verdict on a model version is this.
    pub(super) async fn until(&mut self, node: &str, project: &str, version: &str, status: &str) -> Result<()> {
        let wanted = (node.to_owned(), project.to_owned(), version.to_owned());
        let heard = tokio::time::timeout(VERDICT_MAX, async {
            while self.latest.get(&wanted).is_none_or(|latest| latest != status) {
                let verdict = self.messages.recv().await.context("the subscription ended")?;
                if let Some(version) = verdict.version_id {
                    self.latest.insert((verdict.node, verdict.project_key, version), verdict.status);
                }
            }
            anyhow::Ok(())
        })
        .await;
        ensure!(heard.is_ok(), "no verdict {status} on {version} within {VERDICT_MAX:?}");
        heard.context("waiting for a verdict")?
    }
}
