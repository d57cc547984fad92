//! Folds facts about subscriptions, and the deeds that subscribe whoever does them.

use super::Event as Decision;
use crate::artifact::Event as Item;
use crate::context::Principal;
use crate::event::Event;
use crate::ids::{ItemId, UserId};
use crate::recorded::Recorded;
use crate::signoff::Event as Signoff;
use crate::state::State;

pub(crate) fn evolve(state: &mut State, event: &Decision) {
    match event {
        Decision::Subscribed { item, user } => decided(state, *item, *user, true),
        Decision::Unsubscribed { item, user } => decided(state, *item, *user, false),
    }
}

/// Creating, governing, saving, attaching, reviewing, deciding, abandoning, resetting and scheduling subscribe.
pub(crate) fn follow(state: &mut State, recorded: &Recorded) {
    if let Some(item) = recorded.event.item()
        && !state.items.by_id.contains_key(&item)
    {
        state.subscriptions.by_item.remove(&item);
        return;
    }
    let Principal::User(user) = recorded.actor else { return };
    let item = match &recorded.event {
        Event::Item(event) => is_work(event).then(|| event.item()),
        Event::Signoff(event) => is_decision(event).then(|| event.step().0),
        _ => None,
    };
    if let Some(item) = item {
        decided(state, item, user, true);
    }
}

fn decided(state: &mut State, item: ItemId, user: UserId, is_told: bool) {
    let decisions = state.subscriptions.by_item.entry(item).or_default();
    if decisions.get(&user) != Some(&is_told) {
        decisions.insert(user, is_told);
    }
}

fn is_work(event: &Item) -> bool {
    matches!(
        event,
        Item::ItemCreated { .. }
            | Item::ItemGoverned { .. }
            | Item::ItemAttached { .. }
            | Item::FieldsEdited { .. }
            | Item::ItemRenamed { .. }
            | Item::PageSet { .. }
            | Item::PageRemoved { .. }
            | Item::StepStarted { .. }
            | Item::StepFinished { .. }
            | Item::StepReopened { .. }
    )
}

fn is_decision(event: &Signoff) -> bool {
    matches!(
        event,
        Signoff::ReviewSubmitted { .. }
            | Signoff::ReviewEdited { .. }
            | Signoff::ApprovalSubmitted { .. }
            | Signoff::ApprovalEdited { .. }
            | Signoff::SignoffAbandoned { .. }
            | Signoff::AbandonCancelled { .. }
            | Signoff::SignoffReset { .. }
            | Signoff::ResetScheduled { .. }
    )
}
