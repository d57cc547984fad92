//! Overrides of the gate: what administrators let pass, why and until when.

use countersign_core::deploy::{Command, InfraKey, Override};
use countersign_core::ids::{InfraId, NodeId, Position};
use countersign_core::sync::SyncKey;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::gate::{BundleKey, OverrideShape, VersionKey, override_shape};
use super::params::{Page, Params, cursor};
use super::registry::time;
use super::shape::List;
use super::shape::command::CommandShape;
use super::wish::Wish;
use crate::problem::Problem;

/// What is to pass where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// The deployer.
    node: String,
    /// Where to.
    infra_id: String,
    /// The bundle; or else `modelVersion`.
    bundle: Option<BundleKey>,
    /// The model version.
    model_version: Option<VersionKey>,
    /// Why.
    reason: String,
    /// Until when (RFC 3339).
    until: String,
}

/// What is to pass no more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Revoke {
    /// The deployer.
    node: String,
    /// Where to.
    infra_id: String,
    /// The bundle; or else `modelVersion`.
    bundle: Option<BundleKey>,
    /// The model version.
    model_version: Option<VersionKey>,
}

/// Which overrides.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `true`: those in force; `false`: those whose end is past.
    active: Option<bool>,
}

/// An override and whether it is in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entry {
    #[serde(flatten)]
    granted: OverrideShape,
    /// Its end is not past, by the time of the last event.
    active: bool,
}

/// All overrides that were not revoked, the latest last; by the time of the last event.
#[utoipa::path(get, path = "/overrides", tag = "gate", params(Which, Page),
    responses((status = 200, description = "One page of overrides", body = List<Entry>)))]
pub async fn list(
    ask: Ask,
    Params(which): Params<Which>,
    Params(page): Params<Page>,
) -> Result<Answer<List<Entry>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<u64>()?.map_or(Position::ZERO, Position));
    let now = ask.state().head_at;
    let is_wanted = |held: &&Override| {
        let item = ask.state().nodes.items.get(&held.subject);
        held.position > after
            && which.active.is_none_or(|active| active == (now < held.until))
            && item.is_some_and(|item| ask.may_read(*item))
    };
    let all = ask.state().infrastructures.overrides.values();
    let mut all: Vec<&Override> = all.map(|held| &**held).filter(is_wanted).collect();
    all.sort_by_key(|held| held.position);
    let has_more = all.len() > limit;
    all.truncate(limit);
    let next_cursor = all.last().filter(|_| has_more).map(|last| cursor(last.position.0));
    let entry = |held: &&Override| Entry { granted: override_shape(ask.state(), held), active: now < held.until };
    let items = all.iter().map(entry).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// Lets something pass a gate until an end; for administrators.
#[utoipa::path(post, path = "/overrides", tag = "gate", request_body = Grant,
    responses((status = 201, description = "Granted", body = CommandShape)))]
pub async fn grant(wish: Wish<Grant>) -> Result<Answer<CommandShape>, Problem> {
    let body = &wish.body;
    let until = time("until", Some(&body.until))?;
    let until = until.ok_or_else(|| Problem::invalid_field("until", "parameter_invalid", "not an RFC 3339 time"))?;
    let subject = subject(body.bundle.as_ref(), body.model_version.as_ref())?;
    let infra = infra(&body.node, &body.infra_id);
    let command = Command::GrantOverride { infra, subject, reason: body.reason.as_str().into(), until };
    Ok(wish.submit(command, None).await?.created())
}

/// Takes an override back; for administrators.
#[utoipa::path(post, path = "/overrides/revoke", tag = "gate", request_body = Revoke,
    responses((status = 200, description = "Revoked", body = CommandShape)))]
pub async fn revoke(wish: Wish<Revoke>) -> Result<Answer<CommandShape>, Problem> {
    let body = &wish.body;
    let subject = subject(body.bundle.as_ref(), body.model_version.as_ref())?;
    let command = Command::RevokeOverride { infra: infra(&body.node, &body.infra_id), subject };
    Ok(wish.submit(command, None).await?.answer())
}

fn infra(node: &str, infra: &str) -> InfraKey {
    InfraKey { node: NodeId::from(node), infra: InfraId::from(infra) }
}

fn subject(bundle: Option<&BundleKey>, version: Option<&VersionKey>) -> Result<SyncKey, Problem> {
    match (bundle, version) {
        (Some(bundle), None) => Ok(bundle.key()),
        (None, Some(version)) => Ok(version.key()),
        _ => Err(Problem::invalid_field("bundle", "subjects_invalid", "exactly one of bundle and modelVersion")),
    }
}
