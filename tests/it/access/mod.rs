//! Who may do what, over HTTP.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Result, ensure};
use countersign_tests::server::{Api, Server, problem};
use reqwest::Method;
use serde_json::{Value, json};

mod leaks;
mod reports;
mod why;

const INITIATIVE: &str = "bp.system.business_initiative";

async fn person(admin: &Api, login: &str, groups: &[&str]) -> Result<Api> {
    admin.post("/users", json!({"login": login, "groups": groups})).await?;
    Ok(admin.acting_as(login))
}

async fn initiative(admin: &Api) -> Result<String> {
    let body = json!({"blueprintId": INITIATIVE, "name": "Fewer frauds", "fields": {"description": "secret plan"}});
    let made = admin.post("/items", body).await?;
    Ok(made["id"].as_str().unwrap_or_default().to_owned())
}

fn rights(words: &[&str]) -> Value {
    words.iter().map(|word| ((*word).to_owned(), json!(true))).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test]
async fn a_field_that_may_not_be_read_is_in_no_answer() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let ben = person(&admin, "ben", &[]).await?;
    let item = initiative(&admin).await?;
    let hidden = json!({
        "everyone": rights(&["read"]), "roles": [],
        "fields": [{"field": "description", "read": false}],
    });
    admin.patch(&format!("/items/{item}"), json!({"fields": {"description": "secret plan B"}})).await?;
    let seen = ben.get(&format!("/items/{item}")).await?;
    ensure!(seen["fields"]["description"] == "secret plan B", "{seen}");
    admin.put(&format!("/permissions/{INITIATIVE}"), hidden).await?;
    let paths = [
        format!("/items/{item}"),
        format!("/items?blueprint={INITIATIVE}"),
        format!("/items/{item}/timeline"),
        "/timeline?limit=1000".to_owned(),
        "/events?limit=1000".to_owned(),
        "/initiatives".to_owned(),
    ];
    for path in &paths {
        for api in [&ben, &admin] {
            let found = api.get(path).await?.to_string();
            let has = found.contains("secret plan");
            ensure!(has != std::ptr::eq(api, &ben), "{path}: {found}");
        }
    }
    // Nor in what was, when today's rights refuse it.
    let made = admin.get(&format!("/items/{item}/timeline")).await?;
    let position = made["items"][0]["position"].as_u64().unwrap_or_default();
    let then = ben.get(&format!("/items/{item}?as_of={position}")).await?.to_string();
    ensure!(!then.contains("secret plan"), "{then}");
    problem(&ben.ask(Method::GET, &format!("/events/{position}/leaf"), None).await?, 404, "not_found")?;
    let save = json!({"fields": {"description": "guess"}});
    problem(&ben.ask(Method::PATCH, &format!("/items/{item}"), Some(&save)).await?, 403, "forbidden")?;
    Ok(())
}

#[tokio::test]
async fn rules_of_one_item_give_a_role_and_the_explanation_names_them() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let ben = person(&admin, "ben", &[]).await?;
    let item = initiative(&admin).await?;
    let ask = format!("/access/why?user=ben&action=write&item={item}");
    let before = admin.get(&ask).await?;
    ensure!(before["allowed"] == false && before["grantedBy"] == json!([]), "{before}");
    ensure!(before["wouldBeGrantedBy"][0]["role"] == "ro.project_manager", "{before}");
    let to = json!([{"type": "user", "id": "ben"}]);
    let rules = json!({"assignments": [{"role": "ro.contributor", "to": to, "criteria": [{"type": "exists"}]}]});
    admin.put(&format!("/items/{item}/role-assignments"), rules).await?;
    let after = ben.get(&format!("/access/why?action=write&item={item}")).await?;
    ensure!(after["allowed"] == true && after["grantedBy"][0]["rule"] == format!("rule 1 of {item}"), "{after}");
    ben.patch(&format!("/items/{item}"), json!({"name": "Fewer still"})).await?;
    let position = before["position"].as_u64().unwrap_or_default();
    let then = admin.get(&format!("{ask}&as_of={position}")).await?;
    ensure!(then == before, "{then}");
    problem(&ben.ask(Method::GET, &format!("/items/{item}/role-assignments"), None).await?, 403, "forbidden")?;
    problem(&ben.ask(Method::GET, &ask.replace("ben", "root"), None).await?, 403, "forbidden")?;
    Ok(())
}

