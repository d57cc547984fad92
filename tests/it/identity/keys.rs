//! Keys that act as a person or a node.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{Api, Server, problem};
use reqwest::Method;
use serde_json::{Value, json};

use super::browser::Browser;

fn secret(made: &Value) -> Result<&str> {
    made["secret"].as_str().context("a secret")
}

#[tokio::test]
async fn a_key_of_ones_own_acts_as_its_person_and_stops_with_him() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let ana = Browser::of(&server, "ana").await?;
    let wish = json!({"label": "laptop"});
    admin.acting_as("ana").refused(Method::POST, "/me/keys", Some(&wish), 403, "session_needed").await?;
    let more = json!({"label": "laptop", "admin": true});
    problem(&ana.ask(Method::POST, "/me/keys", Some(&more)).await?, 422, "unknown_field")?;
    let made = ana.ask(Method::POST, "/me/keys", Some(&wish)).await?;
    ensure!(made.status == 201, "{}", made.json());
    let key = Api::new(server.url(), secret(&made.json())?);
    let me = key.get("/me").await?;
    ensure!(me["type"] == "user" && me["id"] == "ana" && me["via"] == made.json()["id"], "{me}");
    ensure!(key.ask(Method::GET, "//dip/publicapi/blueprints", None).await?.status == 200);
    key.refused(Method::POST, "/me/keys", Some(&wish), 403, "session_needed").await?;
    key.acting_as("ana").refused(Method::GET, "/me", None, 403, "proxy_user_forbidden").await?;

    let id = made.json()["id"].as_str().context("an id")?.to_owned();
    let listed = ana.ask(Method::GET, "/me/keys", None).await?.json();
    ensure!(listed["items"][0]["id"] == id.as_str() && listed["items"][0]["owner"] == "ana", "{listed}");
    ensure!(admin.get("/keys").await?["items"][1]["owner"] == "ana");
    let eve = Browser::of(&server, "eve").await?;
    ensure!(eve.ask(Method::GET, "/me/keys", None).await?.json()["items"] == json!([]));
    problem(&eve.ask(Method::DELETE, &format!("/me/keys/{id}"), None).await?, 404, "not_found")?;
    problem(&eve.ask(Method::DELETE, &format!("/keys/{id}"), None).await?, 403, "forbidden")?;

    admin.patch("/users/ana", json!({"enabled": false})).await?;
    key.refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    admin.patch("/users/ana", json!({"enabled": true})).await?;
    ensure!(key.get("/me").await?["id"] == "ana");
    let ana = Browser::signed_in(&admin, "ana", super::browser::PASSWORD).await?;
    ensure!(ana.ask(Method::DELETE, &format!("/me/keys/{id}"), None).await?.status == 200);
    key.refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    Ok(())
}

#[tokio::test]
async fn a_key_of_a_node_asks_the_gate_for_its_own_infrastructures_and_nothing_else() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let both = json!({"label": "d", "node": "deployer-1", "admin": true});
    admin.refused(Method::POST, "/keys", Some(&both), 422, "key_stands_for_another").await?;
    let made = admin.post("/keys", json!({"label": "d", "node": "deployer-1"})).await?;
    let key = Api::new(server.url(), secret(&made)?);
    for path in ["/me", "/items", "/events/stream", "/keys", "//dip/publicapi/blueprints"] {
        let answer = key.ask(Method::GET, path, None).await?;
        ensure!(answer.status == 403, "{path}: {} {}", answer.status, answer.json());
    }
    let create = json!({"blueprintId": "bp.system.business_initiative", "name": "A node's"});
    key.refused(Method::POST, "/items", Some(&create), 403, "node_key_gate_only").await?;
    let ask = |node: &str| {
        let bundle = json!({"node": "design-1", "projectKey": "P", "bundleId": "b"});
        json!({"node": node, "infraId": "prod", "bundle": bundle, "intent": "deploy"})
    };
    key.refused(Method::POST, "/gate/check", Some(&ask("deployer-2")), 403, "deployer_mismatch").await?;
    let unknown = key.ask(Method::POST, "/gate/check", Some(&ask("deployer-1"))).await?;
    problem(&unknown, 404, "infrastructure_unknown")?;
    let policy = json!({"type": "project", "policy": "PREVENT"});
    admin.put("/infrastructures/deployer-1/prod", policy).await?;
    let answer = key.ask(Method::POST, "/gate/check", Some(&ask("deployer-1"))).await?;
    ensure!(answer.status == 200 && answer.json()["decision"] == "DENY", "{}", answer.json());
    let told = admin.get("/events?type=DeploymentChecked").await?;
    let event = &told["items"][0];
    ensure!(event["actor"]["type"] == "node" && event["actor"]["id"] == "deployer-1", "{event}");
    ensure!(event["via"] == made["id"], "{event}");
    Ok(())
}
