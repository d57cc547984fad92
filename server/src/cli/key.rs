//! `countersign key`: over HTTP when a service is named, else on a data directory that nobody serves.

use anyhow::Context as _;
use countersign_core::access::{Command as Access, Key};
use countersign_core::context::{Caller, Channel, Principal};
use countersign_core::ids::{CorrelationId, CredentialId, GroupId, KeyId, NodeId};
use countersign_core::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::output::{Failure, fact, refusal, say};
use super::projections::open;
use super::remote::{Place, Remote};
use crate::api::keys::new_secret;
use crate::serve::Core;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a key and show its secret, once
    Create {
        /// What people call it
        #[arg(long)]
        label: String,
        #[command(flatten)]
        wish: Wish,
        #[command(flatten)]
        place: Place,
    },
    /// Give a key another secret, shown once; the old one opens nothing any more
    Rotate {
        /// The key: ak.N
        id: String,
        /// From then on it opens nothing (RFC 3339); as before when left out
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
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

/// What a new key is to be.
#[derive(Debug, clap::Args)]
pub(super) struct Wish {
    /// It administers the instance
    #[arg(long)]
    admin: bool,
    /// It may change templates, roles and permissions
    #[arg(long)]
    architect: bool,
    /// One of its groups; can be given several times
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// From then on it opens nothing (RFC 3339)
    #[arg(long, value_name = "TIME")]
    expires: Option<Timestamp>,
    /// It acts as this node, at the gate and nowhere else
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Create { label, wish, place } => {
            let made = match place.target.remote()? {
                Some(remote) => create_there(&remote, &label, &wish).await?,
                None => create_here(&place, &label, &wish).await?,
            };
            tell(&place, &made);
        }
        Command::Rotate { id, expires, place } => {
            let key = parsed(&id)?;
            let made = match place.target.remote()? {
                Some(remote) => rotate_there(&remote, key, expires).await?,
                None => rotate_here(&place, key, expires).await?,
            };
            tell(&place, &made);
        }
        Command::List { place } => {
            let keys = match place.target.remote()? {
                Some(remote) => remote.all("/keys").await?,
                None => list_here(&place).await?,
            };
            if place.json {
                say(json!(keys));
            } else {
                keys.iter().for_each(print);
            }
        }
        Command::Revoke { id, place } => {
            let key = parsed(&id)?;
            match place.target.remote()? {
                Some(remote) => drop(remote.ask(Method::DELETE, &format!("/keys/{key}"), None).await?),
                None => submit(open(&place).await?, Access::RevokeKey { key }).await?,
            }
            fact(place.json, &json!({"id": key.to_string(), "revoked": true}), format_args!("{key} is revoked"));
        }
    }
    Ok(())
}

fn parsed(id: &str) -> Result<KeyId, Failure> {
    id.parse().map_err(|error: countersign_core::ids::ParseIdError| Failure::Usage(error.into()))
}

fn tell(place: &Place, made: &Value) {
    let word = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    fact(place.json, made, format_args!("{} {}", word("id"), word("secret")));
}

fn print(key: &Value) {
    let is = |name: &str, word| if key.get(name).and_then(Value::as_bool).unwrap_or(false) { word } else { "" };
    let word = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    say(format!("{} {}{}{}", word("id"), word("label"), is("admin", " admin"), is("revoked", " revoked")));
}

async fn create_there(remote: &Remote, label: &str, wish: &Wish) -> anyhow::Result<Value> {
    let Wish { admin, architect, groups, expires, node } = wish;
    let expires = expires.map(|at| at.to_string());
    let body = json!({
        "label": label, "admin": admin, "architect": architect, "groups": groups, "expiresAt": expires, "node": node,
    });
    Ok(shown(&remote.ask(Method::POST, "/keys", Some(&body)).await?))
}

async fn rotate_there(remote: &Remote, key: KeyId, expires: Option<Timestamp>) -> anyhow::Result<Value> {
    let body = json!({"expiresAt": expires.map(|at| at.to_string())});
    Ok(shown(&remote.ask(Method::POST, &format!("/keys/{key}/rotate"), Some(&body)).await?))
}

fn shown(made: &Value) -> Value {
    let part = |name: &str| made.get(name).cloned().unwrap_or_default();
    json!({"id": part("id"), "secret": part("secret")})
}

async fn create_here(place: &Place, label: &str, wish: &Wish) -> anyhow::Result<Value> {
    let groups = wish.groups.iter().map(|group| GroupId::from(group.as_str())).collect();
    let command = |credential| Access::CreateKey {
        label: label.into(),
        is_admin: wish.admin,
        is_architect: wish.architect,
        groups,
        credential,
        expires: wish.expires,
        document: None,
        node: wish.node.as_deref().map(NodeId::from),
    };
    with_secret(open(place).await?, command).await
}

async fn rotate_here(place: &Place, key: KeyId, expires: Option<Timestamp>) -> anyhow::Result<Value> {
    let core = open(place).await?;
    let old = core.snapshots.latest().state.access.keys.get(&key).map(|key| key.credential);
    let vault = core.vault.clone();
    let made = with_secret(core, |credential| Access::RotateKey { key, credential, expires }).await?;
    if let Some(old) = old {
        vault.remove(old)?;
    }
    Ok(made)
}

/// A new secret is in the vault before an event names it, and gone again when none came to.
async fn with_secret(core: Core, command: impl FnOnce(CredentialId) -> Access) -> anyhow::Result<Value> {
    let (credential, secret) = (CredentialId(Uuid::new_v4()), new_secret());
    core.vault.put_key(credential, &secret).context("keeping the key")?;
    let done = core.engine.submit(command(credential).into(), caller()).await.map_err(refusal);
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

pub(super) async fn submit(core: Core, command: Access) -> anyhow::Result<()> {
    let done = core.engine.submit(command.into(), caller()).await.map_err(refusal);
    core.close().await;
    done.map(drop)
}

pub(super) fn caller() -> Caller {
    Caller::new(Principal::System, Channel::Cli, CorrelationId(Uuid::new_v4()))
}
