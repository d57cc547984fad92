//! Lists of items: filter, sort, page; and what could be governed but is not yet.

use std::sync::Arc;

use countersign_core::ids::{BlueprintId, Digest, ItemId, Position, StepId};
use countersign_core::signoff::Status;
use countersign_core::sync::Revision;
use countersign_core::{Event, Recorded, State, artifact};
use imbl::{OrdMap, OrdSet};

use crate::derive;
use crate::page::{Cursor, Key, Order, Page, page};
use crate::projection::{Projection, Rows};

/// One row per item.
#[derive(Debug, Clone, Default)]
pub struct Items {
    rows: OrdMap<ItemId, Arc<Row>>,
    /// Synced, not gone, told of by the node itself, governable by kind, and not governed.
    ungoverned: OrdSet<ItemId>,
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
}

/// Which items, in which order.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Of this blueprint.
    pub blueprint: Option<BlueprintId>,
    /// The name holds this, whatever its case; or the id is this.
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
}

/// Which of the governable items.
#[derive(Debug, Clone, Default)]
pub struct GovernableQuery {
    /// Of this blueprint.
    pub blueprint: Option<BlueprintId>,
    /// The name holds this, whatever its case; or the id is this.
    pub q: Option<String>,
    /// Those hidden, or below a hidden one, instead of the others.
    pub hidden: bool,
    /// After this row.
    pub cursor: Option<Cursor>,
    /// At most so many.
    pub limit: usize,
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

    /// One page of ids. What `is_readable` refuses does not exist for the reader: it is left out before paging.
    pub fn list(&self, state: &State, query: &Query, is_readable: &dyn Fn(ItemId) -> bool) -> Page<ItemId> {
        let needle = query.q.as_deref().map(str::to_lowercase);
        let keep = |item: ItemId, row: &Row| {
            query.governed.is_none_or(|governed| match governed {
                true => row.governed_by.is_some(),
                false => row.is_governable && row.governed_by.is_none(),
            }) && query.archived.is_none_or(|archived| row.is_archived == archived)
                && query.step.as_ref().is_none_or(|step| row.step.as_ref() == Some(step))
                && query.signoff.is_none_or(|signoff| row.signoff == Some(signoff))
                && row.is_named(item, needle.as_deref())
        };
        let candidates: Box<dyn Iterator<Item = (ItemId, &Arc<Row>)>> = match &query.blueprint {
            None => Box::new(self.rows.iter().map(|(item, row)| (*item, row))),
            Some(blueprint) => {
                let items = state.items.by_blueprint.get(blueprint).into_iter().flatten();
                Box::new(items.filter_map(|item| Some((*item, self.rows.get(item)?))))
            }
        };
        let keys = candidates
            .filter(|(item, row)| keep(*item, row) && is_readable(*item))
            .map(|(item, row)| row.key(item, query.sort));
        page(keys, query.cursor.as_ref(), query.order, query.limit)
    }

    /// One page of what could be governed, by name.
    pub fn governable(
        &self,
        state: &State,
        query: &GovernableQuery,
        is_readable: &dyn Fn(ItemId) -> bool,
    ) -> Page<ItemId> {
        let needle = query.q.as_deref().map(str::to_lowercase);
        let keys = self
            .ungoverned
            .iter()
            .filter_map(|id| Some((*id, self.rows.get(id)?, state.items.by_id.get(id)?)))
            .filter(|(id, row, item)| {
                query.blueprint.as_ref().is_none_or(|blueprint| row.blueprint == *blueprint)
                    && row.is_named(*id, needle.as_deref())
                    && derive::is_hidden(state, item) == query.hidden
                    && is_readable(*id)
            })
            .map(|(id, row, _)| row.key(id, Sort::Name));
        page(keys, query.cursor.as_ref(), Order::Ascending, query.limit)
    }

    fn refresh(&mut self, id: ItemId, state: &State) {
        let Some(item) = state.items.by_id.get(&id) else {
            self.rows.remove(&id);
            self.ungoverned.remove(&id);
            return;
        };
        let row = Row::of(item, state, self.rows.get(&id));
        match is_told(item) && row.is_governable && row.governed_by.is_none() {
            true => self.ungoverned.insert(id),
            false => self.ungoverned.remove(&id),
        };
        self.rows.insert(id, Arc::new(row));
    }
}

/// Its node told of it, as against a stub that only a child told of, and still has it.
fn is_told(item: &artifact::Item) -> bool {
    item.source.as_ref().is_some_and(|source| !source.is_gone && source.revision != Revision::default())
}

impl Row {
    pub(crate) fn of(item: &artifact::Item, state: &State, before: Option<&Arc<Self>>) -> Self {
        let name_key = item.name.to_lowercase();
        let name_key = match before {
            Some(before) if *before.name_key == *name_key => before.name_key.clone(),
            _ => name_key.into(),
        };
        Self {
            blueprint: item.template.blueprint.clone(),
            name_key,
            is_governable: item.source.as_ref().is_some_and(|source| source.key.object.govern_blueprint().is_some()),
            governed_by: derive::governed_by(state, item.id),
            is_archived: item.is_archived,
            is_hidden: item.is_hidden,
            step: derive::current_step(state, item),
            signoff: derive::signoff(state, item).map(|(_, signoff)| signoff.status),
            sources: derive::sources(item).collect(),
            position: item.position,
        }
    }

    fn is_named(&self, id: ItemId, needle: Option<&str>) -> bool {
        needle.is_none_or(|needle| self.name_key.contains(needle) || id.to_string() == needle)
    }

    fn key(&self, id: ItemId, sort: Sort) -> Key {
        match sort {
            Sort::Name => Key::of_text(&self.name_key, id),
            Sort::Id => Key::of_number(0, id),
            Sort::Changed => Key::of_number(self.position.0, id),
        }
    }
}

impl Projection for Items {
    const NAME: &'static str = "items";
    const REVISION: u32 = 1;

    fn apply(&mut self, event: &Recorded, state: &State) {
        let Some(item) = event.event.item() else { return };
        let before = self.rows.get(&item).map(|row| row.sources.clone());
        self.refresh(item, state);
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
        for item in &self.ungoverned {
            rows.row(item);
        }
        rows.digest()
    }
}
