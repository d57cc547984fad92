//! The demo with all that it needs.

use anyhow::Result;

use crate::{nats, run};

/// Gets a NATS server, builds the product and runs its demo with these arguments.
pub(crate) fn demo(arguments: &[String]) -> Result<()> {
    nats::fetch()?;
    let mut all =
        vec!["run", "--release", "--locked", "--package", "countersign-server", "--bin", "countersign", "--", "demo"];
    all.extend(arguments.iter().map(String::as_str));
    run("cargo", &all)
}
