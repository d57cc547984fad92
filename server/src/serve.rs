//! The composition root: opens the log, replays it, starts the writer, the projector, HTTP and NATS, and ends them in
//! the opposite order.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use countersign_core::ids::Position;
use countersign_engine::engine::{Engine, Health as EngineHealth, Settings};
use countersign_engine::files::FileStore;
use countersign_engine::sled_log::{SledLog, SledReader};
use countersign_engine::vault::Vault;
use countersign_projections::{Projector, Snapshots, load};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Parts};
use crate::bootstrap::{self, ADMIN_KEY_VARIABLE};
use crate::config::Config;
use crate::health::Health;
use crate::hooks::Hooks;
use crate::hooks::policies;
use crate::hooks::run::Interpreter;
use crate::metrics::Metrics;
use crate::notify::{self, Notifier};
use crate::plan::Plans;
use crate::refusals::Refusals;
use crate::session::attempts::Attempts;
use crate::session::oidc::Provider;
use crate::session::store::Sessions;
use crate::{connections, http, nats, tls};

/// How long the views may take to show the first events.
const FIRST_VIEW_TIME_MAX: Duration = Duration::from_secs(30);
/// How long the last requests may hold the log once everything else has ended.
const RELEASE_TIME_MAX: Duration = Duration::from_secs(5);
/// After how many events a long replay says how far it is.
const REPLAY_REPORT_EVENTS: u64 = 100_000;

/// The core of a service without its doors: what offline commands need too.
#[derive(Debug)]
pub struct Core {
    /// Where commands go.
    pub engine: Engine,
    /// Where answers come from.
    pub snapshots: Snapshots<SledReader>,
    /// The durable log.
    pub log: SledReader,
    /// Secrets.
    pub vault: Vault,
    /// The administrator's key, at the first start, when it has to be shown.
    pub first_secret: Option<String>,
    projector: Projector,
}

impl Core {
    /// Opens a data directory, made on the first start, and replays its log.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let directory = config.data.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let (writer, log) = SledLog::open(&directory.join("log"))?;
            let vault = Vault::open(&directory.join("vault"))?;
            let loaded = load(&log, |position, head| {
                if position.0.is_multiple_of(REPLAY_REPORT_EVENTS) {
                    tracing::info!(%position, %head, "replaying the log");
                }
            })?;
            anyhow::Ok((writer, log, vault, loaded))
        });
        let (writer, log, vault, loaded) = opened.await.context("opening was broken off")??;
        let state = loaded.snapshot.state.clone();
        let is_new = state.log.is_none();
        let (projector, feed, snapshots) = Projector::start(loaded, log.clone())?;
        let engine = Engine::start(writer, state, Settings::default(), move |group| {
            // A projector that stopped is seen by whoever waits for a snapshot; the log goes on without it.
            if feed.send(group).is_err() {
                tracing::error!("the projector has stopped");
            }
        });
        let mut core = Self { engine, snapshots, log, vault, first_secret: None, projector };
        if is_new {
            let given = std::env::var(ADMIN_KEY_VARIABLE).ok().filter(|key| !key.is_empty());
            let first = bootstrap::first_start(&core.engine, &core.vault, &config.data, given).await?;
            core.snapshots.wait_for(first.position, FIRST_VIEW_TIME_MAX).await?;
            core.first_secret = first.secret;
        }
        Ok(core)
    }

    /// Finishes what was accepted and closes the log.
    pub async fn close(self) {
        let Self { engine, projector, .. } = self;
        close(engine, projector).await;
    }
}

/// The feed ends with the writer's thread, and with the feed the projector.
async fn close(engine: Engine, projector: Projector) {
    engine.stop().await;
    drop(engine);
    match tokio::task::spawn_blocking(move || projector.join()).await {
        Ok(Ok(())) => {}
        _ => tracing::error!("the projector had stopped before its time"),
    }
}

/// A running service.
#[derive(Debug)]
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    /// The administrator's key, at the first start, when it has to be shown.
    pub first_secret: Option<String>,
    app: App,
    projector: Projector,
    nats: Option<nats::Running>,
    notify: notify::Running,
    serving: tokio::task::JoinHandle<()>,
}

