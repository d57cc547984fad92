//! Infrastructures and the policy of their gate.

use countersign_core::deploy::{Command, Demand, Effective, InfraKey, InfraKind, Infrastructure, Policy, effective};
use countersign_core::ids::{InfraId, NodeId, StepId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::shape::List;
use super::shape::command::CommandShape;
use super::wish::Wish;
use crate::problem::Problem;

/// What an administrator sets; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Set {
    /// What is deployed there.
    r#type: Option<Kind>,
    /// Development, production, …
    stage: Option<String>,
    /// What the gate does about what is not approved; also as `governCheckPolicy`, the name in sync messages.
    #[serde(alias = "governCheckPolicy")]
    policy: Option<Word>,
    /// Steps whose sign-offs have to be approved beside the review's; in place of those before.
    required_steps: Option<Vec<String>>,
    /// What has to hold beside the approvals; in place of those before.
    conditions: Option<Vec<Condition>>,
}

/// A condition: `{metric, atLeast}`, `{drift, atMost}` or `{check}`. What was never measured does not hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// The latest value of this metric, at build time while it was not evaluated, …
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<String>,
    /// … is not below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
    /// The latest drift of this name …
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<String>,
    /// … is not above this.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
    /// The check of this name passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<String>,
}

/// What is deployed there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Bundles of projects.
    Project,
    /// Model versions behind an API.
    Api,
}

/// What the gate does about what is not approved.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Word {
    /// Denies.
    Prevent,
    /// Warns.
    Warn,
    /// Lets everything through.
    NoCheck,
}

/// An infrastructure of a deployer node.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InfrastructureShape {
    node: String,
    infra_id: String,
    /// `project` or `api`.
    r#type: Kind,
    stage: Option<String>,
    /// `PREVENT`, `WARN` or `NO_CHECK`.
    policy: &'static str,
    /// Its own; `effective` tells what counts.
    required_steps: Vec<String>,
    /// Likewise.
    conditions: Vec<Condition>,
    /// What its gate asks for beyond the review: its own and its stage's, the stricter one of two on the same thing.
    effective: EffectiveShape,
    /// How often its gate was asked with intent to deploy.
    checks: usize,
}

/// What a gate asks for, and who set it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveShape {
    required_steps: Vec<EffectiveStep>,
    conditions: Vec<EffectiveCondition>,
}

/// A step whose sign-off has to be approved too.
#[derive(Debug, Serialize, ToSchema)]
pub struct EffectiveStep {
    step: String,
    /// `infrastructure`, `stage` or both.
    from: Vec<&'static str>,
}

/// A condition that counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct EffectiveCondition {
    #[serde(flatten)]
    condition: Condition,
    /// `infrastructure`, `stage` or both.
    from: Vec<&'static str>,
}

fn effective_shape(all: &[Effective]) -> EffectiveShape {
    let from = |one: &Effective| {
        let places = [(one.is_own, "infrastructure"), (one.is_of_stage, "stage")];
        places.into_iter().filter(|(is_set, _)| *is_set).map(|(_, place)| place).collect()
    };
    let steps = all.iter().filter_map(|one| Some(EffectiveStep { step: step(&one.demand)?, from: from(one) }));
    let conditions =
        all.iter().filter_map(|one| Some(EffectiveCondition { condition: condition(&one.demand)?, from: from(one) }));
    EffectiveShape { required_steps: steps.collect(), conditions: conditions.collect() }
}

fn shape(ask: &Ask, infra: &Infrastructure) -> InfrastructureShape {
    InfrastructureShape {
        node: infra.key.node.to_string(),
        infra_id: infra.key.infra.to_string(),
        r#type: match infra.kind {
            InfraKind::Project => Kind::Project,
            InfraKind::Api => Kind::Api,
        },
        stage: infra.stage.as_ref().map(ToString::to_string),
        policy: infra.policy.word(),
        required_steps: infra.demands.iter().filter_map(step).collect(),
        conditions: infra.demands.iter().filter_map(condition).collect(),
        effective: effective_shape(&effective(ask.state(), infra)),
        checks: ask.snapshot.views.deployments.count(&infra.key),
    }
}

pub(super) fn step(demand: &Demand) -> Option<String> {
    match demand {
        Demand::Step(step) => Some(step.to_string()),
        _ => None,
    }
}

pub(super) fn condition(demand: &Demand) -> Option<Condition> {
    let condition = match demand {
        Demand::Step(_) => return None,
        Demand::MetricAtLeast { metric, least } => {
            Condition { metric: Some(metric.to_string()), at_least: Some(*least), ..Condition::default() }
        }
        Demand::DriftAtMost { drift, most } => {
            Condition { drift: Some(drift.to_string()), at_most: Some(*most), ..Condition::default() }
        }
        Demand::Check { check } => Condition { check: Some(check.to_string()), ..Condition::default() },
    };
    Some(condition)
}

