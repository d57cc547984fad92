//! Folds facts about infrastructures.

use std::sync::Arc;

use super::Event;
use super::state::{Deployed, Infrastructure, Override};
use crate::recorded::Recorded;
use crate::state::State;

pub(crate) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    let infrastructures = &mut state.infrastructures;
    let known = &mut infrastructures.by_key;
    match event {
        Event::InfrastructureRegistered { infra, kind, stage, policy, revision, .. } => {
            // Only the first such event states a policy; from then on it changes by `PolicyChanged` alone.
            let held = known.get(infra);
            let policy = held.map_or(*policy, |known| known.policy);
            let demands = held.map(|known| known.demands.clone()).unwrap_or_default();
            let (stage, revision) = (stage.clone(), *revision);
            let told = Infrastructure { key: infra.clone(), kind: *kind, stage, policy, demands, revision };
            known.insert(infra.clone(), Arc::new(told));
        }
        Event::PolicyChanged { infra, new, new_demands, .. } => {
            if let Some(found) = known.get_mut(infra) {
                let found = Arc::make_mut(found);
                found.policy = *new;
                found.demands.clone_from(new_demands);
            }
        }
        Event::DeploymentReported { item, infra, subjects, status } => {
            let (infra, subjects, status) = (infra.clone(), subjects.clone(), status.clone());
            infrastructures.deployed.insert(*item, Arc::new(Deployed { infra, subjects, status }));
        }
        Event::OverrideGranted { infra, subject, reason, until, .. } => {
            let granted = Override {
                infra: infra.clone(),
                subject: subject.clone(),
                reason: reason.clone(),
                until: *until,
                by: recorded.actor.clone(),
                at: recorded.recorded_at,
                position: recorded.position,
            };
            infrastructures.overrides.insert((infra.clone(), subject.clone()), Arc::new(granted));
        }
        Event::OverrideRevoked { infra, subject, .. } => {
            infrastructures.overrides.remove(&(infra.clone(), subject.clone()));
        }
        // What was asked and answered is for the timeline; no rule looks back at it.
        Event::DeploymentChecked { .. } => {}
    }
}
