//! Finding things in templates.

use std::sync::Arc;

use super::state::{
    Blueprint, Configuration, Definition, FieldDefinition, StepDefinition, Templates, Version, VersionStatus,
};
use crate::ids::{BlueprintId, FieldId, Position, StepId, TemplateId};

impl Templates {
    /// A kind of item.
    #[must_use]
    pub fn blueprint(&self, id: &BlueprintId) -> Option<&Arc<Blueprint>> {
        self.blueprints.get(id)
    }

    /// A template.
    #[must_use]
    pub fn version(&self, id: &TemplateId) -> Option<&Arc<Version>> {
        self.blueprints.get(&id.blueprint)?.versions.get(&id.version)
    }

    /// A sign-off configuration, by the position of the event that set it.
    #[must_use]
    pub fn configuration(&self, configured_at: Position) -> Option<&Arc<Configuration>> {
        self.configurations.get(&configured_at)
    }

    /// Whether items of this kind come from nodes and are not for people to change; an unknown kind is not.
    #[must_use]
    pub fn is_locked(&self, blueprint: &BlueprintId) -> bool {
        self.blueprints.get(blueprint).is_some_and(|blueprint| blueprint.locked)
    }
}

impl Blueprint {
    /// The versions that can be applied, in the order of their ids.
    pub fn active(&self) -> impl Iterator<Item = &Arc<Version>> {
        self.versions.values().filter(|version| version.status == VersionStatus::Active)
    }
}

impl Definition {
    /// A field by its id.
    #[must_use]
    pub fn field(&self, id: &FieldId) -> Option<&FieldDefinition> {
        self.fields.iter().find(|field| field.id == *id)
    }

    /// A step by its id.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&StepDefinition> {
        self.steps.iter().find(|step| step.id == *id)
    }
}
