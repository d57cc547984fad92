//! Cleaning up after a node that is no more: what it told of is gone, and what nothing is left of is archived.
//!
//! A portion is one command with a bounded number of events; what is left is derived from the state, so that a cleanup
//! goes on where it ended, also after a crash. A node that speaks again brings its things back by itself, as newer
//! messages do; what was archived stays so until somebody restores it.

use std::sync::Arc;

use super::decide::Rejection;
use super::event::Event;
use super::state::{SyncKey, SyncObject};
use crate::access::may::{Action, Subject};
use crate::access::require::require;
use crate::artifact::govern::{governing_item, sources};
use crate::artifact::{self, Item};
use crate::draft::Draft;
use crate::ids::{ItemId, NodeId};
use crate::state::State;

/// Most events of one portion; a further item adds at most two.
pub const CLEANUP_EVENTS_MAX: usize = 400;

/// A synced item of a node on which a cleanup has something to do.
#[derive(Debug, Clone)]
pub struct Leftover<'a> {
    /// It.
    pub item: &'a Arc<Item>,
    /// It is not gone yet.
    pub goes: bool,
    /// Its govern item, and what becomes of that.
    pub governed: Option<(ItemId, Fate)>,
}

/// What becomes of a govern item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing is left of what it governs: it is archived.
    Archived,
    /// It was archived before.
    ArchivedBefore,
    /// Other nodes still have so many of the things that it governs.
    Kept(usize),
}

/// What a cleanup of a node would do, item by item in the order of their keys.
pub fn leftovers<'a>(state: &'a State, node: &NodeId) -> impl Iterator<Item = Leftover<'a>> + use<'a> {
    let node = node.clone();
    items_of(state, &node).filter_map(move |item| {
        let goes = !is_gone(item);
        let governed = governed(state, item.id, &node);
        let archives = governed
            .is_some_and(|(govern_item, fate)| fate == Fate::Archived && left_of(state, govern_item).next().is_none());
        (goes || archives).then_some(Leftover { item, goes, governed })
    })
}

/// The govern item of a synced one, and what becomes of it once nothing is left of the node's.
#[must_use]
pub fn governed(state: &State, item: ItemId, node: &NodeId) -> Option<(ItemId, Fate)> {
    governing_item(state, item).map(|govern_item| (govern_item, fate(state, govern_item, node)))
}

/// The synced items of a node, in the order of their keys.
fn items_of<'a>(state: &'a State, node: &NodeId) -> impl Iterator<Item = &'a Arc<Item>> + use<'a> {
    let first = SyncKey { node: node.clone(), object: SyncObject::Project { project: Arc::from("") } };
    let node = node.clone();
    let items = state.nodes.items.range(first..).take_while(move |(key, _)| key.node == node);
    items.filter_map(|(_, item)| state.items.by_id.get(item))
}

pub(super) fn decide(draft: &mut Draft<'_>, node: &NodeId) -> Result<(), crate::Rejection> {
    require(draft, Action::Admin, Subject::Instance)?;
    if !draft.state().nodes.by_id.contains_key(node) {
        return Err(Rejection::NodeUnknown { node: node.clone() }.into());
    }
    let portion = leftovers(draft.state(), node).take(CLEANUP_EVENTS_MAX);
    let portion: Vec<_> = portion.map(|left| (left.item.clone(), left.goes)).collect();
    for (item, goes) in portion {
        if draft.len() + 2 > CLEANUP_EVENTS_MAX {
            break;
        }
        if let Some(source) = item.source.as_ref().filter(|_| goes) {
            // At the source's own revision: whatever the node still says of a later one brings the item back.
            let because = format!("the node {node} was removed");
            draft.emit_because(Event::ItemGone { item: item.id, revision: source.revision }, &because);
        }
        let Some(govern_item) = governing_item(draft.state(), item.id) else { continue };
        let found = draft.state().items.by_id.get(&govern_item);
        let is_over =
            found.is_some_and(|found| !found.is_archived) && left_of(draft.state(), govern_item).next().is_none();
        if is_over {
            let because = format!("the node {node} was removed, and nothing that {govern_item} governs is left");
            draft.emit_because(artifact::Event::ItemArchived { item: govern_item }, &because);
        }
    }
    Ok(())
}

fn fate(state: &State, govern_item: ItemId, node: &NodeId) -> Fate {
    if state.items.by_id.get(&govern_item).is_some_and(|found| found.is_archived) {
        return Fate::ArchivedBefore;
    }
    let is_elsewhere = |item: &&Arc<Item>| item.source.as_ref().is_some_and(|source| source.key.node != *node);
    match left_of(state, govern_item).filter(is_elsewhere).count() {
        0 => Fate::Archived,
        others => Fate::Kept(others),
    }
}

/// What a govern item governs that a node still has.
fn left_of(state: &State, govern_item: ItemId) -> impl Iterator<Item = &Arc<Item>> {
    let found = state.items.by_id.get(&govern_item).into_iter();
    let governed = found.flat_map(|found| sources(found)).filter_map(|source| state.items.by_id.get(&source));
    governed.filter(|item| !is_gone(item))
}

fn is_gone(item: &Item) -> bool {
    item.source.as_ref().is_none_or(|source| source.is_gone)
}
