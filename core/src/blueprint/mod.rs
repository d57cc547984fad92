//! Templates: blueprints, their versions with fields and steps, and sign-off configurations.

mod condition;
mod definition;
mod event;
mod evolve;
mod lookup;
pub mod standard;
mod state;
#[cfg(test)]
mod tests;

pub use condition::CONDITION_DEPTH_MAX;
pub use definition::{DOCUMENT_BYTES_MAX, DefinitionError, FIELDS_MAX, STEPS_MAX};
pub use event::Event;
pub use state::{
    Blueprint, Condition, Configuration, Container, Definition, FeedbackGroup, FieldDefinition, FieldKind, FieldSource,
    ListBounds, Recurrence, StepDefinition, Templates, Version, VersionStatus,
};

pub(crate) use evolve::evolve;
