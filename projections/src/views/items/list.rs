//! Which items, in which order: the shorter of two ways. Few candidates are looked at one by one and the first of them
//! kept; otherwise the order is walked from the cursor on until the page is full.

use std::collections::BTreeSet;

use countersign_core::State;
use countersign_core::artifact::govern::synced_children;
use countersign_core::ids::{BlueprintId, ItemId};
use countersign_core::rules::Kind;
use imbl::OrdSet;

use super::{GovernableQuery, Items, Query, Row, Sort};
use crate::page::{Cursor, Key, Order, Page, page, page_of_sorted};
use crate::readable::{Plan, Scope};
use crate::views::search::Found;

/// So many candidates are looked at one by one rather than walking an order; few in tests, where both ways are taken.
const CANDIDATES_MAX: usize = if cfg!(test) { 6 } else { 4_000 };

/// What a list is narrowed by, apart from its blueprint.
struct Narrow<'a> {
    items: &'a Items,
    blueprints: Vec<BlueprintId>,
    /// Every item of the list is in each of them.
    sets: Vec<&'a OrdSet<ItemId>>,
    found: Option<Found<'a>>,
    plan: Option<&'a Plan>,
    is_readable: &'a dyn Fn(ItemId) -> bool,
    sort: Sort,
    order: Order,
    cursor: Option<&'a Cursor>,
    limit: usize,
}

impl Items {
    /// One page of ids. What `is_readable` refuses does not exist for the reader: it is left out before paging.
    pub fn list(&self, state: &State, query: &Query, is_readable: &dyn Fn(ItemId) -> bool) -> Page<ItemId> {
        self.list_where(state, query, is_readable, &|_| true)
    }

    /// The same of what `keep` keeps, which a plan never answers for.
    pub(crate) fn list_where(
        &self,
        state: &State,
        query: &Query,
        is_readable: &dyn Fn(ItemId) -> bool,
        keep: &dyn Fn(ItemId) -> bool,
    ) -> Page<ItemId> {
        let none = OrdSet::new();
        let blueprints =
            query.blueprint.clone().map_or_else(|| self.orders.blueprints().cloned().collect(), |of| vec![of]);
        let found = query.q.as_deref().map(|q| self.search.find(q).seen_by(state, query.fields.as_deref()));
        let mut narrow = self.narrow(blueprints, found, query.scope.as_deref(), is_readable);
        if query.governed == Some(true) {
            narrow.sets.push(&self.governed);
        }
        if query.archived == Some(true) {
            narrow.sets.push(&self.archived);
        }
        if let Some(step) = &query.step {
            narrow.sets.push(self.by_step.get(step).unwrap_or(&none));
        }
        if let Some(signoff) = &query.signoff {
            narrow.sets.push(self.by_signoff.get(signoff).unwrap_or(&none));
        }
        (narrow.sort, narrow.order) = (query.sort, query.order);
        (narrow.cursor, narrow.limit) = (query.cursor.as_ref(), query.limit);
        narrow.page(&|item, row: &Row| {
            (query.governed != Some(false) || (row.is_governable && row.governed_by.is_none()))
                && (query.archived != Some(false) || !row.is_archived)
                && keep(item)
        })
    }

    /// One page of what could be governed, by name.
    pub fn governable(
        &self,
        state: &State,
        query: &GovernableQuery,
        is_readable: &dyn Fn(ItemId) -> bool,
    ) -> Page<ItemId> {
        let kinds = || self.orders.blueprints().filter(|blueprint| is_source(blueprint)).cloned().collect();
        let blueprints = query.blueprint.clone().map_or_else(kinds, |blueprint| vec![blueprint]);
        // Nothing can be hidden by a parent that is not there.
        let hidden: OrdSet<ItemId> = self.hidden.iter().flat_map(|item| below(state, *item)).collect();
        let found = query.q.as_deref().map(|q| self.search.find(q).seen_by(state, query.fields.as_deref()));
        let mut narrow = self.narrow(blueprints, found, query.scope.as_deref(), is_readable);
        narrow.sets.push(&self.ungoverned);
        if query.hidden {
            narrow.sets.push(&hidden);
        }
        if query.recommended == Some(true) {
            narrow.sets.push(&self.recommended);
        }
        (narrow.cursor, narrow.limit) = (query.cursor.as_ref(), query.limit);
        narrow.page(&|item, _| {
            hidden.contains(&item) == query.hidden
                && (query.recommended != Some(false) || !self.recommended.contains(&item))
        })
    }

