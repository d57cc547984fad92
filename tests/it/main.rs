//! The integration tests: one binary, real parts.

mod relay;
mod tidy;
