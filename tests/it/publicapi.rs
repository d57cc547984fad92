//! Dataiku's public API where its own client cannot go: what is malformed, and the raw wire.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_server::publicapi::routes::ROUTES;
use countersign_tests::server::{ADMIN_KEY, Server};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request's head as it is and its body; gives status and body of the answer.
async fn raw(server: &Server, line: &str, headers: &str, body: &[u8]) -> Result<(u16, String)> {
    let address = server.url().strip_prefix("http://").context("a plain address")?;
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let head = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await?;
    // A body that is refused unread may meet a closed connection.
    drop(stream.write_all(body).await);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).context("a status")?.parse()?;
    Ok((status, answer.split_once("\r\n\r\n").context("a body")?.1.to_owned()))
}

fn key() -> String {
    format!("Authorization: Basic {}\r\n", BASE64_STANDARD.encode(format!("{ADMIN_KEY}:")))
}

/// Whether it is a refusal as the client reads it; gives its type and message.
fn refusal(body: &str) -> Result<(String, String)> {
    let json: Value = serde_json::from_str(body).with_context(|| format!("{body:?}"))?;
    let object = json.as_object().context("an object")?;
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned).context(format!("{key}: {body}"));
    ensure!(object.len() == 3 && text("detailedMessage")? == text("message")?, "{body}");
    Ok((text("errorType")?, text("message")?))
}

#[tokio::test]
async fn every_call_of_the_client_has_a_route() -> Result<()> {
    let server = Server::start()?;
    let mut missing = Vec::new();
    for (method, path) in ROUTES {
        let asked = path.replace(['{', '}'], "");
        let (status, body) = raw(&server, &format!("{method} /dip/publicapi{asked}"), "", b"").await?;
        // Without a key: a route says so, and what is no route says that.
        match status {
            401 => ensure!(refusal(&body)?.0 == "UnauthorizedException", "{method} {path}: {body}"),
            404 | 405 => missing.push(format!("{method} {path}")),
            other => anyhow::bail!("{method} {path} answered {other}: {body}"),
        }
    }
    ensure!(missing.is_empty(), "without a route: {missing:#?}");
    Ok(())
}

#[tokio::test]
async fn whatever_is_refused_is_told_in_the_clients_form() -> Result<()> {
    let server = Server::start()?;
    let (key, big, long) = (key(), vec![b'x'; 2 * 1024 * 1024], "q".repeat(9_000));
    let cases = [
        ("GET /dip/publicapi/nothing".to_owned(), key.clone(), &b""[..], 404, "NotFoundException"),
        ("GET /dip/publicapi".to_owned(), key.clone(), b"", 404, "NotFoundException"),
        ("GET /dip/publicapi/blueprint/bp.none".to_owned(), key.clone(), b"", 404, "NotFoundException"),
        ("PATCH /dip/publicapi/blueprints".to_owned(), key.clone(), b"", 405, "MethodNotAllowedException"),
        ("GET /dip/publicapi/blueprints".to_owned(), key.clone(), &big, 413, "ValidationException"),
        (format!("GET /dip/publicapi/blueprints?q={long}"), key.clone(), b"", 400, "ValidationException"),
        ("POST /dip/publicapi/artifacts".to_owned(), key.clone(), b"{\"name\":", 400, "JsonParseException"),
        ("POST /dip/publicapi/artifacts".to_owned(), key.clone(), b"", 400, "JsonParseException"),
        ("POST /dip/publicapi/artifacts".to_owned(), key.clone(), b"[1]", 422, "ValidationException"),
        ("POST /dip/publicapi/artifacts".to_owned(), key.clone(), b"\"x\"", 422, "ValidationException"),
        ("GET /dip/publicapi/blueprint/%ff".to_owned(), key.clone(), b"", 400, "ValidationException"),
        ("GET /dip/publicapi/blueprints".to_owned(), String::new(), b"", 401, "UnauthorizedException"),
        ("GET /public/api/blueprints".to_owned(), "Cookie: a=b\r\n".to_owned(), b"", 401, "UnauthorizedException"),
    ];
    for (line, headers, body, status, error_type) in cases {
        let (answered, told) = raw(&server, &line, &headers, body).await?;
        ensure!(answered == status, "{line} answered {answered}: {told}");
        ensure!(refusal(&told)?.0 == error_type, "{line}: {told}");
    }
    let (_, elsewhere) = raw(&server, "GET /api/v1/nothing", &key, b"").await?;
    ensure!(elsewhere.contains("\"code\":\"route_not_found\""), "the native API tells it as ever: {elsewhere}");
    Ok(())
}

#[tokio::test]
async fn slashes_are_forgiven_below_the_prefixes_only_and_an_encoded_one_separates_nothing() -> Result<()> {
    let server = Server::start()?;
    for (path, status) in [
        ("/dip/publicapi/blueprints", 200),
        ("//dip/publicapi//blueprints/", 200),
        ("/public/api/blueprints//", 200),
        ("//public/api/blueprints", 200),
        ("/dip/publicapi/blueprint/bp.system.govern_project%2Fversions", 404),
        ("/dip/publicapi/blueprint/bp.system.govern_project/%76ersions", 404),
        ("/dip/publicapi/../../api/v1/me", 404),
        ("/dip/publicapi%2Fblueprints", 404),
        ("//api/v1/me", 404),
        ("/api/v1/me/", 404),
    ] {
        let (answered, body) = raw(&server, &format!("GET {path}"), &key(), b"").await?;
        ensure!(answered == status, "{path} answered {answered}: {body}");
    }
    Ok(())
}

#[tokio::test]
async fn a_key_opens_with_any_password_as_a_bearer_token_and_as_a_ticket() -> Result<()> {
    let server = Server::start()?;
    let basic = |text: &str| format!("Authorization: Basic {}\r\n", BASE64_STANDARD.encode(text));
    for (headers, status) in [
        (basic(&format!("{ADMIN_KEY}:")), 200),
        (basic(&format!("{ADMIN_KEY}:any:password")), 200),
        (format!("Authorization: Bearer {ADMIN_KEY}\r\n"), 200),
        (format!("X-DKU-APITicket: {ADMIN_KEY}\r\n"), 200),
        (basic("another:"), 401),
        (basic(":"), 401),
        (basic(ADMIN_KEY), 401),
        ("X-DKU-APITicket: another\r\n".to_owned(), 401),
        ("Authorization: Digest x\r\n".to_owned(), 401),
    ] {
        let (answered, body) = raw(&server, "GET /dip/publicapi/blueprints", &headers, b"").await?;
        ensure!(answered == status, "{headers} answered {answered}: {body}");
    }
    let as_nobody = format!("{}X-DKU-ProxyUser: nobody\r\n", basic(&format!("{ADMIN_KEY}:")));
    ensure!(raw(&server, "GET /dip/publicapi/blueprints", &as_nobody, b"").await?.0 == 401);
    Ok(())
}
