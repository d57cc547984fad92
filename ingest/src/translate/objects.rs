//! One function per kind: a wire struct becomes a command. Fields that say no more than the key are the core's to fill.

use std::sync::Arc;

use countersign_core::Command;
use countersign_core::deploy::{self, CHECKS_FIELD, InfraKey, InfraKind, Policy};
use countersign_core::ids::{InfraId, NodeId};
use countersign_core::sync::{self, Active, Evaluate, Revision, Sync, SyncKey, SyncObject};
use serde::Deserialize;
use serde_json::Value;

use super::fields::{Fields, bounded, digest, measures, optional, time, too_long};
use super::{PACKAGED_VERSIONS_MAX, Untranslatable, key, parse};
use crate::message::{
    Bundle, Dataset, Deployment, Evaluation, Infrastructure, InfrastructureType, Kind, ModelVersion, NodeType,
    PackagedVersion, PolicyWord, Project, SavedModel,
};

type Result<T> = std::result::Result<T, Untranslatable>;

/// The command of a message that tells how something is.
pub(super) fn command(node: &NodeId, kind: Kind, data: Value) -> Result<Command> {
    if kind == Kind::Evaluation {
        return evaluation(node, parse(data)?);
    }
    if kind == Kind::Infrastructure {
        return infrastructure(node, parse(data)?);
    }
    let key = SyncKey { node: node.clone(), object: object(kind, &data)? };
    let sync = match kind {
        Kind::Project => project(key, parse(data)?),
        Kind::SavedModel => saved_model(key, parse(data)?),
        Kind::SavedModelVersion => model_version(key, parse(data)?),
        Kind::Bundle => bundle(key, parse(data)?),
        Kind::Dataset => dataset(key, parse(data)?),
        Kind::Deployment => deployment(key, parse(data)?),
        Kind::Evaluation | Kind::Infrastructure => return Err(without_object(kind)),
    }?;
    bounded("name", &sync.name)?;
    Ok(sync::Command::Sync(sync).into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    project_key: Option<Arc<str>>,
    model_id: Option<Arc<str>>,
    version_id: Option<Arc<str>>,
    bundle_id: Option<Arc<str>>,
    dataset_id: Option<Arc<str>>,
    deployment_id: Option<Arc<str>>,
}

/// Which object a message is about, from its keys alone.
pub(super) fn object(kind: Kind, data: &Value) -> Result<SyncObject> {
    let keys: Keys = parse(data.clone())?;
    let required = |name: &str, value: &Option<Arc<str>>| match value {
        Some(value) => key(name, value),
        None => Err(Untranslatable::new("data_invalid", format!("missing field `{name}`"))),
    };
    let project = || required("projectKey", &keys.project_key);
    let model = || required("modelId", &keys.model_id);
    Ok(match kind {
        Kind::Project => SyncObject::Project { project: project()? },
        Kind::SavedModel => SyncObject::SavedModel { project: project()?, model: model()? },
        Kind::SavedModelVersion => SyncObject::ModelVersion {
            project: project()?,
            model: model()?,
            version: required("versionId", &keys.version_id)?,
        },
        Kind::Bundle => SyncObject::Bundle { project: project()?, bundle: required("bundleId", &keys.bundle_id)? },
        Kind::Dataset => SyncObject::Dataset { project: project()?, dataset: required("datasetId", &keys.dataset_id)? },
        Kind::Deployment => SyncObject::Deployment { deployment: required("deploymentId", &keys.deployment_id)? },
        Kind::Evaluation | Kind::Infrastructure => return Err(without_object(kind)),
    })
}

fn without_object(kind: Kind) -> Untranslatable {
    Untranslatable::new("kind_unknown", format!("{}.gone is not a kind of sync message", kind.word()))
}

fn sync(key: SyncKey, epoch: u32, revision: u64, name: Arc<str>, fields: Fields) -> Sync {
    Sync {
        key,
        revision: Revision { epoch, revision },
        name,
        fields: fields.into_inner(),
        url: None,
        digest: None,
        active: None,
        metrics: Vec::new(),
        model_versions: Vec::new(),
    }
}

fn project(key: SyncKey, message: Project) -> Result<Sync> {
    let mut fields = Fields::default();
    fields.text("owner", message.owner.as_ref())?;
    fields.text("short_description", message.short_description.as_ref())?;
    fields.text("description", message.description.as_ref())?;
    fields.text("status", message.status.as_ref())?;
    fields.text("folder", message.folder.as_ref())?;
    fields.texts("tags", &message.tags)?;
    if let Some(node_type) = message.node_type {
        let word = if node_type == NodeType::Automation { "automation" } else { "design" };
        fields.text("node_type", Some(&word.into()))?;
        fields.flag("automation_node", node_type == NodeType::Automation);
    }
    fields.text("original_node_id", message.original_node.as_ref())?;
    fields.text("original_project_key", message.original_project_key.as_ref())?;
    fields.text("commit", message.commit.as_ref())?;
    fields.date("created_at", message.created_at.as_deref())?;
    fields.date("modified_at", message.modified_at.as_deref())?;
    fields.json("custom_fields", message.custom_fields)?;
    let url = optional("url", message.url.as_ref())?;
    Ok(Sync { url, ..sync(key, message.epoch, message.revision, message.name, fields) })
}

fn saved_model(key: SyncKey, message: SavedModel) -> Result<Sync> {
    let mut fields = Fields::default();
    fields.text("prediction_type", message.prediction_type.as_ref())?;
    fields.text("origin", message.origin.as_ref())?;
    let active = message.active_version.map(|version| super::key("activeVersion", &version)).transpose()?;
    let url = optional("url", message.url.as_ref())?;
    let active = active.map(Active::Version);
    Ok(Sync { url, active, ..sync(key, message.epoch, message.revision, message.name, fields) })
}

fn model_version(key: SyncKey, message: ModelVersion) -> Result<Sync> {
    let mut fields = Fields::default();
    fields.text("algorithm", message.algorithm.as_ref())?;
    fields.date("trained_at", message.trained_at.as_deref())?;
    fields.json(CHECKS_FIELD, message.checks)?;
    Ok(Sync {
        url: optional("url", message.url.as_ref())?,
        digest: digest(message.digest.as_ref())?,
        active: message.active.map(Active::Itself),
        metrics: measures("metrics", message.metrics)?,
        ..sync(key, message.epoch, message.revision, message.name, fields)
    })
}

fn bundle(key: SyncKey, message: Bundle) -> Result<Sync> {
    let mut fields = Fields::default();
    fields.text("createdBy", message.created_by.as_ref())?;
    fields.date("created_at", message.created_at.as_deref())?;
    fields.text("release_notes", message.release_notes.as_ref())?;
    fields.json(CHECKS_FIELD, message.checks)?;
    let model_versions = packaged(&key.node, Some(&message.project_key), &message.model_versions)?;
    Ok(Sync {
        url: optional("url", message.url.as_ref())?,
        digest: digest(message.digest.as_ref())?,
        model_versions,
        ..sync(key, message.epoch, message.revision, message.bundle_id, fields)
    })
}

fn dataset(key: SyncKey, message: Dataset) -> Result<Sync> {
    let mut fields = Fields::default();
    fields.text("type", message.kind.as_ref())?;
    let url = optional("url", message.url.as_ref())?;
    Ok(Sync { url, ..sync(key, message.epoch, message.revision, message.name, fields) })
}

fn deployment(key: SyncKey, message: Deployment) -> Result<Sync> {
    let mut fields = Fields::default();
    fields.text("infra_id", message.infra_id.as_ref())?;
    fields.text("source_node_id", message.node.as_ref())?;
    fields.text("project_key", message.project_key.as_ref())?;
    fields.text("status", message.status.as_ref())?;
    let node = match &message.node {
        Some(node) => NodeId::new(super::key("node", node)?),
        None => key.node.clone(),
    };
    let mut model_versions = packaged(&node, message.project_key.as_ref(), &message.model_versions)?;
    if let (Some(project), Some(bundle)) = (&message.project_key, &message.bundle_id) {
        let object =
            SyncObject::Bundle { project: super::key("projectKey", project)?, bundle: super::key("bundleId", bundle)? };
        model_versions.insert(0, SyncKey { node, object });
    }
    let url = optional("url", message.url.as_ref())?;
    Ok(Sync { url, model_versions, ..sync(key, message.epoch, message.revision, message.deployment_id, fields) })
}

fn packaged(node: &NodeId, project: Option<&Arc<str>>, versions: &[PackagedVersion]) -> Result<Vec<SyncKey>> {
    if versions.len() > PACKAGED_VERSIONS_MAX {
        return Err(too_long("modelVersions", versions.len(), "entries", PACKAGED_VERSIONS_MAX));
    }
    let one = |version: &PackagedVersion| {
        let missing = || Untranslatable::new("data_invalid", "missing field `projectKey` in modelVersions");
        let project = version.project_key.as_ref().or(project).ok_or_else(missing)?;
        let node = match &version.node {
            Some(node) => NodeId::new(key("modelVersions.node", node)?),
            None => node.clone(),
        };
        let object = SyncObject::ModelVersion {
            project: key("modelVersions.projectKey", project)?,
            model: key("modelVersions.modelId", &version.model_id)?,
            version: key("modelVersions.versionId", &version.version_id)?,
        };
        Ok(SyncKey { node, object })
    };
    versions.iter().map(one).collect()
}

fn evaluation(node: &NodeId, message: Evaluation) -> Result<Command> {
    let store_project = key("projectKey", &message.project_key)?;
    let model_project = match &message.model_project_key {
        Some(project) => key("modelProjectKey", project)?,
        None => store_project.clone(),
    };
    let object = SyncObject::ModelVersion {
        project: model_project,
        model: key("modelId", &message.model_id)?,
        version: key("versionId", &message.version_id)?,
    };
    let evaluate = Evaluate {
        version: SyncKey { node: node.clone(), object },
        store_project,
        store: key("storeId", &message.store_id)?,
        evaluation: key("evaluationId", &message.evaluation_id)?,
        evaluated_at: time("evaluatedAt", &message.evaluated_at)?,
        metrics: measures("metrics", message.metrics)?,
        drift: measures("drift", message.drift)?,
        is_synced: message.sync_to_govern,
        url: optional("url", message.url.as_ref())?,
    };
    Ok(sync::Command::Evaluate(evaluate).into())
}

fn infrastructure(node: &NodeId, message: Infrastructure) -> Result<Command> {
    let infra = InfraKey { node: node.clone(), infra: InfraId::new(key("infraId", &message.infra_id)?) };
    let kind = match message.kind {
        Some(InfrastructureType::Api) => InfraKind::Api,
        Some(InfrastructureType::Project) | None => InfraKind::Project,
    };
    let policy = message.govern_check_policy.map(|word| match word {
        PolicyWord::Prevent => Policy::Prevent,
        PolicyWord::Warn => Policy::Warn,
        PolicyWord::NoCheck => Policy::NoCheck,
    });
    let revision = Revision { epoch: message.epoch, revision: message.revision };
    let stage = optional("stage", message.stage.as_ref())?;
    Ok(deploy::Command::SyncInfrastructure { infra, kind, stage, policy, revision }.into())
}
