//! Templates: blueprints, their versions with fields and steps, and sign-off configurations.

mod event;
mod evolve;
mod lookup;
mod state;

pub use event::Event;
pub use state::{
    Blueprint, Condition, Configuration, Container, Definition, FeedbackGroup, FieldDefinition, FieldKind, FieldSource,
    ListBounds, Recurrence, StepDefinition, Templates, Version, VersionStatus,
};

pub(crate) use evolve::evolve;
