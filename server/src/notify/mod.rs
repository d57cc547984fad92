//! Telling the outside what happened: mail and webhooks, derived from durable events, each endpoint with its own cursor.
//!
//! Nothing here is asked by a command, and nothing is told before it is durable and visible. A rebuild of the views
//! repeats nothing: what was told stands in the ledgers. Start at [`start`].

pub mod courier;
pub mod endpoint;
pub mod ledger;
mod letter;
mod mail;
mod schedule;
pub mod target;
pub mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use countersign_core::ids::Position;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::health::{PartStatus, Standing};
use courier::Desk;
use ledger::Ledger;
use webhook::{Hook, Sender};

/// Where the ledgers are, in the data directory.
const FOLDER: &str = "outbox";
/// The ledger of all mail.
pub const MAIL: &str = "mail";

/// The ledgers of all endpoints.
#[derive(Debug)]
pub struct Notifier {
    folder: PathBuf,
    desks: tokio::sync::Mutex<BTreeMap<String, Arc<Desk>>>,
    trouble: Arc<Mutex<Option<&'static str>>>,
}

impl Notifier {
    /// In this data directory.
    pub fn open(data: &Path) -> io::Result<Self> {
        let folder = data.join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, desks: tokio::sync::Mutex::default(), trouble: Arc::default() })
    }

    /// The ledger of one endpoint, read when it is asked for first; a new one begins after `begin`.
    pub async fn desk(&self, id: &str, begin: Position) -> io::Result<Arc<Desk>> {
        let mut desks = self.desks.lock().await;
        if let Some(desk) = desks.get(id) {
            return Ok(desk.clone());
        }
        let path = self.path(id);
        let opened = tokio::task::spawn_blocking(move || Ledger::open(path, begin));
        let desk = Arc::new(Desk::new(opened.await.map_err(io::Error::other)??));
        desk.save().await?;
        desks.insert(id.to_owned(), desk.clone());
        Ok(desk)
    }

    /// Whether anything was ever told there.
    fn has_ledger(&self, id: &str) -> bool {
        self.path(id).exists()
    }

    /// Forgets the ledgers of endpoints that are gone.
    async fn sweep(&self, app: &App) -> io::Result<()> {
        let mut desks = self.desks.lock().await;
        // Looked at under the lock: an endpoint whose ledger was opened before is known by now.
        let latest = app.latest();
        let endpoints = endpoint::all(&latest.state).map(|known| known.id);
        let known: BTreeSet<String> = endpoints.chain([MAIL.to_owned()]).collect();
        desks.retain(|id, _| known.contains(id));
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if !known.contains(id) {
                std::fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// Remembers whether a ledger could be written.
    pub fn report(&self, saved: &io::Result<()>) {
        if let Err(error) = saved {
            tracing::error!(%error, "what was told could not be taken down");
        }
        self.set_trouble(saved.is_err().then_some("outbox_unwritable"));
    }

    fn set_trouble(&self, reason: Option<&'static str>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// For `/readyz`; holds no part of the service.
    fn standing(&self) -> PartStatus {
        let trouble = self.trouble.clone();
        Arc::new(move || {
            let reason = *trouble.lock().unwrap_or_else(PoisonError::into_inner);
            Standing { is_starting: false, reason: reason.map(str::to_owned) }
        })
    }
}

/// The couriers that run.
#[derive(Debug)]
pub struct Running {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts telling: mail when it is configured, and every webhook there is or comes.
pub async fn start(app: &App) -> anyhow::Result<Running> {
    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    let position = app.latest().position();
    if let Some(settings) = &app.config.mail {
        let post = mail::Post::new(settings, app.config.external_url.clone()).context("the settings of mail")?;
        let desk = app.notifier.desk(MAIL, position).await.context("the ledger of mail")?;
        resume(&desk, position);
        desk.save().await.context("the ledger of mail")?;
        tasks.push(tokio::spawn(courier::run(post, app.clone(), desk, stop.clone())));
    } else if app.notifier.has_ledger(MAIL) {
        // What happens now is told to nobody by mail, also not when mail comes back.
        let desk = app.notifier.desk(MAIL, position).await.context("the ledger of mail")?;
        desk.ledger().contents.is_off = true;
        desk.save().await.context("the ledger of mail")?;
    }
    app.health.watch("outbox", app.notifier.standing());
    match Sender::new(app.config.may_webhooks_be_loopback) {
        Ok(sender) => tasks.push(tokio::spawn(supervise(app.clone(), sender, stop.clone()))),
        // Without certificates nobody can be trusted: webhooks wait until the machine has some.
        Err(error) => {
            tracing::error!(%error, "no certificates of authorities are found: webhooks are not delivered");
            app.notifier.set_trouble(Some("certificates_missing"));
        }
    }
    Ok(Running { stop, tasks })
}

fn resume(desk: &Desk, head: Position) {
    let mut ledger = desk.ledger();
    if std::mem::take(&mut ledger.contents.is_off) {
        ledger.contents.cursor = head.0;
    }
}

impl Running {
    /// Ends all couriers; what is not told yet is told after the next start.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a courier failed");
            }
        }
    }
}

/// One courier per enabled endpoint.
async fn supervise(app: App, sender: Sender, stop: CancellationToken) {
    let mut head = app.snapshots.subscribe();
    let mut running: BTreeMap<String, (CancellationToken, JoinHandle<()>)> = BTreeMap::new();
    let mut known = None;
    while !stop.is_cancelled() {
        head.borrow_and_update();
        let snapshot = app.latest();
        let endpoints: BTreeMap<String, (bool, Position)> =
            endpoint::all(&snapshot.state).map(|known| (known.id, (known.endpoint.enabled, known.created))).collect();
        if known.as_ref() != Some(&endpoints) {
            let is_wanted = |id: &String| endpoints.get(id).is_some_and(|(is_enabled, _)| *is_enabled);
            let unwanted: Vec<String> = running.keys().filter(|id| !is_wanted(id)).cloned().collect();
            for id in unwanted {
                end(running.remove(&id)).await;
            }
            app.notifier.report(&app.notifier.sweep(&app).await);
            for (id, (is_enabled, created)) in &endpoints {
                if !is_enabled || running.contains_key(id) {
                    continue;
                }
                match app.notifier.desk(id, *created).await {
                    Ok(desk) => {
                        let hook = Hook { id: id.clone(), sender: sender.clone(), vault: app.vault.clone() };
                        let ended = stop.child_token();
                        let task = tokio::spawn(courier::run(hook, app.clone(), desk, ended.clone()));
                        running.insert(id.clone(), (ended, task));
                    }
                    Err(error) => app.notifier.report(&Err(error)),
                }
            }
            known = Some(endpoints);
        }
        drop(snapshot);
        tokio::select! {
            changed = head.changed() => if changed.is_err() { stop.cancelled().await },
            () = stop.cancelled() => {}
        }
    }
    for (_, courier) in running {
        end(Some(courier)).await;
    }
}

async fn end(courier: Option<(CancellationToken, JoinHandle<()>)>) {
    if let Some((stop, task)) = courier {
        stop.cancel();
        if let Err(error) = task.await {
            tracing::error!(%error, "a courier failed");
        }
    }
}
