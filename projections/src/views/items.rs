//! Lists of items: filter, sort, page; and what could be governed but is not yet.

use std::sync::Arc;

use countersign_core::ids::{BlueprintId, Digest, ItemId, Position, StepId};
use countersign_core::signoff::Status;
use countersign_core::{Event, Recorded, State, artifact, sync};
use imbl::{OrdMap, OrdSet};

use crate::derive;
use crate::page::{Cursor, Key, Order};
use crate::projection::{Projection, Rows};
use crate::readable::Plan;
use crate::sight::FieldReader;
use crate::views::search::{Found, Index};

mod list;
mod order;
mod recommended;

use order::Orders;

/// One row per item.
#[derive(Debug, Clone, Default)]
pub struct Items {
    rows: OrdMap<ItemId, Arc<Row>>,
    /// Synced, not gone, told of by the node itself, governable by kind, and not governed.
    ungoverned: OrdSet<ItemId>,
    governed: OrdSet<ItemId>,
    /// Themselves, as against what lies in them.
    hidden: OrdSet<ItemId>,
    /// Synced, and a rule recommends to govern them, governed or not.
    recommended: OrdSet<ItemId>,
    archived: OrdSet<ItemId>,
    by_step: OrdMap<StepId, OrdSet<ItemId>>,
    by_signoff: OrdMap<Status, OrdSet<ItemId>>,
    orders: Orders,
    search: Index,
}

/// What lists filter and sort by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    /// What it is an item of.
    pub blueprint: BlueprintId,
    /// The name in lower case.
    pub name_key: Arc<str>,
    /// Synced, and of a kind that is governed.
    pub is_governable: bool,
    /// Its govern item.
    pub governed_by: Option<ItemId>,
    /// Out of the daily lists.
    pub is_archived: bool,
    /// Hidden itself; whether an item above it is, is asked of the state.
    pub is_hidden: bool,
    /// Where its workflow is.
    pub step: Option<StepId>,
    /// Where that step is in the workflow, from 1 on; 0 before it began.
    pub step_rank: u32,
    /// Of the sign-off that stands for it.
    pub signoff: Option<Status>,
    /// What it governs.
    pub sources: Arc<[ItemId]>,
    /// Its last event.
    pub position: Position,
}

/// By what a list of items is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Name, whatever its case.
    #[default]
    Name,
    /// In order of making.
    Id,
    /// By the last event.
    Changed,
    /// By where the workflow is.
    Step,
}

/// Which items, in which order.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Of this blueprint.
    pub blueprint: Option<BlueprintId>,
    /// Name, id, key or a text field hold words that begin with each of these; or the id is this.
    pub q: Option<String>,
    /// Governed; or governable and not governed.
    pub governed: Option<bool>,
    /// Archived or not.
    pub archived: Option<bool>,
    /// The workflow is at this step.
    pub step: Option<StepId>,
    /// The sign-off that stands for the item is so.
    pub signoff: Option<Status>,
    /// By what.
    pub sort: Sort,
    /// Which way.
    pub order: Order,
    /// After this row.
    pub cursor: Option<Cursor>,
    /// At most so many.
    pub limit: usize,
    /// What is known of the reader beforehand; only makes it faster.
    pub scope: Option<Arc<Plan>>,
    /// The reader, when fields may be hidden from him: `q` does not look into those.
    pub fields: Option<Arc<FieldReader>>,
}

/// Which of the governable items.
#[derive(Debug, Clone, Default)]
pub struct GovernableQuery {
    /// Of this blueprint.
    pub blueprint: Option<BlueprintId>,
    /// Name, id, key or a text field hold words that begin with each of these; or the id is this.
    pub q: Option<String>,
    /// Only those that a rule recommends to govern, or only the others.
    pub recommended: Option<bool>,
    /// Those hidden, or below a hidden one, instead of the others.
    pub hidden: bool,
    /// After this row.
    pub cursor: Option<Cursor>,
    /// At most so many.
    pub limit: usize,
    /// What is known of the reader beforehand; only makes it faster.
    pub scope: Option<Arc<Plan>>,
    /// The reader, when fields may be hidden from him: `q` does not look into those.
    pub fields: Option<Arc<FieldReader>>,
}

impl Items {
    /// The row of an item.
    #[must_use]
    pub fn get(&self, item: ItemId) -> Option<&Arc<Row>> {
        self.rows.get(&item)
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What a text finds; of a reader from whom fields are hidden, see [`Found::seen_by`].
    #[must_use]
    pub fn find(&self, q: &str) -> Found<'_> {
        self.search.find(q)
    }

