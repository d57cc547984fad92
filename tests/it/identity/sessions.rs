//! Signing in with a password, staying signed in, and everything that ends it.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use countersign_tests::certificates::Certificates;
use countersign_tests::server::{ADMIN_KEY, Answer, Api, Options, Server, problem};
use reqwest::Method;
use serde_json::json;

use super::browser::{Browser, PASSWORD};

/// How long something that has to happen by itself may take.
const TIME_MAX: Duration = Duration::from_secs(60);

fn work() -> serde_json::Value {
    json!({"blueprintId": "bp.system.business_initiative", "name": "From the UI"})
}

#[tokio::test]
async fn a_person_signs_in_works_and_signs_out_and_the_log_tells_it() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.post("/users", json!({"login": "ana", "password": PASSWORD, "groups": ["project_managers"]})).await?;
    let mut ana = Browser::new(&admin);
    let nobody = ana.read().await?;
    problem(&nobody, 401, "key_missing")?;
    let signed_in = ana.sign_in("ana", PASSWORD).await?;
    ensure!(signed_in.json()["user"]["login"] == "ana" && signed_in.json()["method"] == "password");
    let cookie = signed_in.header("set-cookie").to_owned();
    for flag in ["countersign=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        ensure!(cookie.contains(flag) && !cookie.contains("Secure"), "{cookie}");
    }
    ensure!(!signed_in.json().to_string().contains(&ana.cookie));
    ensure!(ana.read().await?.json()["csrfToken"] == ana.token.as_str());
    let made = ana.ask(Method::POST, "/items", Some(&work())).await?;
    ensure!(made.status == 201, "{}", made.json());
    ensure!(ana.ask_bare("/me").await?.json()["id"] == "ana");
    let left = ana.ask(Method::DELETE, "/session", None).await?;
    ensure!(left.status == 200 && left.header("set-cookie").contains("Max-Age=0"), "{:?}", left.headers);
    problem(&ana.ask(Method::GET, "/me", None).await?, 401, "session_over")?;
    let told = admin.get("/events?type=SignedIn,SignedOut,ItemCreated").await?;
    let told = told["items"].as_array().context("events")?;
    let names: Vec<_> = told.iter().map(|event| event["type"].clone()).collect();
    ensure!(names == ["SignedIn", "ItemCreated", "SignedOut"], "{told:?}");
    ensure!(told.iter().all(|event| event["channel"] == "ui" && event["actor"]["id"] == "ana"), "{told:?}");
    ensure!(told[0]["data"]["method"] == "password" && told[0].to_string().contains("127.0.0.1"), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn a_cookie_alone_changes_nothing_and_never_opens_the_public_api() -> Result<()> {
    let server = Server::start()?;
    let ana = Browser::of(&server, "ana").await?;
    let forms: [Option<&str>; 4] = [None, Some(""), Some("wrong"), Some(&ana.token.to_uppercase())];
    for token in forms {
        let mut request = ana.with_cookie(Method::POST, "/items").json(&work());
        if let Some(token) = token {
            request = request.header("X-CSRF-Token", token);
        }
        problem(&ana.api.send(request).await?, 403, "csrf_token_wrong")?;
        let delete = ana.with_cookie(Method::DELETE, "/session");
        problem(&ana.api.send(delete).await?, 403, "csrf_token_wrong")?;
    }
    for path in ["//dip/publicapi/blueprints", "//public/api/blueprints"] {
        let answer = ana.ask(Method::GET, path, None).await?;
        ensure!(answer.status == 401, "{path}: {} {}", answer.status, answer.json());
    }
    let acting = ana.with_cookie(Method::GET, "/me").header("X-DKU-ProxyUser", "ana");
    problem(&ana.api.send(acting).await?, 403, "proxy_user_forbidden")?;
    // A key wins, and needs no token.
    let both = ana.with_cookie(Method::POST, "/groups").bearer_auth(ADMIN_KEY).json(&json!({"name": "risk"}));
    ensure!(ana.api.send(both).await?.status == 201);
    problem(&server.admin().ask(Method::GET, "/session", None).await?, 401, "not_signed_in")?;
    Ok(())
}

#[tokio::test]
async fn forged_and_planted_cookies_open_nothing() -> Result<()> {
    let server = Server::start()?;
    let ana = Browser::of(&server, "ana").await?;
    let value = ana.cookie.strip_prefix("countersign=").context("the cookie")?;
    let mut flipped = value.to_owned();
    let last = flipped.pop().context("an id")?;
    flipped.push(if last == 'A' { 'Q' } else { 'A' });
    let forged = [
        flipped,
        "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        String::new(),
        "us.1".to_owned(),
        format!("{value}{value}"),
        "x".repeat(4_000),
        r#"{"login":{"user":1,"position":99,"csrf":"x","is_oidc":false}}"#.to_owned(),
        "../../vault/sessions.json".to_owned(),
    ];
    for value in forged {
        let cookie = format!("countersign={value}");
        let answer = ana.api.send(ana.api.request(Method::GET, "/me").header("cookie", &cookie)).await?;
        ensure!(answer.status == 401, "{cookie}: {} {}", answer.status, answer.json());
    }
    // A session's id that somebody else planted before is not the one that is signed in.
    let mut planted = Browser { cookie: "countersign=AAAAAAAAAAAAAAAAAAAAAA".to_owned(), ..ana.clone() };
    planted.sign_in("ana", PASSWORD).await?;
    ensure!(!planted.cookie.contains("AAAAAAAAAAAAAAAAAAAAAA"), "{}", planted.cookie);
    // Neither is the one before, when somebody signs in again.
    let mut again = ana.clone();
    again.sign_in("ana", PASSWORD).await?;
    ensure!(again.cookie != ana.cookie && again.token != ana.token);
    problem(&ana.ask(Method::GET, "/me", None).await?, 401, "session_over")?;
    Ok(())
}

#[tokio::test]
async fn who_is_disabled_or_has_another_password_is_signed_out_everywhere_at_once() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let mut ana = Browser::of(&server, "ana").await?;
    let elsewhere = Browser::signed_in(&admin, "ana", PASSWORD).await?;
    let change = |current: &str, new: &str| json!({"current": current, "new": new});
    let wrong = ana.ask(Method::PUT, "/me/password", Some(&change("not hers", "another good one"))).await?;
    problem(&wrong, 401, "sign_in_refused")?;
    let short = ana.ask(Method::PUT, "/me/password", Some(&change(PASSWORD, "short"))).await?;
    problem(&short, 422, "password_length")?;
    let changed = ana.ask(Method::PUT, "/me/password", Some(&change(PASSWORD, "another good one"))).await?;
    ensure!(changed.status == 200, "{}", changed.json());
    ana.take(&changed)?;
    problem(&elsewhere.ask(Method::GET, "/me", None).await?, 401, "session_over")?;
    ensure!(ana.read().await?.status == 200, "her own session goes on");
    problem(&Browser::new(&admin).sign_in("ana", PASSWORD).await?, 401, "sign_in_refused")?;
    let by_key = admin.acting_as("ana");
    by_key.refused(Method::PUT, "/me/password", Some(&change("a", "b")), 403, "session_needed").await?;

    admin.patch("/users/ana", json!({"password": "given by the admin"})).await?;
    problem(&ana.ask(Method::GET, "/me", None).await?, 401, "session_over")?;
    let ana = Browser::signed_in(&admin, "ana", "given by the admin").await?;
    admin.patch("/users/ana", json!({"enabled": false})).await?;
    problem(&ana.ask(Method::GET, "/me", None).await?, 401, "session_over")?;
    admin.patch("/users/ana", json!({"enabled": true})).await?;
    problem(&ana.ask(Method::GET, "/me", None).await?, 401, "session_over")?;
    let ana = Browser::signed_in(&admin, "ana", "given by the admin").await?;
    admin.delete("/users/ana").await?;
    problem(&ana.ask(Method::GET, "/me", None).await?, 401, "session_over")?;
    problem(&Browser::new(&admin).sign_in("ana", "given by the admin").await?, 401, "sign_in_refused")?;
    Ok(())
}

