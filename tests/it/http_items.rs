//! Items over HTTP: idempotency, expectations, time travel, paging.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Result, ensure};
use countersign_tests::server::{Api, Server, problem};
use reqwest::Method;
use serde_json::{Value, json};

const INITIATIVE: &str = "bp.system.business_initiative";

async fn make(api: &Api, name: &str) -> Result<String> {
    let made = api.post("/items", json!({"blueprintId": INITIATIVE, "name": name})).await?;
    ensure!(made["item"]["name"] == name && made["item"]["id"] == made["id"], "{made}");
    Ok(made["id"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_same_idempotency_key_gives_the_first_answer_again_and_makes_nothing() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let post = |name: &str| {
        let body = json!({"blueprintId": INITIATIVE, "name": name});
        admin.request(Method::POST, "/items").header("Idempotency-Key", "wish-1").json(&body)
    };
    let first = admin.send(post("Fewer frauds")).await?;
    ensure!(first.status == 201, "{}", first.json());
    make(&admin, "Something else in between").await?;
    let again = admin.send(post("Fewer frauds")).await?;
    ensure!(again.status == 201 && again.bytes == first.bytes, "{} {}", first.json(), again.json());
    problem(&admin.send(post("More frauds")).await?, 422, "idempotency_key_reused")?;
    let list = admin.get(&format!("/items?blueprint={INITIATIVE}")).await?;
    ensure!(list["items"].as_array().map(Vec::len) == Some(2), "{list}");

    let long = admin.request(Method::POST, "/items").header("Idempotency-Key", "x".repeat(256));
    let long = long.json(&json!({"blueprintId": INITIATIVE, "name": "x"}));
    problem(&admin.send(long).await?, 422, "idempotency_key_invalid")?;
    Ok(())
}

#[tokio::test]
async fn a_repeated_key_creation_does_not_show_another_secret() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let post = || admin.request(Method::POST, "/keys").header("Idempotency-Key", "k").json(&json!({"label": "l"}));
    let (first, again) = (admin.send(post()).await?.json(), admin.send(post()).await?.json());
    ensure!(first["secret"].is_string() && again["secret"].is_null() && first["id"] == again["id"], "{first} {again}");
    Ok(())
}

#[tokio::test]
async fn if_match_lets_only_the_first_of_two_writers_through() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let path = format!("/items/{}", make(&admin, "Fewer frauds").await?);
    let read = admin.ask(Method::GET, &path, None).await?;
    let etag = read.header("etag").to_owned();
    ensure!(etag == format!("\"{}\"", read.json()["position"]), "{etag}");
    let save = |name: &str| {
        let body = json!({"name": name});
        admin.request(Method::PATCH, &path).header("If-Match", &etag).json(&body)
    };
    let first = admin.send(save("Mine")).await?;
    ensure!(first.status == 200 && first.json()["item"]["name"] == "Mine", "{}", first.json());
    problem(&admin.send(save("Yours")).await?, 412, "stale")?;
    ensure!(admin.get(&path).await?["name"] == "Mine");

    let bare = admin.get(&path).await?["position"].to_string();
    let bare = admin.request(Method::PATCH, &path).header("If-Match", bare).json(&json!({"name": "Ours"}));
    ensure!(admin.send(bare).await?.status == 200);
    let wrong = admin.request(Method::PATCH, &path).header("If-Match", "W/x").json(&json!({"name": "x"}));
    problem(&admin.send(wrong).await?, 422, "if_match_invalid")?;
    Ok(())
}

