//! What deployers ask of the public API: upstream's messages about a deployment, from the gate.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::estate::Estate;

async fn status(estate: &Estate, path: &str) -> Result<(u16, Value)> {
    let answer = estate.admin().ask(Method::GET, &format!("//dip/publicapi{path}"), None).await?;
    Ok((answer.status.as_u16(), answer.json()))
}

fn infrastructure() -> Value {
    json!({"infraId": "prod", "type": "project", "stage": "production", "governCheckPolicy": "PREVENT", "revision": 2})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployer_reads_what_the_gate_says_of_its_deployment_in_upstreams_messages() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    let deployment = json!({"deploymentId": "d1", "infraId": "prod", "node": "design-1", "projectKey": "FRAUD",
        "bundleId": "b1", "status": "running", "revision": 1});
    let told = [("deployer-1", "infrastructure", infrastructure()), ("deployer-1", "deployment", deployment)];
    estate.tell(&told).await?;
    estate.settled().await?;

    let project = "/project-deployer/deployments/d1/governance-status";
    let (answered, body) = status(&estate, &format!("{project}?bundleId=")).await?;
    ensure!(answered == 200, "{answered}: {body}");
    let message = &body["messages"][0];
    ensure!(message["severity"] == "ERROR" && message["isFatal"] == true, "{body}");
    ensure!(message["code"] == "NOT_GOVERNED", "{body}");
    for key in ["title", "message", "details"] {
        ensure!(message[key].is_string(), "{key}: {body}");
    }
    let (answered, other) = status(&estate, &format!("{project}?bundleId=never-told")).await?;
    ensure!(answered >= 400 || other["messages"] != body["messages"], "{answered}: {other}");

    for (path, wanted, word) in [
        ("/project-deployer/deployments/none/governance-status", 404, "none"),
        ("/api-deployer/deployments/d1/governance-status", 404, "d1"),
        ("/api-deployer/deployments/d1/governance-status?version=v1", 422, "version"),
    ] {
        let (answered, body) = status(&estate, path).await?;
        ensure!(
            answered == wanted && body["message"].as_str().is_some_and(|text| text.contains(word)),
            "{path}: {body}"
        );
    }

    estate.admin().put("/infrastructures/deployer-1/prod", json!({"policy": "NO_CHECK"})).await?;
    let (answered, body) = status(&estate, project).await?;
    ensure!(answered == 409 && body["message"].as_str().is_some_and(|text| text.contains("NO_CHECK")), "{body}");
    Ok(())
}