#[tokio::test]
async fn people_see_their_sessions_and_end_those_that_they_left_open() -> Result<()> {
    let server = Server::start()?;
    let here = Browser::of(&server, "ana").await?;
    let left_open = Browser::signed_in(&server.admin(), "ana", PASSWORD).await?;
    let bo = Browser::of(&server, "bo").await?;
    let listed = here.ask(Method::GET, "/me/sessions", None).await?.json();
    let items = listed["items"].as_array().context("sessions")?;
    ensure!(items.len() == 2 && items[0]["current"] == true && items[1]["current"] == false, "{listed}");
    ensure!(items[1]["method"] == "password" && items[1]["startedAt"].is_string(), "{listed}");
    ensure!(!listed.to_string().contains(left_open.cookie.trim_start_matches("countersign=")), "{listed}");
    let path = format!("/me/sessions/{}", items[1]["id"].as_str().unwrap_or_default());
    problem(&bo.ask(Method::DELETE, &path, None).await?, 404, "not_found")?;
    ensure!(left_open.ask(Method::GET, "/me", None).await?.status == 200);
    ensure!(here.ask(Method::DELETE, &path, None).await?.status == 200);
    problem(&left_open.ask(Method::GET, "/me", None).await?, 401, "session_over")?;
    problem(&here.ask(Method::DELETE, &path, None).await?, 404, "not_found")?;
    let listed = here.ask(Method::GET, "/me/sessions", None).await?.json();
    ensure!(listed["items"].as_array().map(Vec::len) == Some(1), "{listed}");
    ensure!(server.admin().get("/me/sessions").await?["items"] == json!([]), "a key has no sessions");
    let told = server.admin().get("/events?type=SignedOut").await?;
    ensure!(told["items"][0]["actor"]["id"] == "ana" && told["items"][1].is_null(), "{told}");
    Ok(())
}

