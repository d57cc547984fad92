//! Models, versions and bundles of every node, with metrics and drift.

use countersign_core::ids::{FieldId, ItemId};
use countersign_core::sync::SyncObject;
use countersign_core::time::Timestamp;
use countersign_core::value::Value;
use countersign_projections::sight::Sight as _;
use countersign_projections::views::registry::{BundleEntry, Metric, ModelEntry, ProjectEntry, Query, VersionEntry};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::deployments::governance;
use super::evaluations::focus_metric;
use super::params::{Page, Params, cursor};
use super::shape::List;
use super::shape::item::governed_by;
use super::shape::value::number;
use crate::problem::Problem;
use crate::seen::reads_metric;

/// What a synced project says of its original.
const COPY_FIELDS: [&str; 2] = ["original_node_id", "original_project_key"];

/// What is looked at.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The metric to focus on; the caller's choice, else `auc`, when left out.
    metric: Option<String>,
    /// Words, all of which a project, a model, a version or a bundle holds or begins with.
    q: Option<String>,
}

/// Projects with their models and versions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Models {
    projects: Vec<Project>,
    /// The metric in focus.
    metric: String,
    next_cursor: Option<String>,
    position: u64,
}

/// A synced project with at least one model.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    id: String,
    node: String,
    key: String,
    name: String,
    governed_by: Option<String>,
    /// The project on another node that it is a copy of.
    original: Option<String>,
    /// The projects on other nodes that are copies of it.
    copies: Vec<String>,
    models: Vec<Model>,
}

/// A saved model.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    id: String,
    key: String,
    name: String,
    governed_by: Option<String>,
    /// `dataiku`, `mlflow`, `sagemaker`, …
    origin: Option<String>,
    url: Option<String>,
    versions: Vec<Version>,
}

/// A version of a saved model.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    id: String,
    key: String,
    name: String,
    active: bool,
    governed_by: Option<String>,
    /// The status of the govern item's sign-off.
    signoff: Option<&'static str>,
    /// The active version.
    champion: bool,
    /// Any other whose workflow is neither finished nor abandoned.
    challenger: bool,
    /// Where the govern item's workflow is.
    step: Option<String>,
    url: Option<String>,
    metric: MetricShape,
    /// When it was built.
    #[schema(value_type = Object)]
    metrics: Map<String, Json>,
    /// The latest of each.
    #[schema(value_type = Object)]
    drift: Map<String, Json>,
    algorithm: Option<String>,
    /// When it was trained.
    trained_at: Option<String>,
    /// Where it stands, by itself or in a bundle.
    deployments: Vec<StandingShape>,
}

/// Where something stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StandingShape {
    /// The deployment's item.
    item: String,
    /// The deployer.
    node: String,
    infra_id: String,
    stage: Option<String>,
    /// In the deployer's words.
    status: Option<String>,
    /// `HEALTHY`, `WARNING`, `ERROR` or `NO_STATUS`.
    governance: &'static str,
    since: String,
}

/// The metric in focus; null is *not available*, never 0.
#[derive(Debug, Serialize, ToSchema)]
pub struct MetricShape {
    name: String,
    /// When it was built.
    #[schema(value_type = Option<f64>)]
    initial: Json,
    /// At the latest evaluation.
    #[schema(value_type = Option<f64>)]
    latest: Json,
    /// `latest` − `initial`.
    #[schema(value_type = Option<f64>)]
    drift: Json,
}

/// A bundle.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    id: String,
    node: String,
    project_key: Option<String>,
    key: String,
    name: String,
    /// The synced project.
    project: Option<String>,
    governed_by: Option<String>,
    step: Option<String>,
    signoff: Option<&'static str>,
    url: Option<String>,
    digest: Option<String>,
    model_versions: Vec<ModelVersion>,
    /// Where it stands.
    deployments: Vec<StandingShape>,
}

/// A model version in a bundle.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelVersion {
    node: String,
    project_key: String,
    model_id: String,
    version_id: String,
}

