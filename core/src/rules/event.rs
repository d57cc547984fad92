//! Facts about rules.

use std::sync::Arc;

use super::decision::Decision;
use super::state::{Kind, Rule};
use crate::ids::ItemId;

/// `0x06__`, comments aside.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// These rules govern a kind of synced item, in the order in which they are tried.
    GovernanceRuleSet {
        /// The synced project or model that they hold for; the instance when there is none.
        scope: Option<ItemId>,
        kind: Kind,
        rules: Vec<Rule>,
    },
    /// The instance's script is this, or there is none any more.
    GovernanceScriptSet { script: Option<Arc<str>> },
    /// The script decided what happens to a synced item and to what lies in it.
    GovernanceDecided { item: ItemId, decision: Decision },
    /// The script failed, or what it said cannot be followed.
    GovernanceUndecided { item: ItemId, why: Arc<str> },
}

impl Event {
    /// The item it is about.
    #[must_use]
    pub const fn item(&self) -> Option<ItemId> {
        match self {
            Self::GovernanceRuleSet { scope, .. } => *scope,
            Self::GovernanceScriptSet { .. } => None,
            Self::GovernanceDecided { item, .. } | Self::GovernanceUndecided { item, .. } => Some(*item),
        }
    }
}
