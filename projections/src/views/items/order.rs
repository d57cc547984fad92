//! The items of a blueprint in each order that lists come in, kept as they change, so that a page costs what is on it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use countersign_core::ids::{BlueprintId, ItemId, Position};
use imbl::{OrdMap, OrdSet};

use super::{Row, Sort};
use crate::page::{Cursor, Key, Order};

/// Of every blueprint.
#[derive(Debug, Clone, Default)]
pub(super) struct Orders(OrdMap<BlueprintId, Arc<Of>>);

#[derive(Debug, Clone, Default)]
struct Of {
    by_name: OrdSet<(Arc<str>, ItemId)>,
    by_change: OrdSet<(Position, ItemId)>,
    by_step: OrdSet<(u32, ItemId)>,
    by_id: OrdSet<ItemId>,
}

fn name_of(row: &Row, id: ItemId) -> (Arc<str>, ItemId) {
    (Key::of_text(&row.name_key, id).text, id)
}

impl Orders {
    pub(super) fn put(&mut self, id: ItemId, before: Option<&Row>, after: Option<&Row>) {
        if let Some(before) = before.filter(|before| after.is_none_or(|after| after.blueprint != before.blueprint)) {
            self.change(before, |of| of.remove(id, before));
        }
        let Some(after) = after else { return };
        let before = before.filter(|before| before.blueprint == after.blueprint);
        self.change(after, |of| {
            if before.is_none_or(|before| before.name_key != after.name_key) {
                before.map(|before| of.by_name.remove(&name_of(before, id)));
                of.by_name.insert(name_of(after, id));
            }
            if before.is_none_or(|before| before.position != after.position) {
                before.map(|before| of.by_change.remove(&(before.position, id)));
                of.by_change.insert((after.position, id));
            }
            if before.is_none_or(|before| before.step_rank != after.step_rank) {
                before.map(|before| of.by_step.remove(&(before.step_rank, id)));
                of.by_step.insert((after.step_rank, id));
            }
            of.by_id.insert(id);
        });
    }

    fn change(&mut self, row: &Row, with: impl FnOnce(&mut Of)) {
        with(Arc::make_mut(self.0.entry(row.blueprint.clone()).or_default()));
    }

    /// Every blueprint that has or had items.
    pub(super) fn blueprints(&self) -> impl Iterator<Item = &BlueprintId> {
        self.0.keys()
    }

    /// The items of several blueprints, in order, after the cursor. What is not wanted costs least when it is passed over
    /// here, before the runs are merged.
    pub(super) fn walk<'a>(
        &'a self,
        blueprints: &[BlueprintId],
        sort: Sort,
        order: Order,
        after: Option<&Cursor>,
        is_wanted: &'a dyn Fn(ItemId) -> bool,
    ) -> Box<dyn Iterator<Item = Key> + 'a> {
        let of = blueprints.iter().filter_map(|blueprint| self.0.get(blueprint));
        let runs: Vec<Run<'a>> = of.map(|of| of.run(sort, order, after, is_wanted)).collect();
        match order {
            Order::Ascending => Box::new(Merge::<'a, Reverse<Key>>::new(runs)),
            Order::Descending => Box::new(Merge::<'a, Key>::new(runs)),
        }
    }
}

type Run<'a> = Box<dyn Iterator<Item = Key> + 'a>;

impl Of {
    fn remove(&mut self, id: ItemId, row: &Row) {
        self.by_name.remove(&name_of(row, id));
        self.by_change.remove(&(row.position, id));
        self.by_step.remove(&(row.step_rank, id));
        self.by_id.remove(&id);
    }

    fn run<'a>(
        &'a self,
        sort: Sort,
        order: Order,
        after: Option<&Cursor>,
        is_wanted: &'a dyn Fn(ItemId) -> bool,
    ) -> Run<'a> {
        let after = after.map(|Cursor(key)| key);
        let step = |key: &Key| u32::try_from(key.number).unwrap_or(u32::MAX);
        match sort {
            Sort::Name => {
                let kept = run(&self.by_name, after.map(|key| (key.text.clone(), key.id)), order);
                let kept = kept.filter(|(_, id)| is_wanted(*id));
                Box::new(kept.map(|(text, id)| Key { text: text.clone(), number: 0, id: *id }))
            }
            Sort::Id => {
                let kept = run(&self.by_id, after.map(|key| key.id), order).filter(|id| is_wanted(**id));
                Box::new(kept.map(|id| Key::of_number(0, *id)))
            }
            Sort::Changed => {
                let kept = run(&self.by_change, after.map(|key| (Position(key.number), key.id)), order);
                Box::new(kept.filter(|(_, id)| is_wanted(*id)).map(|(at, id)| Key::of_number(at.0, *id)))
            }
            Sort::Step => {
                let kept = run(&self.by_step, after.map(|key| (step(key), key.id)), order);
                Box::new(kept.filter(|(_, id)| is_wanted(*id)).map(|(rank, id)| Key::of_number(u64::from(*rank), *id)))
            }
        }
    }
}

/// A set from beyond a place on, either way.
fn run<'a, T: Ord + Clone>(set: &'a OrdSet<T>, after: Option<T>, order: Order) -> Box<dyn Iterator<Item = &'a T> + 'a> {
    use std::ops::Bound::{Excluded, Unbounded};
    match (after, order) {
        (None, Order::Ascending) => Box::new(set.iter()),
        (None, Order::Descending) => Box::new(set.iter().rev()),
        (Some(after), Order::Ascending) => Box::new(set.range((Excluded(after), Unbounded))),
        (Some(after), Order::Descending) => Box::new(set.range((Unbounded, Excluded(after))).rev()),
    }
}

/// Several ordered runs as one; `K` turns a key so that the next one is the greatest.
struct Merge<'a, K> {
    runs: Vec<Run<'a>>,
    heads: BinaryHeap<(K, usize)>,
}

trait Turned: Ord {
    fn of(key: Key) -> Self;
    fn back(self) -> Key;
}

impl Turned for Key {
    fn of(key: Key) -> Self {
        key
    }

    fn back(self) -> Key {
        self
    }
}

impl Turned for Reverse<Key> {
    fn of(key: Key) -> Self {
        Self(key)
    }

    fn back(self) -> Key {
        self.0
    }
}

impl<'a, K: Turned> Merge<'a, K> {
    fn new(mut runs: Vec<Run<'a>>) -> Self {
        let heads = runs.iter_mut().enumerate().filter_map(|(number, run)| Some((K::of(run.next()?), number)));
        Self { heads: heads.collect(), runs }
    }
}

impl<K: Turned> Iterator for Merge<'_, K> {
    type Item = Key;

    fn next(&mut self) -> Option<Key> {
        let (key, number) = self.heads.pop()?;
        if let Some(next) = self.runs.get_mut(number).and_then(Iterator::next) {
            self.heads.push((K::of(next), number));
        }
        Some(key.back())
    }
}