    fn narrow<'a>(
        &'a self,
        mut blueprints: Vec<BlueprintId>,
        found: Option<Found<'a>>,
        plan: Option<&'a Plan>,
        is_readable: &'a dyn Fn(ItemId) -> bool,
    ) -> Narrow<'a> {
        if let Some(plan) = plan {
            blueprints.retain(|blueprint| !matches!(plan.of(blueprint), Scope::Nothing));
        }
        Narrow {
            items: self,
            blueprints,
            sets: Vec::new(),
            found,
            plan,
            is_readable,
            sort: Sort::Name,
            order: Order::Ascending,
            cursor: None,
            limit: 0,
        }
    }
}

impl Narrow<'_> {
    fn page(&self, keep: &dyn Fn(ItemId, &Row) -> bool) -> Page<ItemId> {
        let holds = |item: ItemId| self.found.as_ref().is_none_or(|found| found.has(item));
        let is_kept = |item: ItemId, row: &Row| {
            self.sets.iter().all(|set| set.contains(&item)) && holds(item) && keep(item, row) && self.may(item, row)
        };
        // By name the finds stand together, and whole runs may hold none: passing over those before the merge is cheap.
        // Every other order mixes them, and a merge stops as soon as the page is full.
        let is_wanted = |item: ItemId| self.sort != Sort::Name || holds(item);
        match self.candidates() {
            Some(candidates) => {
                let rows = candidates.into_iter().filter_map(|item| Some((item, self.items.rows.get(&item)?)));
                let of_list = |row: &Row| self.blueprints.contains(&row.blueprint);
                let keys = rows.filter(|(item, row)| of_list(row) && is_kept(*item, row));
                let keys = keys.map(|(item, row)| row.key(item, self.sort));
                page(keys, self.cursor, self.order, self.limit)
            }
            None => {
                let keys = self.items.orders.walk(&self.blueprints, self.sort, self.order, self.cursor, &is_wanted);
                let row = |key: &Key| self.items.rows.get(&key.id);
                page_of_sorted(keys.filter(|key| row(key).is_some_and(|row| is_kept(key.id, row))), self.limit)
            }
        }
    }

    fn may(&self, item: ItemId, row: &Row) -> bool {
        match self.plan.map(|plan| plan.of(&row.blueprint)) {
            Some(Scope::All) => true,
            Some(Scope::Nothing) => false,
            Some(Scope::Among(items)) => items.contains(&item) && (self.is_readable)(item),
            Some(Scope::Ask) | None => (self.is_readable)(item),
        }
    }

    /// A superset of the list, when it is known to be small.
    fn candidates(&self) -> Option<BTreeSet<ItemId>> {
        let set = self.sets.iter().min_by_key(|set| set.len());
        let found = self.found.as_ref().map(|found| (found, found.count_max()));
        let readable = self.plan.and_then(|plan| plan.few(&self.blueprints, CANDIDATES_MAX));
        let smallest = [set.map(|set| set.len()), found.map(|(_, count)| count), readable.as_ref().map(BTreeSet::len)];
        let smallest = smallest.into_iter().flatten().min().filter(|count| *count <= CANDIDATES_MAX)?;
        if let Some(set) = set.filter(|set| set.len() == smallest) {
            return Some(set.iter().copied().collect());
        }
        match found {
            Some((found, count)) if count == smallest => Some(found.items()),
            _ => readable,
        }
    }
}

fn is_source(blueprint: &BlueprintId) -> bool {
    Kind::ALL.iter().any(|kind| kind.synced_blueprint() == blueprint.as_str())
}

/// A synced item and all that lies in it.
pub(super) fn below(state: &State, item: ItemId) -> Vec<ItemId> {
    let children = synced_children(state, item).into_iter().flat_map(|child| below(state, child));
    std::iter::once(item).chain(children).collect()
}
