//! People.

use countersign_core::access::{Command, Edit, User, UserEdit};
use countersign_core::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::shape::command::CommandShape;
use super::shape::{List, people};
use super::wish::{Nothing, Wish};
use crate::problem::Problem;
use crate::secrets;

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
    /// Kept and shown; gates nothing.
    profile: Option<String>,
}

/// What is to change; what is left out stays, null removes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditUser {
    /// What others read.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    display_name: Edit<String>,
    /// Where mail goes.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    email: Edit<String>,
    /// All groups, by name.
    groups: Option<Vec<String>>,
    /// Kept and shown; gates nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    profile: Edit<String>,
    /// Disabled, a person can do nothing.
    enabled: Option<bool>,
    /// For signing in; who is signed in with another one is signed out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Password)]
    password: Edit<String>,
}

/// A member that is there: null, or a value.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Edit<String>, D::Error> {
    Ok(Option::deserialize(from)?.map_or(Edit::Clear, Edit::Set))
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
    profile: Option<String>,
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
        profile: user.profile.as_ref().map(ToString::to_string),
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
        Some(password) => Some(secrets::keep_password(&wish.app, password).await?),
        None => None,
    };
    let command = Command::CreateUser {
        login: body.login.as_str().into(),
        display_name: body.display_name.as_deref().map(Into::into),
        email: body.email.as_deref().map(Into::into),
        groups,
        profile: body.profile.as_deref().map(Into::into),
        credential,
        document: None,
        own_document: None,
    };
    let done = wish.submit_with_secret(command, credential).await?;
    Ok(done.created())
}

/// People, in order of making.
#[utoipa::path(get, path = "/users", tag = "access", params(Page),
    responses((status = 200, description = "One page of people", body = List<UserShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<UserShape>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<countersign_core::ids::UserId>()?);
    let users = ask.state().access.users.values().filter(|user| !user.is_deleted);
    let users = users.filter(|user| after.is_none_or(|after| user.id > after));
    let mut users: Vec<_> = users.filter(|user| ask.may_read(user.item)).take(limit + 1).collect();
    let has_more = users.len() > limit;
    users.truncate(limit);
    let next_cursor = users.last().filter(|_| has_more).map(|user| cursor(user.id));
    let items = users.into_iter().map(|user| shape(user)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// A person by login; a deleted one is not there.
pub(crate) fn named(state: &countersign_core::State, login: &str) -> Option<UserId> {
    let user = state.access.logins.get(login)?;
    state.access.users.get(user).filter(|user| !user.is_deleted).map(|user| user.id)
}

fn wanted(wish: &Wish<impl Sized>, login: &str) -> Result<UserId, Problem> {
    // Whether a login exists is told to those who may change it.
    wish.need_admin()?;
    named(&wish.latest().state, login).ok_or_else(|| Problem::missing(format_args!("the user {login}")))
}

/// One person.
#[utoipa::path(get, path = "/users/{login}", tag = "access",
    params(("login" = String, Path, description = "The login")),
    responses((status = 200, description = "The person", body = UserShape)))]
pub async fn read(ask: Ask, Segments(login): Segments<String>) -> Result<Answer<UserShape>, Problem> {
    let found = named(ask.state(), &login).and_then(|user| ask.state().access.users.get(&user));
    let found = found.filter(|user| ask.may_read(user.item));
    let found = found.ok_or_else(|| ask.missing(format_args!("the user {login}")))?;
    Ok(ask.answer(shape(found)))
}

/// Changes what is known of a person, or disables and enables him; for administrators.
#[utoipa::path(patch, path = "/users/{login}", tag = "access", request_body = EditUser,
    params(("login" = String, Path, description = "The login")),
    responses((status = 200, description = "Edited", body = CommandShape)))]
pub async fn edit(Segments(login): Segments<String>, wish: Wish<EditUser>) -> Result<Answer<CommandShape>, Problem> {
    let user = wanted(&wish, &login)?;
    let body = &wish.body;
    let groups = body.groups.as_ref().map(|names| people::groups(&wish.latest().state, "groups", names)).transpose()?;
    let text = |edit: &Edit<String>| match edit {
        Edit::Keep => Edit::Keep,
        Edit::Clear => Edit::Clear,
        Edit::Set(text) => Edit::Set(text.as_str().into()),
    };
    let edit = UserEdit {
        display_name: text(&body.display_name),
        email: text(&body.email),
        groups,
        profile: text(&body.profile),
        credential: match &body.password {
            Edit::Keep => Edit::Keep,
            Edit::Clear => Edit::Clear,
            Edit::Set(password) => Edit::Set(secrets::keep_password(&wish.app, password).await?),
        },
        is_enabled: body.enabled,
        ..UserEdit::default()
    };
    let new = if let Edit::Set(credential) = edit.credential { Some(credential) } else { None };
    let old = wish.latest().state.access.users.get(&user).and_then(|user| user.credential);
    let is_replaced = edit.credential != Edit::Keep;
    let done = wish.submit_with_secret(Command::EditUser { user, edit }, new).await?;
    if let Some(old) = old.filter(|_| is_replaced && !done.is_repeated) {
        secrets::forget(&wish.app, old).await;
    }
    Ok(done.answer())
}

/// Deletes a person; the login stays taken and the history stays. For administrators.
#[utoipa::path(delete, path = "/users/{login}", tag = "access",
    params(("login" = String, Path, description = "The login")),
    responses((status = 200, description = "Deleted", body = CommandShape)))]
pub async fn delete(Segments(login): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let user = wanted(&wish, &login)?;
    Ok(wish.submit(Command::DeleteUser { user }, None).await?.answer())
}
