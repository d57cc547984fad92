//! Templates over HTTP, from the fork of a standard one to the sign-off of what is governed with it.

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{Api, Server};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{Estate, line, project};

const MODEL_VERSIONS: &str = "/blueprints/bp.system.govern_model_version/versions";
const CAR: &str = "/blueprints/bp.car";

fn events(done: &Value) -> Vec<&str> {
    done["events"].as_array().into_iter().flatten().filter_map(|event| event["type"].as_str()).collect()
}

async fn people(admin: &Api) -> Result<()> {
    let all = [("ana", "business"), ("rik", "risk"), ("bo", "approvers"), ("cy", "legal"), ("meg", "project_managers")];
    for (login, group) in all {
        if group != "project_managers" {
            admin.post("/groups", json!({"name": group})).await?;
        }
        admin.post("/users", json!({"login": login, "groups": [group]})).await?;
    }
    Ok(())
}

/// Two groups give feedback; two approve, one of them from `legal`; who reviewed or requested may not.
fn quorum() -> Value {
    let group = |id: &str| json!({"kind": "group", "id": id});
    json!({
        "title": "Review of four eyes", "description": "Two approvals, one of them by legal", "mandatory": true,
        "groups": [
            {"id": "business", "title": "Business", "members": [group("business")]},
            {"id": "risk", "title": "Risk", "members": [group("risk"), {"kind": "user", "id": "bo"}]},
        ],
        "approvers": [group("approvers"), group("legal"), group("business"), group("project_managers")],
        "recurrence": {"activated": true, "days": 0, "weeks": 0, "months": 6, "years": 0, "reloadConf": true},
        "requesterMayNotApprove": true, "reviewerMayNotApprove": true, "impersonationRefused": false,
        "approvalsNeeded": 2, "approvalNeededFrom": group("legal"), "expiresAfterMillis": 31_536_000_000_i64,
    })
}

/// Forks the standard template of model versions, adds a field and the quorum, and activates it.
async fn forked(admin: &Api) -> Result<()> {
    let standard = format!("{MODEL_VERSIONS}/bv.system.default");
    let done = admin.post(&format!("{standard}/fork"), json!({"versionId": "bv.strict", "name": "Strict"})).await?;
    ensure!(done["id"] == "bv.strict" && events(&done) == ["VersionCreated", "SignoffConfigured"], "{done}");
    let strict = format!("{MODEL_VERSIONS}/bv.strict");
    let mut document = admin.get(&strict).await?["blueprintVersion"].clone();
    document["fieldDefinitions"]["fairness_note"] = json!({"fieldType": "TEXT", "label": "Fairness"});
    let body = json!({"blueprintVersion": document});
    admin.refused(Method::PUT, &standard, Some(&body), 409, "standard_template").await?;
    admin.refused(Method::DELETE, &standard, None, 409, "standard_template").await?;
    ensure!(events(&admin.put(&strict, body).await?) == ["VersionEdited"]);
    let signoff = format!("{strict}/steps/review/signoff");
    ensure!(events(&admin.put(&signoff, quorum()).await?) == ["SignoffConfigured"]);
    ensure!(events(&admin.put(&signoff, quorum()).await?).is_empty());
    ensure!(admin.get(&signoff).await? == quorum(), "{}", admin.get(&signoff).await?);
    let diff = admin.get(&format!("{strict}/diff")).await?;
    ensure!(diff["against"] == "bv.system.default" && diff["fields"]["added"] == json!(["fairness_note"]), "{diff}");
    ensure!(diff["signoffConfigurations"]["changed"] == json!(["review"]), "{diff}");
    ensure!(diff["parts"]["changed"] == json!(["name"]) && diff["steps"]["added"] == json!([]), "{diff}");
    admin.put(&format!("{strict}/status"), json!({"status": "ACTIVE"})).await?;
    Ok(())
}

