//! All metrics of the service, by name: `countersign_<thing>_<unit>`. No ids in labels.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_core::deploy::{Health, health_of};
use countersign_core::ids::Position;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use crate::app::App;
use crate::auth::Who;
use crate::problem::Problem;

/// Answered requests, by method, route and status.
const HTTP_REQUESTS: &str = "countersign_http_requests_total";
/// How long they took.
const HTTP_SECONDS: &str = "countersign_http_request_duration_seconds";
/// Commands, by outcome: done, repeated, unchanged, refused, failed.
const COMMANDS: &str = "countersign_commands_total";
/// The last durable event.
const LOG_POSITION: &str = "countersign_log_position";
/// Durable events that no request can see yet.
const PROJECTION_LAG: &str = "countersign_projection_lag_events";
/// The last event that the stream on NATS has acknowledged.
const RELAY_POSITION: &str = "countersign_relay_position";
/// Durable events that the stream on NATS has not acknowledged yet.
const RELAY_LAG: &str = "countersign_relay_lag_events";
/// What stands in infrastructures, by how it does with governance: healthy, warning, error, no_status.
const DEPLOYMENTS: &str = "countersign_deployments_total";
/// Whether the log accepts events.
const LOG_WRITABLE: &str = "countersign_log_writable";

const BUCKETS_SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Renders what was measured; one per process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    deployments: Arc<Mutex<Counted>>,
}

/// How many deployments stand how, at a position: counted anew only when something happened since.
#[derive(Debug, Default)]
struct Counted {
    at: Option<Position>,
    counts: [u32; Health::ALL.len()],
}

impl Counted {
    fn at(&mut self, position: Position, healths: impl Iterator<Item = Health>) -> [u32; Health::ALL.len()] {
        if self.at != Some(position) {
            self.counts = [0; Health::ALL.len()];
            for health in healths {
                for (count, status) in self.counts.iter_mut().zip(Health::ALL) {
                    *count = count.saturating_add(u32::from(status == health));
                }
            }
            self.at = Some(position);
        }
        self.counts
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Begins to measure; a second call gives the same.
    pub fn install() -> Result<Self, BuildError> {
        if let Some(handle) = HANDLE.get() {
            return Ok(Self { handle: handle.clone(), deployments: Arc::default() });
        }
        let handle = PrometheusBuilder::new().set_buckets(BUCKETS_SECONDS)?.install_recorder()?;
        Ok(Self { handle: HANDLE.get_or_init(|| handle).clone(), deployments: Arc::default() })
    }
}

/// What became of a command.
pub fn command(outcome: &'static str) {
    counter!(COMMANDS, "outcome" => outcome).increment(1);
}

/// How far the relay is, and how far it could be.
pub fn relayed(position: Position, head: Position) {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events")]
    {
        gauge!(RELAY_POSITION).set(position.0 as f64);
        gauge!(RELAY_LAG).set(head.0.saturating_sub(position.0) as f64);
    }
}

/// Counts and times every answered request.
pub async fn measure(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().as_str().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or("none", |path| path.as_str()).to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!(HTTP_SECONDS, "method" => method.clone(), "route" => route.clone()).record(start.elapsed());
    counter!(HTTP_REQUESTS, "method" => method, "route" => route, "status" => status).increment(1);
    response
}

fn deployments(app: &App) {
    let snapshot = app.latest();
    let healths = snapshot.state.infrastructures.deployed.values().map(|deployed| health_of(&snapshot.state, deployed));
    let mut counted = app.metrics.deployments.lock().unwrap_or_else(PoisonError::into_inner);
    let counts = counted.at(snapshot.position(), healths);
    for (count, status) in counts.into_iter().zip(Health::ALL) {
        gauge!(DEPLOYMENTS, "status" => status.word().to_lowercase()).set(f64::from(count));
    }
}

/// Prometheus' text; with a key unless asked from this machine.
pub async fn render(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Behind a proxy every peer is loopback: then the key is needed all the same.
    let is_local =
        peer.ip().is_loopback() && !headers.contains_key("x-forwarded-for") && !headers.contains_key("forwarded");
    if !is_local {
        Who::from_headers(&app, &headers)?;
    }
    app.health.look();
    deployments(&app);
    let head = *app.engine.durable_head().borrow();
    let is_writable = app.engine.health() == countersign_engine::engine::Health::Running;
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events")]
    {
        gauge!(LOG_POSITION).set(head.0 as f64);
        gauge!(PROJECTION_LAG).set(head.0.saturating_sub(app.latest().position().0) as f64);
    }
    gauge!(LOG_WRITABLE).set(if is_writable { 1.0 } else { 0.0 });
    let text = app.metrics.handle.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deployments_are_counted_anew_only_after_something_happened() {
        let mut counted = Counted::default();
        let all = || [Health::Healthy, Health::Error, Health::Healthy].into_iter();
        assert_eq!(counted.at(Position(7), all()), [2, 0, 1, 0]);
        let asked = std::cell::Cell::new(0);
        let watched = || all().inspect(|_| asked.set(asked.get() + 1));
        assert_eq!(counted.at(Position(7), watched()), [2, 0, 1, 0]);
        assert_eq!(asked.get(), 0);
        assert_eq!(counted.at(Position(8), watched().skip(1)), [1, 0, 1, 0]);
        assert_eq!(asked.get(), 3);
    }
}
