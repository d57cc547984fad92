//! Wishes about templates, for administrators.

use std::sync::Arc;

use super::state::{Configuration, VersionStatus};
use crate::ids::{BlueprintId, StepId, TemplateId, VersionId};

/// What can be asked of templates. Documents are JSON texts, kept as they are given.
#[derive(Debug, Clone)]
pub enum Command {
    /// Make a kind of item.
    CreateBlueprint { blueprint: BlueprintId, name: Arc<str>, document: Arc<str> },
    /// Rename it, change its icon and colours.
    EditBlueprint { blueprint: BlueprintId, name: Arc<str>, document: Arc<str> },
    /// Delete it with its versions; only while it has no items.
    DeleteBlueprint { blueprint: BlueprintId },
    /// Make a template, as a draft.
    CreateVersion { template: TemplateId, document: Arc<str> },
    /// Make a template, as a draft, from what another instance exported.
    ImportVersion { template: TemplateId, document: Arc<str>, signoffs: Vec<(StepId, Configuration)> },
    /// Copy a template with its sign-off configurations into a new draft.
    Fork { from: TemplateId, version: VersionId, name: Option<Arc<str>> },
    /// Change a template; what that takes from items is taken only when it is accepted.
    EditVersion { template: TemplateId, document: Arc<str>, accepts_loss: bool },
    /// Make it DRAFT, ACTIVE or ARCHIVED.
    SetStatus { template: TemplateId, status: VersionStatus },
    /// Delete it; only while no item uses it.
    DeleteVersion { template: TemplateId },
    /// How a step is signed off from now on.
    ConfigureSignoff { template: TemplateId, step: StepId, configuration: Arc<Configuration> },
    /// The step is not signed off any more, in items still to come.
    RemoveSignoff { template: TemplateId, step: StepId },
}
