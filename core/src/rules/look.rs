//! Keeps track of what the script is still to be asked about, and of what rules still want hidden or shown.
//!
//! INVARIANT (asked): the script has been asked about an item, or is still to be, exactly while a rule leaves the item to
//! it; see [`is_asked`]. It is asked again when the item is told of anew, when what governs the item above it changes,
//! and when the templates change that its decision names.

use super::Event;
use super::decision::{Decision, decision};
use super::evolve::refitted;
use super::state::{Governing, Kind, Place, applying, deciding};
use crate::artifact::{self, govern};
use crate::blueprint::Event as TemplateEvent;
use crate::context::Principal;
use crate::event::Event as Any;
use crate::ids::{BlueprintId, ItemId, Position, TemplateId};
use crate::recorded::Recorded;
use crate::state::State;
use crate::sync;

/// After any event. `freed` are synced items that lost their govern item, or what they lay in, by it.
pub(crate) fn follow(state: &mut State, recorded: &Recorded, freed: &[ItemId]) {
    let rules = &state.rules;
    let is_idle = rules.judged.is_empty() && rules.awaiting.is_empty();
    let is_idle = is_idle && rules.hidden.is_empty() && rules.shown.is_empty();
    if is_idle && !rules.is_watching && !matches!(recorded.event, Any::Rules(_)) {
        return;
    }
    let at = recorded.position;
    match &recorded.event {
        Any::Sync(sync::Event::ItemSynced { item, .. }) => {
            look(state, *item, at, true);
            if let Some(project) = refitted(&recorded.event) {
                look_below(state, project, at);
            }
        }
        Any::Sync(sync::Event::ItemGone { item, .. }) => look(state, *item, at, false),
        Any::Item(event) => {
            follow_item(state, event, recorded);
            freed.iter().for_each(|source| look(state, *source, at, true));
        }
        Any::Template(event) => forget_decisions(state, event, at),
        Any::Rules(event) => follow_rules(state, event, at),
        _ => {}
    }
}

/// Whether the script is asked about an item. Of what is governed it is asked only for the sake of what lies in it.
pub(super) fn is_asked(state: &State, item: ItemId) -> bool {
    let Some(found) = state.items.by_id.get(&item) else { return false };
    let Some(source) = &found.source else { return false };
    let Some(kind) = Kind::of(&source.key.object) else { return false };
    let is_hidden_by_person = found.is_hidden && !state.rules.hidden.contains(&item);
    state.rules.script.is_some()
        && source.is_there()
        && !is_hidden_by_person
        && (!kind.below().is_empty() || govern::governing_item(state, item).is_none())
        && applying(state, item).is_some_and(|applying| applying.rule.governing == Governing::Script)
}

/// Whether a rule wants an item hidden that is not, or no longer wants it hidden that hid it.
pub(super) fn is_turning(state: &State, item: ItemId) -> bool {
    let Some(found) = state.items.by_id.get(&item) else { return false };
    let Some(source) = &found.source else { return false };
    if !source.is_there() || govern::governing_item(state, item).is_some() {
        return false;
    }
    let hides = deciding(state, item).is_some_and(|rule| rule.governing == Governing::Hide);
    if hides {
        return !found.is_hidden && !state.rules.shown.contains(&item);
    }
    // Before the script has said anything, and when it failed, all stays as it is.
    let is_open = is_asked(state, item) && decision(state, item).is_none();
    state.rules.hidden.contains(&item) && !is_open
}

fn follow_item(state: &mut State, event: &artifact::Event, recorded: &Recorded) {
    use artifact::Event as Item;
    let (at, item) = (recorded.position, event.item());
    let is_system = recorded.actor == Principal::System;
    let rules = &mut state.rules;
    match event {
        Item::ItemHidden { .. } => {
            rules.shown.remove(&item);
            if is_system {
                rules.hidden.insert(item);
            }
            look(state, item, at, false);
        }
        Item::ItemShown { .. } => {
            if rules.hidden.remove(&item).is_some() && !is_system {
                rules.shown.insert(item);
            }
            look(state, item, at, false);
        }
        Item::ItemDeleted { .. } => {
            rules.judged.remove(&item);
            rules.awaiting.remove(&item);
            rules.turning.remove(&item);
            rules.hidden.remove(&item);
            rules.shown.remove(&item);
        }
        Item::ItemCreated { .. }
        | Item::ItemGoverned { .. }
        | Item::ItemAttached { .. }
        | Item::FieldsEdited { .. } => {
            let sources: Vec<_> =
                state.items.by_id.get(&item).map(|item| govern::sources(item).collect()).unwrap_or_default();
            for source in sources {
                look(state, source, at, false);
                for child in govern::synced_children(state, source) {
                    look(state, child, at, true);
                }
            }
        }
        _ => {}
    }
}

