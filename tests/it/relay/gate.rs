//! The gate over NATS request/reply.

use std::sync::Arc;

use async_nats::HeaderMap;
use countersign_core::Principal;
use countersign_core::ids::KeyId;
use countersign_ingest::Broker;
use countersign_server::relay::gate::{self, CHECK_SUBJECT, Gate, QUESTION_BYTES_MAX, Refused};
use countersign_tests::nats::NatsServer;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::world::BOUND;

/// Knows one key, and answers with the question and who asked.
fn echo() -> Gate {
    Gate {
        authenticate: Arc::new(|secret| (secret == "the-key").then_some(Principal::Key(KeyId(3)))),
        check: Arc::new(|principal, question| {
            Box::pin(async move {
                let Principal::Key(key) = principal else { panic!("{principal:?}") };
                if question.get("infraId").is_none() {
                    let detail = "infraId is missing".to_owned();
                    return Err(Refused { status: 422, code: "invalid".to_owned(), detail });
                }
                Ok(json!({"decision": "DENY", "askedBy": key.to_string(), "question": question}).to_string().into())
            })
        }),
    }
}

struct Asked {
    code: Option<String>,
    body: Value,
}

async fn ask(client: &async_nats::Client, authorization: Option<&str>, question: &[u8]) -> Asked {
    let mut headers = HeaderMap::new();
    if let Some(authorization) = authorization {
        headers.insert("Authorization", authorization);
    }
    let asking = client.request_with_headers(CHECK_SUBJECT, headers, question.to_vec().into());
    let answer = tokio::time::timeout(BOUND, asking).await.unwrap().unwrap();
    let code = answer.headers.as_ref().and_then(|headers| headers.get("Nats-Service-Error-Code"));
    Asked { code: code.map(ToString::to_string), body: serde_json::from_slice(&answer.payload).unwrap() }
}

async fn offered(server: &NatsServer) -> (async_nats::Client, CancellationToken) {
    let broker = Broker::connect(&server.url(), "test gate").await.unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(gate::run(broker, echo(), stop.clone()));
    let client = async_nats::connect(server.url()).await.unwrap();
    // A service can be asked for before it is there: it answers once it is.
    let offered = async {
        while client.request("$SRV.PING.countersign", "".into()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, offered).await.unwrap();
    (client, stop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_with_a_key_is_answered_as_over_http() {
    let server = NatsServer::start().unwrap();
    let (client, stop) = offered(&server).await;
    for authorization in ["Bearer the-key", "the-key"] {
        let asked = ask(&client, Some(authorization), br#"{"infraId":"prod","intent":"ask"}"#).await;
        assert_eq!(asked.code, None, "{}", asked.body);
        assert_eq!(asked.body.get("decision").unwrap(), "DENY");
        assert_eq!(asked.body.get("askedBy").unwrap(), "ak.3");
        assert_eq!(asked.body.pointer("/question/infraId").unwrap(), "prod");
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_a_known_key_or_without_sense_is_refused_with_a_code() {
    let server = NatsServer::start().unwrap();
    let (client, stop) = offered(&server).await;
    let long = vec![b' '; QUESTION_BYTES_MAX + 1];
    let cases: [(Option<&str>, &[u8], u16, &str); 5] = [
        (None, br#"{"infraId":"prod"}"#, 401, "unauthenticated"),
        (Some("Bearer other"), br#"{"infraId":"prod"}"#, 401, "unauthenticated"),
        (Some("the-key"), b"{", 400, "malformed_json"),
        (Some("the-key"), b"{}", 422, "invalid"),
        (Some("the-key"), &long, 413, "body_too_large"),
    ];
    for (authorization, question, status, code) in cases {
        let asked = ask(&client, authorization, question).await;
        assert_eq!(asked.code, Some(status.to_string()), "{}", asked.body);
        assert_eq!(asked.body.get("code").unwrap(), code);
        assert_eq!(asked.body.get("status").unwrap(), status);
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_asks_without_end_is_told_to_wait() {
    let server = NatsServer::start().unwrap();
    let (client, stop) = offered(&server).await;
    let questions = (0..400).map(|_| ask(&client, Some("the-key"), br#"{"infraId":"prod"}"#));
    let codes = futures::future::join_all(questions).await;
    let limited = codes.iter().filter(|asked| asked.code.as_deref() == Some("429")).count();
    assert!((1..400).contains(&limited), "{limited} of 400 were refused");
    stop.cancel();
}
