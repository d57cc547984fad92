//! API keys. The secret is shown once, by the request that made it, and kept as its SHA-256 only.

use countersign_core::State;
use countersign_core::access::{Command, Key};
use countersign_core::ids::{CredentialId, KeyId, NodeId};
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::shape::command::CommandShape;
use super::shape::{List, people};
use super::wish::{Done, Nothing, Wish};
use crate::app::App;
use crate::problem::Problem;
use crate::secrets;

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Create {
    /// What people call it.
    label: String,
    /// It administers the instance.
    #[serde(default)]
    admin: bool,
    /// It may all but administer the system.
    #[serde(default)]
    architect: bool,
    /// Its groups, by name.
    #[serde(default)]
    groups: Vec<String>,
    /// From then on it opens nothing (RFC 3339); never when left out.
    expires_at: Option<String>,
    /// It acts as this node, at the gate and nowhere else; without groups and rights of its own.
    node: Option<String>,
}

/// Another secret for a key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotate {
    /// From then on it opens nothing (RFC 3339); as before when left out.
    expires_at: Option<String>,
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// `ak.3`.
    id: String,
    /// Shown once; null when the request was a repetition.
    secret: Option<String>,
    #[serde(flatten)]
    command: CommandShape,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyShape {
    id: String,
    label: String,
    admin: bool,
    architect: bool,
    groups: Vec<String>,
    expires_at: Option<String>,
    revoked: bool,
    /// The login of the person that it acts as.
    owner: Option<String>,
    /// The node that it acts as.
    node: Option<String>,
}

pub(crate) fn shape(state: &State, key: &Key) -> KeyShape {
    KeyShape {
        owner: key.owner.map(|owner| people::login(state, owner)),
        node: key.node.as_ref().map(ToString::to_string),
        id: key.id.to_string(),
        label: key.label.to_string(),
        admin: key.is_admin,
        architect: key.is_architect,
        groups: key.groups.iter().map(ToString::to_string).collect(),
        expires_at: key.expires.map(|at| at.to_string()),
        revoked: key.is_revoked,
    }
}

/// 244 random bits.
#[must_use]
pub fn new_secret() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

/// Makes a key.
#[utoipa::path(post, path = "/keys", tag = "access", request_body = Create,
    responses((status = 201, description = "Made", body = Made)))]
pub async fn create(wish: Wish<Create>) -> Result<Answer<Made>, Problem> {
    let body = &wish.body;
    let groups = people::groups(&wish.latest().state, "groups", &body.groups)?;
    let expires = time("expiresAt", body.expires_at.as_deref())?;
    let (credential, secret) = keep_new(&wish.app).await?;
    let (label, is_admin, is_architect) = (body.label.as_str().into(), body.admin, body.architect);
    let node = body.node.as_deref().map(NodeId::from);
    let command =
        Command::CreateKey { label, is_admin, is_architect, groups, credential, expires, document: None, node };
    Ok(made(wish.submit_with_secret(command, Some(credential)).await?, secret))
}

pub(super) fn made(done: Done, secret: String) -> Answer<Made> {
    let secret = (!done.is_repeated).then_some(secret);
    done.created_as(|mut command| Made { id: command.id.take().unwrap_or_default(), secret, command })
}

/// A new secret, durable in the vault before any event names its credential.
pub(crate) async fn keep_new(app: &App) -> Result<(CredentialId, String), Problem> {
    let (credential, secret) = (CredentialId(uuid::Uuid::new_v4()), new_secret());
    let kept = secret.clone();
    secrets::with_vault(app, move |vault| vault.put_key(credential, &kept)).await?;
    Ok((credential, secret))
}

pub(super) fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let wrong = |_| Problem::invalid_field(field, "wrong_type", "not an RFC 3339 time");
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

/// Gives a key another secret: the old one opens nothing from now on.
#[utoipa::path(post, path = "/keys/{id}/rotate", tag = "access", request_body = Rotate,
    params(("id" = String, Path, description = "The key")),
    responses((status = 200, description = "The key with its new secret", body = Made)))]
pub async fn rotate(Segments(id): Segments<String>, wish: Wish<Rotate>) -> Result<Answer<Made>, Problem> {
    wish.need_admin()?;
    let missing = || Problem::missing(format_args!("the key {id}"));
    let key: KeyId = id.parse().map_err(|_| missing())?;
    let old = wish.latest().state.access.keys.get(&key).ok_or_else(missing)?.credential;
    let expires = time("expiresAt", wish.body.expires_at.as_deref())?;
    let (credential, secret) = keep_new(&wish.app).await?;
    let command = Command::RotateKey { key, credential, expires };
    let done = wish.submit_with_secret(command, Some(credential)).await?;
    let secret = (!done.is_repeated).then_some(secret);
    if secret.is_some() {
        secrets::forget(&wish.app, old).await;
    }
    Ok(done.answer_as(|command| Made { id: key.to_string(), secret, command }))
}

/// Keys in order of making; for administrators.
#[utoipa::path(get, path = "/keys", tag = "access", params(Page),
    responses((status = 200, description = "One page of keys", body = List<KeyShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<KeyShape>>, Problem> {
    ask.need_admin()?;
    let (limit, after) = (page.limit()?, page.after::<KeyId>()?);
    let keys = ask.state().access.keys.values().filter(|key| after.is_none_or(|after| key.id > after));
    let mut keys: Vec<_> = keys.take(limit + 1).collect();
    let has_more = keys.len() > limit;
    keys.truncate(limit);
    let next_cursor = keys.last().filter(|_| has_more).map(|key| cursor(key.id));
    let items = keys.into_iter().map(|key| shape(ask.state(), key)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// Revokes a key: it opens nothing from now on.
#[utoipa::path(delete, path = "/keys/{id}", tag = "access", params(("id" = String, Path, description = "The key")),
    responses((status = 200, description = "Revoked", body = CommandShape)))]
pub async fn revoke(Segments(id): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let key: KeyId = id.parse().map_err(|_| Problem::missing(format_args!("the key {id}")))?;
    Ok(wish.submit(Command::RevokeKey { key }, None).await?.answer())
}
