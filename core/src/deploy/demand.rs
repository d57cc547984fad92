//! What an infrastructure asks for beyond the review's approval, and what of it does not hold.
//!
//! What was never measured does not hold: a condition is there to be shown, not to be assumed.

use std::sync::Arc;

use super::approval::{plain, unmet_signoff};
use super::decide::Rejection;
use super::gate::Unmet;
use super::stage::Effective;
use crate::artifact::Item;
use crate::ids::StepId;
use crate::rejection::common;
use crate::state::State;
use crate::sync::{METRIC_NAME_BYTES_MAX, SyncKey, SyncObject, SyncSource, latest_drift, latest_metric};
use crate::value::Value;

/// Most conditions of one infrastructure, and of one stage.
pub const DEMANDS_MAX: usize = 50;
/// Longest id of a step or name of a check, in bytes.
pub const DEMAND_NAME_BYTES_MAX: usize = METRIC_NAME_BYTES_MAX;
/// The field of a version or bundle with its named checks: an object of `"passed"` or anything else.
pub const CHECKS_FIELD: &str = "checks";
/// What a check says when it holds.
const PASSED: &str = "passed";

/// One condition of an infrastructure.
#[derive(Debug, Clone, PartialEq)]
pub enum Demand {
    /// The sign-off of this step is approved too.
    Step(StepId),
    /// Of a model version, or of every one in a bundle: the latest value, at build time while it was not evaluated.
    MetricAtLeast { metric: Arc<str>, least: f64 },
    /// Likewise: the latest drift.
    DriftAtMost { drift: Arc<str>, most: f64 },
    /// The version's or bundle's own check of this name passed.
    Check { check: Arc<str> },
}

impl Demand {
    fn name(&self) -> &str {
        match self {
            Self::Step(step) => step.as_str(),
            Self::MetricAtLeast { metric: name, .. }
            | Self::DriftAtMost { drift: name, .. }
            | Self::Check { check: name } => name,
        }
    }

    /// Whether both ask for something of the same kind and name.
    pub(super) fn is_about_the_same(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.name() == other.name()
    }

    /// Whether whatever fulfils this fulfils the other.
    pub(super) fn is_as_strict_as(&self, other: &Self) -> bool {
        self.is_about_the_same(other)
            && match (self, other) {
                (Self::MetricAtLeast { least: own, .. }, Self::MetricAtLeast { least: other, .. }) => own >= other,
                (Self::DriftAtMost { most: own, .. }, Self::DriftAtMost { most: other, .. }) => own <= other,
                _ => true,
            }
    }

    /// Kind, name and bound, as on disk.
    pub(crate) fn parts(&self) -> (&'static str, &str, Option<f64>) {
        let bound = match self {
            Self::MetricAtLeast { least: bound, .. } | Self::DriftAtMost { most: bound, .. } => Some(*bound),
            Self::Step(_) | Self::Check { .. } => None,
        };
        (self.kind(), self.name(), bound)
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Step(_) => "step",
            Self::MetricAtLeast { .. } => "metric_at_least",
            Self::DriftAtMost { .. } => "drift_at_most",
            Self::Check { .. } => "check",
        }
    }

    /// Back from [`Demand::parts`].
    pub(crate) fn of_parts(kind: &str, name: &str, bound: Option<f64>) -> Option<Self> {
        match (kind, bound) {
            ("step", None) => Some(Self::Step(name.into())),
            ("metric_at_least", Some(least)) => Some(Self::MetricAtLeast { metric: name.into(), least }),
            ("drift_at_most", Some(most)) => Some(Self::DriftAtMost { drift: name.into(), most }),
            ("check", None) => Some(Self::Check { check: name.into() }),
            _ => None,
        }
    }
}

