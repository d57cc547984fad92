//! What a command answers: its events and what it made, told from these events alone, so that a repeated request is
//! answered alike.

use std::sync::Arc;

use countersign_core::{Event, Recorded, access, artifact, blueprint, schema, series, signoff};
use serde::Serialize;
use utoipa::ToSchema;

use super::item::ItemShape;
use super::signoff::SignoffShape;

/// The events of a command and what it made.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandShape {
    /// The position of its last event; of the log, when there was nothing to do.
    pub position: u64,
    /// What happened; empty when the wish was already fulfilled.
    pub events: Vec<EventName>,
    /// The id of what was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The govern item that governs the source now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub govern_item: Option<String>,
    /// The review that was submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_id: Option<String>,
    /// What refers to an archived item, or referred to a deleted one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrers: Option<Vec<Referrer>>,
    /// The item after the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemShape>,
    /// The sign-off after the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signoff: Option<SignoffShape>,
    /// `hooks_off`: the template has hooks, or something is left to a script, and this service runs none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<&'static str>,
}

/// An item and its field that refers to another item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Referrer {
    /// Which item.
    pub item: String,
    /// Through which field.
    pub field: String,
}

/// One event of a command.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventName {
    /// Where it stands.
    pub position: u64,
    /// `StepFinished`, …
    pub r#type: String,
}

/// The names of events.
#[must_use]
pub fn names(events: &[Arc<Recorded>]) -> Vec<EventName> {
    let name = |recorded: &Arc<Recorded>| EventName {
        position: recorded.position.0,
        r#type: schema::event_name(&recorded.event).to_owned(),
    };
    events.iter().map(name).collect()
}

/// The id of what these events made: of the first thing, which is what was asked for.
#[must_use]
pub fn made(events: &[Arc<Recorded>]) -> Option<String> {
    events.iter().find_map(|recorded| match &recorded.event {
        Event::Item(artifact::Event::ItemCreated { item, .. }) => Some(item.to_string()),
        Event::Item(artifact::Event::CommentAdded { comment, .. }) => Some(comment.to_string()),
        Event::Template(blueprint::Event::BlueprintCreated { blueprint, .. }) => Some(blueprint.to_string()),
        Event::Template(blueprint::Event::VersionCreated { template, .. }) => Some(template.version.to_string()),
        Event::Access(access::Event::UserCreated { user, .. }) => Some(user.to_string()),
        Event::Access(access::Event::GroupCreated { group, .. }) => Some(group.to_string()),
        Event::Access(access::Event::RoleCreated { role, .. }) => Some(role.to_string()),
        Event::Access(access::Event::KeyCreated { key, .. }) => Some(key.to_string()),
        Event::Series(series::Event::FileUploaded { file, .. }) => Some(file.to_string()),
        Event::Series(series::Event::SeriesCreated { series }) => Some(series.to_string()),
        Event::Signoff(signoff::Event::ReviewSubmitted { review, .. }) => Some(review.to_string()),
        _ => None,
    })
}
