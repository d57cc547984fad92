//! Search, tables, orders and the inbox over HTTP, for people who may read little.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use countersign_tests::server::{Api, Server, problem};
use reqwest::Method;
use serde_json::{Value, json};

const INITIATIVE: &str = "bp.system.business_initiative";

async fn make(api: &Api, name: &str) -> Result<String> {
    let made = api.post("/items", json!({"blueprintId": INITIATIVE, "name": name})).await?;
    Ok(made["id"].as_str().unwrap_or_default().to_owned())
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().into_iter().flatten().filter_map(|item| item["id"].as_str()).collect()
}

#[tokio::test]
async fn a_search_finds_all_words_by_their_beginnings_and_pages() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let mut made = BTreeSet::new();
    for number in 0..5 {
        made.insert(make(&admin, &format!("Fewer card frauds, part {number}")).await?);
    }
    make(&admin, "Fewer complaints").await?;
    let (mut seen, mut path) = (BTreeSet::new(), "/search?q=FRAU+fewer&limit=2".to_owned());
    for _page in 0..4 {
        let page = admin.get(&path).await?;
        for id in ids(&page) {
            ensure!(seen.insert(id.to_owned()), "{id} twice");
        }
        // What comes in between does not disturb the pages.
        make(&admin, "Another").await?;
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/search?q=FRAU+fewer&limit=2&cursor={cursor}");
    }
    ensure!(seen == made, "{seen:?} is not {made:?}");
    ensure!(ids(&admin.get("/items?q=complaints").await?).len() == 1);
    ensure!(admin.get("/search?q=nothingofthekind").await?["items"] == json!([]));
    problem(&admin.ask(Method::GET, "/search?q=+", None).await?, 422, "parameter_missing")?;
    Ok(())
}

#[tokio::test]
async fn items_are_sorted_by_name_making_and_change() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let (b, a) = (make(&admin, "Beta").await?, make(&admin, "alpha").await?);
    let sorted = async |sort: &str| {
        let list = admin.get(&format!("/items?blueprint={INITIATIVE}&sort={sort}")).await?;
        anyhow::Ok(ids(&list).into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    ensure!(sorted("name").await? == [a.clone(), b.clone()]);
    ensure!(sorted("created").await? == [b.clone(), a.clone()]);
    admin.ask(Method::PATCH, &format!("/items/{b}"), Some(&json!({"name": "Beta 2"}))).await?;
    ensure!(sorted("-modified").await? == [b.clone(), a.clone()]);
    ensure!(sorted("step").await?.len() == 2);
    problem(&admin.ask(Method::GET, "/items?sort=weight", None).await?, 422, "unknown_value")?;
    ensure!(admin.get("/governed-projects?sort=-step").await?["items"] == json!([]));
    Ok(())
}
