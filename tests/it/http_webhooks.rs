//! Webhooks to a real receiver: signed, repeated until taken, under the same ids over every crash.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use countersign_tests::server::{Api, Options, Server};
use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::sync::watch;

const INITIATIVE: &str = "bp.system.business_initiative";
/// How long a delivery may take to arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(60);

#[derive(Clone)]
struct Got {
    headers: HeaderMap,
    body: Bytes,
}

impl Got {
    fn id(&self) -> String {
        self.headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A status, and when to come again.
type Refusal = (u16, Option<&'static str>);

/// Takes everything, after it has refused with what it was told to.
#[derive(Clone)]
struct Receiver {
    address: SocketAddr,
    got: watch::Sender<Vec<Got>>,
    refusals: Arc<Mutex<VecDeque<Refusal>>>,
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
    receiver.got.send_modify(|got| got.push(Got { headers, body }));
    let refusal = receiver.refusals.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let (status, retry_after) = refusal.unwrap_or((200, None));
    let mut headers = HeaderMap::new();
    if let Some(value) = retry_after.and_then(|text| text.parse().ok()) {
        headers.insert("retry-after", value);
    }
    (StatusCode::from_u16(status).unwrap_or_default(), headers)
}

impl Receiver {
    async fn start() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let receiver =
            Self { address: listener.local_addr()?, got: watch::Sender::default(), refusals: Arc::default() };
        let routes = Router::new().route("/hook", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(receiver)
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn refuse(&self, status: u16, retry_after: Option<&'static str>) {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).push_back((status, retry_after));
    }

    async fn until(&self, enough: impl Fn(&[Got]) -> bool) -> Result<Vec<Got>> {
        let mut got = self.got.subscribe();
        let waited = tokio::time::timeout(ARRIVAL_MAX, got.wait_for(|got| enough(got))).await.is_ok();
        let all = self.got.borrow().clone();
        ensure!(waited, "{} deliveries are not enough", all.len());
        Ok(all)
    }

    async fn count(&self, count: usize) -> Result<Vec<Got>> {
        self.until(|got| got.len() >= count).await
    }
}

fn serve() -> Result<Server> {
    let arguments = vec!["--webhooks-loopback".to_owned()];
    Server::start_with(Options { arguments, ..Options::default() })
}

async fn hook(admin: &Api, url: &str, types: &[&str]) -> Result<(String, String)> {
    let made = admin.post("/webhooks", json!({"url": url, "types": types, "description": "tests"})).await?;
    let text = |name: &str| made[name].as_str().map(str::to_owned).with_context(|| format!("{name} of {made}"));
    Ok((text("id")?, text("secret")?))
}

/// Makes an item; gives the position of its first event.
async fn make(admin: &Api, name: &str) -> Result<u64> {
    let made = admin.post("/items", json!({"blueprintId": INITIATIVE, "name": name})).await?;
    made["events"][0]["position"].as_u64().context("a position")
}

/// A webhook, once it says so.
async fn standing(admin: &Api, id: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
    let mut seen = Value::Null;
    for _ in 0..600 {
        seen = admin.get(&format!("/webhooks/{id}")).await?;
        if is_so(&seen) {
            return Ok(seen);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the webhook stays {seen}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_posted_signed_and_named_by_its_id() -> Result<()> {
    let (receiver, server) = (Receiver::start().await?, serve()?);
    let admin = server.admin();
    let (id, secret) = hook(&admin, &receiver.url(), &["ItemCreated"]).await?;
    let position = make(&admin, "Fewer frauds").await?;
    let got = receiver.count(1).await?;
    Webhook::new(&secret)?.verify(&got[0].body, &got[0].headers).context("the signature")?;
    let body = got[0].json();
    let event = admin.get(&format!("/events?after={}&limit=1", position - 1)).await?["items"][0].clone();
    ensure!(body == json!({"type": "ItemCreated", "timestamp": event["recordedAt"], "data": event}), "{body}");
    ensure!(got[0].id() == event["id"].as_str().unwrap_or_default(), "{}", got[0].id());

    let shown = standing(&admin, &id, |shown| shown["cursor"].as_u64() >= Some(position)).await?;
    ensure!(!shown.to_string().contains("whsec_"), "{shown}");
    let log = admin.get("/events?limit=1000").await?.to_string();
    ensure!(!log.contains(&secret) && log.contains("SettingsChanged"), "the secret is in no event");
    ensure!(!std::fs::read_to_string(server.data().with_extension("log"))?.contains("whsec_"), "nor in the log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_comes_again_and_what_is_gone_becomes_a_dead_letter_that_can_be_driven_again() -> Result<()> {
    let (receiver, server) = (Receiver::start().await?, serve()?);
    let admin = server.admin();
    let (id, _) = hook(&admin, &receiver.url(), &["ItemCreated"]).await?;
    receiver.refuse(500, None);
    receiver.refuse(429, Some("2"));
    make(&admin, "Tried three times").await?;
    let begun = std::time::Instant::now();
    let got = receiver.count(3).await?;
    ensure!(got.iter().all(|one| one.id() == got[0].id() && one.body == got[0].body), "the same thing again");
    ensure!(begun.elapsed() > Duration::from_millis(1_900), "Retry-After is respected");
    standing(&admin, &id, |shown| shown["open"] == 0).await?;
    let deliveries = admin.get(&format!("/webhooks/{id}/deliveries")).await?;
    let results: Vec<_> =
        deliveries["items"].as_array().into_iter().flatten().map(|one| one["result"].clone()).collect();
    ensure!(results == ["delivered", "http_429", "http_500"], "{deliveries}");

    receiver.refuse(410, None);
    make(&admin, "Gone").await?;
    standing(&admin, &id, |shown| shown["dead"] == 1).await?;
    let dead = admin.get(&format!("/webhooks/{id}/dead-letters")).await?;
    ensure!(dead["items"][0]["result"] == "http_410", "{dead}");
    admin.post(&format!("/webhooks/{id}/dead-letters/redrive"), json!({})).await?;
    let got = receiver.count(5).await?;
    ensure!(got[4].id() == got[3].id() && dead["items"][0]["eventId"] == got[4].id(), "{dead}");
    standing(&admin, &id, |shown| shown["dead"] == 0 && shown["open"] == 0).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_service_is_killed_between_deliveries() -> Result<()> {
    let (receiver, mut server) = (Receiver::start().await?, serve()?);
    hook(&server.admin(), &receiver.url(), &["ItemCreated"]).await?;
    let (mut made, mut heard) = (Vec::new(), 0);
    for round in 0..4 {
        let admin = server.admin();
        for n in 0..15 {
            made.push(make(&admin, &format!("{round}-{n}")).await?);
        }
        receiver.count(heard + 3).await?;
        server.kill()?;
        heard = receiver.got.borrow().len();
        server.restart()?;
    }
    let positions = |got: &[Got]| -> BTreeMap<u64, String> {
        got.iter().filter_map(|one| Some((one.json()["data"]["position"].as_u64()?, one.id()))).collect()
    };
    let got = receiver.until(|got| made.iter().all(|position| positions(got).contains_key(position))).await?;
    let ids = positions(&got);
    ensure!(ids.len() == made.len(), "{} events arrived, {} were made", ids.len(), made.len());
    for one in &got {
        let position = one.json()["data"]["position"].as_u64().unwrap_or_default();
        ensure!(ids.get(&position) == Some(&one.id()), "a repetition has the id of the first");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_from_a_position_is_told_again_and_a_disabled_webhook_waits() -> Result<()> {
    let (receiver, server) = (Receiver::start().await?, serve()?);
    let admin = server.admin();
    let (id, _) = hook(&admin, &receiver.url(), &["ItemCreated"]).await?;
    make(&admin, "one").await?;
    let from = make(&admin, "two").await?;
    make(&admin, "three").await?;
    receiver.count(3).await?;
    standing(&admin, &id, |shown| shown["open"] == 0).await?;
    admin.post(&format!("/webhooks/{id}/redeliver"), json!({"from": from})).await?;
    let got = receiver.count(5).await?;
    ensure!(got[3].id() == got[1].id() && got[4].id() == got[2].id(), "the same ids in the same order");
    let beyond = json!({"from": 1_000_000});
    let path = format!("/webhooks/{id}/redeliver");
    admin.refused(Method::POST, &path, Some(&beyond), 422, "position_out_of_range").await?;

    admin.put(&format!("/webhooks/{id}"), json!({"enabled": false})).await?;
    standing(&admin, &id, |shown| shown["enabled"] == false).await?;
    make(&admin, "four").await?;
    admin.put(&format!("/webhooks/{id}"), json!({"enabled": true})).await?;
    ensure!(receiver.count(6).await?[5].json()["data"]["data"]["name"] == "four", "it waited");
    admin.delete(&format!("/webhooks/{id}")).await?;
    admin.refused(Method::GET, &format!("/webhooks/{id}"), None, 404, "not_found").await?;
    make(&admin, "five").await?;
    let list = admin.get("/webhooks").await?;
    ensure!(list["items"] == json!([]) && receiver.got.borrow().len() == 6, "{list}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_network_is_no_target_however_it_is_written_or_resolved() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let refused = [
        ("http://example.com/", "target_not_https"),
        ("https://127.0.0.1/", "target_refused"),
        ("https://0x7f.1/", "target_refused"),
        ("https://[::1]/", "target_refused"),
        ("https://169.254.169.254/latest", "target_refused"),
        ("https://10.0.0.8/", "target_refused"),
        ("https://ann:pw@example.com/", "target_with_credentials"),
        ("example.com", "target_invalid"),
    ];
    for (url, code) in refused {
        admin.refused(Method::POST, "/webhooks", Some(&json!({"url": url})), 422, code).await.context(url)?;
    }
    // A name can only be judged by what it resolves to: at each delivery.
    let receiver = Receiver::start().await?;
    let url = format!("https://localhost:{}/hook", receiver.address.port());
    let (id, _) = hook(&admin, &url, &[]).await?;
    make(&admin, "told to nobody").await?;
    standing(&admin, &id, |shown| shown["open"].as_u64() >= Some(1)).await?;
    let mut results = Vec::new();
    for _ in 0..600 {
        let deliveries = admin.get(&format!("/webhooks/{id}/deliveries")).await?;
        results = deliveries["items"].as_array().into_iter().flatten().map(|one| one["result"].clone()).collect();
        if !results.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ensure!(!results.is_empty() && results.iter().all(|result| result == "target_refused"), "{results:?}");
    ensure!(receiver.got.borrow().is_empty(), "nobody was connected to");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_for_administrators_and_take_only_what_is_known() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.post("/users", json!({"login": "rob"})).await?;
    let rob = admin.acting_as("rob");
    let good = json!({"url": "https://example.com/hook"});
    rob.refused(Method::POST, "/webhooks", Some(&good), 403, "forbidden").await?;
    rob.refused(Method::GET, "/webhooks", None, 403, "forbidden").await?;
    let unknown = json!({"url": "https://example.com/", "types": ["ItemMade"]});
    admin.refused(Method::POST, "/webhooks", Some(&unknown), 422, "unknown_event_type").await?;
    let more = json!({"url": "https://example.com/", "secret": "mine"});
    admin.refused(Method::POST, "/webhooks", Some(&more), 422, "unknown_field").await?;
    let post = || {
        admin
            .request(Method::POST, "/webhooks")
            .header("Idempotency-Key", "w")
            .json(&json!({"url": "https://example.com/", "enabled": false}))
    };
    let (first, again) = (admin.send(post()).await?.json(), admin.send(post()).await?.json());
    ensure!(first["id"] == again["id"] && first["secret"].is_string() && again["secret"].is_null(), "{first} {again}");
    Ok(())
}
