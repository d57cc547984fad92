//! The full forms of the long tests; `ci` runs their short forms.

use anyhow::{Result, bail};

use crate::{nats, run_with};

/// One long test.
struct LongTest {
    name: &'static str,
    package: &'static str,
    filter: &'static str,
    /// How many times the short form.
    rounds: &'static str,
    /// Nothing but the processor limits it: it is worth an optimised build.
    is_release: bool,
}

const LONG_TESTS: &[LongTest] = &[
    LongTest { name: "kill", package: "countersign-tests", filter: "crash::", rounds: "100", is_release: false },
    LongTest {
        name: "power-cut",
        package: "countersign-engine",
        filter: "power_cut",
        rounds: "200",
        is_release: false,
    },
    LongTest { name: "estate", package: "countersign-benches", filter: "estate::", rounds: "25", is_release: true },
    LongTest { name: "walk", package: "countersign-core", filter: "walks::", rounds: "8000", is_release: true },
    LongTest {
        name: "walk-views",
        package: "countersign-projections",
        filter: "walks::",
        rounds: "400",
        is_release: true,
    },
];

/// Runs one by its name.
pub(crate) fn long(name: &str) -> Result<()> {
    let Some(test) = LONG_TESTS.iter().find(|test| test.name == name) else {
        let known: Vec<&str> = LONG_TESTS.iter().map(|test| test.name).collect();
        bail!("no long test is called {name:?}; there are {}", known.join(", "));
    };
    nats::fetch()?;
    let profile: &[&str] = if test.is_release { &["--release"] } else { &[] };
    if !test.is_release {
        run_with("cargo", &["build", "--workspace", "--bins", "--locked"], &[])?;
    }
    let test_of = ["test", "--locked", "--package", test.package, test.filter];
    let arguments = [&test_of[..], profile, &["--", "--nocapture"]].concat();
    run_with("cargo", &arguments, &[("COUNTERSIGN_LONG", test.rounds)])
}
