//! Templates as the native API shows them.

use countersign_core::State;
use countersign_core::blueprint::{Changes, Diff, Version, VersionStatus};
use countersign_core::ids::TemplateId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::configuration::{SettingShape, setting};

/// Whether a template can be applied.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StatusWord {
    /// Being written.
    Draft,
    /// Can be applied.
    Active,
    /// No longer applied; its items stay.
    Archived,
}

impl From<StatusWord> for VersionStatus {
    fn from(word: StatusWord) -> Self {
        match word {
            StatusWord::Draft => Self::Draft,
            StatusWord::Active => Self::Active,
            StatusWord::Archived => Self::Archived,
        }
    }
}

impl From<VersionStatus> for StatusWord {
    fn from(status: VersionStatus) -> Self {
        match status {
            VersionStatus::Draft => Self::Draft,
            VersionStatus::Active => Self::Active,
            VersionStatus::Archived => Self::Archived,
        }
    }
}

/// A template in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionHeadShape {
    /// `bv.…`.
    id: String,
    /// What people call it.
    name: String,
    status: StatusWord,
    /// The version that it was forked from.
    origin: Option<String>,
}

/// A template.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionShape {
    /// `bp.…`.
    blueprint_id: String,
    /// `bv.…`.
    version_id: String,
    status: StatusWord,
    /// The version that it was forked from.
    origin: Option<String>,
    /// Fields, workflow, views and whatever else it was made with, in the form of the public API.
    #[schema(value_type = Object)]
    blueprint_version: Json,
    /// How its steps are signed off.
    signoff_configurations: BTreeMap<String, SettingShape>,
}

/// What a template says other than another.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffShape {
    /// The older, usually the origin.
    against: String,
    fields: ChangesShape,
    steps: ChangesShape,
    /// The steps that both have stand in another order.
    steps_reordered: bool,
    /// By step.
    signoff_configurations: ChangesShape,
    /// Other parts of the documents, by key.
    parts: ChangesShape,
}

/// What was added, removed and changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesShape {
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
}

/// For a list.
#[must_use]
pub fn head(version: &Version) -> VersionHeadShape {
    VersionHeadShape {
        id: version.id.version.to_string(),
        name: version.definition.name.to_string(),
        status: version.status.into(),
        origin: version.origin.as_ref().map(ToString::to_string),
    }
}

/// With everything in it: what import takes.
#[must_use]
pub fn version(state: &State, version: &Version) -> VersionShape {
    let TemplateId { blueprint, version: id } = &version.id;
    let configured = version
        .configured
        .iter()
        .filter_map(|(step, at)| Some((step.to_string(), setting(state, state.templates.configuration(*at)?))));
    VersionShape {
        blueprint_id: blueprint.to_string(),
        version_id: id.to_string(),
        status: version.status.into(),
        origin: version.origin.as_ref().map(ToString::to_string),
        blueprint_version: serde_json::from_str(&version.definition.document).unwrap_or_default(),
        signoff_configurations: configured.collect(),
    }
}

/// The difference to `against`.
#[must_use]
pub fn diff(against: &Version, diff: Diff) -> DiffShape {
    DiffShape {
        against: against.id.version.to_string(),
        fields: changes(diff.fields),
        steps: changes(diff.steps),
        steps_reordered: diff.is_reordered,
        signoff_configurations: changes(diff.signoffs),
        parts: changes(diff.parts),
    }
}

fn changes(changes: Changes) -> ChangesShape {
    let Changes { added, removed, changed } = changes;
    ChangesShape { added, removed, changed }
}

/// A document as the text that is kept: members in the order given.
#[must_use]
pub fn text(document: &Map<String, Json>) -> String {
    serde_json::to_string(document).unwrap_or_default()
}
