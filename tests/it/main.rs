//! The integration tests: one binary, real parts.

mod access;
mod cli;
mod crash;
mod estate;
mod governing;
mod http_auth;
mod http_files;
mod http_gate;
mod http_hardening;
mod http_input;
mod http_items;
mod http_nodes;
mod http_registry;
mod http_service;
mod http_talk;
mod http_views;
mod http_webhooks;
mod identity;
mod ingest;
mod nats_admission;
mod nats_service;
mod notify_mail;
mod publicapi;
mod relay;
mod tidy;
mod tutorial;
