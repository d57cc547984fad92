//! The gate over NATS request/reply: a micro-service (ADR-32) that answers what `POST /gate/check` answers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::service::{NATS_SERVICE_ERROR, NATS_SERVICE_ERROR_CODE, Request, ServiceExt as _};
use bytes::Bytes;
use countersign_core::Principal;
use countersign_ingest::Broker;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::auth;

/// The service's name.
pub const SERVICE: &str = "countersign";
/// Where it listens.
pub const CHECK_SUBJECT: &str = "govern.gate.check";
/// Longest question, in bytes.
pub const QUESTION_BYTES_MAX: usize = 64 * 1024;
/// Most questions that are answered at once.
const QUESTIONS_MAX: usize = 64;
/// Questions that one key may ask at once after a pause.
pub const BURST: f64 = 100.0;
/// Questions that one key may go on asking.
pub const RATE_PER_SECOND: f64 = 50.0;
/// Most keys whose rate is remembered.
const CALLERS_MAX: usize = 1_000;
/// How long an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// The pause before the service is offered again after a failure.
const SERVICE_PAUSE: Duration = Duration::from_millis(250);

/// Whose secret this is; nothing for an unknown or revoked one.
pub type Authenticate = Arc<dyn Fn(&str) -> Option<Principal> + Send + Sync>;
/// Answers the question with the very bytes that HTTP gives.
pub type GateCheck = Arc<dyn Fn(Principal, Value) -> BoxFuture<'static, Result<Bytes, Refused>> + Send + Sync>;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// As over HTTP.
    pub status: u16,
    /// Stable, snake case.
    pub code: String,
    /// For people.
    pub detail: String,
}

impl Refused {
    fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), detail: detail.into() }
    }
}

