//! The fields of a synced item: what the message says, and what follows from the key.

use std::collections::BTreeMap;

use super::METRIC_FIELD_PREFIX;
use super::command::Sync;
use super::deployments::{blueprint_of, bundle_of, referenced};
use super::state::{Active, SyncKey, SyncObject};
use crate::access::SYSTEM_VERSION;
use crate::blueprint::{Definition, FieldKind, FieldSource};
use crate::ids::{BlueprintId, FieldId, ItemId};
use crate::state::State;
use crate::value::{FieldChange, OldValue, Value};

/// Every stored field that the item is to have, except the series of its evaluations. Parents have their items already.
pub(super) fn wanted(state: &State, sync: &Sync) -> BTreeMap<FieldId, Value> {
    let mut fields: BTreeMap<_, _> = sync.fields.iter().cloned().collect();
    fields.extend(of_key(state, &sync.key));
    match (&sync.key.object, &sync.active) {
        (SyncObject::SavedModel { .. }, Some(Active::Version(version))) => {
            fields.insert("active_version".into(), Value::Text(version.clone()));
        }
        (SyncObject::ModelVersion { .. }, own) => {
            if let Some(is_active) = is_active(state, &sync.key, own.as_ref()) {
                fields.insert("active".into(), Value::Boolean(is_active));
            }
        }
        (SyncObject::Deployment { .. }, _) => {
            let found = referenced(&sync.model_versions).iter().filter_map(|key| state.nodes.items.get(key));
            let found: Vec<Value> = found.map(|item| Value::Reference(*item)).collect();
            if let (Some(_), [bundle]) = (bundle_of(&sync.model_versions), found.as_slice()) {
                fields.insert("dataiku_bundle".into(), bundle.clone());
            } else if !found.is_empty() {
                fields.insert("dataiku_saved_model_versions".into(), Value::List(found.into()));
            }
        }
        _ => {}
    }
    match definition(state, &blueprint_of(state, sync)) {
        Some(definition) => fit(definition, fields),
        None => fields,
    }
}

/// Whether a version is in use: its model's word, else its own; nothing when neither says.
pub(super) fn is_active(state: &State, version: &SyncKey, own: Option<&Active>) -> Option<bool> {
    let model = SyncKey { node: version.node.clone(), object: version.object.parent()? };
    let model = state.nodes.items.get(&model).and_then(|model| state.items.by_id.get(model));
    match (model.and_then(|model| model.source.as_ref()?.active.as_ref()), own) {
        (Some(Active::Version(named)), _) => Some(named == version.object.own_key()),
        (_, Some(Active::Itself(own))) => Some(*own),
        _ => None,
    }
}

/// What has to change for an item to have exactly these fields. Series stay: they come from evaluations.
pub(super) fn changes(state: &State, item: ItemId, wanted: &BTreeMap<FieldId, Value>) -> Vec<FieldChange> {
    let none = imbl::OrdMap::new();
    let held = state.items.by_id.get(&item).map_or(&none, |item| &item.fields);
    let cleared = held
        .iter()
        .filter(|(field, _)| !wanted.contains_key(*field) && !field.as_str().starts_with(METRIC_FIELD_PREFIX));
    let cleared = cleared.map(|(field, old)| change(field, Some(old), None));
    let set = wanted.iter().filter(|(field, new)| held.get(*field) != Some(*new));
    let set = set.map(|(field, new)| change(field, held.get(field), Some(new)));
    let mut all: Vec<_> = cleared.chain(set).collect();
    all.sort_by(|a, b| a.field.cmp(&b.field));
    all
}

pub(super) fn change(field: &FieldId, old: Option<&Value>, new: Option<&Value>) -> FieldChange {
    FieldChange { field: field.clone(), old: OldValue::of(old), new: new.cloned() }
}

fn of_key(state: &State, key: &SyncKey) -> Vec<(FieldId, Value)> {
    let text = |field: &str, value: &str| (FieldId::from(field), Value::Text(value.into()));
    let mut fields = vec![text("node_id", key.node.as_str())];
    fields.extend(key.object.project().map(|project| text("project_key", project)));
    match &key.object {
        SyncObject::Project { .. } => {}
        SyncObject::SavedModel { model, .. } => fields.push(text("saved_model_id", model)),
        SyncObject::ModelVersion { model, version, .. } => {
            fields.extend([text("saved_model_id", model), text("version_id", version)]);
        }
        SyncObject::Bundle { bundle, .. } => fields.push(text("bundle_id", bundle)),
        SyncObject::Dataset { dataset, .. } => fields.push(text("dataset_id", dataset)),
        SyncObject::Deployment { deployment } => fields.push(text("deployment_id", deployment)),
    }
    let mut above = key.object.parent();
    while let Some(object) = above {
        let field = match &object {
            SyncObject::SavedModel { .. } => "dataiku_saved_model",
            _ => "dataiku_project",
        };
        above = object.parent();
        let parent = state.nodes.items.get(&SyncKey { node: key.node.clone(), object });
        fields.extend(parent.map(|parent| (FieldId::from(field), Value::Reference(*parent))));
    }
    fields
}

fn definition<'a>(state: &'a State, blueprint: &BlueprintId) -> Option<&'a Definition> {
    let blueprint = state.templates.blueprint(blueprint)?;
    blueprint.versions.get(SYSTEM_VERSION).map(|version| &*version.definition)
}

// A newer node may send fields that this template does not have; they are left out, and so is what is computed.
fn fit(definition: &Definition, fields: BTreeMap<FieldId, Value>) -> BTreeMap<FieldId, Value> {
    let known =
        |id: &FieldId| definition.fields.iter().find(|field| field.id == *id && field.source == FieldSource::Stored);
    let fitted = fields.into_iter().filter_map(|(id, value)| {
        let value = match (&known(&id)?.kind, value) {
            (FieldKind::Category { .. }, Value::Text(text)) => Value::Category(text),
            (_, value) => value,
        };
        Some((id, value))
    });
    fitted.collect()
}