/// Reads a stream until it ends.
async fn ends(mut stream: reqwest::Response) -> Result<()> {
    ensure!(stream.status() == 200, "{}", stream.status());
    let to_the_end = async {
        while stream.chunk().await?.is_some() {}
        anyhow::Ok(())
    };
    tokio::time::timeout(TIME_MAX, to_the_end).await.context("the stream goes on")?
}

#[tokio::test]
async fn open_streams_end_with_the_session_that_opened_them() -> Result<()> {
    let server = Server::start_with(Options {
        arguments: ["--session-idle", "2"].map(str::to_owned).to_vec(),
        ..Options::default()
    })?;
    let admin = server.admin();
    let ana = Browser::of(&server, "ana").await?;
    let stream = ana.with_cookie(Method::GET, "/events/stream").send().await?;
    ana.ask(Method::DELETE, "/session", None).await?;
    ends(stream).await?;
    let ana = Browser::signed_in(&admin, "ana", PASSWORD).await?;
    let stream = ana.with_cookie(Method::GET, "/events/stream").send().await?;
    admin.patch("/users/ana", json!({"password": "given by the admin"})).await?;
    ends(stream).await?;
    // Nothing happens any more: the session's own time ends it, and a stream is no use of it.
    let ana = Browser::signed_in(&admin, "ana", "given by the admin").await?;
    ends(ana.with_cookie(Method::GET, "/events/stream").send().await?).await?;
    problem(&ana.ask(Method::GET, "/me", None).await?, 401, "session_over")?;
    Ok(())
}

#[tokio::test]
async fn a_session_survives_a_restart_and_ends_at_its_time_in_any_case() -> Result<()> {
    let mut server = Server::start_with(Options {
        arguments: ["--session-lifetime", "6"].map(str::to_owned).to_vec(),
        ..Options::default()
    })?;
    let mut ana = Browser::of(&server, "ana").await?;
    server.kill()?;
    server.restart()?;
    ana.api = server.admin().without_key();
    ensure!(ana.read().await?.status == 200, "signed out by a restart");
    let start = Instant::now();
    let mut last: Option<Answer> = None;
    while start.elapsed() < TIME_MAX && last.as_ref().is_none_or(|last| last.status == 200) {
        last = Some(ana.read().await?);
    }
    problem(&last.context("an answer")?, 401, "session_over")?;
    Ok(())
}

