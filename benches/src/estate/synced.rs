//! What design nodes tell of: projects with models, versions, bundles and evaluations.

use std::sync::Arc;

use anyhow::{Context, Result};
use countersign_core::Principal;
use countersign_core::ids::{Digest, ItemId, NodeId};
use countersign_core::sync::{self, Active, Measure, Revision, SyncKey, SyncObject};
use countersign_core::time::Timestamp;
use countersign_core::value::Value;

use super::{Making, Sink, share};

const SUBJECTS: [&str; 12] = [
    "Fraud",
    "Churn",
    "Claims",
    "Pricing",
    "Demand",
    "Anomaly",
    "Credit",
    "Routing",
    "Maintenance",
    "Segmentation",
    "Forecast",
    "Retention",
];
const PLACES: [&str; 8] = ["Nord", "Süd", "EMEA", "APAC", "Retail", "Wholesale", "Cards", "Motor"];
const ALGORITHMS: [&str; 5] = ["Random forest", "XGBoost", "LightGBM", "Logistic regression", "Neural network"];
const HOUR_MILLIS: i64 = 3_600_000;
/// 2023-11-14.
const FIRST_RUN_MILLIS: i64 = 1_700_000_000_000;

/// One project and what lies in it.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    pub(super) project: ItemId,
    pub(super) models: Vec<ItemId>,
    pub(super) versions: Vec<ItemId>,
    pub(super) bundles: Vec<ItemId>,
}

/// The node of a project.
pub(super) fn node_of(project: u32, nodes: u32) -> NodeId {
    NodeId::from(format!("design-{}", project % nodes.max(1) + 1).as_str())
}

/// The key of a project.
pub(super) fn key_of(project: u32) -> Arc<str> {
    format!("{}_{project}", subject(project).to_uppercase()).into()
}

pub(super) fn project<S: Sink>(making: &mut Making<'_, S>, number: u32) -> Result<Objects> {
    let (node, project) = (node_of(number, making.sizes.nodes), key_of(number));
    let subject = subject(number);
    let place = making.dice.one(&PLACES).copied().unwrap_or_default();
    let mut speaker = Speaker { node, revision: 1 };
    let name = format!("{subject} {place} {number}");
    let tags = Value::List([Value::Text("mlops".into()), Value::Text(place.into())].into());
    let object = SyncObject::Project { project: project.clone() };
    let fields = vec![("tags".into(), tags), ("createdBy".into(), Value::Text("ana".into()))];
    let item = speaker.tell(making, object, &name, |sync| sync.fields = fields)?;
    let mut objects = Objects { project: item, models: Vec::new(), versions: Vec::new(), bundles: Vec::new() };
    let mut keys = Vec::new();
    let sizes = making.sizes;
    for model in 0..share(sizes.models, sizes.projects, number) {
        self::model(making, &mut speaker, &project, number, model, &mut objects, &mut keys)?;
    }
    for bundle in 0..share(sizes.bundles, sizes.projects, number) {
        let bundle: Arc<str> = format!("v{bundle}").into();
        let object = SyncObject::Bundle { project: project.clone(), bundle: bundle.clone() };
        let held: Vec<SyncKey> = making.dice.one(&keys).into_iter().cloned().collect();
        let digest = Digest::of(format!("{project} {bundle}").as_bytes());
        let item = speaker.tell(making, object, &format!("{project} {bundle}"), |sync| {
            sync.digest = Some(digest);
            sync.model_versions = held;
        })?;
        objects.bundles.push(item);
    }
    making.hand_over()?;
    evaluations(making, &speaker, number, &keys)?;
    Ok(objects)
}

