//! The harness: real parts, started for one test and ended with it.

pub mod certificates;
pub mod nats;
pub mod oidc;
pub mod server;
pub mod smtp;
