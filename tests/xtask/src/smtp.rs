//! Fetches a real SMTP server for tests: the `PyPI` package `aiosmtpd` and what it needs, each pinned.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::nats::root;

/// The packages with their versions; the first is asked for its own.
const PACKAGES: &[(&str, &str)] = &[("aiosmtpd", "1.4.6"), ("atpublic", "9.0.0"), ("attrs", "26.1.0")];

/// Puts aiosmtpd into `.deps/aiosmtpd`, unless it is there.
pub(crate) fn fetch() -> Result<()> {
    let target = root()?.join(".deps").join("aiosmtpd");
    if !is_current(&target) {
        install(&target)?;
        ensure!(is_current(&target), "{} does not hold the pinned packages", target.display());
    }
    eprintln!("aiosmtpd is at {}", target.display());
    Ok(())
}

fn install(target: &Path) -> Result<()> {
    let options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"];
    let status = Command::new("python3")
        .args(options)
        .args(["--no-deps", "--upgrade", "--target"])
        .arg(target)
        .args(PACKAGES.iter().map(|(name, version)| format!("{name}=={version}")))
        .status()
        .context("python3 could not be started; fetching aiosmtpd needs python3 with pip")?;
    ensure!(status.success(), "pip could not install aiosmtpd ({status}); python3-pip and a package index are needed");
    Ok(())
}

/// All packages in their versions, and the server can be imported.
fn is_current(target: &Path) -> bool {
    let is_there =
        |(name, version): &(&str, &str)| target.join(format!("{name}-{version}.dist-info")).join("METADATA").is_file();
    let imported = || {
        let mut python = Command::new("python3");
        python.args(["-c", "import aiosmtpd.smtp"]).env("PYTHONPATH", target);
        python.status().is_ok_and(|status| status.success())
    };
    PACKAGES.iter().all(is_there) && imported()
}
