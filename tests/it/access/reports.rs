//! Reports on separation of duties, over a history made by real requests.

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{Api, Server, problem};
use reqwest::Method;
use serde_json::{Value, json};

use super::person;

const PROJECT: &str = "bp.system.govern_project";
const BUNDLE: &str = "bp.system.govern_bundle";

async fn made(api: &Api, body: Value) -> Result<String> {
    Ok(api.post("/items", body).await?["id"].as_str().context("an id")?.to_owned())
}

async fn bundle(api: &Api, project: &str, name: &str) -> Result<String> {
    let fields = json!({"govern_project": project});
    let item = made(api, json!({"blueprintId": BUNDLE, "name": name, "fields": fields})).await?;
    api.post(&format!("/items/{item}/steps/development/finish"), json!({})).await?;
    Ok(item)
}

async fn approve(requester: &Api, approver: &Api, item: &str) -> Result<()> {
    let to = |action: &str| format!("/items/{item}/steps/review/signoff/{action}");
    requester.post(&to("request-approval"), json!({"notify": []})).await?;
    approver.post(&to("approval"), json!({"status": "APPROVED"})).await?;
    Ok(())
}

/// Everything of a list, in pages of one.
async fn paged(api: &Api, path: &str) -> Result<Vec<Value>> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    for _ in 0..50 {
        let page = api.get(&format!("{path}{}limit=1{cursor}", if path.contains('?') { '&' } else { '?' })).await?;
        items.extend(page["items"].as_array().cloned().unwrap_or_default());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(items),
        }
    }
    anyhow::bail!("{path} does not end")
}

#[tokio::test]
async fn who_approves_what_he_built_requested_or_reviewed_is_reported_and_nobody_else() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let mia = person(&admin, "mia", &["project_managers"]).await?;
    let bo = person(&admin, "bo", &[]).await?;
    let people = json!({"final_approvers": ["mia", "bo"], "business_reviewers": ["mia"]});
    let project = made(&admin, json!({"blueprintId": PROJECT, "name": "P", "fields": people})).await?;
    let hers = bundle(&mia, &project, "Hers").await?;
    approve(&mia, &mia, &hers).await?;
    let apart = bundle(&mia, &project, "Apart").await?;
    approve(&mia, &bo, &apart).await?;
    let reviewed = bundle(&admin, &project, "Reviewed").await?;
    let to = |action: &str| format!("/items/{reviewed}/steps/review/signoff/{action}");
    admin.post(&to("request-feedback"), json!({"notify": []})).await?;
    mia.post(&to("reviews"), json!({"group": "business", "status": "APPROVED"})).await?;
    approve(&admin, &mia, &reviewed).await?;
    let duties = admin.get("/reports/duties").await?;
    let told: Vec<(Value, Vec<Value>)> = duties["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            let also = one["also"].as_array().into_iter().flatten().map(|also| also["duty"].clone());
            (one["itemId"].clone(), also.collect())
        })
        .collect();
    ensure!(
        told == [(json!(hers), vec![json!("built"), json!("requested")]), (json!(reviewed), vec![json!("reviewed")])],
        "{duties}"
    );
    ensure!(duties["items"][0]["approver"] == "mia" && duties["items"][0]["status"] == "APPROVED", "{duties}");
    ensure!(paged(&admin, "/reports/duties").await? == *duties["items"].as_array().context("a list")?);
    let position = duties["items"][0]["position"].as_u64().context("a position")? - 1;
    ensure!(admin.get(&format!("/reports/duties?as_of={position}")).await?["items"] == json!([]));
    problem(&mia.ask(Method::GET, "/reports/duties", None).await?, 403, "forbidden")?;
    Ok(())
}

#[tokio::test]
async fn a_gate_whose_roles_are_empty_is_reported_until_somebody_holds_them() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    person(&admin, "bo", &[]).await?;
    let project = made(&admin, json!({"blueprintId": PROJECT, "name": "P"})).await?;
    let item = bundle(&admin, &project, "B").await?;
    let gates = admin.get("/reports/gates").await?;
    let found = gates["items"][0].clone();
    ensure!(found["itemId"] == item && found["code"] == "no_approver" && found["able"] == 0, "{gates}");
    ensure!(found["approvers"] == json!([{"type": "role", "id": "ro.final_approver"}]), "{found}");
    ensure!(found["emptyGroups"].as_array().map(Vec::len) == Some(3), "{found}");
    let all = ["final_approvers", "business_reviewers", "it_operations_reviewers", "risk_compliance_reviewers"];
    for (number, field) in all.into_iter().enumerate() {
        let last = admin.patch(&format!("/items/{project}"), json!({"fields": {field: ["bo"]}})).await?;
        let gates = admin.get("/reports/gates").await?;
        let code = &gates["items"][0]["code"];
        ensure!(if number < 3 { code == "group_empty" } else { code.is_null() }, "{field}: {gates}");
        ensure!(last["position"].is_u64());
    }
    // And what was is still told.
    let then = gates["position"].as_u64().context("a position")?;
    ensure!(admin.get(&format!("/reports/gates?as_of={then}")).await? == gates);
    Ok(())
}

