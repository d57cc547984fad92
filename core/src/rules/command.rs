//! Wishes about rules.

use super::state::{Kind, Rule};
use crate::ids::ItemId;

/// What can be asked of rules.
#[derive(Debug, Clone)]
pub enum Command {
    /// The rules of these kinds are these from now on, for the instance or, in a project or model, instead of it; no
    /// rules at all take an override away. Other kinds stay.
    SetGovernanceRules { scope: Option<ItemId>, rules: Vec<(Kind, Vec<Rule>)> },
}
