//! How a deployment stands with governance, in the words of upstream's monitoring.

use super::approval::unmet_of;
use super::report::asked_subjects;
use super::stage::effective;
use super::state::{Deployed, Policy};
use crate::state::State;

/// Approved ⇒ Healthy; else the policy of the infrastructure decides. An override lets pass and approves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Everything that stands there is approved.
    Healthy,
    /// Something is not, and the gate warns.
    Warning,
    /// Something is not, and the gate prevents.
    Error,
    /// Something is not, and nobody checks; or nobody knows the infrastructure.
    NoStatus,
}

impl Health {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Healthy, Self::Warning, Self::Error, Self::NoStatus];

    /// The word on every wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::NoStatus => "NO_STATUS",
        }
    }
}

/// How a deployment stands now.
#[must_use]
pub fn health_of(state: &State, deployed: &Deployed) -> Health {
    let infrastructure = state.infrastructures.by_key.get(&deployed.infra);
    let demands = infrastructure.map(|infrastructure| effective(state, infrastructure)).unwrap_or_default();
    let mut subjects = asked_subjects(&deployed.subjects).peekable();
    // Of a deployment that does not say what it deploys nothing is known to be approved.
    let is_told = subjects.peek().is_some();
    if is_told && subjects.all(|subject| unmet_of(state, &demands, subject, None).is_empty()) {
        return Health::Healthy;
    }
    match infrastructure.map(|infrastructure| infrastructure.policy) {
        Some(Policy::Prevent) => Health::Error,
        Some(Policy::Warn) => Health::Warning,
        Some(Policy::NoCheck) | None => Health::NoStatus,
    }
}
