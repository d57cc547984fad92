//! The registry over HTTP: focus, opting out, copies on other nodes.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::estate::Estate;

fn evaluation(project: &str, name: &str, day: u32, auc: f64) -> Value {
    json!({"projectKey": project, "storeId": "mes", "evaluationId": name, "modelId": "m1", "versionId": "v2",
        "evaluatedAt": format!("2026-01-0{day}T00:00:00Z"), "metrics": {"auc": auc}, "drift": {"data_drift": 0.1}})
}

fn version(models: &Value) -> Value {
    models["projects"][0]["models"][0]["versions"][1].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metric_in_focus_is_everybodys_own_and_a_parameter_overrides_it() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    let admin = estate.admin();
    let models = admin.get("/registry/models").await?;
    ensure!(models["metric"] == "auc" && version(&models)["metric"]["initial"] == 0.87, "{models}");
    ensure!(version(&models)["champion"] == true && version(&models)["algorithm"] == "RANDOM_FOREST", "{models}");
    ensure!(models["projects"][0]["models"][0]["origin"] == "mlflow", "{models}");
    admin.put("/registry/focus", json!({"metric": "f1"})).await?;
    let models = admin.get("/registry/models").await?;
    ensure!(models["metric"] == "f1" && version(&models)["metric"]["initial"] == 0.5, "{models}");
    ensure!(admin.get("/registry/focus").await?["metric"] == "f1");
    ensure!(admin.get("/registry/models?metric=auc").await?["metric"] == "auc");
    admin.post("/users", json!({"login": "ana"})).await?;
    ensure!(admin.acting_as("ana").get("/registry/focus").await?["metric"] == "auc");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_opted_out_leaves_the_metrics_and_stays_in_the_history() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    let admin = estate.admin();
    let told = [("e1", 1, 0.84), ("e2", 2, 0.7)];
    let told = told.map(|(name, day, auc)| ("design-1", "evaluation", evaluation("FRAUD", name, day, auc)));
    estate.tell(&told).await?;
    let models = estate.until("/registry/models", |models| version(models)["metric"]["latest"] == 0.7).await?;
    let id = version(&models)["id"].as_str().unwrap_or_default().to_owned();
    ensure!(version(&models)["metric"]["drift"] == -0.17, "{models}");
    let out = json!({"storeId": "mes", "evaluationId": "e2"});
    admin.post(&format!("/items/{id}/evaluations/opt-out"), out.clone()).await?;
    let metric = version(&admin.get("/registry/models").await?)["metric"].clone();
    ensure!(metric["latest"] == 0.84 && metric["drift"] == -0.03, "{metric}");
    let series = admin.get(&format!("/items/{id}/metrics?metric=auc")).await?;
    ensure!(series["items"][0]["points"].as_array().map(Vec::len) == Some(1), "{series}");
    let whole = admin.get(&format!("/items/{id}/evaluations")).await?;
    ensure!(whole["items"][0]["optedOut"] == false && whole["items"][1]["optedOut"] == true, "{whole}");
    admin.post(&format!("/items/{id}/evaluations/opt-in"), out).await?;
    let window = format!("/items/{id}/metrics?metric=auc&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z");
    let series = admin.get(&window).await?;
    ensure!(series["items"][0]["points"].as_array().map(Vec::len) == Some(2), "both ends are included: {series}");
    admin.post(&format!("/items/{id}/evaluations/opt-out"), json!({"storeId": "mes"})).await?;
    ensure!(version(&admin.get("/registry/models").await?)["metric"]["latest"].is_null());
    let unknown = json!({"storeId": "another"});
    let path = format!("/items/{id}/evaluations/opt-out");
    admin.refused(Method::POST, &path, Some(&unknown), 404, "evaluation_unknown").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_on_an_automation_node_is_related_to_its_original_and_its_metrics_name_their_node() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    let project = json!({"projectKey": "FRAUD_PROD", "name": "Fraud in production", "nodeType": "automation",
        "originalNode": "design-1", "originalProjectKey": "FRAUD", "revision": 1});
    let told =
        [("automation-1", "project", project), ("automation-1", "evaluation", evaluation("FRAUD_PROD", "e1", 1, 0.8))];
    estate.tell(&told).await?;
    let models = estate.until("/registry/models", |models| models["projects"][1]["models"].is_array()).await?;
    let [original, copy] = [&models["projects"][0], &models["projects"][1]];
    ensure!(original["copies"] == json!([copy["id"]]) && copy["original"] == original["id"], "{models}");
    ensure!(
        original["original"].is_null() && copy["copies"] == json!([]) && copy["node"] == "automation-1",
        "{models}"
    );
    let id = version(&models)["id"].as_str().unwrap_or_default().to_owned();
    let path = format!("/items/{id}/metrics?metric=auc");
    let series = estate.until(&path, |series| !series["items"][0].is_null()).await?;
    ensure!(
        series["items"][0]["node"] == "automation-1" && series["items"][0]["points"][0]["value"] == 0.8,
        "{series}"
    );
    ensure!(version(&models)["metric"]["latest"].is_null(), "the original itself was not evaluated: {models}");
    Ok(())
}
