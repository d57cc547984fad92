//! What each node told of: how many things of which kind, how many of these are gone, and when it last spoke.

use std::sync::Arc;

use countersign_core::ids::{Digest, ItemId, NodeId};
use countersign_core::sync::{Event as SyncEvent, SyncKey};
use countersign_core::time::Timestamp;
use countersign_core::{Event, Principal, Recorded, State, deploy};
use imbl::{OrdMap, OrdSet};

use crate::projection::{Projection, Rows};

/// Things of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Count {
    /// All that were ever told of.
    pub items: u32,
    /// Those that the node no longer has.
    pub gone: u32,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Node {
    /// By [`countersign_core::sync::SyncObject::word`].
    pub kinds: OrdMap<&'static str, Count>,
    /// When it last told something that was news.
    pub last: Option<Timestamp>,
}

/// All nodes.
#[derive(Debug, Clone, Default)]
pub struct Nodes {
    rows: OrdMap<NodeId, Arc<Node>>,
    gone: OrdSet<ItemId>,
}

impl Nodes {
    /// A node that spoke.
    #[must_use]
    pub fn get(&self, node: &NodeId) -> Option<&Node> {
        self.rows.get(node).map(|row| &**row)
    }

    /// What an administrator does about a node's things is not the node's word.
    fn row(&mut self, node: &NodeId, recorded: &Recorded) -> &mut Node {
        let row = Arc::make_mut(self.rows.entry(node.clone()).or_default());
        if matches!(&recorded.actor, Principal::Node(speaker) if speaker == node) {
            row.last = Some(recorded.recorded_at);
        }
        row
    }

    fn synced(&mut self, recorded: &Recorded, state: &State, item: ItemId, key: &SyncKey) {
        let is_new = state.items.by_id.get(&item).is_some_and(|found| found.created == recorded.position);
        let is_back = self.gone.remove(&item).is_some();
        let count = self.row(&key.node, recorded).kinds.entry(key.object.word()).or_default();
        count.items += u32::from(is_new);
        count.gone -= u32::from(is_back);
    }

    fn is_gone(&mut self, recorded: &Recorded, state: &State, item: ItemId) {
        let Some(key) = key_of(state, item) else { return };
        let is_news = self.gone.insert(item).is_none();
        let count = self.row(&key.node, recorded).kinds.entry(key.object.word()).or_default();
        count.gone += u32::from(is_news);
    }
}

fn key_of(state: &State, item: ItemId) -> Option<&SyncKey> {
    state.items.by_id.get(&item)?.source.as_ref().map(|source| &source.key)
}

impl Projection for Nodes {
    const NAME: &'static str = "nodes";
    const REVISION: u32 = 1;

    fn apply(&mut self, recorded: &Recorded, state: &State) {
        match &recorded.event {
            Event::Sync(SyncEvent::NodeRegistered { node }) => {
                self.row(node, recorded);
            }
            Event::Sync(SyncEvent::ItemSynced { item, key, .. }) => self.synced(recorded, state, *item, key),
            Event::Sync(SyncEvent::ItemGone { item, .. }) => self.is_gone(recorded, state, *item),
            Event::Sync(SyncEvent::EvaluationRecorded { item, .. }) => {
                if let Some(key) = key_of(state, *item) {
                    self.row(&key.node, recorded);
                }
            }
            Event::Deploy(deploy::Event::InfrastructureRegistered { infra, .. }) => {
                self.row(&infra.node, recorded);
            }
            _ => {}
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for row in &self.rows {
            rows.row(&row);
        }
        for row in &self.gone {
            rows.row(row);
        }
        rows.digest()
    }
}
