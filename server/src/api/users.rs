//! People.

use countersign_core::access::{Command, User};
use countersign_core::ids::CredentialId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, cursor};
use super::shape::command::CommandShape;
use super::shape::{List, people};
use super::wish::Wish;
use crate::password;
use crate::problem::Problem;

/// A new person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Create {
    /// Unique.
    login: String,
    /// What others read.
    display_name: Option<String>,
    /// Where mail goes.
    email: Option<String>,
    /// For signing in; an API key is not a password.
    password: Option<String>,
    /// The groups, by name.
    #[serde(default)]
    groups: Vec<String>,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserShape {
    /// `us.4`.
    id: String,
    login: String,
    display_name: Option<String>,
    email: Option<String>,
    groups: Vec<String>,
    enabled: bool,
    /// The `bp.system.user` item that fields refer to.
    item: String,
}

pub(crate) fn shape(user: &User) -> UserShape {
    let shown = |personal: &countersign_core::personal::Personal| personal.shown().to_owned();
    UserShape {
        id: user.id.to_string(),
        login: shown(&user.login),
        display_name: user.display_name.as_ref().map(shown),
        email: user.email.as_ref().map(shown),
        groups: user.groups.iter().map(ToString::to_string).collect(),
        enabled: user.is_enabled,
        item: user.item.to_string(),
    }
}

/// Makes a person.
#[utoipa::path(post, path = "/users", tag = "access", request_body = Create,
    responses((status = 201, description = "Made", body = CommandShape)))]
pub async fn create(wish: Wish<Create>) -> Result<Answer<CommandShape>, Problem> {
    let body = &wish.body;
    let groups = people::groups(&wish.latest().state, "groups", &body.groups)?;
    let credential = match &body.password {
        Some(password) => Some(keep(&wish, password).await?),
        None => None,
    };
    let command = Command::CreateUser {
        login: body.login.as_str().into(),
        display_name: body.display_name.as_deref().map(Into::into),
        email: body.email.as_deref().map(Into::into),
        groups,
        profile: None,
        credential,
    };
    let done = wish.submit_with_secret(command, credential).await?;
    Ok(done.created())
}

/// The hash is in the vault, durable, before any event names it.
async fn keep(wish: &Wish<Create>, password: &str) -> Result<CredentialId, Problem> {
    let credential = CredentialId(uuid::Uuid::new_v4());
    let (vault, password) = (wish.app.vault.clone(), password.to_owned());
    let kept = tokio::task::spawn_blocking(move || {
        let hash = password::hash(&password)?;
        vault.put_password(credential, &hash).map_err(|error| Problem::internal(&error))
    });
    kept.await.map_err(|error| Problem::internal(&error))??;
    Ok(credential)
}

/// People, in order of making.
#[utoipa::path(get, path = "/users", tag = "access", params(Page),
    responses((status = 200, description = "One page of people", body = List<UserShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<UserShape>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<countersign_core::ids::UserId>()?);
    let users = ask.state().access.users.values().filter(|user| after.is_none_or(|after| user.id > after));
    let mut users: Vec<_> = users.filter(|user| ask.may_read(user.item)).take(limit + 1).collect();
    let has_more = users.len() > limit;
    users.truncate(limit);
    let next_cursor = users.last().filter(|_| has_more).map(|user| cursor(user.id));
    let items = users.into_iter().map(|user| shape(user)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}
