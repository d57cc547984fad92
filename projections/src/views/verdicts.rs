//! What the gate would say about each synced bundle and model version, as deployers hear it.

use std::sync::Arc;

use countersign_core::deploy::gate::verdict_of;
use countersign_core::ids::{Digest, ItemId, Position};
use countersign_core::signoff::Status;
use countersign_core::sync::{SyncKey, SyncObject};
use countersign_core::{Event, Recorded, State, artifact};
use imbl::{OrdMap, OrdSet};

use crate::derive;
use crate::projection::{Projection, Rows};

/// The verdict on one bundle or model version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// The synced item.
    pub item: ItemId,
    /// Where it comes from.
    pub key: SyncKey,
    /// Its govern item.
    pub govern_item: Option<ItemId>,
    /// Of the sign-off; nothing stands for UNGOVERNED.
    pub status: Option<Status>,
    /// Of the sign-off; 0 without one.
    pub cycle: u32,
    /// The content it is about.
    pub digest: Option<Digest>,
    /// The event that made it so.
    pub position: Position,
}

impl Verdict {
    /// The status as the wire has it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.status.map_or("UNGOVERNED", Status::word)
    }

    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        let here = Self { position: other.position, ..self.clone() };
        here == *other
    }
}

/// The current verdicts.
#[derive(Debug, Clone, Default)]
pub struct Verdicts {
    rows: OrdMap<ItemId, Arc<Verdict>>,
    /// By govern item, since an event about it changes the verdict on what it governs.
    governed: OrdSet<(ItemId, ItemId)>,
}

impl Verdicts {
    /// On a synced item.
    #[must_use]
    pub fn get(&self, item: ItemId) -> Option<&Arc<Verdict>> {
        self.rows.get(&item)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Verdict>> {
        self.rows.values()
    }

    fn refresh(&mut self, item: ItemId, state: &State) {
        let before = self.rows.get(&item);
        let after = verdict(state, item);
        let old = before.and_then(|verdict| verdict.govern_item);
        let new = after.as_ref().and_then(|verdict| verdict.govern_item);
        if old != new {
            old.map(|govern_item| self.governed.remove(&(govern_item, item)));
            new.map(|govern_item| self.governed.insert((govern_item, item)));
        }
        match (self.rows.get(&item), after) {
            (_, None) => drop(self.rows.remove(&item)),
            (Some(before), Some(after)) if before.says_the_same_as(&after) => {}
            (_, Some(after)) => drop(self.rows.insert(item, Arc::new(after))),
        }
    }
}

/// The verdict on a synced bundle or model version at the state's head; nothing for other items.
#[must_use]
pub fn verdict(state: &State, item: ItemId) -> Option<Verdict> {
    let item = state.items.by_id.get(&item)?;
    let source = item.source.as_ref()?;
    if !matches!(source.key.object, SyncObject::Bundle { .. } | SyncObject::ModelVersion { .. }) {
        return None;
    }
    let held = verdict_of(state, item.id);
    Some(Verdict {
        item: item.id,
        key: source.key.clone(),
        govern_item: held.govern_item,
        status: held.status,
        cycle: held.cycle,
        digest: held.digest,
        position: state.head,
    })
}

/// The verdicts that an event changed; `before` and `after` are the states around exactly this event.
#[must_use]
pub fn verdicts_changed(event: &Recorded, before: &State, after: &State) -> Vec<Verdict> {
    let mut items = touched(event);
    let related = [related(before, &items), related(after, &items)].concat();
    items.extend(related);
    items.sort_unstable();
    items.dedup();
    items
        .into_iter()
        .filter_map(|item| {
            let now = verdict(after, item)?;
            let was = verdict(before, item);
            was.is_none_or(|was| !was.says_the_same_as(&now)).then_some(now)
        })
        .collect()
}

/// What the items govern, and what is governed together with them.
fn related(state: &State, items: &[ItemId]) -> Vec<ItemId> {
    items
        .iter()
        .flat_map(|item| [Some(*item), derive::governed_by(state, *item)])
        .filter_map(|item| state.items.by_id.get(&item?))
        .flat_map(|item| derive::sources(item))
        .collect()
}

/// The items that an event itself names.
fn touched(event: &Recorded) -> Vec<ItemId> {
    let mut items: Vec<ItemId> = event.event.item().into_iter().collect();
    if let Event::Item(artifact::Event::ItemGoverned { source, .. } | artifact::Event::ItemAttached { source, .. }) =
        &event.event
    {
        items.push(*source);
    }
    items
}

impl Projection for Verdicts {
    const NAME: &'static str = "verdicts";
    const REVISION: u32 = 1;

    fn apply(&mut self, event: &Recorded, state: &State) {
        let items = touched(event);
        let known = items.iter().flat_map(|item| {
            self.governed.range((*item, ItemId(0))..=(*item, ItemId(u32::MAX))).map(|(_, source)| *source)
        });
        let known: Vec<ItemId> = known.collect();
        let related = related(state, &items);
        for item in items.into_iter().chain(known).chain(related) {
            self.refresh(item, state);
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for row in &self.rows {
            rows.row(&row);
        }
        for row in &self.governed {
            rows.row(row);
        }
        rows.digest()
    }
}
