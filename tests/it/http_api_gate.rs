//! The gate before API services: packages with several model versions, and their deployments.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::Api;
use serde_json::{Value, json};

use crate::estate::Estate;

fn package(versions: &[&str], intent: &str) -> Value {
    let version =
        |version: &&str| json!({"node": "design-1", "projectKey": "FRAUD", "modelId": "m1", "versionId": version});
    let versions: Vec<Value> = versions.iter().map(version).collect();
    json!({"node": "deployer-1", "infraId": "api-prod", "modelVersions": versions, "intent": intent})
}

fn missing(answer: &Value) -> Vec<(&str, &str)> {
    let unmet = answer["unmet"].as_array().into_iter().flatten();
    unmet.filter_map(|one| Some((one["subject"]["key"].as_str()?, one["code"].as_str()?))).collect()
}

/// Approves a model version, as ana.
async fn approve(admin: &Api, version: &str) -> Result<()> {
    let path = |path: &str| format!("/items/{version}{path}");
    let governed = admin.post(&path("/govern"), json!({"governParents": true})).await?;
    let item = governed["governItem"].as_str().context("a govern item")?.to_owned();
    let mut project = item.clone();
    while let Some(parent) = admin.get(&format!("/items/{project}")).await?["parent"].as_str() {
        project = parent.to_owned();
    }
    admin.patch(&format!("/items/{project}"), json!({"fields": {"final_approvers": ["ana"]}})).await?;
    admin.post(&format!("/items/{item}/steps/development/finish"), json!({})).await?;
    let signoff = format!("/items/{item}/steps/review/signoff");
    admin.post(&format!("{signoff}/request-approval"), json!({"notify": []})).await?;
    admin.acting_as("ana").post(&format!("{signoff}/approval"), json!({"status": "APPROVED"})).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_of_a_package_has_to_be_approved_and_its_deployment_is_an_item() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    let infra = json!({"infraId": "api-prod", "type": "api", "stage": "production", "governCheckPolicy": "PREVENT", "revision": 1});
    estate.tell(&[("deployer-1", "infrastructure", infra)]).await?;
    estate.settled().await?;
    let admin = estate.admin();
    admin.post("/users", json!({"login": "ana"})).await?;
    let versions = admin.get("/items?blueprint=bp.system.dataiku_saved_model_version&sort=name").await?;
    let ids: Vec<String> = versions["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item["id"].as_str())
        .map(str::to_owned)
        .collect();
    let [v1, v2] = &ids[..] else { anyhow::bail!("{versions}") };

    let both = package(&["v1", "v2"], "ask");
    let answer = admin.post("/gate/check", both.clone()).await?;
    ensure!(missing(&answer) == [("v1", "not_governed"), ("v2", "not_governed")], "{answer}");
    approve(&admin, v2).await?;
    let answer = admin.post("/gate/check", both.clone()).await?;
    ensure!(answer["decision"] == "DENY" && missing(&answer) == [("v1", "not_governed")], "{answer}");
    ensure!(admin.post("/gate/check", package(&["v2"], "ask")).await?["decision"] == "ALLOW");
    approve(&admin, v1).await?;
    let answer = admin.post("/gate/check", package(&["v1", "v2"], "deploy")).await?;
    ensure!(answer["decision"] == "ALLOW" && missing(&answer).is_empty(), "{answer}");

    // The stage asks every version for its metric.
    admin.put("/stages/production", json!({"conditions": [{"metric": "auc", "atLeast": 0.85}]})).await?;
    ensure!(missing(&admin.post("/gate/check", both).await?) == [("v1", "metric_below")]);
    admin.put("/stages/production", json!({"conditions": []})).await?;

    let versions = json!([{"modelId": "m1", "versionId": "v1"}, {"modelId": "m1", "versionId": "v2"}]);
    let deployment = json!({"deploymentId": "scoring", "infraId": "api-prod", "node": "design-1", "projectKey": "FRAUD",
        "modelVersions": versions, "status": "running", "revision": 1});
    estate.tell(&[("deployer-1", "deployment", deployment)]).await?;
    estate.settled().await?;
    let items = admin.get("/items?blueprint=bp.system.api_deployer_deployment").await?;
    let item = &items["items"][0];
    ensure!(item["name"] == "scoring" && item["fields"]["dataiku_saved_model_versions"] == json!([v1, v2]), "{items}");
    let deployments = admin.get("/deployments?infra=api-prod").await?;
    let stood = &deployments["items"][0];
    ensure!(stood["type"] == "api" && stood["governance"] == "HEALTHY" && stood["item"] == item["id"], "{deployments}");
    ensure!(stood["subjects"].as_array().is_some_and(|subjects| subjects.len() == 2), "{stood}");
    ensure!(stood["approvals"].as_array().is_some_and(|all| all.len() == 2), "{stood}");
    let models = admin.get("/registry/models").await?;
    for version in models["projects"][0]["models"][0]["versions"].as_array().context("versions")? {
        ensure!(version["deployments"][0]["infraId"] == "api-prod", "{version}");
    }
    Ok(())
}