    fn refresh(&mut self, id: ItemId, state: &State) {
        let before = self.rows.get(&id).cloned();
        let item = state.items.by_id.get(&id);
        let after = item.map(|item| Arc::new(Row::of(item, state, before.as_ref())));
        if before == after {
            return;
        }
        let row = after.as_deref();
        let is_waiting = item.and_then(|item| item.source.as_ref()).is_some_and(|source| source.is_there());
        let is_ungoverned = |row: &Row| is_waiting && row.is_governable && row.governed_by.is_none();
        member(&mut self.ungoverned, id, row.is_some_and(is_ungoverned));
        member(&mut self.governed, id, row.is_some_and(|row| row.governed_by.is_some()));
        member(&mut self.hidden, id, row.is_some_and(|row| row.is_hidden));
        member(&mut self.archived, id, row.is_some_and(|row| row.is_archived));
        let old = before.as_deref();
        move_to(&mut self.by_step, id, old.and_then(|row| row.step.as_ref()), row.and_then(|row| row.step.as_ref()));
        let (old_status, status) = (old.and_then(|row| row.signoff), row.and_then(|row| row.signoff));
        move_to(&mut self.by_signoff, id, old_status.as_ref(), status.as_ref());
        self.orders.put(id, old, row);
        match after {
            Some(row) => drop(self.rows.insert(id, row)),
            None => drop(self.rows.remove(&id)),
        }
    }

    fn refresh_text(&mut self, id: ItemId, state: &State) {
        match state.items.by_id.get(&id) {
            Some(item) => self.search.put(item),
            None => self.search.forget(id),
        }
    }
}

fn member(set: &mut OrdSet<ItemId>, id: ItemId, is_in: bool) {
    match is_in {
        true => drop(set.insert(id)),
        false => drop(set.remove(&id)),
    }
}

fn move_to<K: Ord + Clone>(sets: &mut OrdMap<K, OrdSet<ItemId>>, id: ItemId, from: Option<&K>, to: Option<&K>) {
    if from == to {
        return;
    }
    if let Some(set) = from.and_then(|from| sets.get_mut(from)) {
        set.remove(&id);
    }
    if let Some(to) = to {
        sets.entry(to.clone()).or_default().insert(id);
    }
}

/// Evaluations, sign-offs and comments, which are most of a log, change no text of an item.
fn changes_text(event: &Event) -> bool {
    match event {
        Event::Sync(sync) => !matches!(sync, sync::Event::EvaluationRecorded { .. }),
        Event::Item(item) => !matches!(item, artifact::Event::CommentAdded { .. }),
        Event::Signoff(_) | Event::Deploy(_) => false,
        _ => true,
    }
}

impl Row {
    pub(crate) fn of(item: &artifact::Item, state: &State, before: Option<&Arc<Self>>) -> Self {
        let name_key = item.name.to_lowercase();
        let name_key = match before {
            Some(before) if *before.name_key == *name_key => before.name_key.clone(),
            _ => name_key.into(),
        };
        let step = derive::current_step(state, item);
        let place = step.as_ref().and_then(|step| item.steps.iter().position(|at| at.id == *step));
        Self {
            blueprint: item.template.blueprint.clone(),
            name_key,
            is_governable: item.source.as_ref().is_some_and(|source| source.key.object.govern_blueprint().is_some()),
            governed_by: derive::governed_by(state, item.id),
            is_archived: item.is_archived,
            is_hidden: item.is_hidden,
            step,
            step_rank: place.and_then(|place| u32::try_from(place).ok()).map_or(0, |place| place.saturating_add(1)),
            signoff: derive::signoff(state, item).map(|(_, signoff)| signoff.status),
            sources: derive::sources(item).collect(),
            position: item.position,
        }
    }

    fn key(&self, id: ItemId, sort: Sort) -> Key {
        match sort {
            Sort::Name => Key::of_text(&self.name_key, id),
            Sort::Id => Key::of_number(0, id),
            Sort::Changed => Key::of_number(self.position.0, id),
            Sort::Step => Key::of_number(u64::from(self.step_rank), id),
        }
    }
}

impl Projection for Items {
    const NAME: &'static str = "items";
    const REVISION: u32 = 3;

    fn apply(&mut self, event: &Recorded, state: &State) {
        self.recommend(&event.event, state);
        let Some(item) = event.event.item() else { return };
        let before = self.rows.get(&item).map(|row| row.sources.clone());
        self.refresh(item, state);
        if changes_text(&event.event) {
            self.refresh_text(item, state);
        }
        // A source is governed, or no longer, by an event about its govern item.
        let after = self.rows.get(&item).map(|row| row.sources.clone());
        if before != after {
            for source in before.iter().chain(&after).flat_map(|sources| sources.iter()) {
                self.refresh(*source, state);
            }
        }
        if let Event::Item(
            artifact::Event::ItemGoverned { source, .. } | artifact::Event::ItemAttached { source, .. },
        ) = &event.event
        {
            self.refresh(*source, state);
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for row in &self.rows {
            rows.row(&row);
        }
        for item in self.ungoverned.iter().chain(&self.recommended) {
            rows.row(item);
        }
        self.search.digest(&mut rows);
        rows.digest()
    }
}
