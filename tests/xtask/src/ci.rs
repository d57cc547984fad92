//! All checks, in the order in which they fail fastest.

use anyhow::Result;

use crate::{dataiku, nats, oidc, run, smtp};

/// Formatting, lints, a build, every test, and Dataiku's client on the public API.
pub(crate) fn ci() -> Result<()> {
    nats::fetch()?;
    smtp::fetch()?;
    oidc::fetch()?;
    dataiku::fetch()?;
    run("cargo", &["fmt", "--all", "--check"])?;
    run("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    // The integration tests run the real binary, which `cargo test` alone would not build.
    run("cargo", &["build", "--workspace", "--bins", "--locked"])?;
    run("cargo", &["test", "--workspace", "--locked"])?;
    dataiku::test(&[])
}
