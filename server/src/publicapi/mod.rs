//! Dataiku's public API: what its own Python client calls, answered from the same commands and views as the native API.
//!
//! One file per group of routes, each with its own wire structs and a function `routes`; the domain knows nothing of
//! it. Paths are put in order in [`transport`] before they are routed, refusals are told in [`refusal`] after. The
//! client is the judge of every shape. Start at [`router`]; all pairs of method and path are in [`routes::ROUTES`].

pub(crate) mod artifacts;
mod assignments;
pub(crate) mod auth;
pub(crate) mod blueprints;
pub mod call;
mod containers;
mod current_user;
mod custom_pages;
pub mod deployers;
mod designer;
mod filter;
mod futures;
mod groups;
mod instance;
mod keys;
pub(crate) mod moves;
mod object;
mod permissions;
mod refusal;
mod roles;
pub mod routes;
mod search;
mod settings;
mod signoff_configurations;
mod signoffs;
mod suppliers;
mod time_series;
pub mod transport;
mod uploaded_files;
mod users;
mod verdicts;

use axum::{Extension, Router};

use crate::app::App;

/// What all routes begin with; [`transport::PREFIXES`] lead here.
pub const PREFIX: &str = "/dip/publicapi";

/// All routes, below [`PREFIX`].
pub fn router() -> Router<App> {
    let all = governing_routes().merge(access_routes()).merge(instance::routes());
    Router::new().nest(PREFIX, all)
}

/// What is governed, and by which templates.
fn governing_routes() -> Router<App> {
    Router::new()
        .merge(artifacts::routes())
        .merge(signoffs::routes())
        .merge(search::routes())
        .merge(blueprints::routes())
        .merge(designer::routes())
        .merge(signoff_configurations::routes())
        .merge(custom_pages::routes())
        .merge(time_series::routes())
        .merge(uploaded_files::routes())
        .merge(deployers::routes())
}

/// People, groups, keys, roles, what they may do, and where they come from.
fn access_routes() -> Router<App> {
    Router::new()
        .merge(users::routes())
        .merge(current_user::routes())
        .merge(groups::routes())
        .merge(keys::routes())
        .merge(roles::routes())
        .merge(assignments::routes())
        .merge(permissions::routes())
        .merge(settings::routes())
        .merge(suppliers::routes())
        .merge(futures::routes())
        .layer(Extension(futures::Futures::default()))
}
