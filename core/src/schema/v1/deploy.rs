//! `0x07__`. Since 0.1.

use serde::{Deserialize, Serialize};

use super::super::error::DecodeError;
use super::super::macros::{events, frozen, words};
use super::super::wire::{Ar, Finite, Freezing, Sealed, Thawing, Wire};
use super::pieces::{RevisionV1, SyncKeyV1};
use crate::deploy::gate::Decision;
use crate::deploy::{Demand, Event, InfraKey, InfraKind, Loosening, Policy};

frozen! {
    /// An infrastructure of a deployer node.
    InfraKeyV1 for InfraKey { node: String, infra: String }
}

words! {
    InfraKind "a kind of infrastructure" { Project "PROJECT", Api "API" }
    Policy "a policy of the gate" { NoCheck "NO_CHECK", Warn "WARN", Prevent "PREVENT" }
    Decision "a decision of the gate" { Allow "ALLOW", Warn "WARN", Deny "DENY" }
}

/// A condition: `step`, `metric_at_least`, `drift_at_most` or `check`; only the middle two have a bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DemandV1 {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) bound: Option<Finite>,
}

impl Wire<Demand> for DemandV1 {
    fn freeze(domain: &Demand, out: &mut Freezing) -> Self {
        let (kind, name, bound) = domain.parts();
        Self { kind: kind.to_owned(), name: name.to_owned(), bound: Wire::freeze(&bound, out) }
    }

    fn thaw(self, from: &mut Thawing) -> Result<Demand, DecodeError> {
        let bound: Option<f64> = Wire::thaw(self.bound, from)?;
        let unexpected = || DecodeError::unexpected(&self.kind, "a kind of condition, with a bound where it has one");
        Demand::of_parts(&self.kind, &self.name, bound).ok_or_else(unexpected)
    }
}

/// What a sync would have loosened: `policy`, or `stage`, and what it wanted instead; no stage when absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LooseningV1 {
    pub(crate) of: String,
    pub(crate) wanted: Option<String>,
}

impl Wire<Loosening> for LooseningV1 {
    fn freeze(domain: &Loosening, out: &mut Freezing) -> Self {
        match domain {
            Loosening::Policy(policy) => Self { of: "policy".to_owned(), wanted: Some(Wire::freeze(policy, out)) },
            Loosening::Stage(stage) => Self { of: "stage".to_owned(), wanted: Wire::freeze(stage, out) },
        }
    }

    fn thaw(self, from: &mut Thawing) -> Result<Loosening, DecodeError> {
        match (self.of.as_str(), self.wanted) {
            ("policy", Some(wanted)) => Wire::thaw(wanted, from).map(Loosening::Policy),
            ("stage", wanted) => Wire::thaw(wanted, from).map(Loosening::Stage),
            _ => Err(DecodeError::unexpected(&self.of, "what a sync would loosen")),
        }
    }
}

events! { Event in Deploy;
    /// A deployer has, or changed, an infrastructure; what would have loosened its gate was refused.
    0x0701 1 InfrastructureRegistered => InfrastructureRegisteredV1 {
        infra: InfraKeyV1,
        kind: String,
        stage: Option<String>,
        policy: String,
        revision: RevisionV1,
        refused: Vec<LooseningV1>,
    }
    /// The gate of an infrastructure became tighter, or an administrator changed it.
    0x0702 1 PolicyChanged => PolicyChangedV1 {
        infra: InfraKeyV1,
        old: String,
        new: String,
        old_demands: Vec<DemandV1>,
        new_demands: Vec<DemandV1>,
    }
    /// A deployer asked with intent to deploy, and was answered so.
    0x0703 1 DeploymentChecked => DeploymentCheckedV1 {
        infra: InfraKeyV1,
        item: Option<Ar>,
        subjects: Vec<SyncKeyV1>,
        policy: String,
        decision: String,
        unmet: Vec<String>,
        is_acknowledged: bool,
        is_overridden: bool,
    }
    /// A deployer reported what stands where; the item is the deployment's.
    0x0704 1 DeploymentReported => DeploymentReportedV1 {
        item: Ar,
        infra: InfraKeyV1,
        subjects: Vec<SyncKeyV1>,
        status: Option<String>,
    }
    /// An administrator lets a subject pass a gate until an end.
    0x0705 1 OverrideGranted => OverrideGrantedV1 {
        infra: InfraKeyV1,
        subject: SyncKeyV1,
        item: Ar,
        reason: Sealed,
        until: i64,
    }
    /// It was taken back.
    0x0706 1 OverrideRevoked => OverrideRevokedV1 { infra: InfraKeyV1, subject: SyncKeyV1, item: Ar }
}
