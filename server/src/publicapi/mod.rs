//! Dataiku's public API: what its own Python client calls, answered from the same commands and views as the native API.
//!
//! One file per group of routes, each with its own wire structs and a function `routes`; the domain knows nothing of
//! it. Paths are put in order in [`transport`] before they are routed, refusals are told in [`refusal`] after. The
//! client is the judge of every shape. Start at [`router`]; all pairs of method and path are in [`routes::ROUTES`].

mod auth;
mod blueprints;
pub mod call;
mod refusal;
pub mod routes;
pub mod transport;

use axum::Router;

use crate::app::App;

/// What all routes begin with; [`transport::PREFIXES`] lead here.
pub const PREFIX: &str = "/dip/publicapi";

/// All routes, below [`PREFIX`].
pub fn router() -> Router<App> {
    Router::new().nest(PREFIX, Router::new().merge(blueprints::routes()))
}