#[tokio::test]
async fn the_same_position_gives_the_same_bytes_whatever_happened_since() -> Result<()> {
    let mut server = Server::start()?;
    let admin = server.admin();
    admin.post("/users", json!({"login": "ana", "groups": ["contributors"]})).await?;
    let item = make(&admin, "Fewer frauds").await?;
    admin.post(&format!("/items/{item}/comments"), json!({"text": "A good idea."})).await?;
    let mut paths =
        vec![format!("/items/{item}"), format!("/items/{item}/timeline"), format!("/items/{item}/comments")];
    let lists = [
        "/items",
        "/board",
        "/inbox",
        "/timeline",
        "/events",
        "/users",
        "/groups",
        "/keys",
        "/me",
        "/governable",
        "/registry/models",
        "/registry/bundles",
        "/initiatives",
        "/projections",
        "/infrastructures",
        "/overrides",
        "/deployments",
        "/registry/focus",
        "/projections/items/digest",
        "/projections/state/digest",
    ];
    paths.extend(lists.map(str::to_owned));
    let mut before = Vec::new();
    for path in &paths {
        let answer = admin.ask(Method::GET, path, None).await?;
        ensure!(answer.status == 200, "{path}: {}", answer.json());
        before.push((answer.header("govern-position").to_owned(), answer.bytes));
    }
    admin.patch(&format!("/items/{item}"), json!({"name": "Renamed"})).await?;
    admin.post("/users", json!({"login": "bo"})).await?;
    admin.post("/groups", json!({"name": "others"})).await?;
    admin.post(&format!("/items/{item}/comments"), json!({"text": "No."})).await?;
    for restarted in [false, true] {
        if restarted {
            server.kill()?;
            server.restart()?;
        }
        for (path, (position, bytes)) in paths.iter().zip(&before) {
            let answer = server.admin().ask(Method::GET, &format!("{path}?as_of={position}"), None).await?;
            let now = String::from_utf8_lossy(&answer.bytes);
            ensure!(answer.bytes == *bytes, "{path} differs: {} {now}", String::from_utf8_lossy(bytes));
            ensure!(answer.header("govern-position") == position, "{path}: {:?}", answer.headers);
        }
    }
    Ok(())
}

#[tokio::test]
async fn time_travel_by_instant_finds_the_position_of_then() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let item = make(&admin, "Fewer frauds").await?;
    let events = admin.get("/events?after=0&limit=1000").await?;
    let last = events["items"].as_array().and_then(|events| events.last()).cloned().unwrap_or_default();
    let at = last["recordedAt"].as_str().unwrap_or_default();
    let then = admin.ask(Method::GET, &format!("/items/{item}?as_of_time={at}"), None).await?;
    let position: u64 = then.header("govern-position").parse()?;
    ensure!(then.status == 200 && last["position"] == position, "{}", then.json());
    let early = format!("/items/{item}?as_of_time=2001-01-01T00:00:00Z");
    admin.refused(Method::GET, &early, None, 404, "not_found").await?;
    Ok(())
}

#[tokio::test]
async fn pages_give_every_item_once_in_order() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    for n in 0..7 {
        make(&admin, &format!("Initiative {n}")).await?;
    }
    for sort in ["name", "-name", "id", "changed", "-changed"] {
        let whole = admin.get(&format!("/items?blueprint={INITIATIVE}&sort={sort}")).await?;
        let mut paged: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        for _ in 0..5 {
            let page = admin.get(&format!("/items?blueprint={INITIATIVE}&sort={sort}&limit=3{cursor}")).await?;
            paged.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        ensure!(Some(&paged) == whole["items"].as_array() && paged.len() == 7, "{sort}: {paged:?}");
    }
    let page = admin.get("/timeline?limit=2&order=desc").await?;
    let cursor = page["nextCursor"].as_str().unwrap_or_default();
    let next = admin.get(&format!("/timeline?limit=2&order=desc&cursor={cursor}")).await?;
    let at = |page: &Value, n: usize| page["items"][n]["position"].as_u64().unwrap_or_default();
    ensure!(at(&page, 0) == at(&page, 1) + 1 && at(&page, 1) == at(&next, 0) + 1, "{page} {next}");
    Ok(())
}

#[tokio::test]
async fn an_event_has_its_shape_and_its_leaf() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.post("/users", json!({"login": "ana", "groups": ["project_managers"]})).await?;
    let made = admin.acting_as("ana").post("/items", json!({"blueprintId": INITIATIVE, "name": "Hers"})).await?;
    let position = made["events"][0]["position"].as_u64().unwrap_or_default();
    let event = admin.get(&format!("/events?after={}&limit=1", position - 1)).await?["items"][0].clone();
    ensure!(event["type"] == "ItemCreated" && event["subject"] == made["id"], "{event}");
    ensure!(event["actor"] == json!({"type": "user", "id": "ana", "groups": ["project_managers"]}), "{event}");
    ensure!(event["via"] == "ak.1" && event["channel"] == "http", "{event}");
    let leaf = admin.ask(Method::GET, &format!("/events/{position}/leaf"), None).await?;
    let told = leaf.json();
    ensure!(
        leaf.status == 200 && told["position"] == json!(position.to_string()) || told["position"] == position,
        "{told}"
    );
    ensure!(told["logId"].is_string() && !leaf.bytes.contains(&b'\n'), "{told}");
    Ok(())
}
