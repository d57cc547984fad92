//! The gate over HTTP and NATS: overrides, conditions, and what stood where, under which approval.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Result, ensure};
use countersign_tests::server::{ADMIN_KEY, Api, Server};
use reqwest::Method;
use serde_json::{Value, json};

use crate::estate::{Estate, bundle};

fn question(infra: &str, intent: &str) -> Value {
    let bundle = json!({"node": "design-1", "projectKey": "FRAUD", "bundleId": "b1"});
    json!({"infraId": infra, "bundle": bundle, "intent": intent})
}

fn codes(answer: &Value) -> Vec<&str> {
    answer["unmet"].as_array().into_iter().flatten().filter_map(|unmet| unmet["code"].as_str()).collect()
}

async fn ask(api: &Api, infra: &str) -> Result<Value> {
    api.post("/gate/check", question(infra, "ask")).await
}

/// Approves the bundle, as ana; gives its govern item.
async fn approve(estate: &Estate, bundle: &str) -> Result<String> {
    let admin = estate.admin();
    admin.post("/users", json!({"login": "ana"})).await?;
    let governed = admin.post(&format!("/items/{bundle}/govern"), json!({"governParents": true})).await?;
    let item = governed["governItem"].as_str().unwrap_or_default().to_owned();
    let parent = admin.get(&format!("/items/{item}")).await?["parent"].as_str().unwrap_or_default().to_owned();
    admin.patch(&format!("/items/{parent}"), json!({"fields": {"final_approvers": ["ana"]}})).await?;
    admin.post(&format!("/items/{item}/steps/development/finish"), json!({})).await?;
    admin.post(&format!("/items/{item}/steps/review/signoff/request-approval"), json!({"notify": []})).await?;
    let approval = format!("/items/{item}/steps/review/signoff/approval");
    admin.acting_as("ana").post(&approval, json!({"status": "APPROVED"})).await?;
    Ok(item)
}

/// The gate's answer over request/reply.
async fn over_nats(client: &async_nats::Client, question: &Value) -> Result<bytes::Bytes> {
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Authorization", format!("Bearer {ADMIN_KEY}").as_str());
    let asking = client.request_with_headers("govern.gate.check", headers, question.to_string().into());
    Ok(asking.await?.payload)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_gives_the_same_bytes_over_http_and_nats() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    let client = async_nats::connect(estate.nats.url()).await?;
    for (infra, decision) in [("prod", "DENY"), ("test", "WARN")] {
        let question = question(infra, "ask");
        let over_http = estate.admin().ask(Method::POST, "/gate/check", Some(&question)).await?;
        ensure!(over_http.status == 200 && over_http.json()["decision"] == decision, "{}", over_http.json());
        let over_nats = over_nats(&client, &question).await?;
        ensure!(over_http.bytes == over_nats, "{} {}", over_http.json(), String::from_utf8_lossy(&over_nats));
    }
    let unmet = &ask(&estate.admin(), "prod").await?["messages"][0];
    for member in ["severity", "isFatal", "code", "title", "message", "details"] {
        ensure!(!unmet[member].is_null(), "{member} is missing: {unmet}");
    }
    Ok(())
}

