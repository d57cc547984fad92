//! Folds facts about templates.

use std::sync::Arc;

use imbl::OrdMap;

use super::Event;
use super::state::{Blueprint, Version, VersionStatus};
use crate::artifact;
use crate::ids::TemplateId;
use crate::recorded::Recorded;
use crate::state::State;

pub(crate) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    match event {
        Event::BlueprintCreated { blueprint, name, locked, document } => {
            let created = Blueprint {
                id: blueprint.clone(),
                name: name.clone(),
                locked: *locked,
                document: document.clone(),
                versions: OrdMap::new(),
            };
            state.templates.blueprints.insert(blueprint.clone(), Arc::new(created));
        }
        Event::VersionCreated { template, origin, definition } => {
            let created = Version {
                id: template.clone(),
                status: VersionStatus::Draft,
                origin: origin.clone(),
                definition: definition.clone(),
                configured: OrdMap::new(),
            };
            if let Some(blueprint) = state.templates.blueprints.get_mut(&template.blueprint) {
                Arc::make_mut(blueprint).versions.insert(template.version.clone(), Arc::new(created));
            }
        }
        Event::BlueprintEdited { blueprint, name, document } => {
            if let Some(found) = state.templates.blueprints.get_mut(blueprint) {
                let found = Arc::make_mut(found);
                found.name = name.clone();
                found.document = document.clone();
            }
        }
        Event::BlueprintDeleted { blueprint } => {
            state.templates.blueprints.remove(blueprint);
        }
        Event::VersionEdited { template, definition, lost } => {
            change(state, template, |version| version.definition = definition.clone());
            artifact::follow::begin(state, template, lost);
        }
        Event::VersionDeleted { template } => {
            if let Some(blueprint) = state.templates.blueprints.get_mut(&template.blueprint) {
                Arc::make_mut(blueprint).versions.remove(&template.version);
            }
        }
        Event::SignoffConfigurationRemoved { template, step } => change(state, template, |version| {
            version.configured.remove(step);
        }),
        Event::VersionStatusChanged { template, status } => {
            change(state, template, |version| version.status = *status);
        }
        Event::SignoffConfigured { template, step, configuration } => {
            let position = recorded.position;
            state.templates.configurations.insert(position, configuration.clone());
            change(state, template, |version| {
                version.configured.insert(step.clone(), position);
            });
        }
    }
}

fn change(state: &mut State, template: &TemplateId, with: impl FnOnce(&mut Version)) {
    if let Some(blueprint) = state.templates.blueprints.get_mut(&template.blueprint)
        && let Some(version) = Arc::make_mut(blueprint).versions.get_mut(&template.version)
    {
        with(Arc::make_mut(version));
    }
}
