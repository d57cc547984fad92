//! Whether the service lives, and whether it accepts work.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign_engine::engine;
use serde::Serialize;

use crate::app::App;

/// How a part stands that the service can start and go on without.
pub type PartStatus = Arc<dyn Fn() -> Standing + Send + Sync>;

/// Whether a part works, and what is wrong when it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// It has never stood yet: the service is not ready.
    pub is_starting: bool,
    /// Snake case; nothing when all is well.
    pub reason: Option<String>,
}

/// The parts that `/readyz` asks.
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<Vec<(&'static str, PartStatus)>>>);

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.parts().iter().map(|(name, _)| name)).finish()
    }
}

impl Health {
    /// Asks this part too from now on.
    pub fn watch(&self, name: &'static str, status: PartStatus) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name, status));
    }

    /// Asks every part, which brings its metrics up to date.
    pub fn look(&self) {
        for (_, status) in self.parts() {
            status();
        }
    }

    fn parts(&self) -> Vec<(&'static str, PartStatus)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    position: u64,
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    name: &'static str,
    ok: bool,
    reason: Option<String>,
}

/// The process runs.
pub async fn livez() -> &'static str {
    "ok\n"
}

/// 200 only when commands are accepted and every part has stood; a part lost later is named and degrades it.
pub async fn readyz(State(app): State<App>) -> Response {
    let engine = match app.engine.health() {
        engine::Health::Running => None,
        engine::Health::Poisoned { .. } => Some("log_poisoned".to_owned()),
        engine::Health::Stopped => Some("stopped".to_owned()),
    };
    let reason = engine.or_else(|| app.stopping.is_cancelled().then(|| "stopping".to_owned()));
    let mut ready = reason.is_none();
    let mut parts = vec![Part { name: "engine", ok: ready, reason }];
    for (name, status) in app.health.parts() {
        let Standing { is_starting, reason } = status();
        ready &= !is_starting;
        parts.push(Part { name, ok: reason.is_none() && !is_starting, reason });
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, position: app.latest().position().0, parts })).into_response()
}
