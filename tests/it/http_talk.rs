//! Comments and pages over HTTP.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Result, ensure};
use countersign_tests::server::Server;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_comment_is_changed_and_taken_back_by_its_author_and_its_history_stays() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.post("/users", json!({"login": "ana", "groups": ["project_managers"]})).await?;
    admin.post("/users", json!({"login": "bo", "groups": ["project_managers"]})).await?;
    let (ana, bo) = (admin.acting_as("ana"), admin.acting_as("bo"));
    let body = json!({"blueprintId": "bp.system.business_initiative", "name": "Fewer frauds"});
    let item = ana.post("/items", body).await?["id"].as_str().unwrap_or_default().to_owned();
    let thread = format!("/items/{item}/comments");
    for text in ["one", "two", "three"] {
        ana.post(&thread, json!({"text": text})).await?;
    }
    let first = ana.get(&format!("{thread}?limit=2")).await?;
    let cursor = first["nextCursor"].as_str().unwrap_or_default();
    let second = ana.get(&format!("{thread}?limit=2&cursor={cursor}")).await?;
    ensure!(first["items"][1]["text"] == "two" && second["items"][0]["text"] == "three", "{first} {second}");
    ensure!(second["items"][1].is_null() && second["nextCursor"].is_null(), "{second}");

    let one = format!("{thread}/{}", first["items"][0]["id"].as_str().unwrap_or_default());
    let text = json!({"text": "uno"});
    bo.refused(Method::PUT, &one, Some(&text), 403, "comment_of_another").await?;
    bo.refused(Method::DELETE, &one, None, 403, "comment_of_another").await?;
    ana.put(&one, text.clone()).await?;
    ensure!(ana.put(&one, text).await?["events"] == json!([]));
    let told = ana.get(&thread).await?["items"][0].clone();
    ensure!(told["text"] == "uno" && told["author"] == "ana" && told["editedAt"].is_string(), "{told}");
    ana.delete(&one).await?;
    ana.refused(Method::DELETE, &one, None, 404, "not_found").await?;
    ensure!(ana.get(&thread).await?["items"][0]["text"] == "two");
    let timeline = ana.get(&format!("/items/{item}/timeline")).await?;
    let types: Vec<_> = timeline["items"].as_array().into_iter().flatten().filter_map(|e| e["type"].as_str()).collect();
    ensure!(types.contains(&"CommentEdited") && types.contains(&"CommentDeleted"), "{timeline}");
    Ok(())
}

#[tokio::test]
async fn the_page_of_an_item_is_read_as_it_is_and_as_it_was() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let body = json!({"blueprintId": "bp.system.business_initiative", "name": "Fewer frauds"});
    let item = admin.post("/items", body).await?["id"].as_str().unwrap_or_default().to_owned();
    let page = format!("/items/{item}/page");
    admin.refused(Method::GET, &page, None, 404, "not_found").await?;
    let set = admin.put(&page, json!({"text": "# Why\n\nBecause."})).await?;
    ensure!(set["events"][0]["type"] == "PageSet", "{set}");
    admin.put(&page, json!({"text": "# Why not"})).await?;
    ensure!(admin.get(&page).await?["text"] == "# Why not");
    let then = admin.get(&format!("{page}?as_of={}", set["position"])).await?;
    ensure!(then["text"] == "# Why\n\nBecause." && then["position"] == set["position"], "{then}");
    admin.refused(Method::PUT, &page, Some(&json!({"text": " "})), 422, "page_empty").await?;
    admin.refused(Method::PUT, &page, Some(&json!({"body": "x"})), 422, "unknown_field").await?;
    admin.delete(&page).await?;
    admin.refused(Method::GET, &page, None, 404, "not_found").await?;
    Ok(())
}
