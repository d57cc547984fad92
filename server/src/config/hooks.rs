//! The settings of hooks: whether scripts of templates run, by which interpreter, within which limits.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::hooks::run::Limits;

/// The interpreter unless told otherwise.
const PYTHON: &str = "python3";

/// Flags and environment.
#[derive(Debug, Clone, Default, Args)]
pub struct HookFlags {
    /// Run the Python hooks of templates, which is to run code that architects write
    #[arg(long, env = "COUNTERSIGN_HOOKS")]
    pub hooks: bool,
    /// Their interpreter
    #[arg(long, env = "COUNTERSIGN_HOOKS_PYTHON", value_name = "PROGRAM")]
    pub hooks_python: Option<PathBuf>,
    /// A folder of packages for them, as `pip install --target` makes it: dataiku-api-client for handler.client
    #[arg(long, env = "COUNTERSIGN_HOOKS_PACKAGES", value_name = "DIR")]
    pub hooks_packages: Option<PathBuf>,
}

/// The same from a file, and the limits.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    enabled: Option<bool>,
    python: Option<PathBuf>,
    packages: Option<PathBuf>,
    time_seconds_max: Option<u64>,
    memory_bytes_max: Option<u64>,
    output_bytes_max: Option<u64>,
}

/// What holds in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// The interpreter.
    pub python: PathBuf,
    /// Packages beside its own.
    pub packages: Option<PathBuf>,
    /// How much a script may take.
    pub limits: Limits,
}

/// What `--print-config` shows.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    enabled: bool,
    python: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    packages: Option<PathBuf>,
    time_seconds_max: u64,
    memory_bytes_max: u64,
    output_bytes_max: u64,
}

impl Hooks {
    pub(super) fn resolve(flags: HookFlags, file: File) -> Option<Self> {
        let is_on = flags.hooks || file.enabled.unwrap_or(false);
        let usual = Limits::default();
        is_on.then(|| Self {
            python: flags.hooks_python.or(file.python).unwrap_or_else(|| PYTHON.into()),
            packages: flags.hooks_packages.or(file.packages),
            limits: Limits {
                time_max: file.time_seconds_max.map_or(usual.time_max, Duration::from_secs),
                memory_bytes_max: file.memory_bytes_max.unwrap_or(usual.memory_bytes_max),
                output_bytes_max: file.output_bytes_max.unwrap_or(usual.output_bytes_max),
            },
        })
    }

    pub(super) fn shown(&self) -> Shown {
        Shown {
            enabled: true,
            python: self.python.clone(),
            packages: self.packages.clone(),
            time_seconds_max: self.limits.time_max.as_secs(),
            memory_bytes_max: self.limits.memory_bytes_max,
            output_bytes_max: self.limits.output_bytes_max,
        }
    }
}