fn follow_rules(state: &mut State, event: &Event, at: Position) {
    match event {
        Event::GovernanceRuleSet { scope, kind, .. } => {
            let mut rules = state.rules.by_place.values().flat_map(|rules| rules.iter());
            let is_watched = |governing| matches!(governing, Governing::Script | Governing::Hide);
            state.rules.is_watching = rules.any(|rule| is_watched(rule.governing));
            match scope {
                Some(scope) => {
                    look(state, *scope, at, false);
                    look_below(state, *scope, at);
                }
                None => look_all(state, *kind, at, false),
            }
        }
        Event::GovernanceScriptSet { .. } => {
            let said = std::mem::take(&mut state.rules.judged);
            for kind in Kind::ALL {
                look_all(state, kind, at, true);
            }
            let below = said.iter().filter(|(_, said)| said.as_ref().is_ok_and(|said| !said.children.is_empty()));
            below.for_each(|(item, _)| govern::settle_below(state, *item));
        }
        Event::GovernanceDecided { item, decision } => judge(state, *item, Ok(decision.clone().into()), at),
        Event::GovernanceUndecided { item, why } => judge(state, *item, Err(why.clone()), at),
    }
}

fn judge(state: &mut State, item: ItemId, said: super::Judged, at: Position) {
    let children = |state: &State| decision(state, item).map(|found| found.children.clone()).unwrap_or_default();
    let before = children(state);
    state.rules.awaiting.remove(&item);
    state.rules.judged.insert(item, said);
    look(state, item, at, false);
    if children(state) != before {
        look_below(state, item, at);
        govern::settle_below(state, item);
    }
}

/// Decisions that name a template which is no longer what it was, and failures, which may be due to it.
fn forget_decisions(state: &mut State, event: &TemplateEvent, at: Position) {
    let (TemplateEvent::VersionStatusChanged { template, .. }
    | TemplateEvent::VersionEdited { template, .. }
    | TemplateEvent::VersionDeleted { template }) = event
    else {
        return;
    };
    if !Kind::ALL.iter().any(|kind| kind.govern_blueprint() == template.blueprint.as_str()) {
        return;
    }
    let concerns =
        |item: &ItemId, said: &super::Judged| said.as_ref().map_or(true, |said| names(state, *item, said, template));
    let judged = state.rules.judged.iter();
    let forgotten: Vec<ItemId> = judged.filter(|(item, said)| concerns(item, said)).map(|(item, _)| *item).collect();
    for item in forgotten {
        let said = state.rules.judged.remove(&item);
        look(state, item, at, true);
        if said.and_then(Result::ok).is_some_and(|said| !said.children.is_empty()) {
            look_below(state, item, at);
        }
    }
}

fn names(state: &State, item: ItemId, decision: &Decision, template: &TemplateId) -> bool {
    let object = state.items.by_id.get(&item).and_then(|item| Some(&item.source.as_ref()?.key.object));
    let own = object.and_then(Kind::of).map(|kind| (kind, &decision.rule));
    let children = decision.children.iter().map(|child| (child.kind, &child.rule));
    own.into_iter().chain(children).any(|(kind, rule)| {
        kind.govern_blueprint() == template.blueprint.as_str() && rule.version.as_ref() == Some(&template.version)
    })
}

fn look(state: &mut State, item: ItemId, at: Position, is_anew: bool) {
    let is_asked = is_asked(state, item);
    let rules = &mut state.rules;
    if !is_asked {
        rules.awaiting.remove(&item);
        let said = rules.judged.remove(&item);
        if said.and_then(Result::ok).is_some_and(|said| !said.children.is_empty()) {
            look_below(state, item, at);
        }
    } else if is_anew || !(rules.judged.contains_key(&item) || rules.awaiting.contains_key(&item)) {
        rules.awaiting.insert(item, at);
    }
    if is_turning(state, item) {
        state.rules.turning.insert(item);
    } else {
        state.rules.turning.remove(&item);
    }
}

fn look_below(state: &mut State, item: ItemId, at: Position) {
    for child in govern::synced_children(state, item) {
        look(state, child, at, false);
        look_below(state, child, at);
    }
}

fn look_all(state: &mut State, kind: Kind, at: Position, is_anew: bool) {
    let all = state.items.by_blueprint.get(&BlueprintId::from(kind.synced_blueprint())).cloned();
    for item in all.iter().flatten() {
        look(state, *item, at, is_anew);
    }
}

/// Whether rules apply, or may, to a kind of what lies in something.
pub(crate) fn may_apply(state: &State, kind: Kind) -> bool {
    let rules = &state.rules;
    rules.by_place.keys().any(|Place { kind: held, .. }| *held == kind) || !rules.judged.is_empty()
}

/// The invariant, and the same of `turning`, looked up item by item.
#[cfg(test)]
pub(crate) fn is_kept_track_of(state: &State) -> bool {
    let rules = &state.rules;
    let known = rules.judged.keys().chain(rules.awaiting.keys()).chain(&rules.turning).chain(&rules.hidden);
    state.items.by_id.keys().all(|item| {
        let is_known = rules.judged.contains_key(item) || rules.awaiting.contains_key(item);
        is_known == is_asked(state, *item) && rules.turning.contains(item) == is_turning(state, *item)
    }) && known.into_iter().all(|item| state.items.by_id.contains_key(item))
}
