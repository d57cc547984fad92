//! Countersign as a service: everything that touches the outside world besides the log itself.
//!
//! Here: the composition ([`serve`]), the native HTTP API ([`api`]), Dataiku's public API ([`publicapi`]), who asks
//! ([`auth`]) and from where ([`peer`]), refusals on the wire
//! ([`problem`]), NATS out ([`relay`]), mail and webhooks ([`notify`]), the command line ([`cli`]). Not here: rules (core), the log (engine), read
//! models (projections), NATS in (ingest). Start at [`serve::start`].

pub mod admission;
pub mod api;
pub mod app;
pub mod auth;
pub mod bootstrap;
pub mod cli;
pub mod config;
pub mod connections;
mod demo;
pub mod event_json;
pub mod health;
pub mod hooks;
pub mod http;
pub mod metrics;
pub mod nats;
pub mod notify;
pub mod password;
pub mod peer;
pub mod plan;
pub mod problem;
pub mod publicapi;
pub mod refusals;
pub mod relay;
mod secrets;
pub mod seen;
pub mod serve;
pub mod session;
pub mod shutdown;
pub mod tls;
