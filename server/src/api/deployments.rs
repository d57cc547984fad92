//! What stands where, how it stands with governance, and what stood there when.

use countersign_core::deploy::{Deployed, InfraKey, health_of};
use countersign_core::ids::{InfraId, ItemId, NodeId, Position};
use countersign_core::sync::API_DEPLOYMENT;
use countersign_projections::views::deployments::{Approved, Check, Stay};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::gate::{SubjectShape, subject_shape};
use super::params::{Page, Params, cursor};
use super::registry::time;
use super::shape::{List, people};
use crate::problem::Problem;

/// Where.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Place {
    /// The infrastructure.
    infra: Option<String>,
    /// Its deployer.
    node: Option<String>,
}

/// Where and when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlaceAndTime {
    /// The infrastructure.
    infra: String,
    /// Its deployer; may be left out while only one has such an infrastructure.
    node: Option<String>,
    /// What stood there at that instant (RFC 3339); everything that ever did when left out.
    at: Option<String>,
}

/// Something that stands, or stood, somewhere.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentShape {
    /// The deployment's item.
    item: String,
    deployment: String,
    /// `project` or `api`: whose deployment it is.
    r#type: &'static str,
    /// The deployer.
    node: String,
    infra_id: String,
    /// The bundle and the model versions, as reported.
    subjects: Vec<SubjectShape>,
    /// In the deployer's words.
    status: Option<String>,
    /// `HEALTHY`, `WARNING`, `ERROR` or `NO_STATUS`, now; absent once it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    governance: Option<&'static str>,
    since: String,
    /// Null while it stands.
    until: Option<String>,
    /// The deployer that reported it.
    reported_by: String,
    /// The report's event.
    position: u64,
    /// Who asked the gate with intent to deploy just this there, before it was reported; null when nobody did.
    deployed_by: Option<String>,
    /// The gate's answer to that.
    gate: Option<CheckShape>,
    /// The approvals that stood when it was reported.
    approvals: Vec<ApprovedShape>,
}

/// The gate's answer to an intent to deploy.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckShape {
    decision: &'static str,
    at: String,
    /// Its event.
    position: u64,
    /// A warning was passed knowingly.
    acknowledged: bool,
    /// It passed by an override.
    overridden: bool,
}

/// An approval under which something stood.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovedShape {
    subject: SubjectShape,
    govern_item: String,
    cycle: u32,
    author: String,
    at: String,
    digest: Option<String>,
}

/// What stands now, by deployment.
#[utoipa::path(get, path = "/deployments", tag = "gate", params(Place, Page),
    responses((status = 200, description = "One page of deployments", body = List<DeploymentShape>)))]
pub async fn list(
    ask: Ask,
    Params(place): Params<Place>,
    Params(page): Params<Page>,
) -> Result<Answer<List<DeploymentShape>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<ItemId>()?);
    let standing = ask.snapshot.views.deployments.standing(after);
    let is_there = |infra: &InfraKey| {
        place.infra.as_deref().is_none_or(|id| id == infra.infra.as_str())
            && place.node.as_deref().is_none_or(|node| node == infra.node.as_str())
    };
    let standing = standing.filter(|(infra, stay)| is_there(infra) && ask.may_read(stay.item));
    let mut rows: Vec<_> = standing.take(limit + 1).collect();
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_more).map(|(_, stay)| cursor(stay.item));
    let items = rows.into_iter().map(|(infra, stay)| shape(&ask, infra, stay)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// What stood in an infrastructure, put there by whom, under which approval.
#[utoipa::path(get, path = "/deployments/history", tag = "gate", params(PlaceAndTime, Page),
    responses((status = 200, description = "One page of what stood there", body = List<DeploymentShape>)))]
