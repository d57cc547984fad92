//! What people do about their own way in: the password and keys that act as them, both in person only, by a session; and
//! what sessions they have.

use countersign_core::access::Command;
use countersign_core::audit::{self, Method};
use countersign_core::context::Principal;
use countersign_core::ids::{KeyId, UserId};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::keys::{self, KeyShape, Made};
use super::params::{Page, Params, Segments, cursor};
use super::session::{prove, word};
use super::shape::List;
use super::shape::command::CommandShape;
use super::wish::{Nothing, Wish};
use crate::app::App;
use crate::auth::Who;
use crate::problem::Problem;
use crate::secrets;
use crate::session;
use crate::session::store::Standing;

/// Another password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// The one that holds now.
    #[schema(format = Password)]
    current: String,
    /// The one from now on.
    #[schema(format = Password)]
    new: String,
}

/// A new key that acts as its maker.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateOwn {
    /// What he calls it.
    label: String,
    /// From then on it opens nothing (RFC 3339); never when left out.
    expires_at: Option<String>,
}

/// A session of the caller's.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnSession {
    /// Names it, and opens nothing.
    id: String,
    /// `password` or `oidc`.
    method: &'static str,
    /// When it began.
    started_at: String,
    /// When it was last used.
    used_at: String,
    /// The one that asks.
    current: bool,
}

fn person<T>(wish: &Wish<T>) -> Result<UserId, Problem> {
    match (&wish.who.principal, &wish.who.pass) {
        (Principal::User(user), Some(_)) => Ok(*user),
        _ => Err(Problem::forbidden("session_needed", "this is for the person himself, signed in, without a key")),
    }
}

/// Changes one's own password; all other sessions of the person end.
#[utoipa::path(put, path = "/me/password", tag = "session", request_body = Change,
    responses((status = 200, description = "Changed; the session has another token", body = CommandShape),
        (status = 429, description = "Too many failures: see Retry-After")))]
pub async fn change_password(session: Session, wish: Wish<Change>) -> Result<Answer<CommandShape>, Problem> {
    let user = person(&wish)?;
    let found = wish.latest().state.access.users.get(&user).cloned();
    let login = found.as_ref().map(|user| user.login.shown().to_owned()).unwrap_or_default();
    if prove(&wish.app, &login, wish.body.current.clone()).await? != user {
        return Err(Problem::forbidden("session_needed", "the password is another person's"));
    }
    let credential = secrets::keep_password(&wish.app, &wish.body.new).await?;
    let done = wish.submit_with_secret(Command::ChangeOwnPassword { credential }, Some(credential)).await?;
    if let (Some(old), false) = (found.and_then(|user| user.credential), done.is_repeated) {
        secrets::forget(&wish.app, old).await;
        let position = countersign_core::ids::Position(done.shape.position);
        session.cycle_id().await.map_err(|error| Problem::internal(&error))?;
        session::continue_at(&session, user, position, Method::Password).await?;
    }
    Ok(done.answer())
}

/// Makes a key that acts as its maker, and stops with him.
#[utoipa::path(post, path = "/me/keys", tag = "session", request_body = CreateOwn,
    responses((status = 201, description = "Made", body = Made)))]
pub async fn create_key(wish: Wish<CreateOwn>) -> Result<Answer<Made>, Problem> {
    person(&wish)?;
    let expires = keys::time("expiresAt", wish.body.expires_at.as_deref())?;
    let (credential, secret) = keys::keep_new(&wish.app).await?;
    let label = wish.body.label.as_str().into();
    let done = wish.submit_with_secret(Command::CreateOwnKey { label, credential, expires }, Some(credential)).await?;
    Ok(keys::made(done, secret))
}

/// The keys that act as the caller, in order of making.
#[utoipa::path(get, path = "/me/keys", tag = "session", params(Page),
    responses((status = 200, description = "One page of keys", body = List<KeyShape>)))]
pub async fn keys(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<KeyShape>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<KeyId>()?);
    let is_own = |owner: Option<UserId>| owner.is_some_and(|owner| ask.who.principal == Principal::User(owner));
    let own = ask.state().access.keys.values().filter(|key| is_own(key.owner));
    let mut own: Vec<_> = own.filter(|key| after.is_none_or(|after| key.id > after)).take(limit + 1).collect();
    let has_more = own.len() > limit;
    own.truncate(limit);
    let next_cursor = own.last().filter(|_| has_more).map(|key| cursor(key.id));
    let items = own.into_iter().map(|key| keys::shape(ask.state(), key)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// Revokes a key of one's own.
#[utoipa::path(delete, path = "/me/keys/{id}", tag = "session", params(("id" = String, Path, description = "The key")),
    responses((status = 200, description = "Revoked", body = CommandShape)))]
pub async fn revoke_key(Segments(id): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let missing = || Problem::missing(format_args!("the key {id}"));
    let key: KeyId = id.parse().map_err(|_| missing())?;
    let latest = wish.latest();
    let owner = latest.state.access.keys.get(&key).and_then(|key| key.owner).map(Principal::User);
    // A key of somebody else is none here.
    if owner.as_ref() != Some(&wish.who.principal) {
        return Err(missing());
    }
    Ok(wish.submit(Command::RevokeKey { key }, None).await?.answer())
}

/// The sessions in which the caller is signed in, the oldest first: those of now, whatever position is asked for.
#[utoipa::path(get, path = "/me/sessions", tag = "session",
    responses((status = 200, description = "All sessions", body = List<OwnSession>)))]
pub async fn sessions(ask: Ask) -> Result<Answer<List<OwnSession>>, Problem> {
    let current = ask.who.pass.as_ref().map(|pass| pass.id);
    let shape = |one: Standing| OwnSession {
        id: one.id.to_string(),
        method: word(one.login.method()),
        started_at: one.made.to_string(),
        used_at: one.seen.to_string(),
        current: current == Some(one.id),
    };
    let items = standing(&ask.app, &ask.who).into_iter().map(shape).collect();
    Ok(ask.answer(List { items, next_cursor: None, position: ask.position().0 }))
}

/// Ends a session of one's own, this one or another; what it holds open ends too.
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "session",
    params(("id" = String, Path, description = "The session")),
    responses((status = 200, description = "Ended", body = CommandShape)))]
pub async fn end_session(Segments(id): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let found = standing(&wish.app, &wish.who).into_iter().find(|one| one.id.to_string() == id);
    let found = found.ok_or_else(|| Problem::missing(format_args!("the session {id}")))?;
    wish.app.sessions.end(found.id).await.map_err(|error| Problem::internal(&error))?;
    Ok(wish.submit(audit::Command::SignOut, None).await?.answer())
}

fn standing(app: &App, who: &Who) -> Vec<Standing> {
    let Principal::User(user) = who.principal else { return Vec::new() };
    let latest = app.latest();
    app.sessions.of(user).into_iter().filter(|one| one.login.is_open(&latest.state)).collect()
}
