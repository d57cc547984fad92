//! What deployers report to stand where.

use super::Event;
use super::state::{Deployed, InfraKey};
use crate::draft::Draft;
use crate::ids::{InfraId, ItemId};
use crate::sync::{Sync, SyncKey, SyncObject};
use crate::value::Value;

/// The field of a deployment that names its infrastructure.
pub(crate) const INFRA_FIELD: &str = "infra_id";
const STATUS_FIELD: &str = "status";

/// A deployment was told of: what stands where is a fact of its own when it is another than before.
pub(crate) fn report(draft: &mut Draft<'_>, item: ItemId, sync: &Sync) {
    let SyncObject::Deployment { .. } = &sync.key.object else { return };
    let text = |field: &str| sync.fields.iter().find(|(id, _)| id.as_str() == field);
    let text = |field: &str| match text(field) {
        Some((_, Value::Text(text))) => Some(text.clone()),
        _ => None,
    };
    // Without an infrastructure it is not said where anything stands.
    let Some(infra) = text(INFRA_FIELD) else { return };
    let infra = InfraKey { node: sync.key.node.clone(), infra: InfraId::from(&*infra) };
    let deployed = Deployed { infra, subjects: sync.model_versions.clone(), status: text(STATUS_FIELD) };
    if draft.state().infrastructures.deployed.get(&item).is_some_and(|held| **held == deployed) {
        return;
    }
    let Deployed { infra, subjects, status } = deployed;
    draft.emit(Event::DeploymentReported { item, infra, subjects, status });
}

/// What the gate is asked about for these contents: the bundle when there is one, else the model versions.
pub fn asked_subjects(subjects: &[SyncKey]) -> impl Iterator<Item = &SyncKey> {
    let is_bundle = |key: &&SyncKey| matches!(key.object, SyncObject::Bundle { .. });
    let has_bundle = subjects.iter().any(|key| is_bundle(&key));
    subjects.iter().filter(move |key| !has_bundle || is_bundle(key))
}