impl Which {
    fn query(&self, ask: &Ask, page: &Page) -> Result<Query, Problem> {
        let metric = self.metric.clone().unwrap_or_else(|| focus_metric(ask));
        Ok(Query {
            metric: Some(metric.into()),
            q: self.q.clone().filter(|q| !q.is_empty()),
            cursor: page.after()?,
            limit: page.limit()?,
            fields: ask.field_reader().cloned(),
            scope: ask.plan().cloned(),
        })
    }
}

struct Named {
    id: String,
    node: String,
    key: String,
    name: String,
    url: Option<String>,
}

fn named(ask: &Ask, id: ItemId) -> Named {
    let item = ask.state().items.by_id.get(&id);
    let source = item.and_then(|item| item.source.as_ref());
    Named {
        id: id.to_string(),
        node: source.map_or_else(String::new, |source| source.key.node.to_string()),
        key: source.map_or_else(String::new, |source| source.key.object.own_key().to_string()),
        name: item.map_or_else(String::new, |item| item.name.to_string()),
        url: source.and_then(|source| source.url.as_ref()).map(ToString::to_string),
    }
}

fn governed(ask: &Ask, source: ItemId) -> Option<String> {
    governed_by(ask.state(), source, ask).map(|id| id.to_string())
}

/// Whether it may be known that a project is a copy: two fields of the copy tell of which.
fn is_told_a_copy(ask: &Ask, copy: ItemId) -> bool {
    let seen = ask.fields(copy);
    seen.is_all() || COPY_FIELDS.iter().all(|field| seen.reads(&FieldId::from(*field)))
}

fn project(ask: &Ask, entry: &ProjectEntry) -> Project {
    let Named { id, node, key, name, .. } = named(ask, entry.item);
    let models = entry.models.iter().map(|entry| model(ask, entry)).collect();
    let original = entry.original.filter(|_| is_told_a_copy(ask, entry.item)).map(|original| original.to_string());
    let copies = entry.copies.iter().filter(|copy| is_told_a_copy(ask, **copy)).map(ToString::to_string).collect();
    Project { id, node, key, name, governed_by: governed(ask, entry.item), original, copies, models }
}

fn model(ask: &Ask, entry: &ModelEntry) -> Model {
    let Named { id, key, name, url, .. } = named(ask, entry.item);
    let versions = entry.versions.iter().map(|entry| version(ask, entry)).collect();
    let origin = field(ask, entry.item, "origin");
    Model { id, key, name, url, origin, governed_by: governed(ask, entry.item), versions }
}

fn version(ask: &Ask, entry: &VersionEntry) -> Version {
    let Named { id, key, name, url, .. } = named(ask, entry.item);
    let governed_by = governed(ask, entry.item);
    let is_shown = governed_by.is_some();
    let seen = ask.fields(entry.item);
    let measures = entry.metrics.iter().filter(|measure| reads_metric(&seen, &measure.name));
    Version {
        id,
        key,
        name,
        url,
        governed_by,
        active: entry.is_active,
        champion: entry.is_active,
        challenger: entry.is_challenger,
        signoff: entry.signoff.filter(|_| is_shown).map(|status| status.word()),
        step: entry.step.as_ref().filter(|_| is_shown).map(ToString::to_string),
        metric: metric(&entry.metric, reads_metric(&seen, &entry.metric.name)),
        metrics: measures.map(|measure| (measure.name.to_string(), number(measure.value))).collect(),
        drift: entry.drift.iter().map(|drift| (drift.name.to_string(), number(drift.value.0))).collect(),
        algorithm: field(ask, entry.item, "algorithm"),
        trained_at: field(ask, entry.item, "trained_at"),
        deployments: standing(ask, entry.item),
    }
}

/// A text or time of a synced item.
fn field(ask: &Ask, item: ItemId, field: &str) -> Option<String> {
    let field = FieldId::from(field);
    match ask.state().items.by_id.get(&item)?.fields.get(&field).filter(|_| ask.fields(item).reads(&field))? {
        Value::Text(text) | Value::Category(text) => Some(text.to_string()),
        Value::Date(at) => Some(at.to_string()),
        _ => None,
    }
}

