//! Signing in through an identity provider: there, and back.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_core::audit::Method;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use tower_sessions::Session;
use utoipa::IntoParams;

use super::params::Params;
use crate::app::App;
use crate::problem::Problem;
use crate::session;
use crate::session::oidc::{Pending, ProveError, Provider, person};

/// Where in a session it says that somebody is on his way.
const PENDING: &str = "oidc";
/// Longest path that somebody is brought back to.
const BACK_BYTES_MAX: usize = 2_000;

/// Where to go on afterwards.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Start {
    /// A path of this service; `/` when left out.
    back: Option<String>,
}

/// What the provider says when it sends somebody back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Back {
    /// What proves it.
    code: Option<String>,
    /// What was given to him on his way.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

fn provider(app: &App) -> Result<&Provider, Problem> {
    let none = || Problem::missing(format_args!("an identity provider to sign in through"));
    app.oidc.as_ref().ok_or_else(none)
}

/// Sends a browser to the identity provider. Needs no key.
#[utoipa::path(get, path = "/session/oidc", tag = "session", params(Start),
    responses((status = 303, description = "To the identity provider")))]
pub async fn start(
    State(app): State<App>,
    session: Session,
    Params(start): Params<Start>,
) -> Result<Response, Problem> {
    let back = start.back.unwrap_or_else(|| "/".to_owned());
    // Only a path of our own: an address of another place would be a lure with our name on it.
    let is_path = back.starts_with('/') && !back.starts_with("//") && back.len() <= BACK_BYTES_MAX;
    if !is_path || !back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err(Problem::invalid_field("back", "parameter_invalid", "not a path of this service"));
    }
    let (way, pending) = provider(&app)?.way(back).await.map_err(|error| refused(&error))?;
    session.insert(PENDING, &pending).await.map_err(|error| Problem::internal(&error))?;
    elsewhere(&way)
}

/// Takes a browser back from the identity provider, signed in.
#[utoipa::path(get, path = "/session/oidc/callback", tag = "session", params(Back),
    responses((status = 303, description = "Signed in; on to where the browser came from")))]
pub async fn back(State(app): State<App>, session: Session, Params(back): Params<Back>) -> Result<Response, Problem> {
    let provider = provider(&app)?;
    // Once: neither a code nor a state is of use a second time.
    let pending: Option<Pending> = session.remove(PENDING).await.map_err(|error| Problem::internal(&error))?;
    session.save().await.map_err(|error| Problem::internal(&error))?;
    let given = back.state.unwrap_or_default();
    let is_ours = |pending: &Pending| bool::from(pending.state.secret().as_bytes().ct_eq(given.as_bytes()));
    let Some(pending) = pending.filter(is_ours) else {
        app.refusals.count_sign_in(None, "oidc_state_wrong");
        let detail = "this browser is not on its way back from the identity provider; begin anew";
        return Err(Problem::signed_out("oidc_state_wrong", detail));
    };
    let (Some(code), None) = (back.code, back.error) else {
        app.refusals.count_sign_in(None, "oidc_denied");
        return Err(Problem::signed_out("oidc_denied", "the identity provider did not let the person in"));
    };
    let way_back = pending.back.clone();
    let claims = provider.prove(code, pending).await.map_err(|error| {
        app.refusals.count_sign_in(None, code_of(&error));
        refused(&error)
    })?;
    let user = person::enter(&app, provider, &claims).await?;
    session::begin(&app, &session, user, Method::Oidc).await?;
    elsewhere(&way_back)
}

const fn code_of(error: &ProveError) -> &'static str {
    match error {
        ProveError::Provider(_) => "oidc_provider_unavailable",
        ProveError::Code => "oidc_code_refused",
        ProveError::Token(_) => "oidc_token_invalid",
    }
}

/// What exactly is wrong with a token is for the operator, not for who brought it.
fn refused(error: &ProveError) -> Problem {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%error, source, "signing in through the identity provider failed");
    match error {
        ProveError::Provider(_) => Problem::later(code_of(error), error.to_string()),
        ProveError::Code | ProveError::Token(_) => Problem::signed_out(code_of(error), error.to_string()),
    }
}

fn elsewhere(url: &str) -> Result<Response, Problem> {
    let location = HeaderValue::from_str(url).map_err(|error| Problem::internal(&error))?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}
