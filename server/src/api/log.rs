//! Operations on the log of a running service: verifying it and taking it out, whole.

use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use countersign_core::audit::Entry;
use countersign_engine::verify::{Report, verify};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

use super::GOVERN_POSITION;
use super::ask::{Answer, Ask};
use crate::problem::Problem;

/// How much of an export is sent at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Most chunks of an export that wait for their reader.
const CHUNKS_MAX: usize = 4;

/// What reading the whole log found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogReport {
    /// No violation was found.
    pub ok: bool,
    /// The log's id.
    pub log_id: Option<String>,
    /// How many events, which is also the last one's position.
    pub events: u64,
    /// SHA-256 over all leaf hashes in order: two copies of one log agree on it.
    pub leaves: Option<String>,
    /// The time of the first event.
    pub first_at: Option<String>,
    /// The time of the last event.
    pub last_at: Option<String>,
    /// What is wrong: a stable code.
    pub code: Option<&'static str>,
    /// Where.
    pub violation_position: Option<u64>,
    /// What is wrong, for people.
    pub detail: Option<String>,
}

static VERIFYING: AtomicBool = AtomicBool::new(false);
static EXPORTING: AtomicBool = AtomicBool::new(false);

/// One reading of the whole log; one of a kind at a time.
struct Running(&'static AtomicBool);

impl Running {
    fn try_new(kind: &'static AtomicBool, busy: &str) -> Result<Self, Problem> {
        let was = kind.swap(true, Ordering::Relaxed);
        (!was).then_some(Self(kind)).ok_or_else(|| Problem::later("busy", busy))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// What a verification found, as every door tells it.
#[must_use]
pub fn report(found: Result<Report, countersign_engine::verify::Violation>) -> LogReport {
    let none = LogReport {
        ok: false,
        log_id: None,
        events: 0,
        leaves: None,
        first_at: None,
        last_at: None,
        code: None,
        violation_position: None,
        detail: None,
    };
    match found {
        Ok(report) => LogReport {
            ok: true,
            log_id: report.log.map(|log| log.to_string()),
            events: report.events,
            leaves: Some(report.leaves.to_string()),
            first_at: report.span.map(|(first, _)| first.to_string()),
            last_at: report.span.map(|(_, last)| last.to_string()),
            ..none
        },
        Err(violation) => LogReport {
            code: Some(violation.code()),
            violation_position: violation.position().map(|position| position.0),
            detail: Some(crate::cli::output::chain(&violation)),
            ..none
        },
    }
}

/// Reads the whole log and checks every event; for administrators, one at a time.
#[utoipa::path(get, path = "/log/verify", tag = "operations",
    responses((status = 200, description = "What was found, good or bad", body = LogReport)))]
pub async fn read(ask: Ask) -> Result<Answer<LogReport>, Problem> {
    ask.need_admin()?;
    let running = Running::try_new(&VERIFYING, "the log is being verified already")?;
    let log = ask.app.log.clone();
    let found = tokio::task::spawn_blocking(move || {
        let found = verify(&log, |_| {});
        drop(running);
        found
    });
    let found = found.await.map_err(|error| Problem::internal(&error))?;
    if let Err(violation) = &found {
        tracing::error!(%violation, "the log is not whole");
    }
    Ok(ask.answer(report(found)))
}

/// The whole log as JSON lines, as `countersign log export` writes it; for administrators, one at a time. The log tells who
/// took it, first.
#[utoipa::path(get, path = "/log/export", tag = "operations",
    responses((status = 200, description = "Every event up to now", content_type = "application/jsonl", body = String)))]
pub async fn export(ask: Ask, headers: HeaderMap) -> Result<Response, Problem> {
    ask.need_admin()?;
    let running = Running::try_new(&EXPORTING, "the log is being exported already")?;
    ask.note(&headers, Entry::Export { what: "log".into() }).await?;
    let (sender, chunks) = mpsc::channel(CHUNKS_MAX);
    let (log, position) = (ask.app.log.clone(), ask.app.engine.durable_head());
    let position = *position.borrow();
    tokio::task::spawn_blocking(move || {
        let mut writer = BufWriter::with_capacity(CHUNK_BYTES, Chunks(sender.clone()));
        let done = countersign_engine::export::export(&log, &mut writer, |_| {});
        // Whatever the writer still holds is lost with the reader.
        drop(writer.into_parts());
        if let Err(error) = done {
            tracing::warn!(%error, "an export of the log broke off");
            // The answer ends as a broken one does, so that nobody takes the part for the whole.
            drop(sender.blocking_send(Err(io::Error::other(error))));
        }
        drop(running);
    });
    let mut response = Body::from_stream(ReceiverStream::new(chunks)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=log.jsonl"));
    headers.insert(GOVERN_POSITION, HeaderValue::from(position.0));
    Ok(response)
}

/// Hands what is written to an answer; fails once nobody reads it any more.
struct Chunks(mpsc::Sender<io::Result<Bytes>>);

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
