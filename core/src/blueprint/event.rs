//! Facts about templates.

use std::sync::Arc;

use super::state::{Configuration, Definition, VersionStatus};
use crate::ids::{BlueprintId, FieldId, StepId, TemplateId, VersionId};

/// `0x04__`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A kind of item exists.
    BlueprintCreated { blueprint: BlueprintId, name: Arc<str>, locked: bool, document: Arc<str> },
    /// It is called otherwise, or looks otherwise.
    BlueprintEdited { blueprint: BlueprintId, name: Arc<str>, document: Arc<str> },
    /// It is gone, with its templates; it had no items.
    BlueprintDeleted { blueprint: BlueprintId },
    /// A template exists, as a draft.
    VersionCreated { template: TemplateId, origin: Option<VersionId>, definition: Arc<Definition> },
    /// A template became DRAFT, ACTIVE or ARCHIVED.
    VersionStatusChanged { template: TemplateId, status: VersionStatus },
    /// A step of a template has a sign-off, configured so.
    SignoffConfigured { template: TemplateId, step: StepId, configuration: Arc<Configuration> },
    /// A template says something else; its items follow, each by an event of its own, and lose what `lost` fields hold.
    VersionEdited { template: TemplateId, definition: Arc<Definition>, lost: Vec<FieldId> },
    /// A template is gone; no item was of it.
    VersionDeleted { template: TemplateId },
    /// A step of a template has no sign-off any more, for items still to come.
    SignoffConfigurationRemoved { template: TemplateId, step: StepId },
}
