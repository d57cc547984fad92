//! What a govern item may stand for, and where it hangs: rules over `dataiku_item` and the parent field together.

use std::collections::BTreeSet;

use super::govern::{SOURCE_FIELD, governing_item, is_hidden, source_parent};
use super::state::Item;
use crate::access::may::{Action, Subject, allows};
use crate::blueprint::Definition;
use crate::context::Principal;
use crate::ids::{FieldId, ItemId};
use crate::rejection::FieldProblem;
use crate::signoff::{self, Status};
use crate::state::State;
use crate::value::{FieldChange, Value};

/// How far up parents are followed.
pub const PARENTS_MAX: usize = 100;

/// The item that an item hangs below, by its template's parent field.
#[must_use]
pub fn parent(state: &State, item: &Item) -> Option<ItemId> {
    let version = state.templates.version(&item.template)?;
    item.fields.get(version.definition.parent_field.as_ref()?)?.references().next()
}

/// What is wrong with the sources and the parent that an item would have after `changes`.
pub(super) fn problems(
    state: &State,
    principal: &Principal,
    definition: &Definition,
    item: Option<&Item>,
    changes: &[FieldChange],
) -> Vec<FieldProblem> {
    let source_field = FieldId::from(SOURCE_FIELD);
    let parent_field = definition.parent_field.as_ref();
    if !changes.iter().any(|change| change.field == source_field || Some(&change.field) == parent_field) {
        return Vec::new();
    }
    let after = |field: &FieldId| -> Option<&Value> {
        match changes.iter().find(|change| change.field == *field) {
            Some(change) => change.new.as_ref(),
            None => item.and_then(|item| item.fields.get(field)),
        }
    };
    // What may not be read is not named.
    let name = |item: ItemId| match allows(state, principal, Action::Read, Subject::Item(item)) {
        true => item.to_string(),
        false => "another item".to_owned(),
    };
    let parent = parent_field.and_then(after).and_then(|value| value.references().next());
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    if let Some(item) = item.filter(|item| is_signing_off(state, item.id))
        && changes.iter().any(|change| change.field == source_field)
    {
        let message = format!("a sign-off of {} has begun: what it stands for stays", item.id);
        problems.push(FieldProblem { field: source_field.clone(), code: "source_fixed", message });
    }
    for source in after(&source_field).into_iter().flat_map(Value::references) {
        let problem = |field: &FieldId, code, message| FieldProblem { field: field.clone(), code, message };
        if !seen.insert(source) {
            problems.push(problem(&source_field, "given_twice", format!("{source} is there twice")));
        }
        if let Some(other) = governing_item(state, source).filter(|other| Some(*other) != item.map(|item| item.id)) {
            problems.push(problem(
                &source_field,
                "already_governed",
                format!("{source} is governed by {}", name(other)),
            ));
        }
        if is_hidden(state, source) {
            problems.push(problem(&source_field, "item_hidden", format!("{source} is hidden")));
        }
        let Some(source_parent) = source_parent(state, source) else { continue };
        match governing_item(state, source_parent) {
            None => {
                let message = format!("{}, in which {source} lies, is not governed", name(source_parent));
                problems.push(problem(&source_field, "parent_not_governed", message));
            }
            Some(needed) if Some(needed) != parent => {
                let field = parent_field.unwrap_or(&source_field);
                problems.push(problem(
                    field,
                    "forbidden_reference",
                    format!("has to be {}, because of {source}", name(needed)),
                ));
            }
            Some(_) => {}
        }
    }
    if let (Some(field), Some(item), Some(above)) = (parent_field, item, parent)
        && is_below(state, above, item.id)
    {
        let message = format!("{above} lies below this item");
        problems.push(FieldProblem { field: field.clone(), code: "forbidden_reference", message });
    }
    problems
}

// An approval is for one source: exchanging the source afterwards would approve what nobody looked at.
fn is_signing_off(state: &State, item: ItemId) -> bool {
    signoff::of_item(state, item).any(|(_, signoff)| signoff.status != Status::NotStarted || signoff.cycle > 1)
}

fn is_below(state: &State, item: ItemId, ancestor: ItemId) -> bool {
    let mut at = Some(item);
    for _ in 0..PARENTS_MAX {
        let Some(id) = at else { return false };
        if id == ancestor {
            return true;
        }
        at = state.items.by_id.get(&id).and_then(|found| parent(state, found));
    }
    true
}