/// A model version that a node told of, governed with its parents under the forked template.
async fn governed(estate: &Estate) -> Result<String> {
    let model = json!({"projectKey": "FRAUD", "modelId": "m1", "name": "Fraud", "revision": 1});
    let version = json!({"projectKey": "FRAUD", "modelId": "m1", "versionId": "v1", "name": "v1", "revision": 1});
    let lines = [
        project("design-1", "FRAUD", &[], "", 1),
        line("design-1", "saved_model", &model),
        line("design-1", "saved_model_version", &version),
    ];
    estate.tell(&lines).await;
    let source = estate.find("bp.system.dataiku_saved_model_version", "v1").await?;
    let govern = format!("/items/{source}/govern");
    let unnamed = json!({"governParents": true});
    estate.admin.refused(Method::POST, &govern, Some(&unnamed), 422, "template_needed").await?;
    estate.govern(&source, json!({"governParents": true, "template": "bv.strict"})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_with_a_field_and_a_quorum_governs_and_signs_off() -> Result<()> {
    let estate = Estate::start().await?;
    let admin = &estate.admin;
    people(admin).await?;
    forked(admin).await?;
    let item = governed(&estate).await?;
    let path = format!("/items/{item}");
    ensure!(admin.get(&path).await?["versionId"] == "bv.strict");
    let meg = admin.acting_as("meg");
    let fields = json!({"fields": {"fairness_note": "Looked at"}, "steps": {"development": "FINISHED"}});
    let saved = meg.patch(&path, fields).await?;
    ensure!(saved["item"]["fields"]["fairness_note"] == "Looked at", "{saved}");

    let signoff = format!("{path}/steps/review/signoff");
    meg.post(&format!("{signoff}/request-feedback"), json!({})).await?;
    for (login, group) in [("ana", "business"), ("rik", "risk")] {
        let review = json!({"group": group, "status": "APPROVED"});
        admin.acting_as(login).post(&format!("{signoff}/reviews"), review).await?;
    }
    meg.post(&format!("{signoff}/request-approval"), json!({})).await?;
    let approval = format!("{signoff}/approval");
    let yes = json!({"status": "APPROVED"});
    meg.refused(Method::POST, &approval, Some(&yes), 403, "requester_may_not_approve").await?;
    admin.acting_as("ana").refused(Method::POST, &approval, Some(&yes), 403, "reviewer_may_not_approve").await?;
    admin.acting_as("rik").refused(Method::POST, &approval, Some(&yes), 403, "not_an_approver").await?;
    let one = admin.acting_as("bo").post(&approval, yes.clone()).await?;
    ensure!(one["signoff"]["status"] == "WAITING_FOR_APPROVAL", "{one}");
    let steps = json!({"steps": {"review": "FINISHED"}});
    meg.refused(Method::PATCH, &path, Some(&steps), 409, "signoff_not_approved").await?;
    let two = admin.acting_as("cy").post(&approval, yes).await?;
    ensure!(two["signoff"]["status"] == "APPROVED", "{two}");
    ensure!(two["signoff"]["expiresAt"].is_string() && two["signoff"]["resetDue"].is_string(), "{two}");
    meg.patch(&path, steps).await?;

    // The step leaves the template: what was approved stays readable, and the gate has nothing to rely on.
    let strict = format!("{MODEL_VERSIONS}/bv.strict");
    let mut document = admin.get(&strict).await?["blueprintVersion"].clone();
    let steps = document["workflowDefinition"]["stepDefinitions"].as_array_mut().context("steps")?;
    steps.retain(|step| step["id"] != "review");
    let mut body = json!({"blueprintVersion": document});
    let refused = admin.refused(Method::PUT, &strict, Some(&body), 409, "template_in_use").await?;
    ensure!(refused["detail"].as_str().is_some_and(|text| text.contains("the step review of 1")), "{refused}");
    body["dangerZoneAccepted"] = json!(true);
    let done = admin.put(&strict, body).await?;
    ensure!(events(&done) == ["VersionEdited", "SignoffConfigurationRemoved", "ItemMigrated"], "{done}");
    let left = admin.get(&path).await?;
    let former = &left["formerSignoffs"][0];
    ensure!(former["stepId"] == "review" && former["history"][0]["status"] == "APPROVED", "{left}");
    ensure!(former["history"][0]["approvals"][1]["author"] == "cy", "{left}");
    admin.refused(Method::GET, &signoff, None, 404, "not_found").await?;

    // Back to the standard template: its review begins anew and remembers.
    let migrate = format!("{path}/migrate");
    let to = json!({"versionId": "bv.system.default"});
    meg.refused(Method::POST, &migrate, Some(&to), 409, "migration_loses").await?;
    let to = json!({"versionId": "bv.system.default", "dangerZoneAccepted": true});
    let moved = meg.post(&migrate, to.clone()).await?;
    ensure!(events(&moved) == ["ItemMigrated", "SignoffOpened"], "{moved}");
    ensure!(moved["item"]["fields"]["fairness_note"].is_null(), "{moved}");
    ensure!(events(&meg.post(&migrate, to).await?).is_empty());
    let again = admin.get(&signoff).await?;
    ensure!(again["cycle"] == 2 && again["history"][0]["status"] == "APPROVED", "{again}");
    Ok(())
}

#[tokio::test]
async fn blueprints_are_made_listed_changed_and_deleted() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.post("/users", json!({"login": "rob"})).await?;
    let body = json!({"blueprintId": "bp.car", "name": "Car", "document": {"icon": "car", "z": 1, "a": 2}});
    admin.acting_as("rob").refused(Method::POST, "/blueprints", Some(&body), 403, "forbidden").await?;
    ensure!(admin.post("/blueprints", body.clone()).await?["id"] == "bp.car");
    admin.refused(Method::POST, "/blueprints", Some(&body), 409, "blueprint_exists").await?;
    let found = admin.acting_as("rob").get(CAR).await?;
    ensure!(serde_json::to_string(&found["document"])? == r#"{"icon":"car","z":1,"a":2}"#, "{found}");
    let first = admin.get("/blueprints?limit=3").await?;
    let cursor = first["nextCursor"].as_str().unwrap_or_default();
    let rest = admin.get(&format!("/blueprints?cursor={cursor}")).await?;
    let count = |page: &Value| page["items"].as_array().map_or(0, Vec::len);
    ensure!(first["items"][0]["id"] == "bp.car" && count(&first) == 3 && count(&rest) == 14, "{first} {rest}");
    admin.put(CAR, json!({"name": "Automobile"})).await?;
    ensure!(admin.get(CAR).await?["name"] == "Automobile");
    admin.post(&format!("{CAR}/versions"), json!({"versionId": "bv.one"})).await?;
    let one = format!("{CAR}/versions/bv.one");
    admin.put(&format!("{one}/status"), json!({"status": "ACTIVE"})).await?;
    let item = admin.post("/items", json!({"blueprintId": "bp.car", "name": "Mine"})).await?["id"].clone();
    admin.refused(Method::DELETE, CAR, None, 409, "blueprint_in_use").await?;
    admin.refused(Method::DELETE, &one, None, 409, "template_in_use").await?;
    admin.delete(&format!("/items/{}", item.as_str().unwrap_or_default())).await?;
    admin.delete(&one).await?;
    ensure!(admin.get(&format!("{CAR}/versions")).await?["items"] == json!([]));
    admin.delete(CAR).await?;
    admin.refused(Method::GET, CAR, None, 404, "not_found").await?;
    let locked = "/blueprints/bp.system.dataiku_project/versions";
    let body = json!({"versionId": "bv.x"});
    admin.refused(Method::POST, locked, Some(&body), 409, "blueprint_locked").await?;
    Ok(())
}

#[tokio::test]
async fn what_one_instance_exports_another_imports_as_a_draft_without_people() -> Result<()> {
    let (here, there) = (Server::start()?, Server::start()?);
    let (here, there) = (here.admin(), there.admin());
    people(&here).await?;
    forked(&here).await?;
    let strict = format!("{MODEL_VERSIONS}/bv.strict");
    let exported = here.get(&format!("{strict}/export")).await?;
    ensure!(exported["origin"] == "bv.system.default" && exported["status"] == "ACTIVE", "{exported}");
    let import = format!("{strict}/import");
    there.post(&import, exported.clone()).await?;
    there.refused(Method::POST, &import, Some(&exported), 409, "version_exists").await?;
    let imported = there.get(&strict).await?;
    ensure!(imported["status"] == "DRAFT" && imported["origin"].is_null(), "{imported}");
    let document = |of: &Value| of["blueprintVersion"].to_string();
    ensure!(document(&imported) == document(&exported), "{imported}");
    let signoff = &imported["signoffConfigurations"]["review"];
    ensure!(signoff["approvers"] == json!([]) && signoff["groups"][1]["members"] == json!([]), "{signoff}");
    ensure!(signoff["approvalsNeeded"] == 2 && signoff["approvalNeededFrom"].is_null(), "{signoff}");
    there.refused(Method::GET, &format!("{strict}/diff"), None, 422, "parameter_missing").await?;
    let diff = there.get(&format!("{strict}/diff?against=bv.system.default")).await?;
    ensure!(diff["fields"]["added"] == json!(["fairness_note"]), "{diff}");
    let unknown = json!({"blueprintVersion": {}, "x": 1});
    there.refused(Method::POST, &import, Some(&unknown), 422, "unknown_field").await?;
    let body = json!({"blueprintVersion": {"fieldDefinitions": {"x": {"fieldType": "COLOUR"}}}});
    there.refused(Method::PUT, &strict, Some(&body), 422, "template_invalid").await?;
    let large = json!({"blueprintVersion": {"hooks": "x".repeat(60_000)}});
    there.refused(Method::PUT, &strict, Some(&large), 422, "event_too_large").await?;
    let nobody = json!({"approvers": [{"kind": "user", "id": "nobody"}]});
    let step = format!("{strict}/steps/review/signoff");
    there.refused(Method::PUT, &step, Some(&nobody), 422, "unknown_user").await?;
    let nobody = json!({"approvers": [{"kind": "group", "id": "nobody"}]});
    there.refused(Method::PUT, &step, Some(&nobody), 422, "signoff_configuration_invalid").await?;
    there.delete(&step).await?;
    there.refused(Method::GET, &step, None, 404, "not_found").await?;
    Ok(())
}