fn model<S: Sink>(
    making: &mut Making<'_, S>,
    speaker: &mut Speaker,
    project: &Arc<str>,
    place: u32,
    number: u32,
    objects: &mut Objects,
    keys: &mut Vec<SyncKey>,
) -> Result<()> {
    let sizes = making.sizes;
    let model: Arc<str> = format!("m{number}").into();
    // Models are numbered through the projects, so that versions spread evenly over all of them.
    let overall = number.saturating_mul(sizes.projects).saturating_add(place);
    let count = share(sizes.versions, sizes.models, overall);
    let name = format!("Predict {} {number}", subject(overall).to_lowercase());
    let object = SyncObject::SavedModel { project: project.clone(), model: model.clone() };
    let active = format!("v{}", count.max(1));
    let item = speaker.tell(making, object, &name, |sync| sync.active = Some(Active::Version(active.into())))?;
    objects.models.push(item);
    for version in 1..=count {
        let algorithm = making.dice.one(&ALGORITHMS).copied().unwrap_or_default();
        let auc = 0.70 + f64::from(making.dice.below(2_500)) / 10_000.0;
        let version: Arc<str> = format!("v{version}").into();
        let object =
            SyncObject::ModelVersion { project: project.clone(), model: model.clone(), version: version.clone() };
        let digest = Digest::of(format!("{project} {model} {version}").as_bytes());
        let item = speaker.tell(making, object.clone(), &format!("{algorithm} (s1) - {version}"), |sync| {
            sync.digest = Some(digest);
            sync.metrics = metrics(auc);
        })?;
        objects.versions.push(item);
        keys.push(SyncKey { node: speaker.node.clone(), object });
    }
    making.hand_over()
}

fn metrics(auc: f64) -> Vec<Measure> {
    vec![Measure { name: "auc".into(), value: auc }, Measure { name: "log_loss".into(), value: 1.0 - auc }]
}

fn evaluations<S: Sink>(making: &mut Making<'_, S>, speaker: &Speaker, place: u32, keys: &[SyncKey]) -> Result<()> {
    let sizes = making.sizes;
    for number in 0..share(sizes.evaluations, sizes.projects, place) {
        let Some(version) = keys.get(number as usize % keys.len().max(1)) else { break };
        let run = i64::from(number) / i64::try_from(keys.len().max(1))?;
        let auc = 0.68 + f64::from(making.dice.below(2_500)) / 10_000.0;
        let drift = f64::from(making.dice.below(1_000)) / 2_000.0;
        let evaluate = sync::Evaluate {
            version: version.clone(),
            store_project: version.object.project().cloned().unwrap_or_else(|| "".into()),
            store: "mes_for_ground_truth".into(),
            evaluation: format!("e{number}").into(),
            evaluated_at: Timestamp::from_millis(FIRST_RUN_MILLIS + run * 24 * HOUR_MILLIS),
            metrics: metrics(auc),
            drift: vec![Measure { name: "data_drift".into(), value: drift }],
            is_synced: true,
            url: None,
        };
        making.world.run(&speaker.principal(), sync::Command::Evaluate(evaluate));
        if number % 1_000 == 999 {
            making.hand_over()?;
        }
    }
    making.hand_over()
}

/// A node telling of one project after the other.
struct Speaker {
    node: NodeId,
    revision: u64,
}

impl Speaker {
    fn principal(&self) -> Principal {
        Principal::Node(self.node.clone())
    }

    fn tell<S: Sink>(
        &mut self,
        making: &mut Making<'_, S>,
        object: SyncObject,
        name: &str,
        with: impl FnOnce(&mut sync::Sync),
    ) -> Result<ItemId> {
        let key = SyncKey { node: self.node.clone(), object };
        let mut sync = sync::Sync {
            key: key.clone(),
            revision: Revision { epoch: 0, revision: self.revision },
            name: name.into(),
            fields: Vec::new(),
            url: Some(format!("https://{}.example/projects/", self.node).into()),
            digest: None,
            active: None,
            metrics: Vec::new(),
            model_versions: Vec::new(),
        };
        with(&mut sync);
        self.revision += 1;
        making.world.run(&self.principal(), sync::Command::Sync(sync));
        making.world.state.nodes.items.get(&key).copied().context("a synced object has an item")
    }
}

/// One of the subjects, in turn.
fn subject(number: u32) -> &'static str {
    SUBJECTS.iter().cycle().nth(number as usize % SUBJECTS.len()).copied().unwrap_or_default()
}
