//! The full forms of the long tests; `ci` runs their short forms.

use anyhow::{Result, bail};

use crate::{nats, run_with};

/// The long tests: name, package, test filter, rounds.
const LONG_TESTS: &[(&str, &str, &str, &str)] = &[
    ("kill", "countersign-tests", "crash::", "100"),
    ("power-cut", "countersign-engine", "power_cut", "200"),
    ("estate", "countersign-benches", "estate::", "25"),
    ("walk", "countersign-core", "walks::", "400"),
    ("walk-views", "countersign-projections", "walks::", "40"),
];

/// Runs one by its name.
pub(crate) fn long(name: &str) -> Result<()> {
    let Some((_, package, filter, rounds)) = LONG_TESTS.iter().find(|(known, ..)| *known == name) else {
        let known: Vec<&str> = LONG_TESTS.iter().map(|(known, ..)| *known).collect();
        bail!("no long test is called {name:?}; there are {}", known.join(", "));
    };
    nats::fetch()?;
    run_with("cargo", &["build", "--workspace", "--bins", "--locked"], &[])?;
    run_with(
        "cargo",
        &["test", "--locked", "--package", package, filter, "--", "--nocapture"],
        &[("COUNTERSIGN_LONG", rounds)],
    )
}
