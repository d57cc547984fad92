//! Wishes about rules.

use std::sync::Arc;

use super::decision::Said;
use super::state::{Kind, Rule};
use crate::ids::{ItemId, Position};

/// What can be asked of rules.
#[derive(Debug, Clone)]
pub enum Command {
    /// The rules of these kinds are these from now on, for the instance or, in a project or model, instead of it; no
    /// rules at all take an override away. Other kinds stay.
    SetGovernanceRules { scope: Option<ItemId>, rules: Vec<(Kind, Vec<Rule>)> },
    /// The instance's script is this from now on; without one, what is left to it is left alone.
    SetScript { script: Option<Arc<str>> },
    /// The script said this, or failed so, about an item that it is to be asked about since that event; by the system only.
    Judge { item: ItemId, since: Position, said: Result<Box<Said>, Arc<str>> },
}
