//! Folds facts about infrastructures.

use std::sync::Arc;

use super::Event;
use super::state::Infrastructure;
use crate::state::State;

pub(crate) fn evolve(state: &mut State, event: &Event) {
    let known = &mut state.infrastructures.by_key;
    match event {
        Event::InfrastructureRegistered { infra, kind, stage, policy, revision } => {
            // Only the first such event states a policy; from then on it changes by `PolicyChanged` alone.
            let policy = known.get(infra).map_or(*policy, |known| known.policy);
            let (stage, revision) = (stage.clone(), *revision);
            let told = Infrastructure { key: infra.clone(), kind: *kind, stage, policy, revision };
            known.insert(infra.clone(), Arc::new(told));
        }
        Event::PolicyChanged { infra, new, .. } => {
            if let Some(found) = known.get_mut(infra) {
                Arc::make_mut(found).policy = *new;
            }
        }
        // What was asked and answered is for the timeline; no rule looks back at it.
        Event::DeploymentChecked { .. } => {}
    }
}
