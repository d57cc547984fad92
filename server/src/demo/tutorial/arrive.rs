//! A project arrives.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::Stage;
use crate::demo::api::{entry, text_of};
use crate::demo::{node, publish, until};

/// The synced items of the tutorial's project.
pub(super) struct Fraud {
    pub(super) project: String,
    pub(super) model: String,
    pub(super) bundle: String,
}

/// The design node publishes, and the project shows among the governable items.
pub(super) async fn arrive(stage: &mut Stage<'_>) -> Result<Fraud> {
    publish(stage.data, &stage.nats.url, &node::imported()).await?;
    governable(stage, "MLOps Tutorial (imported)").await?;
    stage.seen("A design node published a project under its imported name; it shows among the governable items.");

    publish(stage.data, &stage.nats.url, &node::infrastructures()).await?;
    publish(stage.data, &stage.nats.url, &node::fraud()).await?;
    let project = governable(stage, "XX Govern Tutorial").await?;
    ensure!(project["governedBy"].is_null(), "not governed yet: {project}");
    stage.seen("Its next revision renamed it to XX Govern Tutorial.");

    let ana = stage.ana.clone();
    let registry = until("the evaluations to arrive", async || {
        let registry = ana.get("/registry/models?metric=auc").await?;
        let is_there = model_version(&registry, "FRAUD", "v2").is_ok_and(|version| version["metric"]["latest"] == 0.81);
        Ok(is_there.then_some(registry))
    })
    .await?;
    let found = entry(&registry["projects"], "key", "FRAUD")?;
    let model = entry(&found["models"], "key", "m1")?;
    ensure!(model["name"] == "Predict authorized_flag (binary)", "the model's name: {model}");
    let bundles = ana.get("/items?blueprint=bp.system.dataiku_bundle").await?;
    let bundle = bundles["items"][0].clone();
    stage.seen("Its model, two versions, a bundle and three evaluations with drift arrived too.");
    Ok(Fraud { project: text_of(&project, "id")?, model: text_of(model, "id")?, bundle: text_of(&bundle, "id")? })
}

/// Waits until an item of this name is governable.
pub(super) async fn governable(stage: &Stage<'_>, name: &str) -> Result<Value> {
    let ana = stage.ana.clone();
    until(&format!("{name:?} to be governable"), async || {
        let list = ana.get("/governable?limit=1000").await?;
        Ok(entry(&list["items"], "name", name).ok().cloned())
    })
    .await
}

/// A version of the model `m1` in the registry tree.
pub(super) fn model_version<'a>(registry: &'a Value, project: &str, version: &str) -> Result<&'a Value> {
    let project = entry(&registry["projects"], "key", project)?;
    entry(&entry(&project["models"], "key", "m1")?["versions"], "key", version)
}
