//! What surrounds every route: TLS, headers, bounds, and requests that try it on.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Context as _, Result, ensure};
use countersign_tests::certificates::Certificates;
use countersign_tests::server::{self, ADMIN_KEY, Api, Options, Server, problem};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn text(path: &std::path::Path) -> Result<String> {
    Ok(path.to_str().context("a printable path")?.to_owned())
}

#[tokio::test]
async fn with_a_certificate_everything_is_served_over_tls_and_nothing_without() -> Result<()> {
    let certificates = Certificates::make()?;
    let (cert, key) = (text(&certificates.server_cert())?, text(&certificates.server_key())?);
    let arguments = vec!["--tls-cert".to_owned(), cert.clone(), "--tls-key".to_owned(), key];
    let mut server = Server::start_with(Options { arguments, ..Options::default() })?;
    ensure!(server.url().starts_with("https://127.0.0.1:"), "{}", server.url());
    let admin = Api::trusting(server.url(), ADMIN_KEY, &std::fs::read(certificates.authority())?)?;
    let me = admin.ask(Method::GET, "/me", None).await?;
    ensure!(me.status == 200 && me.header("strict-transport-security").starts_with("max-age="), "{:?}", me.headers);

    let plain = Api::new(&server.url().replace("https", "http"), ADMIN_KEY);
    ensure!(plain.ask(Method::GET, "/me", None).await.is_err(), "an answer without TLS");
    ensure!(server.admin().ask(Method::GET, "/me", None).await.is_err(), "a stranger's certificate was believed");

    let url = server.url().to_owned();
    let authority = text(&certificates.authority())?;
    let environment = [("SSL_CERT_FILE", authority.as_str()), ("COUNTERSIGN_KEY", ADMIN_KEY)];
    let listed = server::run(&["key", "list", "--json", "--url", &url], &environment)?;
    ensure!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));

    let wrong = server::run(&["serve", "--listen", "127.0.0.1:0", "--tls-cert", &cert], &[])?;
    ensure!(wrong.status.code() == Some(2), "half a configuration: {}", wrong.status);
    let other = text(&certificates.client_key())?;
    let wrong = server::run(&["serve", "--listen", "127.0.0.1:0", "--tls-cert", &cert, "--tls-key", &other], &[])?;
    ensure!(wrong.status.code() == Some(1), "a foreign key: {}", wrong.status);
    server.stop()
}

#[tokio::test]
async fn every_answer_tells_a_browser_to_do_nothing_with_it() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.upload("page.html", b"<script>1</script>".to_vec()).await?;
    for path in ["/me", "/nothing", "//livez", "//nothing", "/items?limit=0", "/files/uf.1/content"] {
        let answer = admin.ask(Method::GET, path, None).await?;
        let policy = answer.header("content-security-policy");
        ensure!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{path}: {policy}");
        ensure!(answer.header("x-content-type-options") == "nosniff", "{path}: {:?}", answer.headers);
        ensure!(answer.header("x-frame-options") == "DENY", "{path}: {:?}", answer.headers);
        ensure!(answer.header("cross-origin-resource-policy") == "same-origin", "{path}: {:?}", answer.headers);
        ensure!(answer.header("strict-transport-security").is_empty(), "without TLS: {:?}", answer.headers);
    }
    let docs = admin.ask(Method::GET, "//api/docs/", None).await?;
    let policy = docs.header("content-security-policy");
    ensure!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    Ok(())
}

#[tokio::test]
async fn a_request_id_that_could_harm_a_log_is_replaced() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    for wrong in ["with a space", &"x".repeat(129)] {
        let answer = admin.send(admin.request(Method::GET, "/me").header("x-request-id", wrong)).await?;
        let given = answer.header("x-request-id");
        ensure!(answer.status == 200 && !given.is_empty() && given != wrong, "{given:?}");
    }
    Ok(())
}