/// What is asked for in place of all before; of the two parts the one that is left out stays.
pub(super) fn demands(
    required_steps: Option<&[String]>,
    conditions: Option<&[Condition]>,
    held: &[Demand],
) -> Result<Option<Vec<Demand>>, Problem> {
    if required_steps.is_none() && conditions.is_none() {
        return Ok(None);
    }
    let is_step = |demand: &&Demand| matches!(demand, Demand::Step(_));
    let mut all: Vec<Demand> = match required_steps {
        Some(steps) => steps.iter().map(|step| Demand::Step(StepId::from(step.as_str()))).collect(),
        None => held.iter().filter(is_step).cloned().collect(),
    };
    match conditions {
        None => all.extend(held.iter().filter(|demand| !is_step(demand)).cloned()),
        Some(conditions) => {
            for (n, condition) in conditions.iter().enumerate() {
                all.push(demand(condition).ok_or_else(|| {
                    let message = "either metric and atLeast, or drift and atMost, or check";
                    Problem::invalid_field(format!("conditions[{n}]"), "condition_invalid", message)
                })?);
            }
        }
    }
    Ok(Some(all))
}

fn demand(condition: &Condition) -> Option<Demand> {
    let Condition { metric, at_least, drift, at_most, check } = condition;
    match (metric, at_least, drift, at_most, check) {
        (Some(metric), Some(least), None, None, None) => {
            Some(Demand::MetricAtLeast { metric: metric.as_str().into(), least: *least })
        }
        (None, None, Some(drift), Some(most), None) => {
            Some(Demand::DriftAtMost { drift: drift.as_str().into(), most: *most })
        }
        (None, None, None, None, Some(check)) => Some(Demand::Check { check: check.as_str().into() }),
        _ => None,
    }
}

fn key(node: &str, infra: &str) -> InfraKey {
    InfraKey { node: NodeId::from(node), infra: InfraId::from(infra) }
}

/// All infrastructures, by deployer and id.
#[utoipa::path(get, path = "/infrastructures", tag = "gate", params(Page),
    responses((status = 200, description = "One page of infrastructures", body = List<InfrastructureShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<InfrastructureShape>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<String>()?);
    let after = after.as_deref().and_then(|text| text.split_once('\n')).map(|(node, infra)| key(node, infra));
    let infras = ask.state().infrastructures.by_key.values();
    let infras = infras.filter(|infra| after.as_ref().is_none_or(|after| infra.key > *after));
    let mut infras: Vec<_> = infras.take(limit + 1).collect();
    let has_more = infras.len() > limit;
    infras.truncate(limit);
    let last = infras.last().filter(|_| has_more);
    let next_cursor = last.map(|infra| cursor(format_args!("{}\n{}", infra.key.node, infra.key.infra)));
    let items = infras.into_iter().map(|infra| shape(&ask, infra)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// One infrastructure.
#[utoipa::path(get, path = "/infrastructures/{node}/{infra}", tag = "gate",
    params(("node" = String, Path, description = "The deployer"), ("infra" = String, Path, description = "Its infrastructure")),
    responses((status = 200, description = "The infrastructure", body = InfrastructureShape)))]
pub async fn read(
    ask: Ask,
    Segments((node, infra)): Segments<(String, String)>,
) -> Result<Answer<InfrastructureShape>, Problem> {
    let missing = || ask.missing(format_args!("the infrastructure {infra} of {node}"));
    let found = ask.state().infrastructures.by_key.get(&key(&node, &infra)).ok_or_else(missing)?;
    Ok(ask.answer(shape(&ask, found)))
}

/// Registers an infrastructure, changes its policy or what it asks for; for administrators.
#[utoipa::path(put, path = "/infrastructures/{node}/{infra}", tag = "gate", request_body = Set,
    params(("node" = String, Path, description = "The deployer"), ("infra" = String, Path, description = "Its infrastructure")),
    responses((status = 200, description = "Set", body = CommandShape)))]
pub async fn set(
    Segments((node, infra)): Segments<(String, String)>,
    wish: Wish<Set>,
) -> Result<Answer<CommandShape>, Problem> {
    let kind = wish.body.r#type.map(|kind| match kind {
        Kind::Project => InfraKind::Project,
        Kind::Api => InfraKind::Api,
    });
    let policy = wish.body.policy.map(|word| match word {
        Word::Prevent => Policy::Prevent,
        Word::Warn => Policy::Warn,
        Word::NoCheck => Policy::NoCheck,
    });
    let stage = wish.body.stage.as_deref().map(Into::into);
    let infra = key(&node, &infra);
    let held = wish.latest().state.infrastructures.by_key.get(&infra).cloned();
    let (steps, conditions) = (wish.body.required_steps.as_deref(), wish.body.conditions.as_deref());
    let demands = demands(steps, conditions, held.as_ref().map_or(&[], |held| &held.demands))?;
    let command = Command::SetInfrastructure { infra, kind, stage, policy, demands };
    Ok(wish.submit(command, None).await?.answer())
}
