//! What one template says other than another: a fork than its origin.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::state::{Configuration, Definition, Templates, Version};

/// What was added, removed and changed, by id or by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Only in the newer.
    pub added: Vec<String>,
    /// Only in the older.
    pub removed: Vec<String>,
    /// In both, and not the same.
    pub changed: Vec<String>,
}

/// The whole difference of two templates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Fields, in the order of the newer, then of the older.
    pub fields: Changes,
    /// Steps.
    pub steps: Changes,
    /// The steps that both have stand in another order.
    pub is_reordered: bool,
    /// Sign-off configurations, by step.
    pub signoffs: Changes,
    /// The other parts of the documents, by their keys: name, views, hooks.
    pub parts: Changes,
}

const FIELDS: &str = "fieldDefinitions";
const WORKFLOW: &str = "workflowDefinition";

/// What `new` says other than `old`.
#[must_use]
pub fn diff(templates: &Templates, old: &Version, new: &Version) -> Diff {
    let (old_root, new_root) = (root(&old.definition), root(&new.definition));
    let common = |of: &Definition, other: &Definition| -> Vec<_> {
        of.steps.iter().map(|step| step.id.clone()).filter(|id| other.step(id).is_some()).collect()
    };
    Diff {
        fields: changes(&members(&old_root, FIELDS), &members(&new_root, FIELDS)),
        steps: changes(&steps(&old_root), &steps(&new_root)),
        is_reordered: common(&old.definition, &new.definition) != common(&new.definition, &old.definition),
        signoffs: changes(&signoffs(templates, old), &signoffs(templates, new)),
        parts: changes(&parts(old_root), &parts(new_root)),
    }
}

fn root(definition: &Definition) -> Map<String, Json> {
    serde_json::from_str(&definition.document).unwrap_or_default()
}

fn members(root: &Map<String, Json>, key: &str) -> Vec<(String, Json)> {
    let map = root.get(key).and_then(Json::as_object).into_iter().flatten();
    map.map(|(id, json)| (id.clone(), json.clone())).collect()
}

fn steps(root: &Map<String, Json>) -> Vec<(String, Json)> {
    let steps = root.get(WORKFLOW).and_then(|workflow| workflow.get("stepDefinitions")).and_then(Json::as_array);
    let id = |step: &Json| step.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
    steps.into_iter().flatten().map(|step| (id(step), step.clone())).collect()
}

fn signoffs<'a>(templates: &'a Templates, version: &Version) -> Vec<(String, &'a Configuration)> {
    let configured = version.configured.iter();
    configured.filter_map(|(step, at)| Some((step.to_string(), &**templates.configuration(*at)?))).collect()
}

// Of the workflow everything but its steps counts as a part of its own.
fn parts(mut root: Map<String, Json>) -> Vec<(String, Json)> {
    root.remove(FIELDS);
    if let Some(workflow) = root.get_mut(WORKFLOW).and_then(Json::as_object_mut) {
        workflow.remove("stepDefinitions");
    }
    if root.get(WORKFLOW).is_some_and(|workflow| workflow.as_object().is_some_and(Map::is_empty)) {
        root.remove(WORKFLOW);
    }
    root.into_iter().collect()
}

fn changes<T: PartialEq>(old: &[(String, T)], new: &[(String, T)]) -> Changes {
    let known: BTreeSet<&str> = new.iter().map(|(id, _)| id.as_str()).collect();
    let mut changes = Changes::default();
    for (id, now) in new {
        match old.iter().find(|(known, _)| known == id) {
            None => changes.added.push(id.clone()),
            Some((_, was)) if was != now => changes.changed.push(id.clone()),
            Some(_) => {}
        }
    }
    changes.removed = old.iter().map(|(id, _)| id).filter(|id| !known.contains(id.as_str())).cloned().collect();
    changes
}
