//! `countersign user`: over HTTP when a service is named, else on a data directory that nobody serves.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use countersign_core::access::{Command as Access, UserEdit};
use countersign_core::ids::{CredentialId, GroupId, UserId};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::key::{caller, submit};
use super::output::{Failure, fact, refusal, say};
use super::projections::open;
use super::remote::{Place, Remote, secret_in};
use crate::api::users::{named, shape};
use crate::password;
use crate::serve::Core;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a person
    Create {
        /// Unique
        login: String,
        #[command(flatten)]
        wish: Wish,
        #[command(flatten)]
        place: Place,
    },
    /// Show all people
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Let a person do nothing from now on
    Disable {
        /// The login
        login: String,
        #[command(flatten)]
        place: Place,
    },
    /// Let a disabled person in again
    Enable {
        /// The login
        login: String,
        #[command(flatten)]
        place: Place,
    },
}

/// What a new person is to be.
#[derive(Debug, clap::Args)]
pub(super) struct Wish {
    /// What others read
    #[arg(long = "name", alias = "display-name", value_name = "NAME")]
    display_name: Option<String>,
    /// Where mail goes
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// One of the groups; can be given several times
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// A file that holds the password, for signing in; its first line counts
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Create { login, wish, place } => {
            let password = wish.password_file.as_deref().map(password_in).transpose()?;
            let made = match place.target.remote()? {
                Some(remote) => create_there(&remote, &login, &wish, password).await?,
                None => create_here(&place, &login, &wish, password).await?,
            };
            fact(place.json, &made, &login);
        }
        Command::List { place } => {
            let people = match place.target.remote()? {
                Some(remote) => remote.all("/users").await?,
                None => list_here(&place).await?,
            };
            if place.json {
                say(json!(people));
            } else {
                people.iter().for_each(print);
            }
        }
        Command::Disable { login, place } => able(&place, &login, false).await?,
        Command::Enable { login, place } => able(&place, &login, true).await?,
    }
    Ok(())
}

fn password_in(file: &Path) -> anyhow::Result<String> {
    let max_bytes = u64::try_from(password::PASSWORD_BYTES_MAX)?.saturating_add(2);
    let text = secret_in(file, max_bytes, "file with a password")?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn path_of(login: &str) -> String {
    format!("/users/{}", utf8_percent_encode(login, NON_ALPHANUMERIC))
}

fn print(person: &Value) {
    let word = |name: &str| person.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_enabled = person.get("enabled").and_then(Value::as_bool).unwrap_or(true);
    say(format!("{} {}{}", word("login"), word("displayName"), if is_enabled { "" } else { " disabled" }));
}

async fn create_there(remote: &Remote, login: &str, wish: &Wish, password: Option<String>) -> anyhow::Result<Value> {
    let Wish { display_name, email, groups, .. } = wish;
    let body =
        json!({"login": login, "displayName": display_name, "email": email, "groups": groups, "password": password});
    remote.ask(Method::POST, "/users", Some(&body)).await?;
    remote.ask(Method::GET, &path_of(login), None).await
}

async fn create_here(place: &Place, login: &str, wish: &Wish, password: Option<String>) -> anyhow::Result<Value> {
    let hash = match &password {
        Some(password) => Some(password::hash(password).map_err(|problem| anyhow::anyhow!(problem.told().2))?),
        None => None,
    };
    let core = open(place).await?;
    let credential = hash.as_ref().map(|_| CredentialId(Uuid::new_v4()));
    if let (Some(credential), Some(hash)) = (credential, &hash) {
        core.vault.put_password(credential, hash).context("keeping the password")?;
    }
    let command = Access::CreateUser {
        login: login.into(),
        display_name: wish.display_name.as_deref().map(Into::into),
        email: wish.email.as_deref().map(Into::into),
        groups: wish.groups.iter().map(|group| GroupId::from(group.as_str())).collect(),
        profile: None,
        credential,
        document: None,
        own_document: None,
    };
    let done = core.engine.submit(command.into(), caller()).await.map_err(refusal);
    let made = match &done {
        Ok(receipt) => {
            named(&receipt.state, login).and_then(|user| Some(shape(receipt.state.access.users.get(&user)?)))
        }
        Err(_) => None,
    };
    if let (true, Some(credential)) = (made.is_none(), credential) {
        core.vault.remove(credential)?;
    }
    core.close().await;
    done?;
    Ok(serde_json::to_value(made.context("nobody was made")?)?)
}

async fn list_here(place: &Place) -> anyhow::Result<Vec<Value>> {
    let core = open(place).await?;
    let snapshot = core.snapshots.latest();
    let people = snapshot.state.access.users.values().filter(|user| !user.is_deleted);
    let people = people.map(|user| serde_json::to_value(shape(user))).collect::<Result<_, _>>();
    core.close().await;
    Ok(people?)
}

async fn able(place: &Place, login: &str, is_enabled: bool) -> Result<(), Failure> {
    match place.target.remote()? {
        Some(remote) => {
            remote.ask(Method::PATCH, &path_of(login), Some(&json!({"enabled": is_enabled}))).await?;
        }
        None => able_here(open(place).await?, login, is_enabled).await?,
    }
    let word = if is_enabled { "enabled" } else { "disabled" };
    fact(place.json, &json!({"login": login, "enabled": is_enabled}), format_args!("{login} is {word}"));
    Ok(())
}

async fn able_here(core: Core, login: &str, is_enabled: bool) -> anyhow::Result<()> {
    let found: Option<UserId> = named(&core.snapshots.latest().state, login);
    let Some(user) = found else {
        core.close().await;
        bail!("nobody has the login {login:?}");
    };
    let edit = UserEdit { is_enabled: Some(is_enabled), ..UserEdit::default() };
    submit(core, Access::EditUser { user, edit }).await
}
