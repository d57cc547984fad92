//! What stages ask for, what deployers may not loosen, and who can help where something is missing.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{Api, Server};
use reqwest::Method;
use serde_json::{Value, json};

use crate::estate::Estate;

fn question(infra: &str) -> Value {
    let bundle = json!({"node": "design-1", "projectKey": "FRAUD", "bundleId": "b1"});
    json!({"infraId": infra, "bundle": bundle, "intent": "ask"})
}

fn codes(answer: &Value) -> Vec<&str> {
    answer["unmet"].as_array().into_iter().flatten().filter_map(|unmet| unmet["code"].as_str()).collect()
}

async fn ask(api: &Api, infra: &str) -> Result<Value> {
    api.post("/gate/check", question(infra)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_asks_for_more_and_each_infrastructure_tells_what_counts_there_and_why() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let infra = "/infrastructures/deployer-1/prod";
    let drift = |most: f64| json!({"drift": "data_drift", "atMost": most});
    let own = json!({"type": "project", "stage": "production", "policy": "PREVENT", "requiredSteps": ["deployment"],
        "conditions": [drift(0.3), {"check": "documented"}]});
    admin.put(infra, own).await?;
    let stage = json!({"requiredSteps": ["deployment"],
        "conditions": [drift(0.1), {"metric": "auc", "atLeast": 0.8}]});
    admin.post("/users", json!({"login": "cy"})).await?;
    let cy = admin.acting_as("cy");
    cy.refused(Method::PUT, "/stages/production", Some(&stage), 403, "forbidden").await?;
    let set = admin.put("/stages/production", stage).await?;
    ensure!(set["events"][0]["type"] == "SettingsChanged", "{set}");

    let shown = cy.get(infra).await?;
    ensure!(shown["conditions"] == json!([drift(0.3), {"check": "documented"}]), "{shown}");
    let expected = json!({
        "requiredSteps": [{"step": "deployment", "from": ["infrastructure", "stage"]}],
        "conditions": [
            {"drift": "data_drift", "atMost": 0.1, "from": ["stage"]},
            {"check": "documented", "from": ["infrastructure"]},
            {"metric": "auc", "atLeast": 0.8, "from": ["stage"]},
        ],
    });
    ensure!(shown["effective"] == expected, "{shown}");
    let before = admin.get("/stages").await?;
    ensure!(before["items"][0]["stage"] == "production" && before["items"][0]["infrastructures"] == 1, "{before}");

    // What is left out stays; an empty list asks for nothing.
    admin.put("/stages/production", json!({"conditions": []})).await?;
    let now = admin.get("/stages/production").await?;
    ensure!(now["requiredSteps"] == json!(["deployment"]) && now["conditions"] == json!([]), "{now}");
    let then = admin.get(&format!("/stages?as_of={}", before["position"])).await?;
    ensure!(then == before, "{then}");
    let wrong = json!({"conditions": [{"drift": "data_drift"}]});
    admin.refused(Method::PUT, "/stages/production", Some(&wrong), 422, "condition_invalid").await?;
    admin.refused(Method::GET, "/stages/nowhere", None, 404, "not_found").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployer_that_would_loosen_a_gate_is_refused_and_auditors_see_it() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    estate.settled().await?;
    let admin = estate.admin();
    admin.put("/stages/production", json!({"conditions": [{"check": "documented"}]})).await?;
    ensure!(codes(&ask(&admin, "prod").await?) == ["not_governed", "check_missing"]);
    let looser =
        json!({"infraId": "prod", "type": "project", "stage": "test", "governCheckPolicy": "NO_CHECK", "revision": 2});
    estate.tell(&[("deployer-1", "infrastructure", looser)]).await?;
    estate.settled().await?;
    let shown = admin.get("/infrastructures/deployer-1/prod").await?;
    ensure!(shown["policy"] == "PREVENT" && shown["stage"] == "production", "{shown}");
    ensure!(ask(&admin, "prod").await?["decision"] == "DENY");
    let timeline = admin.get("/timeline?type=InfrastructureRegistered&order=desc&limit=1").await?;
    let told = &timeline["items"][0];
    ensure!(told["marks"] == json!(["loosening_refused"]) && told["actor"]["id"] == "deployer-1", "{told}");
    let refused = json!([{"of": "policy", "wanted": "NO_CHECK"}, {"of": "stage", "wanted": "test"}]);
    ensure!(told["data"]["refused"] == refused, "{told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_names_who_can_help_as_far_as_the_asker_may_know_them() -> Result<()> {
    let estate = Estate::start().await?;
    let bundle = estate.told().await?;
    let admin = estate.admin();
    for number in 0..25 {
        admin.post("/users", json!({"login": format!("c{number:02}"), "groups": ["contributors"]})).await?;
    }
    admin.post("/users", json!({"login": "fay"})).await?;
    admin.post("/users", json!({"login": "rob"})).await?;
    let missing = ask(&admin, "prod").await?["unmet"][0].clone();
    let names: Vec<&str> = missing["whoCan"].as_array().context("names")?.iter().filter_map(Value::as_str).collect();
    ensure!(missing["code"] == "not_governed" && names.len() == 20 && names.contains(&"c00"), "{missing}");
    // 25 contributors and the administrator's key.
    ensure!(missing["whoCanMore"] == 6, "{missing}");

    let governed = admin.post(&format!("/items/{bundle}/govern"), json!({"governParents": true})).await?;
    let item = governed["governItem"].as_str().context("a govern item")?.to_owned();
    let parent = admin.get(&format!("/items/{item}")).await?["parent"].as_str().context("a parent")?.to_owned();
    admin.patch(&format!("/items/{parent}"), json!({"fields": {"final_approvers": ["fay"]}})).await?;
    admin.post(&format!("/items/{item}/steps/development/finish"), json!({})).await?;
    admin.post(&format!("/items/{item}/steps/review/signoff/request-approval"), json!({"notify": []})).await?;
    let key = admin.post("/keys", json!({"label": "deployer"})).await?;
    let deployer = Api::new(estate.server.url(), key["secret"].as_str().context("a secret")?);
    let key = admin.post("/keys", json!({"label": "node", "node": "deployer-1"})).await?;
    let node = Api::new(estate.server.url(), key["secret"].as_str().context("a secret")?);
    for api in [&admin, &deployer, &node, &admin.acting_as("rob")] {
        let missing = ask(api, "prod").await?["unmet"][0].clone();
        ensure!(missing["whoCan"] == json!(["fay"]) && missing["whoCanMore"] == 0, "{missing}");
        ensure!(missing["item"] == item, "{missing}");
    }

    // Whoever may not read people, or the govern item, does not learn of them here either.
    let nobody = json!({"everyone": {}, "roles": []});
    for blueprint in ["bp.system.user", "bp.system.govern_bundle"] {
        let hidden = json!({"blueprintId": blueprint, "permissions": nobody});
        let made = admin.ask(Method::POST, "/permissions", Some(&hidden)).await?;
        if !made.status.is_success() {
            admin.put(&format!("/permissions/{blueprint}"), nobody.clone()).await?;
        }
    }
    let answer = ask(&deployer, "prod").await?;
    let missing = &answer["unmet"][0];
    ensure!(missing["whoCan"] == json!([]) && missing["whoCanMore"] == 0 && missing["item"].is_null(), "{answer}");
    ensure!(answer["requestReviewUrl"].is_null() && answer["decision"] == "DENY", "{answer}");
    for api in [&admin, &node] {
        let answer = ask(api, "prod").await?;
        ensure!(answer["unmet"][0]["whoCan"] == json!(["fay"]) && answer["unmet"][0]["item"] == item, "{answer}");
        ensure!(answer["requestReviewUrl"].as_str().is_some_and(|url| url.contains(&item)), "{answer}");
    }
    Ok(())
}