#[tokio::test]
async fn people_are_edited_disabled_and_deleted_and_the_last_administrator_stays() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let ben = person(&admin, "ben", &[]).await?;
    admin.patch("/users/ben", json!({"displayName": "Ben", "email": null, "profile": "READER"})).await?;
    let seen = ben.get("/users/ben").await?;
    ensure!(seen["displayName"] == "Ben" && seen["profile"] == "READER" && seen["enabled"] == true, "{seen}");
    admin.patch("/users/ben", json!({"enabled": false})).await?;
    ensure!(ben.ask(Method::GET, "/me", None).await?.status == 401);
    admin.patch("/users/ben", json!({"enabled": true})).await?;
    ensure!(ben.ask(Method::GET, "/me", None).await?.status == 200);
    admin.delete("/users/ben").await?;
    problem(&admin.ask(Method::GET, "/users/ben", None).await?, 404, "not_found")?;
    problem(&admin.ask(Method::POST, "/users", Some(&json!({"login": "ben"}))).await?, 409, "login_taken")?;
    let me = admin.get("/me").await?;
    let revoke = format!("/keys/{}", me["id"].as_str().unwrap_or_default());
    problem(&admin.ask(Method::DELETE, &revoke, None).await?, 409, "last_administrator")?;
    problem(&admin.ask(Method::DELETE, "/groups/contributors", None).await?, 409, "group_in_use")?;
    Ok(())
}

#[tokio::test]
async fn an_architect_designs_rights_and_administers_nobody() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.post("/groups", json!({"name": "designers", "architect": true})).await?;
    let ada = person(&admin, "ada", &["designers"]).await?;
    ada.post("/roles", json!({"id": "ro.auditor", "label": "Auditor"})).await?;
    problem(&ada.ask(Method::DELETE, "/roles/ro.reader", None).await?, 409, "role_in_use")?;
    let rules = json!({"blueprintId": INITIATIVE, "assignments": []});
    problem(&ada.ask(Method::POST, "/role-assignments", Some(&rules)).await?, 409, "assignments_exist")?;
    let body = json!({"blueprintId": INITIATIVE, "permissions": {"everyone": rights(&["read"])}});
    ada.post("/permissions", body.clone()).await?;
    problem(&ada.ask(Method::POST, "/permissions", Some(&body)).await?, 409, "permissions_exist")?;
    ada.delete(&format!("/permissions/{INITIATIVE}")).await?;
    problem(&ada.ask(Method::GET, &format!("/permissions/{INITIATIVE}"), None).await?, 404, "not_found")?;
    problem(&ada.ask(Method::POST, "/users", Some(&json!({"login": "x"}))).await?, 403, "forbidden")?;
    Ok(())
}

#[tokio::test]
async fn who_names_himself_is_marked_in_the_timeline() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let mia = person(&admin, "mia", &["project_managers"]).await?;
    person(&admin, "bo", &[]).await?;
    let made = admin.post("/items", json!({"blueprintId": "bp.system.govern_project", "name": "P"})).await?;
    let item = made["id"].as_str().unwrap_or_default();
    for (login, is_marked) in [("bo", false), ("mia", true)] {
        mia.patch(&format!("/items/{item}"), json!({"fields": {"final_approvers": [login]}})).await?;
        let timeline = admin.get(&format!("/items/{item}/timeline?order=desc&limit=1")).await?;
        let marks = &timeline["items"][0]["marks"];
        ensure!((marks == &json!(["named_oneself"])) == is_marked, "{timeline}");
    }
    Ok(())
}
