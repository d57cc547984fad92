//! Pieces that events of several modules share. Since 0.1.

use serde::{Deserialize, Serialize};

use super::super::error::DecodeError;
use super::super::macros::frozen;
use super::super::wire::{Finite, Freezing, Thawing, Whole, Wire};
use crate::blueprint::{Container, Recurrence};
use crate::ids::TemplateId;
use crate::sync::{Measure, Revision, SyncKey, SyncObject};

frozen! {
    /// A template.
    TemplateIdV1 for TemplateId { blueprint: String, version: String }
    /// How often a sign-off resets by itself.
    RecurrenceV1 for Recurrence { activated: bool, days: u32, weeks: u32, months: u32, years: u32, reload: bool }
    /// Which state of an object a message told.
    RevisionV1 for Revision { epoch: u32, revision: Whole }
    /// A name and a finite number.
    MeasureV1 for Measure { name: String, value: Finite }
}

/// A users container: `user us.4`, `group ops`, `role ro.reader`, `key ak.1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ContainerV1 {
    pub(crate) kind: String,
    pub(crate) id: String,
}

impl Wire<Container> for ContainerV1 {
    fn freeze(domain: &Container, _: &mut Freezing) -> Self {
        let (kind, id) = match domain {
            Container::User(user) => ("user", user.to_string()),
            Container::Group(group) => ("group", group.to_string()),
            Container::Role(role) => ("role", role.to_string()),
            Container::Key(key) => ("key", key.to_string()),
        };
        Self { kind: kind.to_owned(), id }
    }

    fn thaw(self, _: &mut Thawing) -> Result<Container, DecodeError> {
        let id = |_| DecodeError::unexpected(&self.id, "an id of the container's kind");
        match self.kind.as_str() {
            "user" => self.id.parse().map(Container::User).map_err(id),
            "group" => Ok(Container::Group(self.id.into())),
            "role" => Ok(Container::Role(self.id.into())),
            "key" => self.id.parse().map(Container::Key).map_err(id),
            _ => Err(DecodeError::unexpected(&self.kind, "a kind of users container")),
        }
    }
}

/// An object of a node; its path is project, model, version, or whatever names that kind, from the outside in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SyncKeyV1 {
    pub(crate) node: String,
    pub(crate) kind: String,
    pub(crate) path: Vec<String>,
}

impl Wire<SyncKey> for SyncKeyV1 {
    fn freeze(domain: &SyncKey, out: &mut Freezing) -> Self {
        let SyncKey { node, object } = domain;
        let (kind, path) = match object {
            SyncObject::Project { project } => ("project", vec![project]),
            SyncObject::SavedModel { project, model } => ("saved_model", vec![project, model]),
            SyncObject::ModelVersion { project, model, version } => ("model_version", vec![project, model, version]),
            SyncObject::Bundle { project, bundle } => ("bundle", vec![project, bundle]),
            SyncObject::Dataset { project, dataset } => ("dataset", vec![project, dataset]),
            SyncObject::Deployment { deployment } => ("deployment", vec![deployment]),
        };
        let path = path.into_iter().map(|key| Wire::freeze(key, out)).collect();
        Self { node: Wire::freeze(node, out), kind: kind.to_owned(), path }
    }

    fn thaw(self, from: &mut Thawing) -> Result<SyncKey, DecodeError> {
        let object = match (self.kind.as_str(), self.path.as_slice()) {
            ("project", [project]) => SyncObject::Project { project: project.as_str().into() },
            ("saved_model", [project, model]) => {
                SyncObject::SavedModel { project: project.as_str().into(), model: model.as_str().into() }
            }
            ("model_version", [project, model, version]) => SyncObject::ModelVersion {
                project: project.as_str().into(),
                model: model.as_str().into(),
                version: version.as_str().into(),
            },
            ("bundle", [project, bundle]) => {
                SyncObject::Bundle { project: project.as_str().into(), bundle: bundle.as_str().into() }
            }
            ("dataset", [project, dataset]) => {
                SyncObject::Dataset { project: project.as_str().into(), dataset: dataset.as_str().into() }
            }
            ("deployment", [deployment]) => SyncObject::Deployment { deployment: deployment.as_str().into() },
            _ => return Err(DecodeError::unexpected(&self.kind, "a kind of synced object with its path")),
        };
        Ok(SyncKey { node: Wire::thaw(self.node, from)?, object })
    }
}
