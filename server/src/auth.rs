//! Who asks: API keys, as Basic user name with an empty password or as Bearer token, impersonation by administrators'
//! keys, and sessions (see [`session`]), which count for the native API only.
//!
//! Keys have no structure: the SHA-256 of the whole is looked up in the vault, which gives the credential's name; the
//! state says whose it is and whether it still opens anything.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_core::State;
use countersign_core::access::may;
use countersign_core::context::{Caller, Channel, Principal};
use countersign_core::ids::{CorrelationId, KeyId};
use countersign_engine::clock::{Clock as _, SystemClock};

use crate::app::App;
use crate::problem::Problem;
use crate::session::{self, Pass};

/// Names the user that an administrator's key acts as.
pub const PROXY_USER: &str = "x-dku-proxyuser";
/// The one route that is open to keys that act as a node.
const GATE: &str = "/gate/check";
/// Longest key that is looked up, in bytes.
pub const SECRET_BYTES_MAX: usize = 256;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Who {
    /// Who acts.
    pub principal: Principal,
    /// The key that acts as that user.
    pub via: Option<KeyId>,
    /// The door; a shell other than the native API names its own.
    pub channel: Channel,
    /// The session that let him in.
    pub pass: Option<Pass>,
}

impl Who {
    /// Finds out from a request to the native API: by its key or, without one, by its session.
    pub async fn from_parts(app: &App, parts: &Parts) -> Result<Self, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION)
            && let Some(who) = session::who(app, parts).await?
        {
            return Ok(who);
        }
        let who = Self::holder(app, &parts.headers, &secret(&parts.headers)?)?;
        if parts.uri.path().ends_with(GATE) { Ok(who) } else { who.unless_node() }
    }

    /// Finds out from the headers, or says why not. Cookies do not count.
    pub fn from_headers(app: &App, headers: &HeaderMap) -> Result<Self, Problem> {
        Self::with_secret(app, headers, &secret(headers)?)
    }

    /// Finds out whose this key is, and as whom its holder acts.
    pub fn with_secret(app: &App, headers: &HeaderMap, secret: &str) -> Result<Self, Problem> {
        Self::holder(app, headers, secret)?.unless_node()
    }

    fn holder(app: &App, headers: &HeaderMap, secret: &str) -> Result<Self, Problem> {
        if let Some(caller) = app.hooks.as_ref().and_then(|hooks| hooks.guests.find(secret)) {
            return Ok(Self { principal: caller.principal, via: caller.via, channel: caller.channel, pass: None });
        }
        let snapshot = app.latest();
        let is_possible = (1..=SECRET_BYTES_MAX).contains(&secret.len());
        let key = is_possible.then(|| key_of(app, &snapshot.state, secret)).flatten();
        let key =
            key.ok_or_else(|| Problem::unauthenticated("key_unknown", "the API key is unknown, expired or revoked"))?;
        let Some(login) = headers.get(PROXY_USER) else {
            let principal = may::acts_as(&snapshot.state, key);
            let via = (principal != Principal::Key(key)).then_some(key);
            return Ok(Self { principal, via, channel: Channel::Http, pass: None });
        };
        if !may::is_admin(&snapshot.state, &Principal::Key(key)) {
            let detail = "only an administrator's key may act as a user";
            return Err(Problem::forbidden("proxy_user_forbidden", detail));
        }
        let unknown = || Problem::unauthenticated("proxy_user_unknown", "the user to act as is unknown or disabled");
        let login = std::str::from_utf8(login.as_bytes()).map_err(|_| unknown())?;
        let user = snapshot.state.access.logins.get(login).ok_or_else(unknown)?;
        let who = Self { principal: Principal::User(*user), via: Some(key), channel: Channel::Http, pass: None };
        may::is_active(&snapshot.state, &who.principal).then_some(who).ok_or_else(unknown)
    }

    fn unless_node(self) -> Result<Self, Problem> {
        match self.principal {
            Principal::Node(_) => Err(Problem::forbidden(
                "node_key_gate_only",
                "a key that acts as a node asks the gate and nothing else",
            )),
            _ => Ok(self),
        }
    }

    /// Whether what let him in still does.
    #[must_use]
    pub fn is_let_in(&self, app: &App, state: &State) -> bool {
        let now = SystemClock.now();
        let opens = |principal: &Principal| may::is_active(state, principal) && !may::is_expired(state, principal, now);
        let pass = match (&self.pass, &self.principal) {
            (Some(pass), Principal::User(user)) => pass.is_open(&app.sessions, state, *user),
            (pass, _) => pass.is_none(),
        };
        pass && opens(&self.principal) && self.via.map(Principal::Key).as_ref().is_none_or(opens)
    }

    /// The caller of a command over HTTP; the trace that the request belongs to becomes its correlation.
    #[must_use]
    pub fn caller(&self, headers: &HeaderMap) -> Caller {
        let correlation = trace_id(headers).unwrap_or_else(uuid::Uuid::new_v4);
        let mut caller = Caller::new(self.principal.clone(), self.channel, CorrelationId(correlation));
        caller.via = self.via;
        caller
    }
}

impl FromRequestParts<App> for Who {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Self::from_parts(app, parts).await
    }
}

/// The key that a request's headers name in any form that some API takes, if it opens anything.
pub(crate) fn key_in(app: &App, state: &State, headers: &HeaderMap) -> Option<KeyId> {
    key_of(app, state, &crate::publicapi::auth::secret(headers).ok()?)
}

pub(crate) fn key_of(app: &App, state: &State, secret: &str) -> Option<KeyId> {
    let credential = app.vault.find_key(secret)?;
    let key = *state.access.credentials.get(&credential)?;
    let principal = Principal::Key(key);
    (may::is_active(state, &principal) && !may::is_expired(state, &principal, SystemClock.now())).then_some(key)
}

fn secret(headers: &HeaderMap) -> Result<String, Problem> {
    let given = headers.get(header::AUTHORIZATION).ok_or_else(|| {
        Problem::unauthenticated("key_missing", "an API key is needed, as Basic user name or as Bearer")
    })?;
    secret_in(given.to_str().unwrap_or_default())
}

/// The key in the value of an `Authorization` header.
pub(crate) fn secret_in(value: &str) -> Result<String, Problem> {
    let malformed = || {
        let detail = "the Authorization header is neither Basic KEY: nor Bearer KEY";
        Problem::unauthenticated("authorization_malformed", detail)
    };
    let (scheme, rest) = value.split_once(' ').ok_or_else(malformed)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let bytes = BASE64_STANDARD.decode(rest).map_err(|_| malformed())?;
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    let (user, password) = text.split_once(':').ok_or_else(malformed)?;
    if !password.is_empty() {
        return Err(Problem::unauthenticated("password_not_accepted", "a key is given with an empty password"));
    }
    Ok(user.to_owned())
}

/// The trace id of a W3C `traceparent`: 16 bytes, as many as a UUID has.
fn trace_id(headers: &HeaderMap) -> Option<uuid::Uuid> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let hex = text.split('-').nth(1).filter(|hex| hex.len() == 32)?;
    u128::from_str_radix(hex, 16).ok().filter(|id| *id != 0).map(uuid::Uuid::from_u128)
}
