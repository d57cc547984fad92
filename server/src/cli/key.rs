//! `countersign key`: over HTTP when a service is named, else on a data directory that nobody serves.

use anyhow::Context as _;
use countersign_core::access::{Command as Access, Key};
use countersign_core::context::{Caller, Channel, Principal};
use countersign_core::ids::{CorrelationId, CredentialId, GroupId, KeyId};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::output::{Failure, fact, refusal, say};
use super::remote::{Place, Remote};
use crate::api::keys::new_secret;
use crate::config::{Config, Flags};
use crate::serve::Core;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a key and show its secret, once
    Create {
        /// What people call it
        #[arg(long)]
        label: String,
        /// It administers the instance
        #[arg(long)]
        admin: bool,
        /// One of its groups; can be given several times
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Show all keys, without their secrets
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Make a key open nothing from now on
    Revoke {
        /// The key: ak.N
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Create { label, admin, groups, place } => {
            let made = match place.target.remote()? {
                Some(remote) => create_there(&remote, &label, admin, &groups).await?,
                None => create_here(&place, &label, admin, &groups).await?,
            };
            let word = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            fact(place.json, &made, format_args!("{} {}", word("id"), word("secret")));
        }
        Command::List { place } => {
            let keys = match place.target.remote()? {
                Some(remote) => list_there(&remote).await?,
                None => list_here(&place).await?,
            };
            if place.json {
                say(json!(keys));
            } else {
                keys.iter().for_each(print);
            }
        }
        Command::Revoke { id, place } => {
            let key: KeyId =
                id.parse().map_err(|error: countersign_core::ids::ParseIdError| Failure::Usage(error.into()))?;
            match place.target.remote()? {
                Some(remote) => drop(remote.ask(Method::DELETE, &format!("/keys/{key}"), None).await?),
                None => submit(open(&place).await?, Access::RevokeKey { key }).await?,
            }
            fact(place.json, &json!({"id": key.to_string(), "revoked": true}), format_args!("{key} is revoked"));
        }
    }
    Ok(())
}

fn print(key: &Value) {
    let is = |name: &str, word| if key.get(name).and_then(Value::as_bool).unwrap_or(false) { word } else { "" };
    let word = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    say(format!("{} {}{}{}", word("id"), word("label"), is("admin", " admin"), is("revoked", " revoked")));
}

async fn create_there(remote: &Remote, label: &str, admin: bool, groups: &[String]) -> anyhow::Result<Value> {
    let body = json!({"label": label, "admin": admin, "groups": groups});
    let made = remote.ask(Method::POST, "/keys", Some(&body)).await?;
    let part = |name: &str| made.get(name).cloned().unwrap_or_default();
    Ok(json!({"id": part("id"), "secret": part("secret")}))
}

async fn list_there(remote: &Remote) -> anyhow::Result<Vec<Value>> {
    let (mut keys, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = remote.ask(Method::GET, &format!("/keys?limit=1000{cursor}"), None).await?;
        keys.extend(page.get("items").and_then(Value::as_array).cloned().unwrap_or_default());
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(keys),
        }
    }
}

/// Only what exists is opened: a wrong path is not to become a new log.
async fn open(place: &Place) -> anyhow::Result<Core> {
    let config = Config::resolve(Flags { data: place.data.clone(), ..Flags::default() })?;
    let log = config.data.join("log");
    anyhow::ensure!(log.is_dir(), "there is no log in {}", config.data.display());
    Core::open(&config).await
}

async fn create_here(place: &Place, label: &str, admin: bool, groups: &[String]) -> anyhow::Result<Value> {
    let core = open(place).await?;
    let (credential, secret) = (CredentialId(Uuid::new_v4()), new_secret());
    core.vault.put_key(credential, &secret).context("keeping the key")?;
    let groups = groups.iter().map(|group| GroupId::from(group.as_str())).collect();
    let command = Access::CreateKey {
        label: label.into(),
        is_admin: admin,
        is_architect: false,
        groups,
        credential,
        expires: None,
        document: None,
        node: None,
    };
    let done = core.engine.submit(command.into(), caller()).await.map_err(refusal);
    let id = match &done {
        Ok(receipt) => receipt.state.access.credentials.get(&credential).map(ToString::to_string),
        Err(_) => None,
    };
    if id.is_none() {
        core.vault.remove(credential)?;
    }
    core.close().await;
    done?;
    Ok(json!({"id": id.context("no key was made")?, "secret": secret}))
}

async fn list_here(place: &Place) -> anyhow::Result<Vec<Value>> {
    let core = open(place).await?;
    let snapshot = core.snapshots.latest();
    let shape = |key: &std::sync::Arc<Key>| serde_json::to_value(crate::api::keys::shape(&snapshot.state, key));
    let keys = snapshot.state.access.keys.values().map(shape).collect::<Result<_, _>>();
    core.close().await;
    Ok(keys?)
}

async fn submit(core: Core, command: Access) -> anyhow::Result<()> {
    let done = core.engine.submit(command.into(), caller()).await.map_err(refusal);
    core.close().await;
    done.map(drop)
}

fn caller() -> Caller {
    Caller::new(Principal::System, Channel::Cli, CorrelationId(Uuid::new_v4()))
}
