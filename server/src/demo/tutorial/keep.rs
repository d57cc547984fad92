//! Looking back, and keeping it all through a crash.

use anyhow::{Context, Result, ensure};
use reqwest::Method;

use super::Stage;
use super::arrive::model_version;
use super::govern::Governed;
use crate::demo::api::Api;
use crate::demo::parts::Service;

/// The story that the timeline of version v2 has to tell, in this order.
const STORY: &[&str] = &[
    "ItemGoverned",
    "SignoffOpened",
    "FieldsEdited",
    "StepStarted",
    "StepFinished",
    "StepStarted",
    "FeedbackRequested",
    "ReviewSubmitted",
    "ReviewEdited",
    "ApprovalRequested",
    "ReturnedToFeedback",
    "ApprovalRequested",
    "ApprovalSubmitted",
    "SignoffAbandoned",
    "AbandonCancelled",
    "SignoffAbandoned",
    "SignoffReset",
    "FeedbackRequested",
    "ReviewSubmitted",
    "ApprovalRequested",
    "ApprovalSubmitted",
    "StepFinished",
];

/// The registry shows the metrics, and the timeline tells all of it in order.
pub(super) async fn look_back(stage: &mut Stage<'_>, governed: &Governed) -> Result<()> {
    let ana = stage.ana.clone();
    for (metric, initial, latest, drift) in [("auc", 0.87, 0.81, -0.06), ("log_loss", 0.31, 0.39, 0.08)] {
        let registry = ana.get(&format!("/registry/models?metric={metric}")).await?;
        let shown = &model_version(&registry, "FRAUD", "v2")?["metric"];
        let is_right = shown["initial"] == initial && shown["latest"] == latest && shown["drift"] == drift;
        ensure!(shown["name"] == metric && is_right, "{metric} in the registry: {shown}");
    }
    stage.seen("The registry shows ROC AUC and its drift, and another metric when asked.");

    let timeline = ana.get(&format!("/items/{}/timeline?limit=1000", governed.version)).await?;
    let mut entries: Vec<(u64, &str)> = timeline["items"]
        .as_array()
        .context("the timeline's entries")?
        .iter()
        .filter_map(|event| Some((event["position"].as_u64()?, event["type"].as_str()?)))
        .collect();
    entries.sort_unstable();
    let mut told = entries.iter().map(|(_, kind)| *kind);
    for wanted in STORY {
        ensure!(told.any(|kind| kind == *wanted), "the timeline lacks {wanted} at its place: {entries:?}");
    }
    stage.seen("The timeline tells all of it in order.");
    Ok(())
}

/// kill −9, a restart, everything as before; then a graceful stop, and the log verifies.
pub(super) async fn survive(stage: &mut Stage<'_>, service: Service, governed: &Governed) -> Result<()> {
    let before = everything(&stage.ana, governed).await?;
    service.kill().await?;
    let service = Service::start(stage.data, Some(&stage.nats.url), "127.0.0.1:0").await?;
    let admin = super::super::administrator(stage.data, &service.url)?;
    let after = everything(&admin.acting_as(super::ANA), governed).await?;
    for ((path, then), (_, now)) in before.iter().zip(&after) {
        ensure!(then == now, "{path} differs after the restart");
    }
    stage.seen("After kill -9 and a restart everything is as before, byte for byte.");

    service.stop().await?;
    let verified = tokio::process::Command::new(std::env::current_exe()?)
        .args(["log", "verify", "--data"])
        .arg(stage.data)
        .output()
        .await?;
    let report = String::from_utf8_lossy(&verified.stdout).trim().to_owned();
    ensure!(verified.status.success(), "log verify failed: {report}{}", String::from_utf8_lossy(&verified.stderr));
    stage.seen(&format!("log verify: {report}"));
    Ok(())
}

/// What people see, byte for byte.
async fn everything(ana: &Api, governed: &Governed) -> Result<Vec<(String, Vec<u8>)>> {
    let mut seen = Vec::new();
    for path in [
        format!("/items/{}", governed.project),
        format!("/items/{}", governed.version),
        format!("/items/{}/steps/review/signoff", governed.version),
        format!("/items/{}/timeline?limit=1000", governed.version),
        "/registry/models".to_owned(),
        "/governable".to_owned(),
        "/board".to_owned(),
        "/inbox".to_owned(),
    ] {
        let answer = ana.ask(Method::GET, &path, None).await?;
        ensure!(answer.status.is_success(), "{path} answered {}", answer.status);
        seen.push((path, answer.body));
    }
    Ok(seen)
}
