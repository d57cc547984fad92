//! Specs of what nodes tell.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

mod cleanup;
mod deployments;
mod evaluations;
mod objects;
mod opt_out;
mod order;

use super::{Active, Command, Evaluate, Measure, Revision, Sync, SyncKey, SyncObject};
use crate::context::Principal;
use crate::ids::ItemId;
use crate::testing::World;
use crate::time::Timestamp;

fn node() -> Principal {
    Principal::Node("design-1".into())
}

fn key(object: SyncObject) -> SyncKey {
    SyncKey { node: "design-1".into(), object }
}

fn project() -> SyncKey {
    key(SyncObject::Project { project: "FRAUD".into() })
}

fn model() -> SyncKey {
    key(SyncObject::SavedModel { project: "FRAUD".into(), model: "m1".into() })
}

fn version(version: &str) -> SyncKey {
    key(SyncObject::ModelVersion { project: "FRAUD".into(), model: "m1".into(), version: version.into() })
}

fn at(revision: u64) -> Revision {
    Revision { epoch: 0, revision }
}

fn told(key: SyncKey, name: &str, revision: u64) -> Sync {
    Sync {
        key,
        revision: at(revision),
        name: name.into(),
        fields: Vec::new(),
        url: None,
        digest: None,
        active: None,
        metrics: Vec::new(),
        model_versions: Vec::new(),
    }
}

fn gone(key: SyncKey, revision: u64) -> Command {
    Command::Gone { key, revision: at(revision) }
}

fn evaluation(name: &str, metrics: &[(&str, f64)]) -> Evaluate {
    Evaluate {
        version: version("v1"),
        store_project: "FRAUD".into(),
        store: "mes".into(),
        evaluation: name.into(),
        evaluated_at: Timestamp::from_millis(1),
        metrics: metrics.iter().map(|(name, value)| Measure { name: (*name).into(), value: *value }).collect(),
        drift: Vec::new(),
        is_synced: true,
        url: None,
    }
}

fn named(version: &str) -> Option<Active> {
    Some(Active::Version(version.into()))
}

fn item(world: &World, key: &SyncKey) -> ItemId {
    *world.state.nodes.items.get(key).unwrap()
}
