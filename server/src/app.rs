//! What every request handler shares: the engine, the snapshots, the stores. Cheap to clone.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use countersign_engine::engine::Engine;
use countersign_engine::files::FileStore;
use countersign_engine::sled_log::SledReader;
use countersign_engine::vault::Vault;
use countersign_ingest::Broker;
use countersign_projections::{Snapshot, Snapshots};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::health::Health;
use crate::hooks::Hooks;
use crate::metrics::Metrics;
use crate::notify::Notifier;
use crate::plan::Plans;
use crate::refusals::Refusals;
use crate::session::attempts::Attempts;
use crate::session::oidc::Provider;
use crate::session::store::Sessions;

/// How often it is looked whether a request still holds the parts.
const RELEASE_PAUSE: Duration = Duration::from_millis(2);

/// The parts of a running service, shared by all requests.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

/// See [`App`].
#[derive(Debug)]
pub struct Parts {
    /// Where it was told to listen, and its bounds.
    pub config: Config,
    /// Where commands go.
    pub engine: Engine,
    /// Where answers come from.
    pub snapshots: Snapshots<SledReader>,
    /// The durable log.
    pub log: SledReader,
    /// Secrets.
    pub vault: Vault,
    /// Bytes of uploads.
    pub files: FileStore,
    /// What each reader may read.
    pub plans: Plans,
    /// Scripts of templates, when they run.
    pub hooks: Option<Hooks>,
    /// What is told outside, and what is not yet.
    pub notifier: Notifier,
    /// What `/readyz` says.
    pub health: Health,
    /// The way to nodes, when there is NATS.
    pub broker: OnceLock<Broker>,
    /// Who is signed in.
    pub sessions: Sessions,
    /// Where people may sign in too.
    pub oidc: Option<Provider>,
    /// Attempts to sign in.
    pub attempts: Attempts,
    /// Refused attempts, until they are told to the log.
    pub refusals: Refusals,
    /// What `/metrics` says.
    pub metrics: Metrics,
    /// Cancelled when the service stops; open streams end then.
    pub stopping: CancellationToken,
}

impl App {
    /// Shares the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Gives the parts up once the last request has; nothing when one still holds them after `time_max`.
    pub async fn into_parts(self, time_max: Duration) -> Option<Parts> {
        let Self(mut shared) = self;
        let asked = Instant::now();
        loop {
            match Arc::try_unwrap(shared) {
                Ok(parts) => return Some(parts),
                Err(_) if asked.elapsed() >= time_max => return None,
                Err(still) => shared = still,
            }
            tokio::time::sleep(RELEASE_PAUSE).await;
        }
    }

    /// State and views at the newest position.
    #[must_use]
    pub fn latest(&self) -> Arc<Snapshot> {
        self.0.snapshots.latest()
    }
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
