//! The public API before its judge: Dataiku's own Python client against the real binary.

use anyhow::{Context as _, Result};

use crate::python::Packages;
use crate::{nats, run_with};

/// The client, what it needs, and pytest with what that needs.
const PACKAGES: Packages = Packages {
    folder: "dataiku",
    pinned: &[
        ("dataiku_api_client", "15.2.0"),
        ("six", "1.17.0"),
        ("requests", "2.34.2"),
        ("certifi", "2026.10.18"),
        ("charset_normalizer", "3.5.2"),
        ("idna", "3.20"),
        ("urllib3", "2.8.0"),
        ("python_dateutil", "4.0.0"),
        ("tzdata", "2026.6"),
        ("pytest", "9.2.0"),
        ("iniconfig", "2.3.1"),
        ("packaging", "26.3"),
        ("pluggy", "1.7.0"),
        ("pygments", "2.21.0"),
    ],
    import: "dataikuapi, pytest",
};

/// Puts the client and pytest into `.deps/dataiku`, unless they are there.
pub(crate) fn fetch() -> Result<()> {
    PACKAGES.fetch().map(drop)
}

/// Runs `tests/publicapi`, or what these arguments of pytest choose of it, on the binary that was built last.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    let packages = PACKAGES.fetch()?;
    nats::fetch()?;
    let nats = nats::binary()?;
    let task = std::env::current_exe().context("this command's own path")?;
    let binary = task.parent().context("this command's own folder")?.join("countersign");
    let mut all = vec!["-m", "pytest", "-p", "no:cacheprovider"];
    if arguments.is_empty() {
        all.push("tests/publicapi");
    }
    all.extend(arguments.iter().map(String::as_str));
    let (packages, binary, nats) = (packages.to_string_lossy(), binary.to_string_lossy(), nats.to_string_lossy());
    let environment = [
        ("PYTHONPATH", &*packages),
        ("COUNTERSIGN_BIN", &*binary),
        ("NATS_SERVER_BIN", &*nats),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ];
    run_with("python3", &all, &environment)
}
