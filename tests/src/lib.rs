//! The harness: real parts, started for one test and ended with it.

pub mod certificates;
pub mod nats;
pub mod server;
pub mod smtp;
