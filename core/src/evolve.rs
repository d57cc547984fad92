//! Folds an event into the state. Total: no error, no clock, no I/O; what an event names and the state does not
//! hold is passed over, so that no log can stop a start.

use std::sync::Arc;

use crate::event::Event;
use crate::recorded::Recorded;
use crate::state::State;
use crate::{access, artifact, audit, blueprint, deploy, log, rules, series, settings, signoff, subscription, sync};

/// The state after one more event.
pub fn evolve(state: &mut State, recorded: &Recorded) {
    let freed = artifact::govern::freed_by(state, &recorded.event);
    match &recorded.event {
        Event::Log(event) => log::evolve(state, event),
        Event::Sync(event) => {
            sync::evolve(state, recorded, event);
            if let sync::Event::ItemGone { item, .. } = event {
                artifact::govern::settle_gone(state, *item);
                state.infrastructures.deployed.remove(item);
            }
        }
        Event::Item(event) => artifact::evolve(state, recorded, event),
        Event::Signoff(event) => signoff::evolve(state, recorded, event),
        Event::Template(event) => blueprint::evolve(state, recorded, event),
        Event::Access(event) => access::evolve(state, recorded, event),
        Event::Audit(event) => audit::evolve(state, recorded, event),
        Event::Deploy(event) => deploy::evolve(state, recorded, event),
        Event::Series(event) => series::evolve(state, recorded, event),
        Event::Settings(event) => settings::evolve(state, recorded, event),
        Event::Rules(event) => rules::evolve(state, event),
        Event::Subscription(event) => subscription::evolve(state, event),
    }
    rules::follow(state, recorded, &freed);
    rules::settle(state, &recorded.event);
    subscription::follow(state, recorded);
    state.head = recorded.position;
    state.head_at = recorded.recorded_at;
    state.requests.remember(recorded);
    if let Some(id) = recorded.event.item()
        && let Some(item) = state.items.by_id.get_mut(&id)
    {
        Arc::make_mut(item).position = recorded.position;
    }
}
