//! Facts about rules.

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
}

impl Event {
    /// The item it is about.
    #[must_use]
    pub const fn item(&self) -> Option<ItemId> {
        match self {
            Self::GovernanceRuleSet { scope, .. } => *scope,
        }
    }
}
