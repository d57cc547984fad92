//! What the instance's script decided about one item.

use std::sync::Arc;

use super::state::{Governing, Kind, Rule, applying};
use crate::ids::{FieldId, ItemId, TemplateId};
use crate::input::Input;
use crate::state::State;
use crate::value::Value;

/// A decision that was checked; all that is needed to follow it without asking again.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What happens to the item; its version is the one that `prefill` was checked against.
    pub rule: Rule,
    /// What its govern item holds where it would hold nothing.
    pub prefill: Vec<(FieldId, Value)>,
    /// The govern project that it is attached to, instead of one of its own.
    pub attach_to: Option<ItemId>,
    /// What happens to what lies in it; each kind once.
    pub children: Vec<ChildDecision>,
}

/// What happens to one kind of what lies in an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildDecision {
    /// Which kind.
    pub kind: Kind,
    /// What happens.
    pub rule: Rule,
}

/// What came of asking: a decision, or why there is none.
pub type Judged = Result<Arc<Decision>, Arc<str>>;

/// What a script said, not checked yet.
#[derive(Debug, Clone)]
pub struct Said {
    /// What should happen; what else it says about governing counts only when that is to be governed.
    pub governing: Governing,
    /// Under which version.
    pub template: Option<TemplateId>,
    /// What the govern item should hold.
    pub prefill: Vec<(FieldId, Input)>,
    /// The govern project to attach it to.
    pub attach_to: Option<ItemId>,
    /// The business initiative of the govern project.
    pub initiative: Option<ItemId>,
    /// What should happen to what lies in it, under which versions.
    pub children: Vec<(Kind, Governing, Option<TemplateId>)>,
}

/// What the script decided about an item.
#[must_use]
pub fn decision(state: &State, item: ItemId) -> Option<&Decision> {
    state.rules.judged.get(&item)?.as_ref().ok().map(Arc::as_ref)
}

/// The decision by which an item would be governed now, by itself or by a person.
pub(crate) fn to_govern(state: &State, item: ItemId) -> Option<Arc<Decision>> {
    let judged = state.rules.judged.get(&item)?.as_ref().ok()?;
    let is_left_to_it = || applying(state, item).is_some_and(|found| found.rule.governing == Governing::Script);
    (judged.rule.governing.governs() && is_left_to_it() && is_possible(state, judged)).then(|| judged.clone())
}

/// Whether what a decision names is still there.
pub(super) fn is_possible(state: &State, decision: &Decision) -> bool {
    let is_there = |item: &ItemId| state.items.by_id.contains_key(item);
    let is_held = |value: &Value| match value {
        Value::Reference(item) => state.items.by_id.get(item).is_some_and(|item| !item.is_archived),
        Value::File(file) => state.files.by_id.contains_key(file),
        Value::Series(series) => {
            state.files.series.contains_key(series) || state.nodes.series.get(series).is_some_and(is_there)
        }
        _ => true,
    };
    let attach_to = decision.attach_to.map(Value::Reference);
    decision.prefill.iter().flat_map(|(_, value)| value.scalars()).chain(&attach_to).all(is_held)
}
