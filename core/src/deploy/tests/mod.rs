//! Specs of infrastructures and of the gate before them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test should panic")]

mod demands;
mod deployments;
mod gate;
mod infrastructures;
mod overrides;
mod stages;
mod who;

use super::{Command, InfraKey, InfraKind, Policy};
use crate::context::Principal;
use crate::sync::Revision;
use crate::testing::World;

fn deployer() -> Principal {
    Principal::Node("deployer-1".into())
}

fn infra(infra: &str) -> InfraKey {
    InfraKey { node: "deployer-1".into(), infra: infra.into() }
}

fn told(name: &str, kind: InfraKind, policy: Option<Policy>, revision: u64) -> Command {
    let revision = Revision { epoch: 0, revision };
    Command::SyncInfrastructure { infra: infra(name), kind, stage: Some("production".into()), policy, revision }
}

fn policy(world: &World, name: &str) -> Policy {
    world.state.infrastructures.by_key.get(&infra(name)).unwrap().policy
}