fn standing(ask: &Ask, item: ItemId) -> Vec<StandingShape> {
    let Some(source) = ask.state().items.by_id.get(&item).and_then(|item| item.source.as_ref()) else {
        return Vec::new();
    };
    let stays = ask.snapshot.views.deployments.of(&source.key).filter(|(_, stay)| ask.may_read(stay.item));
    let shapes = stays.map(|(infra, stay)| StandingShape {
        item: stay.item.to_string(),
        node: infra.node.to_string(),
        infra_id: infra.infra.to_string(),
        stage: ask
            .state()
            .infrastructures
            .by_key
            .get(infra)
            .and_then(|found| found.stage.as_deref().map(str::to_owned)),
        status: stay.status.as_ref().map(ToString::to_string),
        governance: governance(ask, infra, stay),
        since: stay.since.to_string(),
    });
    shapes.collect()
}

fn metric(metric: &Metric, is_seen: bool) -> MetricShape {
    let told = |value: Option<f64>| value.filter(|_| is_seen).map_or(Json::Null, number);
    MetricShape {
        name: metric.name.to_string(),
        initial: told(metric.initial),
        latest: told(metric.latest.map(|point| point.value)),
        drift: told(metric.drift),
    }
}

/// Projects with their models and versions, by name.
#[utoipa::path(get, path = "/registry/models", tag = "views", params(Which, Page),
    responses((status = 200, description = "One page of projects", body = Models)))]
pub async fn models(
    ask: Ask,
    Params(which): Params<Which>,
    Params(page): Params<Page>,
) -> Result<Answer<Models>, Problem> {
    let query = which.query(&ask, &page)?;
    let page =
        ask.snapshot.views.registry.models(ask.state(), &ask.snapshot.views.items, &query, &|item| ask.may_read(item));
    let shape = Models {
        projects: page.rows.iter().map(|entry| project(&ask, entry)).collect(),
        metric: query.metric.map_or_else(String::new, |metric| metric.to_string()),
        next_cursor: page.next.map(cursor),
        position: ask.position().0,
    };
    Ok(ask.answer(shape))
}

fn bundle(ask: &Ask, entry: &BundleEntry) -> Bundle {
    let Named { id, node, key, name, url } = named(ask, entry.item);
    let source = ask.state().items.by_id.get(&entry.item).and_then(|item| item.source.as_ref());
    let governed_by = governed(ask, entry.item);
    let is_shown = governed_by.is_some();
    let versions = entry.model_versions.iter().filter_map(|key| match &key.object {
        SyncObject::ModelVersion { project, model, version } => Some(ModelVersion {
            node: key.node.to_string(),
            project_key: project.to_string(),
            model_id: model.to_string(),
            version_id: version.to_string(),
        }),
        _ => None,
    });
    Bundle {
        id,
        node,
        project_key: source.and_then(|source| source.key.object.project()).map(ToString::to_string),
        key,
        name,
        project: entry.project.map(|project| project.to_string()),
        governed_by,
        step: entry.step.as_ref().filter(|_| is_shown).map(ToString::to_string),
        signoff: entry.signoff.filter(|_| is_shown).map(|status| status.word()),
        url,
        digest: source.and_then(|source| source.digest).map(|digest| digest.to_string()),
        model_versions: versions.collect(),
        deployments: standing(ask, entry.item),
    }
}

/// Bundles by name.
#[utoipa::path(get, path = "/registry/bundles", tag = "views", params(Which, Page),
    responses((status = 200, description = "One page of bundles", body = List<Bundle>)))]
pub async fn bundles(
    ask: Ask,
    Params(which): Params<Which>,
    Params(page): Params<Page>,
) -> Result<Answer<List<Bundle>>, Problem> {
    let query = which.query(&ask, &page)?;
    let page =
        ask.snapshot.views.registry.bundles(ask.state(), &ask.snapshot.views.items, &query, &|item| ask.may_read(item));
    let items = page.rows.iter().map(|entry| bundle(&ask, entry)).collect();
    let next_cursor = page.next.map(cursor);
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

pub(crate) fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let wrong = |_| Problem::invalid_field(field, "parameter_invalid", "not an RFC 3339 time");
    text.map(|text| text.parse().map_err(wrong)).transpose()
}
