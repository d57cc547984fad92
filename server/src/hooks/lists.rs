//! The scripts of a template, as its document lists them. To the core they are parts that mean nothing.

use std::sync::Arc;

use countersign_core::State;
use countersign_core::blueprint::Version;
use serde::Deserialize;

/// The key that a document without hooks does not hold.
const LISTED: &str = "ogicalHookList\"";

/// What is being done with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Phase {
    /// It is being made.
    Create,
    /// It is being changed, or saved as it is.
    Update,
    /// It is being deleted.
    Delete,
}

impl Phase {
    /// As scripts see it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// One script and when it runs.
#[derive(Debug, Clone, Deserialize)]
pub struct Hook {
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// On which changes it runs.
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// Its text.
    #[serde(default)]
    pub script: String,
}

/// All scripts of a template that run by themselves.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lists {
    logical_hook_list: Vec<Hook>,
    post_logical_hook_list: Vec<Hook>,
}

impl Lists {
    /// Those of one template; its hooks cannot be run when they are not listed as documented.
    pub fn of(version: &Version) -> serde_json::Result<Self> {
        let document = &version.definition.document;
        if document.contains(LISTED) { serde_json::from_str(document) } else { Ok(Self::default()) }
    }

    /// Those that are asked before the change.
    pub fn before(&self, phase: Phase) -> impl Iterator<Item = &Hook> {
        self.logical_hook_list.iter().filter(move |hook| hook.phases.contains(&phase))
    }

    /// Those that run once it is made.
    pub fn after(&self, phase: Phase) -> impl Iterator<Item = &Hook> {
        self.post_logical_hook_list.iter().filter(move |hook| hook.phases.contains(&phase))
    }

    /// Whether there are any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.logical_hook_list.is_empty() && self.post_logical_hook_list.is_empty()
    }
}

/// Whether any template has hooks.
#[must_use]
pub fn are_there(state: &State) -> bool {
    let versions = state.templates.blueprints.values().flat_map(|blueprint| blueprint.versions.values());
    versions.map(Arc::as_ref).any(|version| version.definition.document.contains(LISTED))
}
