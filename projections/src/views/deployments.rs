//! What deployers asked the gate with intent to deploy, per infrastructure.

use countersign_core::deploy::{self, InfraKey};
use countersign_core::ids::{Digest, Position};
use countersign_core::{Event, Recorded, State};
use imbl::{OrdMap, Vector};

use crate::page::LIMIT_MAX;
use crate::projection::{Projection, Rows};

/// The positions of `DeploymentChecked`, by infrastructure; the events themselves are in the timeline.
#[derive(Debug, Clone, Default)]
pub struct Deployments {
    checks: OrdMap<InfraKey, Vector<Position>>,
}

impl Deployments {
    /// The latest checks of an infrastructure, latest first.
    #[must_use]
    pub fn latest(&self, infra: &InfraKey, limit: usize) -> Vec<Position> {
        let checks = self.checks.get(infra).into_iter().flat_map(|checks| checks.iter().rev());
        checks.take(limit.min(LIMIT_MAX)).copied().collect()
    }

    /// How often the gate of an infrastructure was asked.
    #[must_use]
    pub fn count(&self, infra: &InfraKey) -> usize {
        self.checks.get(infra).map_or(0, Vector::len)
    }
}

impl Projection for Deployments {
    const NAME: &'static str = "deployments";
    const REVISION: u32 = 1;

    fn apply(&mut self, event: &Recorded, _state: &State) {
        if let Event::Deploy(deploy::Event::DeploymentChecked { infra, .. }) = &event.event {
            self.checks.entry(infra.clone()).or_default().push_back(event.position);
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for (infra, checks) in &self.checks {
            rows.row(&(infra, checks.len()));
            for position in checks {
                rows.row(position);
            }
        }
        rows.digest()
    }
}