pub async fn history(
    ask: Ask,
    Params(place): Params<PlaceAndTime>,
    Params(page): Params<Page>,
) -> Result<Answer<List<DeploymentShape>>, Problem> {
    let (limit, at) = (page.limit()?, time("at", place.at.as_deref())?);
    let after = page.after::<String>()?.map(|text| after(&text)).transpose()?;
    let infra = infra(&ask, &place)?;
    let stays = ask.snapshot.views.deployments.stays(&infra, after, at).filter(|stay| ask.may_read(stay.item));
    let mut rows: Vec<_> = stays.take(limit + 1).collect();
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    let next_cursor = last.map(|stay| cursor(format_args!("{}\n{}", stay.item, stay.position)));
    let items = rows.into_iter().map(|stay| shape(&ask, &infra, stay)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

fn after(text: &str) -> Result<(ItemId, Position), Problem> {
    let parsed = text.split_once('\n').and_then(|(item, position)| Some((item.parse().ok()?, position.parse().ok()?)));
    let (item, position) =
        parsed.ok_or_else(|| Problem::invalid_field("cursor", "cursor_invalid", "not a cursor of this list"))?;
    Ok((item, Position(position)))
}

fn infra(ask: &Ask, place: &PlaceAndTime) -> Result<InfraKey, Problem> {
    let missing = || ask.missing(format_args!("the infrastructure {}", place.infra));
    if let Some(node) = &place.node {
        let key = InfraKey { node: NodeId::from(node.as_str()), infra: InfraId::from(place.infra.as_str()) };
        return ask.state().infrastructures.by_key.contains_key(&key).then_some(key).ok_or_else(missing);
    }
    let mut found = ask.state().infrastructures.by_key.keys().filter(|key| key.infra.as_str() == place.infra);
    let first = found.next().cloned().ok_or_else(missing)?;
    match found.next() {
        None => Ok(first),
        Some(_) => {
            Err(Problem::invalid_field("node", "infrastructure_ambiguous", "several deployers have it; name one"))
        }
    }
}

fn shape(ask: &Ask, infra: &InfraKey, stay: &Stay) -> DeploymentShape {
    let state = ask.state();
    let item = state.items.by_id.get(&stay.item);
    let source = item.and_then(|item| item.source.as_ref());
    let check = stay.check.as_deref();
    let approvals = stay.approvals.iter().filter(|approved| ask.may_read(approved.govern_item));
    DeploymentShape {
        item: stay.item.to_string(),
        deployment: source.map_or_else(String::new, |source| source.key.object.own_key().to_string()),
        r#type: match item {
            Some(item) if item.template.blueprint.as_str() == API_DEPLOYMENT => "api",
            _ => "project",
        },
        node: infra.node.to_string(),
        infra_id: infra.infra.to_string(),
        subjects: stay.subjects.iter().map(subject_shape).collect(),
        status: stay.status.as_ref().map(ToString::to_string),
        governance: stay.until.is_none().then(|| governance(ask, infra, stay)),
        since: stay.since.to_string(),
        until: stay.until.map(|until| until.to_string()),
        reported_by: people::name(state, &stay.reported_by),
        position: stay.position.0,
        deployed_by: check.map(|check| people::name(state, &check.by)),
        gate: check.map(check_shape),
        approvals: approvals.map(|approved| approved_shape(ask, approved)).collect(),
    }
}

/// How something that stands does with governance.
pub(super) fn governance(ask: &Ask, infra: &InfraKey, stay: &Stay) -> &'static str {
    let deployed = Deployed { infra: infra.clone(), subjects: stay.subjects.clone(), status: None };
    health_of(ask.state(), &deployed).word()
}

fn check_shape(check: &Check) -> CheckShape {
    CheckShape {
        decision: check.decision,
        at: check.at.to_string(),
        position: check.position.0,
        acknowledged: check.is_acknowledged,
        overridden: check.is_overridden,
    }
}

fn approved_shape(ask: &Ask, approved: &Approved) -> ApprovedShape {
    ApprovedShape {
        subject: subject_shape(&approved.subject),
        govern_item: approved.govern_item.to_string(),
        cycle: approved.cycle,
        author: people::name(ask.state(), &approved.author),
        at: approved.at.to_string(),
        digest: approved.digest.map(|digest| digest.to_string()),
    }
}
