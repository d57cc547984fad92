//! Everything that happened, in order: for the whole instance and per item.
//!
//! Holds the events themselves, so that timelines, `GET /events` and the event stream never read the log while
//! somebody waits. The cost is memory in proportion to the log; see `benches/README.md`.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::ids::{Digest, ItemId, Position};
use countersign_core::schema::{self, event_name, event_type};
use countersign_core::time::Timestamp;
use countersign_core::{Event, Principal, Recorded, State, artifact, deploy, sync};
use imbl::{OrdSet, Vector};

use crate::derive;
use crate::page::{LIMIT_MAX, Order};
use crate::projection::{Projection, Rows};

/// The history.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    // INVARIANT (dense-positions): the event at position N is entry N − 1.
    events: Vector<Arc<Recorded>>,
    /// Events that are not [`Event::item`]'s are here as well: a source is governed, a govern item's source deployed.
    by_item: OrdSet<(ItemId, Position)>,
    /// What people did; nodes and the system do most, and need no index to be found.
    by_person: OrdSet<(Principal, Position)>,
    /// Of every kind but those that most events are of.
    by_kind: OrdSet<(u16, Position)>,
}

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// About this item.
    pub item: Option<ItemId>,
    /// About nothing but these, as is known beforehand of the reader; only makes it faster.
    pub among: Option<Arc<BTreeSet<ItemId>>>,
    /// By this actor.
    pub actor: Option<Principal>,
    /// Of these types, by the catalogue's names; of all when empty.
    pub kinds: Vec<Arc<str>>,
    /// Recorded then or later.
    pub from: Option<Timestamp>,
    /// Recorded then or earlier.
    pub to: Option<Timestamp>,
    /// Beyond this position, in the direction of the order.
    pub after: Option<Position>,
    /// Oldest or newest first.
    pub order: Order,
    /// At most so many.
    pub limit: usize,
}

impl Filter {
    fn matches(&self, event: &Recorded) -> bool {
        let name = event_name(&event.event);
        self.actor.as_ref().is_none_or(|actor| event.actor == *actor)
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| **kind == *name))
    }
}

/// A part of a timeline.
#[derive(Debug, Clone)]
pub struct Part {
    /// In the order asked for.
    pub events: Vec<Arc<Recorded>>,
    /// Where to go on: the filter's next `after`; nothing when there is no more.
    pub next: Option<Position>,
}

impl Timeline {
    /// How many events there are: the position of the last.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The event at a position.
    #[must_use]
    pub fn get(&self, position: Position) -> Option<&Arc<Recorded>> {
        self.events.get(index(position)?)
    }

    /// All events after a position, oldest first.
    pub fn after(&self, position: Position) -> impl Iterator<Item = &Arc<Recorded>> {
        let from = usize::try_from(position.0).unwrap_or(usize::MAX).min(self.events.len());
        self.events.focus().narrow(from..).into_iter()
    }

    /// The last position recorded at or before an instant; 0 when there is none.
    #[must_use]
    pub fn position_at(&self, at: Timestamp) -> Position {
        let (mut low, mut high) = (0, self.events.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.events.get(middle) {
                Some(event) if event.recorded_at <= at => low = middle.saturating_add(1),
                _ => high = middle,
            }
        }
        Position(u64::try_from(low).unwrap_or(u64::MAX))
    }

    /// One part of the timeline. `keep` refuses what the reader may not see.
    pub fn list(&self, filter: &Filter, keep: &dyn Fn(&Recorded) -> bool) -> Part {
        let (first, last) = self.bounds(filter);
        if first > last {
            return Part { events: Vec::new(), next: None };
        }
        let positions = self.positions(filter, first, last);
        let limit = filter.limit.clamp(1, LIMIT_MAX);
        let mut events: Vec<Arc<Recorded>> = positions
            .filter_map(|position| self.get(position))
            .filter(|event| filter.matches(event) && keep(event))
            .take(limit.saturating_add(1))
            .cloned()
            .collect();
        let has_more = events.len() > limit;
        events.truncate(limit);
        let next = events.last().filter(|_| has_more).map(|event| event.position);
        Part { events, next }
    }

