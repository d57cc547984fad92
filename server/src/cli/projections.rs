//! `countersign projections`.

use countersign_projections::projection::state_digest;
use countersign_projections::{Snapshot, Views};
use reqwest::Method;
use serde_json::{Value, json};

use super::output::{Failure, fact, say};
use super::remote::Place;
use crate::config::{Config, Flags};
use crate::serve::Core;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Revision, position and lag of each
    List {
        #[command(flatten)]
        place: Place,
    },
    /// The digest of each and of the state
    Digest {
        #[command(flatten)]
        place: Place,
    },
    /// Fold from the log beside the live ones and compare; exit code 3 when they differ
    Rebuild {
        /// Only this one
        name: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::List { place } => {
            let found = match place.target.remote()? {
                Some(remote) => remote.ask(Method::GET, "/projections", None).await?,
                None => offline(&place, listed).await?,
            };
            print(place.json, &found, &["name", "revision", "position", "lag"]);
        }
        Command::Digest { place } => {
            let found = match place.target.remote()? {
                Some(remote) => {
                    let mut items = Vec::new();
                    for name in names() {
                        items.push(remote.ask(Method::GET, &format!("/projections/{name}/digest"), None).await?);
                    }
                    json!({"items": items})
                }
                None => offline(&place, digests).await?,
            };
            print(place.json, &found, &["name", "revision", "position", "digest"]);
        }
        Command::Rebuild { name, place } => return rebuild(name.as_deref(), &place).await,
    }
    Ok(())
}

async fn rebuild(name: Option<&str>, place: &Place) -> Result<(), Failure> {
    let found = match place.target.remote()? {
        Some(remote) => {
            let path = format!("/projections/{}/rebuild", name.unwrap_or("all"));
            remote.ask(Method::POST, &path, None).await?
        }
        None => {
            let core = open(place).await?;
            let rebuilt = core.snapshots.rebuild(name).await;
            core.close().await;
            serde_json::to_value(crate::api::projections::shape(&rebuilt?))?
        }
    };
    print(place.json, &found, &["name", "revision", "rebuilt", "equal"]);
    match found.get("equal").and_then(Value::as_bool) {
        Some(true) => Ok(()),
        _ => Err(Failure::Integrity),
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once("state").chain(Views::ALL.iter().map(|(name, _)| *name))
}

/// Only what exists is opened: a wrong path is not to become a new log.
pub(super) async fn open(place: &Place) -> anyhow::Result<Core> {
    let config = Config::resolve(Flags { data: place.data.clone(), ..Flags::default() })?;
    anyhow::ensure!(config.data.join("log").is_dir(), "there is no log in {}", config.data.display());
    Core::open(&config).await
}

async fn offline(place: &Place, with: impl FnOnce(&Snapshot) -> Value) -> anyhow::Result<Value> {
    let core = open(place).await?;
    let found = with(&core.snapshots.latest());
    core.close().await;
    Ok(found)
}

fn listed(snapshot: &Snapshot) -> Value {
    let position = snapshot.position().0;
    let each =
        |(name, revision): &(&str, u32)| json!({"name": name, "revision": revision, "position": position, "lag": 0});
    json!({"items": Views::ALL.iter().map(each).collect::<Vec<_>>(), "position": position})
}

fn digests(snapshot: &Snapshot) -> Value {
    let position = snapshot.position().0;
    let each = |name: &'static str| {
        let (revision, digest) = match snapshot.views.summary(name) {
            Some(summary) => (summary.revision, summary.digest),
            None => (0, state_digest(&snapshot.state)),
        };
        json!({"name": name, "revision": revision, "position": position, "digest": digest.to_string()})
    };
    json!({"items": names().map(each).collect::<Vec<_>>(), "position": position})
}

fn print(json: bool, found: &Value, columns: &[&str]) {
    if json {
        return say(found);
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for item in found.get("items").and_then(Value::as_array).into_iter().flatten() {
        let cells: Vec<_> = columns.iter().filter_map(|column| item.get(*column)).map(text).collect();
        fact(false, item, cells.join("  "));
    }
}
