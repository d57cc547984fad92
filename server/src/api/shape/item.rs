//! An item as the native API shows it.

use std::sync::Arc;

use countersign_core::State;
use countersign_core::artifact::govern::SOURCE_FIELD;
use countersign_core::artifact::workflow::StepView;
use countersign_core::artifact::{self, Item, StepStatus};
use countersign_core::ids::{FieldId, ItemId};
use countersign_core::signoff::{self, Cycle, SignoffKey};
use countersign_core::sync::SyncSource;
use countersign_projections::derive;
use countersign_projections::sight::{self, Sight};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use super::signoff::{CycleShape, cycle};
use super::value;

/// The computed field of a synced item that names its govern item.
const GOVERNED_BY_FIELD: &str = "governed_by";

/// Anything governed or governable.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemShape {
    /// `ar.12`.
    id: String,
    /// What people call it.
    name: String,
    /// What it is an item of.
    blueprint_id: String,
    /// The version of that.
    version_id: String,
    /// Stored and computed fields that hold something; references by item id.
    #[schema(value_type = Object)]
    fields: Map<String, Json>,
    /// Out of the daily lists.
    archived: bool,
    /// Not to be governed, itself or with something above it.
    hidden: bool,
    /// The govern item of a synced one.
    governed_by: Option<String>,
    /// The synced items that it governs.
    governs: Vec<String>,
    /// The item above it.
    parent: Option<String>,
    /// Where a synced item comes from.
    source: Option<SourceShape>,
    /// The workflow, in order.
    steps: Vec<StepShape>,
    /// Earlier cycles of sign-offs whose step is no longer in the template.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    former_signoffs: Vec<FormerShape>,
    /// The item's last event; its ETag.
    position: u64,
}

/// What is left of the sign-off of a step that is gone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FormerShape {
    /// The step.
    step_id: String,
    /// Its cycles, the last as it was when the step went.
    history: Vec<CycleShape>,
}

/// Where a synced item comes from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceShape {
    /// The node.
    node: String,
    /// `project`, `saved_model`, `saved_model_version`, `bundle`, `dataset` or `deployment`.
    kind: &'static str,
    /// What it is called there, within its parent.
    key: String,
    /// The project it lies in.
    project_key: Option<String>,
    /// Its page there.
    url: Option<String>,
    /// The node no longer has it.
    gone: bool,
    /// The content digest that approvals are bound to.
    digest: Option<String>,
}

/// One step of a workflow.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepShape {
    /// Its id.
    id: String,
    /// What people read.
    name: String,
    /// `NOT_STARTED`, `ONGOING`, `FINISHED` or `SKIPPED`.
    status: &'static str,
    /// Its condition holds.
    visible: bool,
    /// The status of its sign-off, when it has one.
    signoff: Option<&'static str>,
}

/// As it is in this state; what the reader does not see is not named.
#[must_use]
pub fn item(state: &State, item: &Item, sight: &dyn Sight) -> ItemShape {
    let shown = |id: &ItemId| sight.sees(*id);
    let fields = sight::values(state, item, sight);
    let fields = fields.into_iter().map(|(id, held)| (id.to_string(), value::json(&held))).collect();
    // Both stand in fields.
    let seen = sight.fields(item.id);
    let is_told = seen.is_all() || seen.reads(&FieldId::from(SOURCE_FIELD));
    let version = state.templates.version(&item.template);
    let parent_field = version.and_then(|version| version.definition.parent_field.as_ref());
    let is_placed = parent_field.is_none_or(|field| seen.reads(field));
    ItemShape {
        id: item.id.to_string(),
        name: item.name.to_string(),
        blueprint_id: item.template.blueprint.to_string(),
        version_id: item.template.version.to_string(),
        fields,
        archived: item.is_archived,
        hidden: derive::is_hidden(state, item),
        governed_by: governed_by(state, item.id, sight).map(|id| id.to_string()),
        governs: derive::sources(item).filter(|_| is_told).filter(shown).map(|id| id.to_string()).collect(),
        parent: derive::parent(state, item).filter(|_| is_placed).filter(shown).map(|id| id.to_string()),
        source: item.source.as_ref().map(source),
        steps: steps(state, item),
        former_signoffs: signoff::former(state, item.id).map(|(key, cycles)| former(state, key, cycles)).collect(),
        position: item.position.0,
    }
}

/// The govern item of a synced one, when the reader sees it and what it governs.
#[must_use]
pub fn governed_by(state: &State, source: ItemId, sight: &dyn Sight) -> Option<ItemId> {
    let found = derive::governed_by(state, source).filter(|found| sight.sees(*found))?;
    let tells = |item, field: &str| {
        let seen = sight.fields(item);
        seen.is_all() || seen.reads(&FieldId::from(field))
    };
    (tells(found, SOURCE_FIELD) && tells(source, GOVERNED_BY_FIELD)).then_some(found)
}

fn former(state: &State, key: &SignoffKey, cycles: &[Arc<Cycle>]) -> FormerShape {
    let history = cycles.iter().map(|ended| cycle(state, ended)).collect();
    FormerShape { step_id: key.step.to_string(), history }
}

fn source(source: &Arc<SyncSource>) -> SourceShape {
    let object = &source.key.object;
    SourceShape {
        node: source.key.node.to_string(),
        kind: object.word(),
        key: object.own_key().to_string(),
        project_key: object.project().map(ToString::to_string),
        url: source.url.as_ref().map(ToString::to_string),
        gone: source.is_gone,
        digest: source.digest.map(|digest| digest.to_string()),
    }
}

fn steps(state: &State, item: &Item) -> Vec<StepShape> {
    let shape = |step: StepView| {
        let key = SignoffKey { item: item.id, step: step.id };
        StepShape {
            id: key.step.to_string(),
            name: step.name.to_string(),
            status: step_word(step.status),
            visible: step.is_visible,
            signoff: state.signoffs.by_step.get(&key).map(|signoff| signoff.status.word()),
        }
    };
    artifact::workflow::steps(state, item).into_iter().map(shape).collect()
}

/// The word on every wire.
pub(crate) const fn step_word(status: StepStatus) -> &'static str {
    match status {
        StepStatus::NotStarted => "NOT_STARTED",
        StepStatus::Ongoing => "ONGOING",
        StepStatus::Finished => "FINISHED",
        StepStatus::Skipped => "SKIPPED",
    }
}
