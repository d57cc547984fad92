//! Facts about items and their workflows.

use std::sync::Arc;

use super::state::ChildrenRules;
use crate::ids::{CommentId, FieldId, ItemId, StepId, TemplateId};
use crate::personal::Personal;
use crate::value::{FieldChange, Value};

/// `0x02__`; comments and pages stand in the catalogue's group `0x06__`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A person made an item of a template.
    ItemCreated { item: ItemId, template: TemplateId, name: Arc<str>, fields: Vec<(FieldId, Value)> },
    /// A govern item was made for a synced one; `fields` hold its `dataiku_item` and its parent.
    ItemGoverned {
        item: ItemId,
        source: ItemId,
        template: TemplateId,
        name: Arc<str>,
        fields: Vec<(FieldId, Value)>,
        children: ChildrenRules,
    },
    /// One more source for an existing govern item, whose rules for children widen to these.
    ItemAttached { item: ItemId, source: ItemId, children: ChildrenRules },
    /// Not to be governed.
    ItemHidden { item: ItemId },
    /// To be governed after all.
    ItemShown { item: ItemId },
    /// Fields changed, these only.
    FieldsEdited { item: ItemId, changes: Vec<FieldChange> },
    /// Renamed, by a person or because its source was.
    ItemRenamed { item: ItemId, old: Arc<str>, new: Arc<str>, by_person: bool },
    /// Out of the daily lists.
    ItemArchived { item: ItemId },
    /// Back in them.
    ItemRestored { item: ItemId },
    /// Gone, but for its history.
    ItemDeleted { item: ItemId },
    /// Work on a step began.
    StepStarted { item: ItemId, step: StepId },
    /// A step is done.
    StepFinished { item: ItemId, step: StepId },
    /// A finished or skipped step is ongoing again, or not started.
    StepReopened { item: ItemId, step: StepId, is_ongoing: bool },
    /// The workflow passed a step that its condition hides.
    StepSkipped { item: ItemId, step: StepId },
    /// The workflow passed a hidden step whose mandatory sign-off is not approved.
    SignoffPassedOver { item: ItemId, step: StepId },
    /// It is of another version now, or follows its edited one: steps with the same id keep their state, and these
    /// values are gone.
    ItemMigrated { item: ItemId, from: TemplateId, to: TemplateId, dropped: Vec<FieldChange> },
    /// Somebody said something about an item, or one of its steps.
    CommentAdded { item: ItemId, comment: CommentId, step: Option<StepId>, text: Personal },
    /// Its author, or an administrator, changed what was said.
    CommentEdited { item: ItemId, comment: CommentId, text: Personal },
    /// Its author, or an administrator, took it back.
    CommentDeleted { item: ItemId, comment: CommentId },
    /// The item's Markdown page says this now.
    PageSet { item: ItemId, text: Arc<str> },
    /// The item has no page any more.
    PageRemoved { item: ItemId },
}

impl Event {
    /// The item it is about.
    #[must_use]
    pub fn item(&self) -> ItemId {
        match self {
            Self::ItemCreated { item, .. }
            | Self::ItemGoverned { item, .. }
            | Self::ItemAttached { item, .. }
            | Self::ItemHidden { item }
            | Self::ItemShown { item }
            | Self::FieldsEdited { item, .. }
            | Self::ItemRenamed { item, .. }
            | Self::ItemArchived { item }
            | Self::ItemRestored { item }
            | Self::ItemDeleted { item }
            | Self::StepStarted { item, .. }
            | Self::StepFinished { item, .. }
            | Self::StepReopened { item, .. }
            | Self::StepSkipped { item, .. }
            | Self::SignoffPassedOver { item, .. }
            | Self::ItemMigrated { item, .. }
            | Self::CommentAdded { item, .. }
            | Self::CommentEdited { item, .. }
            | Self::CommentDeleted { item, .. }
            | Self::PageSet { item, .. }
            | Self::PageRemoved { item } => *item,
        }
    }
}
