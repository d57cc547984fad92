//! Operations on the log of a running service: verifying it, whole.

use countersign_engine::verify::{Report, verify};
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use crate::problem::Problem;

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

static RUNNING: AtomicBool = AtomicBool::new(false);

struct Running;

impl Running {
    fn try_new() -> Result<Self, Problem> {
        let was = RUNNING.swap(true, Ordering::Relaxed);
        (!was).then_some(Self).ok_or_else(|| Problem::later("busy", "the log is being verified already"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.store(false, Ordering::Relaxed);
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
    let running = Running::try_new()?;
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