#[tokio::test]
async fn who_could_approve_then_is_told_with_the_rule_and_who_did() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.post("/groups", json!({"name": "board"})).await?;
    let (ana, _) = (person(&admin, "ana", &["board"]).await?, person(&admin, "bo", &["board"]).await?);
    let people = json!({"final_approvers": ["board"]});
    let project = made(&admin, json!({"blueprintId": PROJECT, "name": "P", "fields": people})).await?;
    let item = bundle(&admin, &project, "B").await?;
    approve(&admin, &ana, &item).await?;
    let path = format!("/reports/could-approve?item={item}");
    let then = admin.get(&path).await?;
    let names =
        |told: &Value| told["items"].as_array().into_iter().flatten().map(|one| one["who"].clone()).collect::<Vec<_>>();
    ensure!(names(&then) == ["ana", "bo"], "{then}");
    let [first, second] = [&then["items"][0], &then["items"][1]];
    ensure!(first["decided"] == "APPROVED" && second["decided"].is_null(), "{then}");
    let through = &second["through"][0];
    ensure!(through["id"] == "ro.final_approver" && through["groups"] == json!(["board"]), "{then}");
    ensure!(through["rules"][0].as_str().is_some_and(|rule| rule.ends_with("of bp.system.govern_project")), "{then}");
    let at = then["position"].as_u64().context("a position")?;
    admin.patch("/users/bo", json!({"groups": []})).await?;
    ensure!(names(&admin.get(&path).await?) == ["ana"]);
    ensure!(names(&admin.get(&format!("{path}&as_of={at}")).await?) == ["ana", "bo"]);
    problem(&ana.ask(Method::GET, &path, None).await?, 403, "forbidden")?;
    Ok(())
}

#[tokio::test]
async fn what_changed_in_who_may_do_what_is_told_between_two_dates() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    person(&admin, "coe", &["contributors"]).await?;
    let project = made(&admin, json!({"blueprintId": PROJECT, "name": "P"})).await?;
    let from = admin.get("/me").await?["position"].as_u64();
    let from = match from {
        Some(from) => from,
        None => admin.get("/items").await?["position"].as_u64().context("a position")?,
    };
    let same = admin.get(&format!("/reports/access-changes?from={from}&to={from}")).await?;
    ensure!(same["items"] == json!([]), "{same}");
    admin.patch("/users/coe", json!({"groups": []})).await?;
    admin.patch(&format!("/items/{project}"), json!({"fields": {"final_approvers": ["coe"]}})).await?;
    let to = admin.get("/items").await?["position"].as_u64().context("a position")?;
    let path = format!("/reports/access-changes?from={from}&to={to}");
    let told = admin.get(&path).await?;
    let find = |what: &str, subject: &str, blueprint: Value| {
        let all = told["items"].as_array().into_iter().flatten();
        all.clone()
            .find(|one| one["what"] == what && one["subject"] == subject && one["blueprint"] == blueprint)
            .cloned()
    };
    let rights = find("rights", "coe", json!(PROJECT)).with_context(|| told.to_string())?;
    ensure!(rights["before"] == json!(["read", "write", "create"]) && rights["after"] == json!(["read"]), "{rights}");
    let person = find("person", "coe", Value::Null).with_context(|| told.to_string())?;
    ensure!(
        person["before"]["groups"] == json!(["contributors"]) && person["after"]["groups"] == json!([]),
        "{person}"
    );
    let field = find("people", &format!("{project} final_approvers"), Value::Null).with_context(|| told.to_string())?;
    ensure!(field["before"].is_null() && field["after"] == json!(["coe"]), "{field}");
    ensure!(paged(&admin, &path).await? == *told["items"].as_array().context("a list")?);
    let wrong = format!("/reports/access-changes?from={to}&to={from}");
    problem(&admin.ask(Method::GET, &wrong, None).await?, 422, "parameter_invalid")?;
    Ok(())
}