/// Who asks and what answers; given by the composition.
#[derive(Clone)]
pub struct Gate {
    /// Finds the owner of a secret.
    pub authenticate: Authenticate,
    /// Answers.
    pub check: GateCheck,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

/// Serves until asked to stop, then answers what it was asked and returns.
pub async fn run(broker: Broker, gate: Gate, stop: CancellationToken) {
    let rates = Rates::default();
    while stop.run_until_cancelled(broker.connected()).await.is_some() {
        // Subscriptions outlive a lost connection; this ends only when the service could not begin, or with `stop`.
        if let Err(error) = serve(&broker, &gate, &rates, &stop).await {
            tracing::warn!(%error, "the gate over NATS is not offered");
            let _ = stop.run_until_cancelled(tokio::time::sleep(SERVICE_PAUSE)).await;
        }
    }
}

async fn serve(broker: &Broker, gate: &Gate, rates: &Rates, stop: &CancellationToken) -> Result<(), async_nats::Error> {
    let service = broker
        .client()
        .service_builder()
        .description("Countersign's deployment gate")
        .start(SERVICE, env!("CARGO_PKG_VERSION"))
        .await?;
    let questions = service.endpoint_builder().name("gate-check").add(CHECK_SUBJECT).await?;
    questions
        .take_until(stop.cancelled())
        .for_each_concurrent(QUESTIONS_MAX, |request| async move {
            let answer = answer(gate, rates, &request).await;
            if let Err(error) = respond(broker, &request, answer).await {
                tracing::debug!(%error, "an answer of the gate did not leave");
            }
        })
        .await;
    Ok(())
}

async fn answer(gate: &Gate, rates: &Rates, request: &Request) -> Result<Bytes, Refused> {
    let message = &request.message;
    let refused = || Refused::new(401, "unauthenticated", "the Authorization header needs a known API key");
    let secret = message.headers.as_ref().and_then(secret).ok_or_else(refused)?;
    let principal = (gate.authenticate)(&secret).ok_or_else(refused)?;
    if !rates.take(&principal, Instant::now()) {
        return Err(Refused::new(429, "rate_limited", format!("at most {RATE_PER_SECOND} questions a second")));
    }
    if message.payload.len() > QUESTION_BYTES_MAX {
        return Err(Refused::new(413, "body_too_large", format!("at most {QUESTION_BYTES_MAX} bytes")));
    }
    let question = serde_json::from_slice(&message.payload)
        .map_err(|error| Refused::new(400, "malformed_json", error.to_string()))?;
    let answering = tokio::time::timeout(ANSWER_TIME_MAX, (gate.check)(principal, question));
    answering.await.unwrap_or_else(|_| Err(Refused::new(503, "busy", "the answer took too long")))
}

/// As over HTTP, or the key alone.
fn secret(headers: &HeaderMap) -> Option<String> {
    let found = headers.iter().find(|(name, _)| AsRef::<str>::as_ref(*name).eq_ignore_ascii_case("authorization"));
    let value = found.and_then(|(_, values)| values.last())?.as_str().trim();
    let secret = if value.contains(' ') { auth::secret_in(value).ok()? } else { value.to_owned() };
    (!secret.is_empty()).then_some(secret)
}

/// A refusal has the headers of a micro-service's error, and the body that HTTP would have.
async fn respond(broker: &Broker, request: &Request, answer: Result<Bytes, Refused>) -> Result<(), async_nats::Error> {
    let refused = match answer {
        Ok(answer) => return Ok(request.respond(Ok(answer)).await?),
        Err(refused) => refused,
    };
    let Some(reply) = request.message.reply.clone() else { return Ok(()) };
    let mut headers = HeaderMap::new();
    headers.insert(NATS_SERVICE_ERROR, one_line(&refused.detail).as_str());
    headers.insert(NATS_SERVICE_ERROR_CODE, refused.status.to_string().as_str());
    let Refused { status, code, detail } = refused;
    let body = json!({"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail});
    broker.client().publish_with_headers(reply, headers, Bytes::from(body.to_string())).await?;
    Ok(())
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What each key may still ask: a bucket that fills again with time.
#[derive(Debug, Default)]
struct Rates(Mutex<BTreeMap<Principal, Bucket>>);

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Rates {
    fn take(&self, principal: &Principal, now: Instant) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CALLERS_MAX && !buckets.contains_key(principal) {
            // Whoever's bucket is full again is as good as new.
            buckets.retain(|_, bucket| bucket.refilled(now) < BURST);
            if buckets.len() >= CALLERS_MAX {
                return false;
            }
        }
        let bucket = buckets.entry(principal.clone()).or_insert(Bucket { left: BURST, at: now });
        *bucket = Bucket { left: bucket.refilled(now), at: now };
        let is_allowed = bucket.left >= 1.0;
        if is_allowed {
            bucket.left -= 1.0;
        }
        is_allowed
    }
}

impl Bucket {
    fn refilled(&self, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        seconds.mul_add(RATE_PER_SECOND, self.left).min(BURST)
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::ids::KeyId;

    use super::*;

    #[test]
    fn a_key_that_asks_too_often_waits_and_others_do_not() {
        let rates = Rates::default();
        let now = Instant::now();
        let (busy, other) = (Principal::Key(KeyId(1)), Principal::Key(KeyId(2)));
        let allowed = (0..200).filter(|_| rates.take(&busy, now)).count();
        assert_eq!(allowed, 100);
        assert!(rates.take(&other, now));
        assert!(rates.take(&busy, now + Duration::from_millis(20)));
        assert!(!rates.take(&busy, now + Duration::from_millis(20)));
    }

    #[test]
    fn the_key_stands_alone_or_in_either_form_that_http_takes() {
        let header = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("AUTHORIZATION", value);
            secret(&headers)
        };
        assert_eq!(header("bearer k1"), Some("k1".to_owned()));
        assert_eq!(header("k1"), Some("k1".to_owned()));
        assert_eq!(header("Basic azE6"), Some("k1".to_owned()));
        assert_eq!(header("Basic azE6cGFzcw=="), None);
        assert_eq!(header("Digest k1"), None);
        assert_eq!(header(" "), None);
    }
}