#[tokio::test]
async fn guessing_is_locked_out_alike_for_logins_that_exist_and_that_do_not() -> Result<()> {
    let mut server = Server::start()?;
    let admin = server.admin();
    admin.post("/users", json!({"login": "ana", "password": PASSWORD})).await?;
    admin.post("/users", json!({"login": "keyonly"})).await?;
    let mut told = Vec::new();
    for login in ["ana", "keyonly", "nobody"] {
        let mut codes = Vec::new();
        for _ in 0..7 {
            let answer = Browser::new(&admin).sign_in(login, "a wrong password").await?;
            let retry = answer.header("retry-after").parse::<u32>().unwrap_or(0);
            ensure!((answer.status == 429) == (retry > 0) && retry <= 16, "{answer:?}");
            ensure!(answer.header("www-authenticate").is_empty(), "a browser would show a form of its own");
            codes.push(answer.json()["code"].clone());
        }
        told.push(codes);
    }
    ensure!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    ensure!(told[0][0] == "sign_in_refused" && told[0][4] == "sign_in_refused" && told[0][5] == "locked_out");
    // Neither the right password helps, nor is anybody else locked out.
    problem(&Browser::new(&admin).sign_in("ana", PASSWORD).await?, 429, "locked_out")?;
    Browser::of(&server, "bo").await?;
    ensure!(!admin.get("/events").await?.to_string().contains("SignInFailed"), "an event per failure");
    server.stop()?;
    server.restart()?;
    let counted = server.admin().get("/events?type=SignInFailed").await?;
    let counted = counted["items"].as_array().context("events")?.clone();
    let of = |user: serde_json::Value, code: &str| {
        counted.iter().find(|event| event["data"]["user"] == user && event["data"]["code"] == code)
    };
    ensure!(of(json!("us.1"), "sign_in_refused").context("ana's")?["data"]["times"] == 5, "{counted:?}");
    ensure!(of(json!("us.1"), "locked_out").context("ana's")?["data"]["times"] == 3, "{counted:?}");
    ensure!(of(json!(null), "sign_in_refused").context("nobody's")?["data"]["times"] == 5, "{counted:?}");
    ensure!(counted.len() == 6, "{counted:?}");
    Ok(())
}

#[tokio::test]
async fn a_sign_in_takes_what_it_knows_and_json_only() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin().without_key();
    server.admin().post("/users", json!({"login": "ana", "password": PASSWORD})).await?;
    let body = json!({"login": "ana", "password": PASSWORD});
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let form = admin.request(Method::POST, "/session").header("content-type", kind).body(body.to_string());
        problem(&admin.send(form).await?, 415, "content_type_not_json")?;
    }
    let more = json!({"login": "ana", "password": PASSWORD, "user": "us.2", "admin": true});
    admin.refused(Method::POST, "/session", Some(&more), 422, "unknown_field").await?;
    let long = json!({"login": "ana", "password": "x".repeat(5_000)});
    admin.refused(Method::POST, "/session", Some(&long), 413, "body_too_large").await?;
    let odd = json!({"login": "ANA", "password": PASSWORD});
    admin.refused(Method::POST, "/session", Some(&odd), 401, "sign_in_refused").await?;
    Ok(())
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_this_host_and_https_only() -> Result<()> {
    let certificates = Certificates::make()?;
    let text = |path: std::path::PathBuf| path.to_str().map(str::to_owned).context("a path");
    let arguments = vec![
        "--tls-cert".to_owned(),
        text(certificates.server_cert())?,
        "--tls-key".to_owned(),
        text(certificates.server_key())?,
    ];
    let server = Server::start_with(Options { arguments, ..Options::default() })?;
    let api = Api::trusting(server.url(), ADMIN_KEY, &std::fs::read(certificates.authority())?)?;
    api.post("/users", json!({"login": "ana", "password": PASSWORD})).await?;
    let mut ana = Browser::new(&api);
    let answer = ana.sign_in("ana", PASSWORD).await?;
    let cookie = answer.header("set-cookie");
    ensure!(cookie.starts_with("__Host-countersign=") && cookie.contains("Secure"), "{cookie}");
    ensure!(cookie.contains("Path=/") && !cookie.contains("Domain"), "{cookie}");
    ensure!(ana.read().await?.status == 200);
    Ok(())
}
