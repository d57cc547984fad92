//! The settings of sessions: how long people stay signed in.

use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::session::store::Lifetime;

/// How long a session lives without being used, unless told otherwise.
const IDLE: Duration = Duration::from_secs(2 * 60 * 60);
/// How long a session lives at all, unless told otherwise.
const WHOLE: Duration = Duration::from_secs(12 * 60 * 60);
/// Longest life of a session.
const WHOLE_SECONDS_MAX: u64 = 30 * 24 * 60 * 60;

/// Flags and environment.
#[derive(Debug, Clone, Default, Args)]
pub struct SessionFlags {
    /// After how many seconds without use a session ends; 7200 unless told otherwise
    #[arg(long, env = "COUNTERSIGN_SESSION_IDLE", value_name = "SECONDS")]
    pub session_idle: Option<u64>,
    /// After how many seconds a session ends in any case; 43200 unless told otherwise
    #[arg(long, env = "COUNTERSIGN_SESSION_LIFETIME", value_name = "SECONDS")]
    pub session_lifetime: Option<u64>,
}

/// The same from a file, and as it is shown.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    idle_seconds: Option<u64>,
    lifetime_seconds: Option<u64>,
}

/// Lifetimes that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session lives for 1 second to 30 days")]
pub struct LifetimeError;

pub(super) fn resolve(flags: &SessionFlags, file: &File) -> Result<Lifetime, LifetimeError> {
    let checked = |seconds: Option<u64>, default: Duration| match seconds {
        None => Ok(default),
        Some(seconds @ 1..=WHOLE_SECONDS_MAX) => Ok(Duration::from_secs(seconds)),
        Some(_) => Err(LifetimeError),
    };
    Ok(Lifetime {
        idle: checked(flags.session_idle.or(file.idle_seconds), IDLE)?,
        whole: checked(flags.session_lifetime.or(file.lifetime_seconds), WHOLE)?,
    })
}

pub(super) fn shown(lifetime: Lifetime) -> File {
    File { idle_seconds: Some(lifetime.idle.as_secs()), lifetime_seconds: Some(lifetime.whole.as_secs()) }
}
