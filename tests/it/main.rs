//! The integration tests: one binary, real parts.

mod crash;
mod ingest;
mod relay;
mod tidy;
mod tutorial;
