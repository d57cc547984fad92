//! The integration tests: one binary, real parts.

mod crash;
mod relay;
mod tidy;
mod tutorial;