pub(super) fn check(demands: &[Demand]) -> Result<(), crate::Rejection> {
    if demands.len() > DEMANDS_MAX {
        return Err(Rejection::TooManyDemands { count: demands.len() }.into());
    }
    for (index, demand) in demands.iter().enumerate() {
        let name = demand.name();
        super::decide::check_text("condition", name, DEMAND_NAME_BYTES_MAX)?;
        let is_finite = match demand {
            Demand::MetricAtLeast { least: bound, .. } | Demand::DriftAtMost { most: bound, .. } => bound.is_finite(),
            Demand::Step(_) | Demand::Check { .. } => true,
        };
        if !is_finite {
            return Err(common::Rejection::NameInvalid { what: "bound of a condition" }.into());
        }
        if demands.iter().take(index).any(|other| other.is_about_the_same(demand)) {
            return Err(Rejection::DemandGivenTwice { name: name.to_owned() }.into());
        }
    }
    Ok(())
}

/// What of the demands does not hold for a synced item; `govern_item` is the one that governs it.
pub(super) fn unmet_of(state: &State, demands: &[Effective], synced: &Item, govern_item: Option<&Item>) -> Vec<Unmet> {
    let Some(source) = &synced.source else { return Vec::new() };
    demands.iter().flat_map(|one| unmet(state, &one.demand, synced, source, govern_item)).collect()
}

fn unmet(state: &State, demand: &Demand, synced: &Item, source: &SyncSource, govern_item: Option<&Item>) -> Vec<Unmet> {
    match demand {
        // What is not governed at all is said once already.
        Demand::Step(step) => {
            govern_item.into_iter().filter_map(|item| unmet_signoff(state, &source.key, item, step)).collect()
        }
        Demand::MetricAtLeast { metric, least } => of_versions(source)
            .filter_map(|version| {
                let found = metric_of(state, version, metric);
                let is_met = found.is_some_and(|value| value >= *least);
                (!is_met).then(|| measured("metric_below", version, format!("{metric} >= {least}"), metric, found))
            })
            .collect(),
        Demand::DriftAtMost { drift, most } => of_versions(source)
            .filter_map(|version| {
                let item = state.nodes.items.get(version);
                let found = item.and_then(|item| latest_drift(state, *item, drift));
                let is_met = found.is_some_and(|value| value <= *most);
                (!is_met).then(|| measured("drift_above", version, format!("{drift} <= {most}"), drift, found))
            })
            .collect(),
        Demand::Check { check } => {
            let found = outcome(synced, check);
            let is_met = found.as_deref() == Some(PASSED);
            let have = found.unwrap_or_else(|| "no such check".to_owned());
            let missing = || plain("check_missing", &source.key, &format!("the check {check} passed"), &have);
            (!is_met).then(missing).into_iter().collect()
        }
    }
}

fn of_versions(source: &SyncSource) -> impl Iterator<Item = &SyncKey> {
    let is_version = matches!(source.key.object, SyncObject::ModelVersion { .. });
    let own = is_version.then_some(&source.key);
    own.into_iter().chain(source.model_versions.iter().filter(move |_| !is_version))
}

fn metric_of(state: &State, version: &SyncKey, metric: &str) -> Option<f64> {
    let item = *state.nodes.items.get(version)?;
    let at_build = || {
        let source = state.items.by_id.get(&item)?.source.as_ref()?;
        source.metrics.iter().find(|measure| *measure.name == *metric).map(|measure| measure.value)
    };
    latest_metric(state, item, metric).map(|(_, _, value)| value).or_else(at_build)
}

fn outcome(synced: &Item, check: &str) -> Option<String> {
    let Some(Value::Json(text)) = synced.fields.get(CHECKS_FIELD) else { return None };
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    object.get(check).map(|outcome| outcome.as_str().map_or_else(|| outcome.to_string(), str::to_owned))
}

fn measured(code: &'static str, version: &SyncKey, needs: String, name: &str, found: Option<f64>) -> Unmet {
    let have = found.map_or_else(|| format!("{name} was not measured"), |value| format!("{name} = {value}"));
    plain(code, version, &needs, &have)
}
