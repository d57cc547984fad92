//! Which synced items a rule recommends to govern, kept as rules and projects change: a list that holds few of them would
//! otherwise ask about all.

use countersign_core::artifact::govern::sources;
use countersign_core::ids::ItemId;
use countersign_core::rules::{self, Kind, is_recommended};
use countersign_core::{Event, State, sync};

use super::list::below;
use super::{Items, member};

impl Items {
    /// After an event: asks again about what it can have changed.
    pub(super) fn recommend(&mut self, event: &Event, state: &State) {
        match event {
            Event::Rules(rules::Event::GovernanceRuleSet { scope: None, kind, .. }) => {
                let items = state.nodes.items.iter().filter(|(key, _)| Kind::of(&key.object) == Some(*kind));
                items.for_each(|(_, item)| self.recommend_one(*item, state));
            }
            Event::Rules(rules::Event::GovernanceRuleSet { scope: Some(scope), .. }) => {
                self.recommend_below(*scope, state);
            }
            // Decisions of the script are forgotten with it, and when a template changes that they name.
            Event::Rules(rules::Event::GovernanceScriptSet { .. }) => self.recommend_all(state),
            Event::Template(_) if state.rules.script.is_some() => self.recommend_all(state),
            Event::Rules(
                rules::Event::GovernanceDecided { item, .. } | rules::Event::GovernanceUndecided { item, .. },
            ) => self.recommend_below(*item, state),
            _ if state.rules.by_place.is_empty() => {}
            // What is governed or hidden the script is no longer asked about, nor what is gone.
            Event::Item(event) if state.rules.script.is_some() => {
                self.recommend_below(event.item(), state);
                let sources = state.items.by_id.get(&event.item()).into_iter().flat_map(|item| sources(item));
                sources.for_each(|source| self.recommend_one(source, state));
            }
            Event::Sync(sync::Event::ItemGone { item, .. }) => self.recommend_below(*item, state),
            // The tags and the folder of a project count for all that lies in it.
            Event::Sync(sync::Event::ItemSynced { item, key, .. }) if Kind::of(&key.object) == Some(Kind::Project) => {
                self.recommend_below(*item, state);
            }
            Event::Sync(sync::Event::ItemSynced { item, .. }) => self.recommend_one(*item, state),
            _ => {}
        }
    }

    fn recommend_all(&mut self, state: &State) {
        state.nodes.items.values().for_each(|item| self.recommend_one(*item, state));
    }

    fn recommend_below(&mut self, item: ItemId, state: &State) {
        below(state, item).into_iter().for_each(|item| self.recommend_one(item, state));
    }

    fn recommend_one(&mut self, item: ItemId, state: &State) {
        member(&mut self.recommended, item, is_recommended(state, item));
    }
}