    /// By the index that leaves least to look at.
    fn positions<'a>(&'a self, filter: &Filter, first: Position, last: Position) -> Positions<'a> {
        if let Some(item) = filter.item {
            return either(self.by_item.range((item, first)..=(item, last)).map(|(_, at)| *at), filter.order);
        }
        if let Some(among) = &filter.among {
            let of = |item: &ItemId| self.by_item.range((*item, first)..=(*item, last)).map(|(_, at)| *at);
            let found: BTreeSet<Position> = among.iter().flat_map(of).collect();
            return either(found.into_iter(), filter.order);
        }
        if let Some(person @ (Principal::User(_) | Principal::Key(_))) = &filter.actor {
            let range = (person.clone(), first)..=(person.clone(), last);
            return either(self.by_person.range(range).map(|(_, at)| *at), filter.order);
        }
        let number = |name: &Arc<str>| schema::catalogue().iter().find(|row| *row.name == **name).map(|row| row.number);
        let kinds: Option<BTreeSet<u16>> = filter.kinds.iter().map(number).collect();
        match kinds.filter(|kinds| !kinds.is_empty() && !kinds.iter().any(|kind| is_mass(*kind))) {
            Some(kinds) => {
                let of = |kind: u16| self.by_kind.range((kind, first)..=(kind, last)).map(|(_, at)| *at);
                let found: BTreeSet<Position> = kinds.into_iter().flat_map(of).collect();
                either(found.into_iter(), filter.order)
            }
            None => either((first.0..=last.0).map(Position), filter.order),
        }
    }

    /// First and last position that time and `after` leave.
    fn bounds(&self, filter: &Filter) -> (Position, Position) {
        let before = |at: Timestamp| self.position_at(Timestamp::from_millis(at.millis().saturating_sub(1)));
        let mut first = filter.from.map_or(Position(1), |from| before(from).next());
        let mut last = Position(u64::try_from(self.events.len()).unwrap_or(u64::MAX));
        if let Some(to) = filter.to {
            last = last.min(self.position_at(to));
        }
        match (filter.after, filter.order) {
            (None, _) => {}
            (Some(after), Order::Ascending) => first = first.max(after.next()),
            (Some(after), Order::Descending) => last = last.min(Position(after.0.saturating_sub(1))),
        }
        (first, last)
    }
}

type Positions<'a> = Box<dyn Iterator<Item = Position> + 'a>;

fn either<'a>(positions: impl DoubleEndedIterator<Item = Position> + 'a, order: Order) -> Positions<'a> {
    match order {
        Order::Ascending => Box::new(positions),
        Order::Descending => Box::new(positions.rev()),
    }
}

/// What nodes say all the time.
fn is_mass(kind: u16) -> bool {
    let name = schema::catalogue().iter().find(|row| row.number == kind).map(|row| row.name);
    matches!(name, Some("EvaluationRecorded" | "ItemSynced"))
}

fn is_mass_event(event: &Event) -> bool {
    matches!(event, Event::Sync(sync::Event::EvaluationRecorded { .. } | sync::Event::ItemSynced { .. }))
}

fn index(position: Position) -> Option<usize> {
    usize::try_from(position.0.checked_sub(1)?).ok()
}

/// The items in whose timelines an event stands.
fn items_of(event: &Recorded, state: &State) -> Vec<ItemId> {
    let mut items: Vec<ItemId> = event.event.item().into_iter().collect();
    match &event.event {
        Event::Item(artifact::Event::ItemGoverned { source, .. } | artifact::Event::ItemAttached { source, .. }) => {
            items.push(*source);
        }
        Event::Deploy(deploy::Event::DeploymentChecked { subjects, .. }) => {
            for source in subjects.iter().filter_map(|key| state.nodes.items.get(key)) {
                items.push(*source);
                items.extend(derive::governed_by(state, *source));
            }
        }
        _ => {}
    }
    items
}

impl Projection for Timeline {
    const NAME: &'static str = "timeline";
    const REVISION: u32 = 1;

    fn apply(&mut self, event: &Recorded, state: &State) {
        self.events.push_back(Arc::new(event.clone()));
        if matches!(event.actor, Principal::User(_) | Principal::Key(_)) {
            self.by_person.insert((event.actor.clone(), event.position));
        }
        if !is_mass_event(&event.event) {
            self.by_kind.insert((event_type(&event.event), event.position));
        }
        for item in items_of(event, state) {
            self.by_item.insert((item, event.position));
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for event in &self.events {
            // An event is named by its id; what is in it is proven by the log's own hashes.
            rows.row(&(event.position, event.id, event.recorded_at));
        }
        for row in &self.by_item {
            rows.row(row);
        }
        rows.digest()
    }
}
