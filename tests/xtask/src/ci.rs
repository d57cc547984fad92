//! All checks, in the order in which they fail fastest.

use anyhow::Result;

use crate::{nats, run, smtp};

/// Formatting, lints, a build, and every test.
pub(crate) fn ci() -> Result<()> {
    nats::fetch()?;
    smtp::fetch()?;
    run("cargo", &["fmt", "--all", "--check"])?;
    run("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    // The integration tests run the real binary, which `cargo test` alone would not build.
    run("cargo", &["build", "--workspace", "--bins", "--locked"])?;
    run("cargo", &["test", "--workspace", "--locked"])
}
