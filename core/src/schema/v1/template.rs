//! `0x04__`. Since 0.1.

use std::sync::Arc;

use super::super::error::DecodeError;
use super::super::macros::{events, frozen, words};
use super::super::wire::{Freezing, Span, Thawing, Wire};
use super::pieces::{ContainerV1, RecurrenceV1, TemplateIdV1};
use crate::blueprint::{Configuration, Definition, Event, FeedbackGroup, VersionStatus};

frozen! {
    /// How a step is signed off.
    ConfigurationV1 for Configuration {
        title: String,
        description: String,
        mandatory: bool,
        groups: Vec<FeedbackGroupV1>,
        approvers: Vec<ContainerV1>,
        recurrence: Option<RecurrenceV1>,
        requester_may_not_approve: bool,
        reviewer_may_not_approve: bool,
        impersonation_refused: bool,
        approvals_needed: u32,
        approval_needed_from: Option<ContainerV1>,
        expires_after_millis: Option<Span>,
    }
    /// A group of reviewers of one sign-off.
    FeedbackGroupV1 for FeedbackGroup { id: String, title: String, members: Vec<ContainerV1> }
}

words! {
    VersionStatus "a status of a template" { Draft "DRAFT", Active "ACTIVE", Archived "ARCHIVED" }
}

impl Wire<Arc<Configuration>> for ConfigurationV1 {
    fn freeze(domain: &Arc<Configuration>, out: &mut Freezing) -> Self {
        Wire::<Configuration>::freeze(domain, out)
    }

    fn thaw(self, from: &mut Thawing) -> Result<Arc<Configuration>, DecodeError> {
        Wire::<Configuration>::thaw(self, from).map(Arc::new)
    }
}

/// A definition is stored as its document alone; everything else is parsed from there.
impl Wire<Arc<Definition>> for String {
    fn freeze(domain: &Arc<Definition>, _: &mut Freezing) -> Self {
        domain.document.as_ref().to_owned()
    }

    fn thaw(self, _: &mut Thawing) -> Result<Arc<Definition>, DecodeError> {
        Definition::parse(&self).map(Arc::new).map_err(DecodeError::Definition)
    }
}

events! { Event in Template;
    /// A kind of item exists.
    0x0401 1 BlueprintCreated => BlueprintCreatedV1 { blueprint: String, name: String, locked: bool, document: String }
    /// It is called otherwise, or looks otherwise.
    0x0402 1 BlueprintEdited => BlueprintEditedV1 { blueprint: String, name: String, document: String }
    /// It is gone, with its templates; it had no items.
    0x0403 1 BlueprintDeleted => BlueprintDeletedV1 { blueprint: String }
    /// A template exists, as a draft.
    0x0404 1 VersionCreated => VersionCreatedV1 { template: TemplateIdV1, origin: Option<String>, definition: String }
    /// A template says something else; its items follow, each by an event of its own, and lose what `lost` fields hold.
    0x0405 1 VersionEdited => VersionEditedV1 { template: TemplateIdV1, definition: String, lost: Vec<String> }
    /// A template became DRAFT, ACTIVE or ARCHIVED.
    0x0406 1 VersionStatusChanged => VersionStatusChangedV1 { template: TemplateIdV1, status: String }
    /// A template is gone; no item was of it.
    0x0407 1 VersionDeleted => VersionDeletedV1 { template: TemplateIdV1 }
    /// A step of a template has a sign-off, configured so.
    0x0408 1 SignoffConfigured => SignoffConfiguredV1 {
        template: TemplateIdV1,
        step: String,
        configuration: ConfigurationV1,
    }
    /// A step of a template has no sign-off any more, for items still to come.
    0x0409 1 SignoffConfigurationRemoved => SignoffConfigurationRemovedV1 { template: TemplateIdV1, step: String }
}