/// Sends a request's first line as it is, which a URL would put in order first; gives the whole answer.
async fn raw(server: &Server, target: &str, headers: &str) -> Result<String> {
    let address = server.url().strip_prefix("http://").context("a plain address")?;
    let mut stream = TcpStream::connect(address).await?;
    let head = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn no_trick_with_a_path_reaches_another_route() -> Result<()> {
    let server = Server::start()?;
    let key = format!("Authorization: Bearer {ADMIN_KEY}\r\n");
    ensure!(raw(&server, "/api/v1/me", &key).await?.starts_with("HTTP/1.1 200"));
    let tricks = [
        "/api/v1/items/../me",
        "/api/v1/items/..%2fme",
        "/api/v1/items/%2e%2e/me",
        "/api/v1//me",
        "//api/v1/me",
        "/api/v1/me/",
        "/api/v1/me%2f",
        "/api/v1/%6de%00",
        "/API/v1/me",
        "/api/v1/files/..%2f..%2fvault%2fsecrets.json",
        "/api/v1/files/..%2f..%2fadmin-key/content",
        "/api/docs/..%2f..%2fadmin-key",
        "/api/v1/items/ar.1;/me",
        "/api/v1/items/ar.1%00",
    ];
    for trick in tricks {
        let answer = raw(&server, trick, &key).await?;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        ensure!(matches!(status, "404" | "400" | "422"), "{trick}: {answer}");
        let without = raw(&server, trick, "").await?;
        ensure!(!without.starts_with("HTTP/1.1 200"), "{trick} without a key: {without}");
    }
    Ok(())
}

#[tokio::test]
async fn heads_beyond_the_bounds_are_refused_and_the_service_goes_on() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let big = admin.request(Method::GET, "/me").header("x-padding", "p".repeat(40_000));
    problem(&admin.send(big).await?, 431, "headers_too_large")?;
    let many: String = (0..150).map(|number| format!("x-{number}: 1\r\n")).collect();
    ensure!(raw(&server, "/livez", &many).await?.starts_with("HTTP/1.1 431"));
    let long = admin.ask(Method::GET, &format!("/items?q={}", "q".repeat(9_000)), None).await?;
    problem(&long, 400, "uri_too_long")?;
    ensure!(raw(&server, "/livez", "").await?.starts_with("HTTP/1.1 200"));
    Ok(())
}

#[tokio::test]
async fn refused_attempts_are_told_to_the_log_in_a_few_counts() -> Result<()> {
    let mut server = Server::start()?;
    let admin = server.admin();
    for login in ["ana", "eve"] {
        admin.post("/users", json!({"login": login})).await?;
    }
    let before = admin.get("/events?limit=1").await?["position"].clone();
    for _ in 0..25 {
        let wish = json!({"login": "accomplice"});
        admin.acting_as("eve").refused(Method::POST, "/users", Some(&wish), 403, "forbidden").await?;
    }
    let wish = json!({"blueprintId": "bp.system.business_initiative", "name": "Not hers"});
    admin.acting_as("ana").refused(Method::POST, "/items", Some(&wish), 403, "forbidden").await?;
    let item = json!({"blueprintId": "nothing", "name": "No such blueprint"});
    ensure!(admin.ask(Method::POST, "/items", Some(&item)).await?.status.is_client_error());
    ensure!(admin.get("/events?limit=1").await?["position"] == before, "a refusal made an event of its own");
    server.stop()?;
    server.restart()?;
    let told = server.admin().get("/events?type=RefusalsCounted").await?;
    let told = told["items"].as_array().context("events")?.clone();
    ensure!(told.len() == 2, "{told:?}");
    let eve = told.iter().find(|event| event["data"]["times"] == 25).context("eve's attempts")?;
    ensure!(eve["actor"]["type"] == "system" && eve["data"]["code"] == "forbidden", "{eve}");
    ensure!(eve["data"]["who"] == json!({"kind": "user", "id": "us.2"}) && eve["data"]["via"] == "ak.1", "{eve}");
    server.admin().acting_as("ana").get("/events").await.map(|events| ensure_unseen(&events))?
}

/// Who was refused what is for administrators only.
fn ensure_unseen(events: &serde_json::Value) -> Result<()> {
    ensure!(!events.to_string().contains("RefusalsCounted"), "{events}");
    Ok(())
}

#[tokio::test]
async fn a_key_is_taken_in_its_own_case_only() -> Result<()> {
    let server = Server::start()?;
    let upper = Api::new(server.url(), &ADMIN_KEY.to_uppercase());
    upper.refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    let longer = Api::new(server.url(), &format!("{ADMIN_KEY}x"));
    longer.refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    Ok(())
}

#[tokio::test]
async fn nobody_is_given_more_by_naming_more_members() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let made = json!({"blueprintId": "bp.system.business_initiative", "name": "Mine"});
    let item = admin.post("/items", made).await?["item"]["id"].as_str().context("an item")?.to_owned();
    let cases = [
        (Method::POST, "/users".to_owned(), json!({"login": "eve", "admin": true})),
        (Method::POST, "/users".to_owned(), json!({"login": "eve", "id": "us.1"})),
        (Method::POST, "/groups".to_owned(), json!({"name": "eves", "isAdmin": true})),
        (Method::POST, "/keys".to_owned(), json!({"label": "eve", "secret": "chosen-by-the-client-itself"})),
        (Method::PATCH, format!("/items/{item}"), json!({"name": "Other", "governedBy": "ar.1"})),
        (Method::PATCH, format!("/items/{item}"), json!({"position": 1})),
    ];
    for (method, path, body) in cases {
        admin.refused(method, &path, Some(&body), 422, "unknown_field").await?;
    }
    ensure!(admin.get("/users").await?["items"] == json!([]), "a person was made");
    Ok(())
}
