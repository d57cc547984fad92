//! Who is let in over HTTP, and as whom.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Result, ensure};
use countersign_engine::clock::Clock as _;
use countersign_tests::server::{ADMIN_KEY, Api, Server, problem};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn without_a_key_or_with_an_unknown_one_every_route_answers_401() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    for path in ["/items", "/me", "/items/ar.1", "/events/stream"] {
        let answer = admin.without_key().ask(Method::GET, path, None).await?;
        problem(&answer, 401, "key_missing")?;
        ensure!(answer.header("www-authenticate").starts_with("Basic"), "{:?}", answer.headers);
    }
    let stranger = Api::new(server.url(), "nobody-knows-this-key");
    stranger.refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    stranger.refused(Method::POST, "/items", Some(&json!({"name": 1})), 401, "key_unknown").await?;
    Ok(())
}

#[tokio::test]
async fn a_key_is_taken_as_basic_user_name_and_as_bearer_token() -> Result<()> {
    let server = Server::start()?;
    let bare = server.admin().without_key();
    let basic = bare.request(Method::GET, "/me").basic_auth(ADMIN_KEY, Some(""));
    let bearer = bare.request(Method::GET, "/me").bearer_auth(ADMIN_KEY);
    let (basic, bearer) = (bare.send(basic).await?, bare.send(bearer).await?);
    ensure!(basic.status == 200 && basic.bytes == bearer.bytes, "{}", basic.json());
    ensure!(basic.json()["admin"] == true, "{}", basic.json());
    let password = bare.request(Method::GET, "/me").basic_auth(ADMIN_KEY, Some("secret"));
    problem(&bare.send(password).await?, 401, "password_not_accepted")?;
    let digest = bare.request(Method::GET, "/me").header("authorization", "Digest x");
    problem(&bare.send(digest).await?, 401, "authorization_malformed")?;
    Ok(())
}

#[tokio::test]
async fn an_administrators_key_acts_as_a_person_and_another_key_does_not() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.post("/users", json!({"login": "ana", "groups": ["contributors"]})).await?;
    let me = admin.acting_as("ana").get("/me").await?;
    ensure!(me["id"] == "ana" && me["via"] == "ak.1" && me["admin"] == false, "{me}");
    ensure!(me["groups"] == json!(["contributors"]), "{me}");
    admin.acting_as("nobody").refused(Method::GET, "/me", None, 401, "proxy_user_unknown").await?;

    let made = admin.post("/keys", json!({"label": "script"})).await?;
    let secret = made["secret"].as_str().unwrap_or_default();
    ensure!(secret.len() >= 24, "{made}");
    let script = Api::new(server.url(), secret);
    ensure!(script.get("/me").await?["id"] == made["id"]);
    script.acting_as("ana").refused(Method::GET, "/me", None, 403, "proxy_user_forbidden").await?;
    script.refused(Method::GET, "/keys", None, 403, "forbidden").await?;
    Ok(())
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_even_after_a_restart() -> Result<()> {
    let mut server = Server::start()?;
    let made = server.admin().post("/keys", json!({"label": "short-lived"})).await?;
    let (id, secret) = (made["id"].as_str().unwrap_or_default(), made["secret"].as_str().unwrap_or_default());
    server.admin().delete(&format!("/keys/{id}")).await?;
    Api::new(server.url(), secret).refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    server.stop()?;
    server.restart()?;
    Api::new(server.url(), secret).refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    let keys = server.admin().get("/keys").await?;
    ensure!(keys["items"][1]["revoked"] == true && !keys.to_string().contains(secret), "{keys}");
    server.admin().refused(Method::DELETE, "/keys/ak.99", None, 404, "not_found").await?;
    Ok(())
}

#[tokio::test]
async fn passwords_are_bounded_and_never_shown() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let short = json!({"login": "ana", "password": "short"});
    let refused = admin.refused(Method::POST, "/users", Some(&short), 422, "password_length").await?;
    ensure!(refused["fields"][0]["field"] == "password", "{refused}");
    admin.post("/users", json!({"login": "ana", "password": "a long enough one"})).await?;
    for path in ["/users", "/events?limit=1000"] {
        let text = admin.get(path).await?.to_string();
        ensure!(text.contains("ana") || path != "/users", "{text}");
        ensure!(!text.contains("a long enough one") && !text.contains("argon2"), "{path} shows a secret");
    }
    Ok(())
}

#[tokio::test]
async fn a_rotated_key_opens_with_its_new_secret_only() -> Result<()> {
    let mut server = Server::start()?;
    let admin = server.admin();
    let made = admin.post("/keys", json!({"label": "script"})).await?;
    let (id, old) = (made["id"].as_str().unwrap_or_default(), made["secret"].as_str().unwrap_or_default());
    let path = format!("/keys/{id}/rotate");
    let script = Api::new(server.url(), old);
    script.refused(Method::POST, &path, None, 403, "forbidden").await?;
    let rotated = admin.post(&path, json!({})).await?;
    let new = rotated["secret"].as_str().unwrap_or_default();
    ensure!(rotated["id"] == id && new.len() >= 24 && new != old, "{rotated}");
    script.refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    server.stop()?;
    server.restart()?;
    ensure!(Api::new(server.url(), new).get("/me").await?["id"] == id);
    Api::new(server.url(), old).refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    server.admin().refused(Method::POST, "/keys/ak.99/rotate", None, 404, "not_found").await?;
    Ok(())
}

#[tokio::test]
async fn a_key_opens_nothing_once_its_time_is_over() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let past = json!({"label": "late", "expiresAt": "2020-01-01T00:00:00Z"});
    admin.refused(Method::POST, "/keys", Some(&past), 422, "expiry_past").await?;
    let wrong = json!({"label": "late", "expiresAt": "tomorrow"});
    admin.refused(Method::POST, "/keys", Some(&wrong), 422, "wrong_type").await?;
    let soon = countersign_engine::clock::SystemClock.now().millis() + 3_000;
    let expires = countersign_core::time::Timestamp::from_millis(soon).to_string();
    let made = admin.post("/keys", json!({"label": "short", "expiresAt": expires})).await?;
    let key = Api::new(server.url(), made["secret"].as_str().unwrap_or_default());
    ensure!(key.get("/me").await?["key"]["expiresAt"] == expires.as_str());
    let over = async {
        while key.ask(Method::GET, "/me", None).await?.status == 200 {}
        anyhow::Ok(())
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), over).await??;
    key.refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    ensure!(countersign_engine::clock::SystemClock.now().millis() >= soon, "it ended early");
    Ok(())
}
