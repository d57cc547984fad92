//! `0x07__`. Since 0.1.

use super::super::macros::{events, frozen, words};
use super::super::wire::Ar;
use super::pieces::{RevisionV1, SyncKeyV1};
use crate::deploy::gate::Decision;
use crate::deploy::{Event, InfraKey, InfraKind, Policy};

frozen! {
    /// An infrastructure of a deployer node.
    InfraKeyV1 for InfraKey { node: String, infra: String }
}

words! {
    InfraKind "a kind of infrastructure" { Project "PROJECT", Api "API" }
    Policy "a policy of the gate" { NoCheck "NO_CHECK", Warn "WARN", Prevent "PREVENT" }
    Decision "a decision of the gate" { Allow "ALLOW", Warn "WARN", Deny "DENY" }
}

events! { Event in Deploy;
    /// A deployer has, or changed, an infrastructure.
    0x0701 1 InfrastructureRegistered => InfrastructureRegisteredV1 {
        infra: InfraKeyV1,
        kind: String,
        stage: Option<String>,
        policy: String,
        revision: RevisionV1,
    }
    /// The gate of an infrastructure became tighter, or an administrator loosened it.
    0x0702 1 PolicyChanged => PolicyChangedV1 { infra: InfraKeyV1, old: String, new: String }
    /// A deployer asked with intent to deploy, and was answered so.
    0x0703 1 DeploymentChecked => DeploymentCheckedV1 {
        infra: InfraKeyV1,
        item: Option<Ar>,
        subjects: Vec<SyncKeyV1>,
        policy: String,
        decision: String,
        unmet: Vec<String>,
        is_acknowledged: bool,
    }
}
