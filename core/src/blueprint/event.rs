//! Facts about templates.

use std::sync::Arc;

use super::state::{Configuration, Definition, VersionStatus};
use crate::ids::{BlueprintId, StepId, TemplateId, VersionId};

/// `0x04__`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A kind of item exists.
    BlueprintCreated { blueprint: BlueprintId, name: Arc<str>, locked: bool, document: Arc<str> },
    /// A template exists, as a draft.
    VersionCreated { template: TemplateId, origin: Option<VersionId>, definition: Arc<Definition> },
    /// A template became DRAFT, ACTIVE or ARCHIVED.
    VersionStatusChanged { template: TemplateId, status: VersionStatus },
    /// A step of a template has a sign-off, configured so.
    SignoffConfigured { template: TemplateId, step: StepId, configuration: Arc<Configuration> },
}