/// Two events are two positions; everything else is the same to the byte.
#[tokio::test(flavor = "multi_thread")]
async fn an_intent_to_deploy_is_answered_alike_over_http_and_nats_and_recorded_once_each() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    estate.settled().await?;
    let client = async_nats::connect(estate.nats.url()).await?;
    let admin = estate.admin();
    for (infra, decision) in [("prod", "DENY"), ("test", "WARN")] {
        let mut question = question(infra, "deploy");
        question["acknowledgeWarnings"] = json!(true);
        let before = admin.get("/events?limit=1").await?["position"].as_u64().unwrap_or_default();
        let over_http = admin.ask(Method::POST, "/gate/check", Some(&question)).await?;
        let over_nats = over_nats(&client, &question).await?;
        ensure!(over_http.status == 200 && over_http.json()["decision"] == decision, "{}", over_http.json());
        ensure!(over_http.json()["position"] == before + 1 && over_http.json()["acknowledged"] == (infra == "test"));
        let (first, second) = (format!("\"position\":{}", before + 1), format!("\"position\":{}", before + 2));
        let over_http = String::from_utf8(over_http.bytes)?;
        let over_nats = String::from_utf8(over_nats.to_vec())?;
        ensure!(over_http.replace(&first, &second) == over_nats, "{over_http} {over_nats}");
        let events = admin.get(&format!("/events?after={before}&limit=10")).await?;
        let told = |event: &Value| {
            (event["type"].clone(), event["channel"].clone(), event["data"]["decision"].clone(), event["actor"].clone())
        };
        let events: Vec<_> = events["items"].as_array().into_iter().flatten().map(told).collect();
        let expected = ["http", "nats"].map(|channel| {
            let actor = events.first().map(|(.., actor)| actor.clone()).unwrap_or_default();
            (json!("DeploymentChecked"), json!(channel), json!(decision), actor)
        });
        ensure!(events == expected, "{events:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_is_granted_by_administrators_shown_reported_and_taken_back() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    let admin = estate.admin();
    admin.post("/users", json!({"login": "cy"})).await?;
    let bundle = json!({"node": "design-1", "projectKey": "FRAUD", "bundleId": "b1"});
    let place = json!({"node": "deployer-1", "infraId": "prod", "bundle": bundle});
    let mut grant = place.clone();
    grant["reason"] = json!("A fix is due.");
    grant["until"] = json!("2999-01-01T00:00:00Z");
    let cy = admin.acting_as("cy");
    cy.refused(Method::POST, "/overrides", Some(&grant), 403, "forbidden").await?;
    let mut past = grant.clone();
    past["until"] = json!("2001-01-01T00:00:00Z");
    admin.refused(Method::POST, "/overrides", Some(&past), 422, "override_end_past").await?;
    let made = admin.ask(Method::POST, "/overrides", Some(&grant)).await?;
    ensure!(made.status == 201, "{}", made.json());
    let passed = ask(&admin, "prod").await?;
    ensure!(passed["decision"] == "ALLOW" && passed["unmet"][0]["overridden"] == true, "{passed}");
    ensure!(
        passed["overrides"][0]["reason"] == "A fix is due." && passed["messages"][0]["severity"] == "INFO",
        "{passed}"
    );
    ensure!(ask(&admin, "test").await?["decision"] == "WARN");
    let listed = admin.get("/overrides?active=true").await?;
    ensure!(listed["items"][0]["subject"]["key"] == "b1" && listed["items"][0]["active"] == true, "{listed}");
    ensure!(admin.get("/overrides?active=false").await?["items"] == json!([]), "{listed}");
    let checked = admin.post("/gate/check", question("prod", "deploy")).await?;
    ensure!(checked["decision"] == "ALLOW", "{checked}");
    admin.post("/overrides/revoke", place).await?;
    ensure!(ask(&admin, "prod").await?["decision"] == "DENY");
    ensure!(admin.get("/overrides").await?["items"] == json!([]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_of_an_infrastructure_are_set_shown_and_asked_for() -> Result<()> {
    let estate = Estate::start().await?;
    let item = estate.told().await?;
    approve(&estate, &item).await?;
    let admin = estate.admin();
    ensure!(ask(&admin, "prod").await?["decision"] == "ALLOW");
    let path = "/infrastructures/deployer-1/prod";
    let conditions =
        json!([{"metric": "auc", "atLeast": 0.9}, {"drift": "data_drift", "atMost": 0.1}, {"check": "bias"}]);
    admin.put(path, json!({"requiredSteps": ["production"], "conditions": conditions})).await?;
    let shown = admin.get(path).await?;
    ensure!(shown["conditions"] == conditions && shown["requiredSteps"] == json!(["production"]), "{shown}");
    let denied = ask(&admin, "prod").await?;
    let expected = ["no_review_signoff", "metric_below", "drift_above", "check_missing"];
    ensure!(denied["decision"] == "DENY" && codes(&denied) == expected, "{denied}");
    let metric = &denied["unmet"][1];
    ensure!(metric["needs"] == "auc >= 0.9" && metric["have"] == "auc = 0.87", "{metric}");
    admin.put(path, json!({"requiredSteps": []})).await?;
    let evaluation = json!({"projectKey": "FRAUD", "storeId": "mes", "evaluationId": "e1", "modelId": "m1", "versionId": "v2",
        "evaluatedAt": "2026-01-01T00:00:00Z", "metrics": {"auc": 0.95}, "drift": {"data_drift": 0.05}});
    let told =
        [("design-1", "evaluation", evaluation), ("design-1", "bundle", bundle(2, "aa", r#"{"bias": "passed"}"#))];
    estate.tell(&told).await?;
    let field = format!("/items/{item}");
    estate.until(&field, |item| item["fields"]["checks"]["bias"] == "passed").await?;
    let allowed = ask(&admin, "prod").await?;
    ensure!(allowed["decision"] == "ALLOW", "{allowed}");
    let wrong = json!({"conditions": [{"metric": "auc", "atMost": 1}]});
    admin.refused(Method::PUT, path, Some(&wrong), 422, "condition_invalid").await?;
    admin.put(path, json!({"policy": "NO_CHECK"})).await?;
    ensure!(ask(&admin, "prod").await?["policy"] == "NO_CHECK");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stood_where_is_told_with_who_put_it_there_and_under_which_approval() -> Result<()> {
    let mut estate = Estate::start().await?;
    let item = estate.told().await?;
    let govern_item = approve(&estate, &item).await?;
    let admin = estate.admin();
    let checked = admin.acting_as("ana").post("/gate/check", question("prod", "deploy")).await?;
    ensure!(checked["decision"] == "ALLOW", "{checked}");
    let deployment = |infra: &str, revision: u64| {
        json!({"deploymentId": "d1", "infraId": infra, "node": "design-1", "projectKey": "FRAUD", "bundleId": "b1",
            "status": "running", "revision": revision})
    };
    estate.tell(&[("deployer-1", "deployment", deployment("prod", 1))]).await?;
    let one = |list: &Value| list["items"].as_array().is_some_and(|items| items.len() == 1);
    let path = "/deployments/history?infra=prod";
    let stood = estate.until(path, one).await?["items"][0].clone();
    ensure!(stood["deployedBy"] == "ana" && stood["reportedBy"] == "deployer-1", "{stood}");
    ensure!(stood["gate"]["position"] == checked["position"] && stood["gate"]["decision"] == "ALLOW", "{stood}");
    let approval = &stood["approvals"][0];
    ensure!(approval["author"] == "ana" && approval["cycle"] == 1 && approval["governItem"] == govern_item, "{stood}");
    ensure!(approval["digest"] == "aa".repeat(32) && stood["governance"] == "HEALTHY", "{stood}");
    let bundles = admin.get("/registry/bundles").await?;
    ensure!(bundles["items"][0]["deployments"][0]["infraId"] == "prod", "{bundles}");
    let models = admin.get("/registry/models").await?;
    let versions = &models["projects"][0]["models"][0]["versions"];
    ensure!(
        versions[1]["deployments"][0]["governance"] == "HEALTHY" && versions[0]["deployments"] == json!([]),
        "{models}"
    );
    healths(&estate.server, [1, 0, 0, 0]).await?;

    estate.tell(&[("design-1", "bundle", bundle(2, "bb", "{}"))]).await?;
    estate.until("/deployments?infra=prod", |list| list["items"][0]["governance"] == "ERROR").await?;
    healths(&estate.server, [0, 0, 1, 0]).await?;
    ensure!(codes(&ask(&admin, "prod").await?) == ["approval_stale"]);
    estate.tell(&[("deployer-1", "deployment", deployment("test", 2))]).await?;
    let moved = estate.until(path, |list| !list["items"][0]["until"].is_null()).await?["items"][0].clone();
    ensure!(moved["approvals"] == stood["approvals"] && moved["governance"].is_null(), "{moved}");
    let at = |instant: &Value| format!("{path}&at={}", instant.as_str().unwrap_or_default());
    ensure!(one(&admin.get(&at(&stood["since"])).await?));
    ensure!(admin.get(&at(&moved["until"])).await?["items"] == json!([]));
    ensure!(admin.get(&at(&json!("2001-01-01T00:00:00Z"))).await?["items"] == json!([]));
    admin.refused(Method::GET, "/deployments/history?infra=nowhere", None, 404, "not_found").await?;
    let before = admin.get(path).await?;
    estate.server.kill()?;
    estate.server.restart()?;
    ensure!(estate.admin().get(&format!("{path}&as_of={}", before["position"])).await? == before);
    Ok(())
}

/// Healthy, warning, error, no status.
async fn healths(server: &Server, expected: [u32; 4]) -> Result<()> {
    let text = server.admin().ask(Method::GET, "//metrics", None).await?;
    let text = String::from_utf8_lossy(&text.bytes).into_owned();
    for (status, count) in ["healthy", "warning", "error", "no_status"].iter().zip(expected) {
        let line = format!("countersign_deployments_total{{status=\"{status}\"}} {count}");
        ensure!(text.contains(&line), "{line} is not in {text}");
    }
    Ok(())
}

/// Names and forms that sync messages and the public API have are taken over HTTP too.
#[tokio::test(flavor = "multi_thread")]
async fn digests_policies_and_recurrences_are_taken_in_either_form() -> Result<()> {
    let estate = Estate::start().await?;
    let bundle = estate.told().await?;
    let admin = estate.admin();
    let item = approve(&estate, &bundle).await?;
    for (digest, decision) in [("aa".repeat(32), "ALLOW"), ("bb".repeat(32), "DENY")] {
        for form in [json!(digest), json!({"sha256": digest})] {
            let mut question = question("prod", "ask");
            question["digest"] = form;
            ensure!(admin.post("/gate/check", question.clone()).await?["decision"] == decision, "{question}");
        }
    }
    let mut wrong = question("prod", "ask");
    wrong["digest"] = json!({"md5": "aa"});
    admin.refused(Method::POST, "/gate/check", Some(&wrong), 422, "wrong_type").await?;
    let infra = "/infrastructures/deployer-1/prod";
    for (word, policy) in [("governCheckPolicy", "WARN"), ("policy", "PREVENT")] {
        admin.put(infra, json!({word: policy})).await?;
        ensure!(admin.get(infra).await?["policy"] == policy);
    }
    let (signoff, schedule) = (format!("/items/{item}/steps/review/signoff"), json!({"months": 6, "reloadConf": true}));
    let path = format!("{signoff}/schedule-reset");
    for body in [schedule.clone(), json!({"recurrence": schedule})] {
        let set = admin.post(&path, body.clone()).await?;
        let shown = &set["signoff"]["recurrence"];
        ensure!(shown["months"] == 6 && shown["activated"] == true && shown["reloadConf"] == true, "{body} {set}");
        let stopped = admin.post(&path, json!({})).await?;
        ensure!(stopped["signoff"]["recurrence"].is_null(), "{stopped}");
    }
    let both = json!({"recurrence": {"days": 1}, "days": 2});
    admin.refused(Method::POST, &path, Some(&both), 422, "parameters_contradict").await?;
    Ok(())
}
