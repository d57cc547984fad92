//! Bad input over HTTP: each gets its own clear error, and nothing is half done.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Result, ensure};
use countersign_tests::server::{Server, problem};
use reqwest::Method;
use serde_json::{Value, json};

const INITIATIVE: &str = "bp.system.business_initiative";

async fn head(server: &Server) -> Result<Value> {
    Ok(server.admin().get("/events?limit=1").await?["position"].clone())
}

#[tokio::test]
async fn malformed_json_is_400_and_wrong_json_422_with_the_field_named() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let before = head(&server).await?;
    for (text, status, code, field) in [
        ("{", 400, "malformed_json", None),
        ("{} {}", 400, "malformed_json", None),
        ("nonsense", 400, "malformed_json", None),
        (r#"{"name":"x"}"#, 422, "missing_field", Some("blueprintId")),
        (r#"{"blueprintId":1,"name":"x"}"#, 422, "wrong_type", Some("blueprintId")),
        (r#"{"blueprintId":"b","name":"x","colour":"red"}"#, 422, "unknown_field", Some("colour")),
        (r#"{"blueprintId":"b","name":"x","name":"y"}"#, 422, "duplicate_field", Some("name")),
        (r#"{"blueprintId":"b","name":"x","fields":[]}"#, 422, "wrong_type", Some("fields")),
        ("[]", 422, "wrong_type", Some("body")),
        (r#""text""#, 422, "wrong_type", Some("body")),
    ] {
        let answer = admin.send(admin.request(Method::POST, "/items").body(text)).await?;
        let refused = problem(&answer, status, code)?;
        if let Some(field) = field {
            ensure!(refused["fields"][0]["field"] == field, "{text}: {refused}");
        }
    }
    ensure!(head(&server).await? == before, "something was half done");
    Ok(())
}

#[tokio::test]
async fn a_body_beyond_its_bound_is_413() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let large = json!({"blueprintId": INITIATIVE, "name": "x".repeat(1024 * 1024)});
    admin.refused(Method::POST, "/items", Some(&large), 413, "body_too_large").await?;
    Ok(())
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named_and_nothing_is_saved() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let made = admin.post("/items", json!({"blueprintId": INITIATIVE, "name": "Fewer frauds"})).await?;
    let path = format!("/items/{}", made["id"].as_str().unwrap_or_default());
    let before = admin.ask(Method::GET, &path, None).await?.bytes;
    let save = json!({"name": "Renamed", "fields": {"no_such_field": 1}});
    let refused = admin.refused(Method::PATCH, &path, Some(&save), 422, "fields_invalid").await?;
    ensure!(refused["fields"][0]["field"] == "no_such_field", "{refused}");
    ensure!(refused["position"].is_u64(), "{refused}");
    ensure!(admin.ask(Method::GET, &path, None).await?.bytes == before, "half saved");
    let steps = json!({"steps": {"ideation": "DONE"}});
    let refused = admin.refused(Method::PATCH, &path, Some(&steps), 422, "unknown_value").await?;
    ensure!(refused["fields"][0]["field"] == "steps.ideation", "{refused}");
    Ok(())
}

#[tokio::test]
async fn what_does_not_exist_is_404_whatever_its_form() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    for path in [
        "/items/ar.999",
        "/items/nonsense",
        "/items/ar.01",
        "/items/ar.999/timeline",
        "/items/ar.999/comments",
        "/items/ar.1/steps/none/signoff",
        "/files/uf.9",
        "/files/uf.9/content",
        "/events/999999/leaf",
        "/events/x/leaf",
        "/projections/none/digest",
        "/infrastructures/d/none",
    ] {
        admin.refused(Method::GET, path, None, 404, "not_found").await?;
    }
    admin.refused(Method::POST, "/items/ar.999/archive", None, 404, "not_found").await?;
    admin.refused(Method::POST, "/items/x/steps/y/finish", None, 404, "not_found").await?;
    admin.refused(Method::GET, "/nothing", None, 404, "route_not_found").await?;
    admin.refused(Method::PUT, "/items", Some(&json!({})), 405, "method_not_allowed").await?;
    Ok(())
}

#[tokio::test]
async fn a_wrong_parameter_is_422_and_named() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    for (path, code, field) in [
        ("/items?limit=0", "limit_out_of_range", "limit"),
        ("/items?limit=1001", "limit_out_of_range", "limit"),
        ("/items?limit=many", "parameter_invalid", "limit"),
        ("/items?cursor=!", "cursor_invalid", "cursor"),
        ("/items?sort=colour", "unknown_value", "sort"),
        ("/items?signoff=DONE", "unknown_value", "signoff"),
        ("/items?governed=perhaps", "parameter_invalid", "governed"),
        ("/items?as_of=x", "parameter_invalid", "as_of"),
        ("/items?as_of=999999", "as_of_beyond_head", "as_of"),
        ("/items?as_of_time=yesterday", "parameter_invalid", "as_of_time"),
        ("/events?type=Nothing", "unknown_event_type", "type"),
        ("/timeline?order=up", "unknown_value", "order"),
    ] {
        let refused = admin.refused(Method::GET, path, None, 422, code).await?;
        ensure!(refused["fields"][0]["field"] == field, "{path}: {refused}");
    }
    Ok(())
}

#[tokio::test]
async fn a_position_that_does_not_come_is_503_with_a_time_to_try_again() -> Result<()> {
    let server = Server::start()?;
    let answer = server.admin().ask(Method::GET, "/me?min_position=999999", None).await?;
    problem(&answer, 503, "position_not_reached")?;
    ensure!(answer.header("retry-after") == "1", "{:?}", answer.headers);
    Ok(())
}

#[tokio::test]
async fn commands_without_fields_take_no_body_and_an_empty_object_and_refuse_others() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let made = admin.post("/items", json!({"blueprintId": INITIATIVE, "name": "Fewer frauds"})).await?;
    let path = format!("/items/{}", made["id"].as_str().unwrap_or_default());
    let archived = admin.ask(Method::POST, &format!("{path}/archive"), None).await?;
    ensure!(archived.status == 200 && archived.json()["events"][0]["type"] == "ItemArchived", "{}", archived.json());
    let again = admin.post(&format!("{path}/archive"), json!({})).await?;
    ensure!(again["events"] == json!([]), "a wish fulfilled already gives no events: {again}");
    let other = json!({"why": "tidy"});
    admin.refused(Method::POST, &format!("{path}/restore"), Some(&other), 422, "unknown_field").await?;
    ensure!(admin.get(&path).await?["archived"] == true);
    Ok(())
}
