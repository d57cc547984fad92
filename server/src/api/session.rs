//! Signing in and out of the web UI.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header;
use countersign_core::access::may::{is_admin, is_architect};
use countersign_core::audit::{self, Method};
use countersign_core::context::Principal;
use countersign_core::ids::UserId;
use countersign_engine::clock::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::shape::command::CommandShape;
use super::users::{self, UserShape};
use super::wish::{Nothing, Wish, parse, unreadable};
use crate::app::App;
use crate::password;
use crate::peer;
use crate::problem::Problem;
use crate::session::{self, Pass};

/// Largest body of a sign-in, in bytes.
const SIGN_IN_BYTES_MAX: usize = 4 * 1024;

/// Who one is, and a proof.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignIn {
    login: String,
    #[schema(format = Password)]
    password: String,
}

/// A session, as the person in it sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionShape {
    /// Who is signed in.
    user: UserShape,
    /// Administrates the instance.
    admin: bool,
    /// May change templates, roles and permissions.
    architect: bool,
    /// `password` or `oidc`.
    method: &'static str,
    /// Unsafe methods need it in the header `X-CSRF-Token`.
    csrf_token: String,
}

pub(super) const fn word(method: Method) -> &'static str {
    match method {
        Method::Password => "password",
        Method::Oidc => "oidc",
    }
}

fn shape(state: &countersign_core::State, user: UserId, pass: &Pass) -> Option<SessionShape> {
    let principal = Principal::User(user);
    Some(SessionShape {
        user: users::shape(state.access.users.get(&user)?),
        admin: is_admin(state, &principal),
        architect: is_architect(state, &principal),
        method: word(pass.method),
        csrf_token: pass.csrf.clone(),
    })
}

/// Signs in with a password; the answer sets the session's cookie. Needs no key.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn,
    responses((status = 200, description = "Signed in", body = SessionShape),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 429, description = "Too many failures: see Retry-After")))]
pub async fn sign_in(
    State(app): State<App>,
    session: Session,
    request: Request,
) -> Result<Answer<SessionShape>, Problem> {
    // A form of another site can send a body, but not as JSON: nobody is signed in behind his back.
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::unsupported("content_type_not_json", "the body has to be declared as application/json"));
    }
    let bytes = to_bytes(request.into_body(), SIGN_IN_BYTES_MAX).await.map_err(|error| unreadable(&error))?;
    let SignIn { login, password } = parse(&bytes)?;
    let user = prove(&app, &login, password).await?;
    let pass = session::begin(&app, &session, user, Method::Password).await?;
    let latest = app.latest();
    let shape = shape(&latest.state, user, &pass).ok_or_else(refusal)?;
    Ok(Answer::ok(latest.position(), shape))
}

fn refusal() -> Problem {
    Problem::signed_out("sign_in_refused", "the login or the password is wrong")
}

/// The person of this login, by his password. Takes as long for a login that does not exist.
pub(super) async fn prove(app: &App, login: &str, password: String) -> Result<UserId, Problem> {
    let (address, latest) = (peer::address(), app.latest());
    let users = &latest.state.access;
    let user = users.logins.get(login).and_then(|user| users.users.get(user)).filter(|user| user.is_enabled);
    if let Err(locked) = app.attempts.begin(login, address, SystemClock.now()) {
        app.refusals.count_sign_in(user.map(|user| user.id), "locked_out");
        return Err(Problem::locked_out(locked));
    }
    let hash = user.and_then(|user| app.vault.password(user.credential?));
    let place = app.attempts.place().await.ok_or_else(|| Problem::later("busy", "too many people sign in"))?;
    let checked = tokio::task::spawn_blocking(move || {
        let is_right = password::is_right(hash.as_deref(), &password);
        drop(place);
        is_right
    });
    let is_right = checked.await.map_err(|error| Problem::internal(&error))?;
    // The password may have been changed while it was looked at.
    let now = app.latest();
    let credential = |state: &countersign_core::State, user: &UserId| state.access.users.get(user)?.credential;
    let proven = user.filter(|user| is_right && credential(&now.state, &user.id) == user.credential);
    match proven {
        Some(user) => {
            app.attempts.succeeded(login, address);
            Ok(user.id)
        }
        None => {
            app.refusals.count_sign_in(user.map(|user| user.id), "sign_in_refused");
            Err(refusal())
        }
    }
}

/// Who is signed in, and the token that unsafe methods need.
#[utoipa::path(get, path = "/session", tag = "session",
    responses((status = 200, description = "The session", body = SessionShape)))]
pub async fn read(ask: Ask) -> Result<Answer<SessionShape>, Problem> {
    let nobody = || Problem::signed_out("not_signed_in", "the caller has a key and no session");
    let (Some(pass), Principal::User(user)) = (&ask.who.pass, &ask.who.principal) else { return Err(nobody()) };
    let shape = shape(ask.state(), *user, pass).ok_or_else(nobody)?;
    Ok(ask.answer(shape))
}

/// Signs out: the session opens nothing from now on, nor do streams that it opened go on.
#[utoipa::path(delete, path = "/session", tag = "session",
    responses((status = 200, description = "Signed out", body = CommandShape)))]
pub async fn sign_out(session: Session, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    if wish.who.pass.is_none() {
        return Err(Problem::signed_out("not_signed_in", "the caller has a key and no session"));
    }
    session.flush().await.map_err(|error| Problem::internal(&error))?;
    Ok(wish.submit(audit::Command::SignOut, None).await?.answer())
}
