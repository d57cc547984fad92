//! Templates: blueprints, their versions with fields and steps, and sign-off configurations.

mod change;
mod command;
mod condition;
mod configuration;
mod decide;
mod definition;
mod diff;
mod event;
mod evolve;
mod lookup;
pub mod standard;
mod state;
#[cfg(test)]
mod tests;

pub use change::{Loss, dropped, lost_fields, users};
pub use command::Command;
pub use condition::CONDITION_DEPTH_MAX;
pub use configuration::{
    APPROVALS_NEEDED_MAX, CONTAINERS_MAX, DESCRIPTION_BYTES_MAX, FEEDBACK_GROUPS_MAX, TITLE_BYTES_MAX,
};
pub use decide::{
    BLUEPRINT_DOCUMENT_BYTES_MAX, BLUEPRINT_NAME_BYTES_MAX, Rejection, TEMPLATE_ID_BYTES_MAX, TEMPLATES_MAX,
};
pub use definition::{DOCUMENT_BYTES_MAX, DefinitionError, FIELDS_MAX, STEPS_MAX};
pub use diff::{Changes, Diff, diff};
pub use event::Event;
pub use state::{
    Blueprint, Condition, Configuration, Container, Definition, FeedbackGroup, FieldDefinition, FieldKind, FieldSource,
    ListBounds, Recurrence, StepDefinition, Templates, Version, VersionStatus,
};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;
