//! Sessions of the web UI: a cookie that stands for a person who proved who he is.
//!
//! The cookie holds 128 random bits and nothing else; what they stand for is in [`store`]. It authenticates the native
//! API and the UI, never the public API, and unsafe methods need the session's token in [`CSRF_TOKEN`] besides.

pub mod attempts;
pub mod oidc;
pub mod store;

use axum::http::Method as HttpMethod;
use axum::http::request::Parts;
use countersign_core::State;
use countersign_core::audit::{self, Method};
use countersign_core::context::{Channel, Principal};
use countersign_core::ids::{Digest, Position, UserId};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, Session, SessionManagerLayer};

use crate::api::ask::wait;
use crate::api::keys::new_secret;
use crate::app::App;
use crate::auth::{PROXY_USER, Who};
use crate::config::Config;
use crate::peer;
use crate::problem::Problem;
use store::Sessions;

/// The header that unsafe methods with a cookie need.
pub const CSRF_TOKEN: &str = "x-csrf-token";
/// The cookie's name.
pub const COOKIE: &str = "countersign";
/// The cookie's name when only HTTPS carries it: a browser then takes it from this host and for this host only.
pub const COOKIE_SECURE: &str = "__Host-countersign";
/// Where in a session it says whose it is.
pub(crate) const LOGIN: &str = "login";

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The person's number.
    pub(crate) user: u32,
    /// Where in the log he signed in, or was last known to have changed his password himself.
    pub(crate) position: u64,
    /// What unsafe methods have to repeat.
    csrf: String,
    is_oidc: bool,
}

/// A session that opened the door for a request.
#[derive(Debug, Clone)]
pub struct Pass {
    /// What is kept of its id.
    pub id: Digest,
    /// What unsafe methods have to repeat.
    pub csrf: String,
    /// How the person proved who he is.
    pub method: Method,
    position: Position,
}

impl Login {
    /// How the person proved who he is.
    #[must_use]
    pub const fn method(&self) -> Method {
        if self.is_oidc { Method::Oidc } else { Method::Password }
    }

    /// Whether the person is still signed in by it.
    #[must_use]
    pub fn is_open(&self, state: &State) -> bool {
        is_signed_in(state, UserId(self.user), Position(self.position))
    }
}

impl Pass {
    /// Whether the session still stands for the person.
    #[must_use]
    pub fn is_open(&self, sessions: &Sessions, state: &State, user: UserId) -> bool {
        sessions.is_open(self.id) && is_signed_in(state, user, self.position)
    }
}

fn is_signed_in(state: &State, user: UserId, since: Position) -> bool {
    state.access.users.get(&user).is_some_and(|user| user.is_enabled && since >= user.signed_out)
}

/// Gives each request its session, and each answer its cookie when the session changed.
#[must_use]
pub fn layer(app: &App) -> SessionManagerLayer<Sessions> {
    let is_secure = is_secure(&app.config);
    SessionManagerLayer::new(app.sessions.clone())
        .with_name(if is_secure { COOKIE_SECURE } else { COOKIE })
        .with_secure(is_secure)
        .with_http_only(true)
        // Lax, not Strict: who comes back from an identity provider has to bring it.
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnSessionEnd)
}

fn is_secure(config: &Config) -> bool {
    let is_reached_by_https = config.external_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    config.tls.is_some() || is_reached_by_https
}

/// Who asks, by his session; nobody when the request brings no cookie.
pub(crate) async fn who(app: &App, parts: &Parts) -> Result<Option<Who>, Problem> {
    let Some(session) = parts.extensions.get::<Session>() else { return Ok(None) };
    let Some(id) = session.id() else { return Ok(None) };
    let over = || Problem::signed_out("session_over", "the session is unknown or over; sign in again");
    let login: Option<Login> = session.get(LOGIN).await.map_err(|error| store::failed(&error))?;
    let login = login.ok_or_else(over)?;
    let user = UserId(login.user);
    if !is_signed_in(&app.latest().state, user, Position(login.position)) {
        session.flush().await.map_err(|error| store::failed(&error))?;
        return Err(over());
    }
    if parts.headers.contains_key(PROXY_USER) {
        let detail = "only an administrator's key may act as a user";
        return Err(Problem::forbidden("proxy_user_forbidden", detail));
    }
    if !is_safe(&parts.method) && !has_token(parts, &login.csrf) {
        let detail = "unsafe methods with a cookie need the session's token in X-CSRF-Token";
        return Err(Problem::forbidden("csrf_token_wrong", detail));
    }
    let (method, position) = (login.method(), Position(login.position));
    let pass = Pass { id: store::digest(id), csrf: login.csrf, method, position };
    Ok(Some(Who { principal: Principal::User(user), via: None, channel: Channel::Ui, pass: Some(pass) }))
}

fn is_safe(method: &HttpMethod) -> bool {
    matches!(*method, HttpMethod::GET | HttpMethod::HEAD | HttpMethod::OPTIONS)
}

fn has_token(parts: &Parts, csrf: &str) -> bool {
    parts.headers.get(CSRF_TOKEN).is_some_and(|given| given.as_bytes().ct_eq(csrf.as_bytes()).into())
}

/// Begins a session for somebody who proved who he is, under a new id.
pub(crate) async fn begin(app: &App, session: &Session, user: UserId, method: Method) -> Result<Pass, Problem> {
    let who = Who { principal: Principal::User(user), via: None, channel: Channel::Ui, pass: None };
    let address = peer::address().map(|address| address.to_string().into());
    let caller = who.caller(&axum::http::HeaderMap::new());
    let receipt = app.engine.submit(audit::Command::SignIn { method, address }.into(), caller).await?;
    wait(app, receipt.position).await?;
    // Another id: whoever knew the one before knows nothing.
    session.clear().await;
    session.cycle_id().await.map_err(|error| store::failed(&error))?;
    continue_at(session, user, receipt.position, method).await
}

/// The session goes on, with another token, from this position: whoever signed in before it is signed out.
pub(crate) async fn continue_at(
    session: &Session,
    user: UserId,
    position: Position,
    method: Method,
) -> Result<Pass, Problem> {
    let csrf = new_secret();
    let is_oidc = method == Method::Oidc;
    let login = Login { user: user.0, position: position.0, csrf: csrf.clone(), is_oidc };
    session.insert(LOGIN, &login).await.map_err(|error| store::failed(&error))?;
    // Saved here and not by the middleware alone, so that a failure is told as any other.
    session.save().await.map_err(|error| store::failed(&error))?;
    let id = session.id().ok_or_else(|| Problem::internal(&"a session without an id"))?;
    Ok(Pass { id: store::digest(id), csrf, method, position })
}