/// Starts everything; ready to be asked on return.
pub async fn start(config: Config) -> anyhow::Result<Service> {
    let tls = match &config.tls {
        Some(files) => Some(tls::acceptor(&files.cert, &files.key)?),
        None => None,
    };
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listening on {}", config.listen))?;
    let address = listener.local_addr()?;
    let Core { engine, snapshots, log, vault, first_secret, projector } = Core::open(&config).await?;
    let files = FileStore::open(&config.data.join("files")).context("opening the file store")?;
    let notifier = Notifier::open(&config.data).context("opening the outbox")?;
    let oidc = config.oidc.clone().map(Provider::new).transpose().context("preparing the identity provider")?;
    let (directory, lifetime) = (config.data.join("vault"), config.session);
    let sessions = tokio::task::spawn_blocking(move || Sessions::open(&directory, lifetime)).await?;
    let hooks = match &config.hooks {
        Some(hooks) => {
            let interpreter = Interpreter::prove(hooks, &config.data).await?;
            Some(Hooks::new(interpreter, format!("http://{address}")))
        }
        None => None,
    };
    let app = App::new(Parts {
        hooks,
        config,
        sessions,
        oidc,
        attempts: Attempts::default(),
        engine,
        snapshots,
        log,
        vault,
        files,
        plans: Plans::default(),
        notifier,
        health: Health::default(),
        broker: OnceLock::new(),
        refusals: Refusals::default(),
        metrics: Metrics::install()?,
        stopping: CancellationToken::new(),
    });
    let routes = http::router(app.clone());
    if let Some(hooks) = &app.hooks {
        hooks.open(Some(routes.clone()));
    }
    let serving = connections::serve(listener, tls, routes, app.stopping.clone());
    let serving = tokio::spawn(serving);
    let nats = match &app.config.nats {
        Some(url) => Some(nats::start(&app, url).await?),
        None => None,
    };
    if app.hooks.is_some() {
        tokio::spawn(policies::run(app.clone()));
    }
    tokio::spawn(app.refusals.clone().tell_until(app.engine.clone(), app.stopping.clone()));
    let notify = notify::start(&app).await?;
    tokio::spawn(stop_when_poisoned(app.engine.watch_health(), app.stopping.clone()));
    Ok(Service { address, first_secret, app, projector, nats, notify, serving })
}

/// After a failed append nothing can be accepted again: the process has to end.
async fn stop_when_poisoned(mut health: watch::Receiver<EngineHealth>, stopping: CancellationToken) {
    if health.wait_for(|health| *health != EngineHealth::Running).await.is_ok() {
        stopping.cancel();
    }
}

impl Service {
    /// How it is reached: `https` with a certificate.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.app.config.tls.is_some() { "https" } else { "http" }
    }

    /// Stops it when cancelled.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.app.stopping.clone()
    }

    /// The last event that requests can see.
    #[must_use]
    pub fn position(&self) -> Position {
        self.app.latest().position()
    }

    /// Waits until it is told to stop; then accepts nothing new, finishes, drains, syncs.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { app, projector, nats, notify, serving, .. } = self;
        app.stopping.cancelled().await;
        serving.await.context("the HTTP server")?;
        if let Some(hooks) = &app.hooks {
            hooks.open(None);
        }
        let engine = app.engine.clone();
        notify.stop().await;
        let draining = match nats {
            Some(nats) => Some(nats.stop_taking().await),
            None => None,
        };
        // Nobody can be refused any more, and the relay still publishes.
        app.refusals.tell(&engine).await;
        if let Err(error) = app.sessions.keep().await {
            tracing::warn!(%error, "sessions count as unused since they began");
        }
        if let Some(draining) = draining {
            let head = *engine.durable_head().borrow();
            draining.drain(head).await;
        }
        let poisoned = match engine.health() {
            EngineHealth::Poisoned { reason } => Some(reason),
            EngineHealth::Running | EngineHealth::Stopped => None,
        };
        close(engine, projector).await;
        // The store writes its clean marker when the last handle on it goes, which has to be before the process does.
        match app.into_parts(RELEASE_TIME_MAX).await {
            Some(parts) => drop(tokio::task::spawn_blocking(move || drop(parts)).await),
            None => tracing::warn!("a request still holds the log: the next start will check it in full"),
        }
        match poisoned {
            None => Ok(()),
            Some(reason) => anyhow::bail!("the log refuses writes: {reason}"),
        }
    }
}
