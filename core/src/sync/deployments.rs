//! Deployments: of the project deployer or of the API deployer, and the things that they refer to.

use super::command::Sync;
use super::state::{SyncKey, SyncObject};
use crate::deploy::{INFRA_FIELD, InfraKey, InfraKind};
use crate::ids::{BlueprintId, InfraId};
use crate::state::State;
use crate::value::Value;

/// Most model versions that an API deployment refers to; what is deployed is known whole all the same.
pub const REFERENCED_VERSIONS_MAX: usize = 50;
/// The locked blueprint of what an API deployer deploys.
pub const API_DEPLOYMENT: &str = "bp.system.api_deployer_deployment";

/// The blueprint that the item of a message has, or gets with this one: an item stays what it was first told as.
pub(super) fn blueprint_of(state: &State, sync: &Sync) -> BlueprintId {
    let known = state.nodes.items.get(&sync.key).and_then(|item| state.items.by_id.get(item));
    known.map_or_else(
        || {
            let infra = sync.fields.iter().find(|(field, _)| field.as_str() == INFRA_FIELD).map(|(_, value)| value);
            first_blueprint(state, &sync.key, infra, &sync.model_versions)
        },
        |item| item.template.blueprint.clone(),
    )
}

/// What is deployed decides: a bundle is the project deployer's, model versions are the API deployer's. Where a first
/// message says neither, its infrastructure does.
pub(super) fn first_blueprint(
    state: &State,
    key: &SyncKey,
    infra: Option<&Value>,
    contents: &[SyncKey],
) -> BlueprintId {
    let is_api = || match contents {
        [] => infra.and_then(Value::as_text).is_some_and(|infra| {
            let infra = InfraKey { node: key.node.clone(), infra: InfraId::from(infra) };
            state.infrastructures.by_key.get(&infra).is_some_and(|found| found.kind == InfraKind::Api)
        }),
        contents => bundle_of(contents).is_none(),
    };
    let is_deployment = matches!(key.object, SyncObject::Deployment { .. });
    BlueprintId::from(if is_deployment && is_api() { API_DEPLOYMENT } else { key.object.blueprint() })
}

/// The bundle among what is deployed.
pub(super) fn bundle_of(contents: &[SyncKey]) -> Option<&SyncKey> {
    contents.iter().find(|key| matches!(key.object, SyncObject::Bundle { .. }))
}

/// What a deployment refers to, and so is known at least as a stub: the bundle, or else the first model versions.
pub(super) fn referenced(contents: &[SyncKey]) -> &[SyncKey] {
    match bundle_of(contents) {
        Some(bundle) => std::slice::from_ref(bundle),
        None => contents.get(..REFERENCED_VERSIONS_MAX).unwrap_or(contents),
    }
}
