//! A deployer's subscription to the compact verdict stream, as the demo needs one.

use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::sync::mpsc;

/// How many verdicts may wait for the subscriber.
const PENDING_MAX: usize = 256;

/// One message of `GOVERN_APPROVALS`, as far as a deployer needs it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    pub(crate) node: String,
    pub(crate) project_key: String,
    pub(crate) version_id: Option<String>,
    pub(crate) status: String,
}

/// Every current verdict, then every change, until the receiver is dropped.
pub(crate) async fn subscribe(url: &str) -> anyhow::Result<mpsc::Receiver<Verdict>> {
    let jetstream = async_nats::jetstream::new(async_nats::connect(url).await?);
    let stream = jetstream.get_stream("GOVERN_APPROVALS").await?;
    let configuration = OrderedConfig {
        filter_subject: "govern.approvals.model_version.>".to_owned(),
        deliver_policy: DeliverPolicy::All,
        ..OrderedConfig::default()
    };
    let mut messages = stream.create_consumer(configuration).await?.messages().await?;
    let (sender, receiver) = mpsc::channel(PENDING_MAX);
    tokio::spawn(async move {
        while let Some(Ok(message)) = messages.next().await {
            let verdict = match serde_json::from_slice(&message.payload) {
                Ok(verdict) => verdict,
                Err(error) => {
                    tracing::warn!(%error, subject = %message.subject, "not a verdict");
                    continue;
                }
            };
            if sender.send(verdict).await.is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}
