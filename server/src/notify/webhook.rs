//! Events over HTTP in the form of Standard Webhooks: signed, and named by the event's id, which a redelivery repeats.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use countersign_core::ids::Position;
use countersign_core::{Recorded, State, schema};
use countersign_engine::vault::Vault;
use countersign_projections::Snapshot;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use standardwebhooks::Webhook;

use super::courier::{Carrier, Next, now_millis};
use super::endpoint::{self, Endpoint};
use super::ledger::{Outcome, Parcel};
use super::target::{self, Guarded, TargetError};
use crate::event_json::event_json;

/// How long one delivery may take.
const DELIVERY_TIME_MAX: Duration = Duration::from_secs(15);
/// How long a connection may take to come about.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// How much of an answer is read, in bytes; nothing in it is used.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Most events that are looked at in one go for one that is wanted.
const SCAN_EVENTS_MAX: usize = 10_000;
/// What a secret begins with, as Standard Webhooks has it.
const SECRET_PREFIX: &str = "whsec_";

/// A new secret: 244 random bits.
#[must_use]
pub fn new_secret() -> String {
    let bytes = [*uuid::Uuid::new_v4().as_bytes(), *uuid::Uuid::new_v4().as_bytes()].concat();
    format!("{SECRET_PREFIX}{}", BASE64_STANDARD.encode(bytes))
}

type Https = Client<HttpsConnector<HttpConnector<Guarded>>, Full<Bytes>>;

/// The way out to all endpoints.
#[derive(Debug, Clone)]
pub struct Sender {
    client: Https,
    may_be_loopback: bool,
}

impl Sender {
    /// With the certificates that the machine trusts.
    pub fn new(may_be_loopback: bool) -> std::io::Result<Self> {
        let mut http = HttpConnector::new_with_resolver(Guarded { may_be_loopback });
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT_TIME_MAX));
        let tls = HttpsConnectorBuilder::new().with_native_roots()?;
        let https = tls.https_or_http().enable_http1().wrap_connector(http);
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(https), may_be_loopback })
    }

    async fn post(&self, endpoint: &Endpoint, secret: &str, recorded: &Recorded, state: &State) -> Outcome {
        let url = match target::check(&endpoint.url, self.may_be_loopback) {
            Ok(url) => url,
            Err(error) => return failed(error.code()),
        };
        let Some(request) = request(url.as_str(), secret, recorded, state) else { return failed("secret_invalid") };
        let answered = tokio::time::timeout(DELIVERY_TIME_MAX, async {
            let response = self.client.request(request).await?;
            let outcome = outcome(&response);
            // Read to its end, the connection can be used again; how it ends is of no interest.
            drop(Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await);
            Ok::<_, hyper_util::client::legacy::Error>(outcome)
        });
        match answered.await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => failed(code_of(&error)),
            Err(_elapsed) => failed("timeout"),
        }
    }
}

/// The endpoint's events, and the way to it.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Which endpoint.
    pub id: String,
    /// The way out.
    pub sender: Sender,
    /// Where its secret is.
    pub vault: Vault,
}

impl Carrier for Hook {
    fn next(&self, snapshot: &Snapshot, after: Position) -> Next {
        let Some(known) = endpoint::find(&snapshot.state, &self.id) else {
            return Next { upto: after, parcels: Vec::new() };
        };
        let mut upto = after;
        for recorded in snapshot.views.timeline.after(after).take(SCAN_EVENTS_MAX) {
            upto = recorded.position;
            if known.endpoint.wants(recorded) {
                return Next { upto, parcels: vec![Parcel::new(upto, None)] };
            }
        }
        Next { upto, parcels: Vec::new() }
    }

    async fn carry(&self, snapshot: &Snapshot, parcel: Parcel) -> Outcome {
        let known = endpoint::find(&snapshot.state, &self.id);
        let recorded = snapshot.views.timeline.get(Position(parcel.position));
        let (Some(known), Some(recorded)) = (known, recorded) else { return Outcome::NotNeeded };
        let Some(secret) = self.vault.secret(known.endpoint.credential()) else { return failed("secret_missing") };
        self.sender.post(&known.endpoint, &secret, recorded, &snapshot.state).await
    }
}

fn request(url: &str, secret: &str, recorded: &Recorded, state: &State) -> Option<Request<Full<Bytes>>> {
    let body = json!({
        "type": schema::event_name(&recorded.event),
        "timestamp": recorded.recorded_at.to_string(),
        "data": event_json(recorded, state),
    });
    let body = body.to_string();
    let (id, at_seconds) = (recorded.id.to_string(), now_millis() / 1_000);
    let signature = Webhook::new(secret).ok()?.sign(&id, at_seconds, body.as_bytes()).ok()?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", id)
        .header("webhook-timestamp", at_seconds)
        .header("webhook-signature", signature);
    request.body(Full::from(body)).ok()
}

fn outcome<B>(response: &Response<B>) -> Outcome {
    let status = response.status();
    if status.is_success() {
        return Outcome::Delivered;
    }
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Outcome::Failed {
        code: format!("http_{}", status.as_u16()),
        retry_after_millis: retry_after.and_then(|text| pause_millis(text, now_millis())),
        is_final: status == StatusCode::GONE,
    }
}

/// `Retry-After`: seconds, or a date.
fn pause_millis(text: &str, now_millis: i64) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(i64::from(seconds).saturating_mul(1_000));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(date.as_millisecond().saturating_sub(now_millis).max(0))
}

fn failed(code: &str) -> Outcome {
    Outcome::Failed { code: code.to_owned(), retry_after_millis: None, is_final: false }
}

fn code_of(error: &hyper_util::client::legacy::Error) -> &'static str {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(found) = cause {
        if let Some(refused) = found.downcast_ref::<TargetError>() {
            return refused.code();
        }
        cause = found.source();
    }
    if error.is_connect() { "not_connected" } else { "broken_off" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = 1_445_412_480_000 - 30_000;
        assert_eq!(pause_millis("120", now), Some(120_000));
        assert_eq!(pause_millis("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(30_000));
        assert_eq!(pause_millis("soon", now), None);
    }

    #[test]
    fn only_gone_is_final_and_a_redirect_is_a_failure() {
        for (status, expected) in [(302, false), (404, false), (410, true), (500, false)] {
            let response = Response::builder().status(status).body(());
            let told = response.map(|response| outcome(&response));
            assert!(matches!(told, Ok(Outcome::Failed { is_final, .. }) if is_final == expected), "{status}");
        }
    }
}
