//! What each reader may read, kept from request to request until rights grow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::Principal;
use countersign_core::ids::Position;
use countersign_projections::Snapshot;
use countersign_projections::readable::Plan;

/// Readers whose plans are kept; when there are more, all are forgotten and made anew as they ask.
const PLANS_MAX: usize = 1_024;

/// The plans of those who asked.
#[derive(Debug, Default)]
pub struct Plans {
    kept: Mutex<BTreeMap<Principal, (Position, Arc<Plan>)>>,
}

impl Plans {
    /// The plan of a reader at a snapshot.
    #[must_use]
    pub fn of(&self, snapshot: &Snapshot, principal: &Principal) -> Arc<Plan> {
        let revision = snapshot.views.readers.revision();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(principal).cloned();
        if let Some((_, plan)) = kept.filter(|(of, _)| *of == revision) {
            return plan;
        }
        let plan = Arc::new(Plan::of_principal(&snapshot.state, &snapshot.views.readers, principal));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= PLANS_MAX {
            kept.clear();
        }
        kept.insert(principal.clone(), (revision, plan.clone()));
        plan
    }
}
