//! Folds rules, and keeps track of what rules still want governed.

use super::Event;
use super::state::{Kind, Place, next_project};
use crate::artifact::{self, govern};
use crate::event::Event as Any;
use crate::ids::{BlueprintId, ItemId};
use crate::state::State;
use crate::sync::{self, SyncObject};

pub(crate) fn evolve(state: &mut State, event: &Event) {
    let (scope, kind, rules) = match event {
        Event::GovernanceRuleSet { scope, kind, rules } => (scope, kind, rules),
        Event::GovernanceScriptSet { script } => {
            state.rules.script.clone_from(script);
            return;
        }
        // What follows from them stands with all that follows from other events.
        Event::GovernanceDecided { .. } | Event::GovernanceUndecided { .. } => return,
    };
    let place = Place { scope: *scope, kind: *kind };
    if rules.is_empty() {
        state.rules.by_place.remove(&place);
    } else {
        state.rules.by_place.insert(place, rules.as_slice().into());
    }
    let above = match kind {
        Kind::Project => {
            state.rules.pending = Some(ItemId(0));
            return;
        }
        Kind::Bundle | Kind::Model => Kind::Project,
        Kind::ModelVersion => Kind::Model,
    };
    match scope {
        Some(scope) => govern::settle_below(state, *scope),
        None => {
            let parents = state.items.by_blueprint.get(&BlueprintId::from(above.govern_blueprint())).cloned();
            for parent in parents.iter().flatten() {
                govern::settle_begun(state, *parent);
            }
        }
    }
}

/// The project of which an event changed what criteria look at, for itself and all that lies in it.
pub(super) fn refitted(event: &Any) -> Option<ItemId> {
    let Any::Sync(sync::Event::ItemSynced { item, key, changes, .. }) = event else { return None };
    let is_looked_at = changes.iter().any(|change| matches!(change.field.as_str(), "tags" | "folder"));
    (matches!(key.object, SyncObject::Project { .. }) && is_looked_at).then_some(*item)
}

/// Keeps `pending` true after any event, and looks again below a project whose tags or folder changed.
pub(crate) fn settle(state: &mut State, event: &Any) {
    if let Some(project) = refitted(event).filter(|_| !state.rules.by_place.is_empty()) {
        govern::settle_below(state, project);
    }
    let Some(cursor) = state.rules.pending else { return };
    let cursor = match event {
        Any::Item(artifact::Event::ItemGoverned { source, .. }) if *source > cursor => *source,
        _ => cursor,
    };
    let start = ItemId(0);
    let next = next_project(state, cursor).map(|_| cursor);
    state.rules.pending = next.or_else(|| next_project(state, start).map(|_| start));
}
