//! The native API, version 1: one file per resource, request, response, handler, in this order.
//!
//! Commands go through [`wish`], questions through [`ask`]; what is shown is in [`shape`]. Start at [`router`].

pub mod access_changes;
pub mod ask;
pub mod assignments;
pub mod blueprints;
pub mod bulk;
pub mod comments;
pub mod deliveries;
pub mod deployments;
pub mod evaluations;
pub mod events;
pub mod files;
pub mod gate;
pub mod governable;
pub mod governance_script;
pub mod governing;
pub mod groups;
pub mod infrastructures;
pub mod initiatives;
pub mod items;
pub mod keys;
pub mod log;
pub mod me;
pub mod nodes;
pub mod oidc;
pub mod openapi;
pub mod overrides;
pub mod own;
pub mod pages;
pub mod params;
pub mod permissions;
pub mod projections;
pub mod registry;
pub mod reports;
pub mod reviews;
pub mod roles;
pub mod rules;
pub mod search;
pub mod session;
pub mod shape;
pub mod signoff;
pub mod stages;
pub mod steps;
pub mod stream;
pub mod subscriptions;
pub mod users;
pub mod versions;
pub mod views;
pub mod webhooks;
pub mod why;
pub mod wish;

use axum::Router;
use axum::http::HeaderName;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The position that an answer was made from.
pub const GOVERN_POSITION: HeaderName = HeaderName::from_static("govern-position");
/// What all routes begin with.
pub const PREFIX: &str = "/api/v1";

/// One event of the log, as every list, stream and NATS tells it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    position: u64,
    id: String,
    r#type: String,
    recorded_at: String,
    actor: Actor,
    via: Option<String>,
    channel: String,
    reason: Option<String>,
    subject: Option<String>,
    correlation: String,
    #[schema(value_type = Object)]
    data: serde_json::Value,
    /// `named_oneself`: somebody put himself, or a group of his, into a field. `loosening_refused`: a deployer told of a
    /// looser gate, which stayed as it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<String>,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Actor {
    /// `user`, `key`, `node` or `system`.
    r#type: String,
    /// A login, a key's id, a node's name.
    id: String,
    /// The groups held at that moment.
    groups: Vec<String>,
}

/// All routes below [`PREFIX`], and the document that describes them.
pub fn router() -> (Router<App>, utoipa::openapi::OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(openapi::head())
        .nest(
            PREFIX,
            item_routes()
                .merge(signoff_routes())
                .merge(template_routes())
                .merge(notify_routes())
                .merge(other_routes())
                .merge(access_routes()),
        )
        .split_for_parts();
    openapi::complete(&mut document);
    (router, document)
}

fn item_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(items::list, items::create))
        .routes(routes!(items::read, items::save, items::delete))
        .routes(routes!(governing::govern))
        .routes(routes!(bulk::govern))
        .routes(routes!(bulk::hide))
        .routes(routes!(bulk::archive))
        .routes(routes!(bulk::migrate))
        .routes(routes!(versions::migrate))
        .routes(routes!(governing::hide))
        .routes(routes!(governing::show))
        .routes(routes!(governing::archive))
        .routes(routes!(governing::restore))
        .routes(routes!(steps::finish))
        .routes(routes!(steps::reopen))
        .routes(routes!(steps::start))
        .routes(routes!(comments::add, comments::list))
        .routes(routes!(comments::edit, comments::delete))
        .routes(routes!(pages::read, pages::set, pages::remove))
        .routes(routes!(evaluations::metrics))
        .routes(routes!(evaluations::list))
        .routes(routes!(evaluations::opt_out))
        .routes(routes!(evaluations::opt_in))
        .routes(routes!(events::item_timeline))
}

fn signoff_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(signoff::read))
        .routes(routes!(signoff::request_feedback))
        .routes(routes!(signoff::request_approval))
        .routes(routes!(signoff::return_to_feedback))
        .routes(routes!(signoff::abandon))
        .routes(routes!(signoff::cancel_abandon))
        .routes(routes!(signoff::reset))
        .routes(routes!(signoff::schedule_reset))
        .routes(routes!(signoff::delegate))
        .routes(routes!(signoff::create))
        .routes(routes!(reviews::submit))
        .routes(routes!(reviews::edit, reviews::delete))
        .routes(routes!(reviews::decide, reviews::edit_decision, reviews::withdraw))
}

fn template_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(blueprints::list, blueprints::create))
        .routes(routes!(blueprints::read, blueprints::set, blueprints::delete))
        .routes(routes!(versions::list, versions::create))
        .routes(routes!(versions::read, versions::edit, versions::delete))
        .routes(routes!(versions::set_status))
        .routes(routes!(versions::export))
        .routes(routes!(versions::import))
        .routes(routes!(versions::fork))
        .routes(routes!(versions::diff))
        .routes(routes!(versions::signoff, versions::configure, versions::remove_signoff))
}

fn notify_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(subscriptions::read, subscriptions::subscribe, subscriptions::unsubscribe))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::read, webhooks::change, webhooks::delete))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::dead))
        .routes(routes!(deliveries::redrive))
        .routes(routes!(deliveries::redeliver))
        .routes(routes!(deliveries::mail_list))
        .routes(routes!(deliveries::mail_dead))
        .routes(routes!(deliveries::mail_redrive))
}

fn access_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::read, roles::edit, roles::delete))
        .routes(routes!(assignments::list, assignments::create))
        .routes(routes!(assignments::read, assignments::set, assignments::remove))
        .routes(routes!(assignments::of_item, assignments::set_of_item, assignments::remove_of_item))
        .routes(routes!(permissions::list, permissions::create))
        .routes(routes!(permissions::read, permissions::set, permissions::remove))
        .routes(routes!(why::read))
        .routes(routes!(reports::duties))
        .routes(routes!(reports::gates))
        .routes(routes!(reports::could))
        .routes(routes!(access_changes::list))
        .routes(routes!(session::read, session::sign_in, session::sign_out))
        .routes(routes!(oidc::start))
        .routes(routes!(oidc::back))
        .routes(routes!(own::change_password))
        .routes(routes!(own::keys, own::create_key))
        .routes(routes!(own::revoke_key))
        .routes(routes!(own::sessions))
        .routes(routes!(own::end_session))
}

fn other_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(files::upload))
        .routes(routes!(files::read))
        .routes(routes!(files::content))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::read, users::edit, users::delete))
        .routes(routes!(groups::list, groups::create))
        .routes(routes!(groups::edit, groups::delete))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(keys::rotate))
        .routes(routes!(me::read))
        .routes(routes!(governable::list))
        .routes(routes!(rules::read, rules::set))
        .routes(routes!(governance_script::read, governance_script::set))
        .routes(routes!(rules::read_of, rules::set_of))
        .routes(routes!(initiatives::list))
        .routes(routes!(views::portfolio))
        .routes(routes!(search::search))
        .routes(routes!(search::governed_projects))
        .routes(routes!(views::inbox))
        .routes(routes!(registry::models))
        .routes(routes!(registry::bundles))
        .routes(routes!(evaluations::focus, evaluations::choose_focus))
        .routes(routes!(events::timeline))
        .routes(routes!(events::list))
        .routes(routes!(stream::stream))
        .routes(routes!(events::leaf))
        .routes(routes!(gate::check))
        .routes(routes!(overrides::list, overrides::grant))
        .routes(routes!(overrides::revoke))
        .routes(routes!(deployments::list))
        .routes(routes!(deployments::history))
        .routes(routes!(infrastructures::list))
        .routes(routes!(infrastructures::read, infrastructures::set))
        .routes(routes!(stages::list))
        .routes(routes!(stages::read, stages::set))
        .routes(routes!(nodes::list))
        .routes(routes!(nodes::clean_up))
        .routes(routes!(nodes::resync))
        .routes(routes!(projections::list))
        .routes(routes!(projections::digest))
        .routes(routes!(projections::rebuild))
        .routes(routes!(log::read))
        .routes(routes!(log::export))
}
