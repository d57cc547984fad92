//! Items as the state holds them.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::context::Principal;
use crate::ids::{BlueprintId, CommentId, FieldId, FileId, ItemId, KeyId, Position, SeriesId, StepId, TemplateId};
use crate::personal::Personal;
use crate::sync::{SyncKey, SyncSource};
use crate::time::Timestamp;
use crate::value::Value;

/// All items, deleted ones left out.
#[derive(Debug, Clone, Default)]
pub struct Items {
    /// By id.
    pub by_id: OrdMap<ItemId, Arc<Item>>,
    /// Ids of each blueprint's items.
    pub by_blueprint: OrdMap<BlueprintId, OrdSet<ItemId>>,
    /// Who refers to an item, and through which stored field: the source of all computed back-references.
    pub referrers: OrdMap<ItemId, OrdSet<(FieldId, ItemId)>>,
    /// Who holds a file or a series, and in which stored field.
    pub holders: OrdMap<Held, OrdSet<(FieldId, ItemId)>>,
    /// Govern items with children still to be governed, worked off by the system in order; and the child that was last.
    pub pending: OrdMap<ItemId, Option<SyncKey>>,
    /// Edited templates with items still to follow, worked off by the system in order.
    pub following: OrdMap<TemplateId, Following>,
    /// The last id handed out.
    pub last_item: u32,
    /// The last comment id handed out.
    pub last_comment: u32,
    /// What was said about an item, deleted comments left out.
    pub comments: OrdMap<(ItemId, CommentId), Arc<Comment>>,
    /// The Markdown pages of items.
    pub pages: OrdMap<ItemId, Arc<Page>>,
}

impl Items {
    /// Whether the system has something to work off.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty() || !self.following.is_empty()
    }
}

/// Something beside items that a field can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// An uploaded file.
    File(FileId),
    /// A time series.
    Series(SeriesId),
}

impl Held {
    /// All of them in a value.
    pub fn of(value: &Value) -> impl Iterator<Item = Self> {
        value.scalars().filter_map(|scalar| match scalar {
            Value::File(file) => Some(Self::File(*file)),
            Value::Series(series) => Some(Self::Series(*series)),
            _ => None,
        })
    }
}

/// How far the items of an edited template have followed it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Following {
    /// Fields that it can no longer hold as they were.
    pub lost: Vec<FieldId>,
    /// The item that followed last.
    pub after: Option<ItemId>,
}

/// One comment.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// About which step; about the item when absent.
    pub step: Option<StepId>,
    /// What is said, as last edited.
    pub text: Personal,
    /// By whom.
    pub author: Principal,
    /// Through which impersonating key.
    pub via: Option<KeyId>,
    /// When it was said.
    pub at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// The event that added it.
    pub position: Position,
}

/// The Markdown page of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Markdown.
    pub text: Arc<str>,
    /// Who wrote it last.
    pub author: Principal,
    /// When.
    pub at: Timestamp,
    /// The event that set it.
    pub position: Position,
}

/// Anything governed or governable.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// What people call it.
    pub name: Arc<str>,
    /// A person chose the name: a rename of the source no longer changes it.
    pub is_named_by_person: bool,
    /// What it is an item of.
    pub template: TemplateId,
    /// Stored fields that hold something.
    pub fields: OrdMap<FieldId, Value>,
    /// In the order of the template's workflow.
    pub steps: Vec<Step>,
    /// Out of the daily lists, readable, not changeable.
    pub is_archived: bool,
    /// Not to be governed; children of a hidden item count as hidden too.
    pub is_hidden: bool,
    /// Where a synced item comes from.
    pub source: Option<Arc<SyncSource>>,
    /// What shall be governed below a govern item.
    pub children: ChildrenRules,
    /// The item's last event.
    pub position: Position,
    /// The item's first event.
    pub created: Position,
}

/// One step of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub id: StepId,
    /// Where it stands.
    pub status: StepStatus,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepStatus {
    /// NOT_STARTED.
    NotStarted,
    /// ONGOING.
    Ongoing,
    /// FINISHED.
    Finished,
    /// SKIPPED: passed while its condition hid it.
    Skipped,
}

/// Which children are governed with their parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChildRule {
    /// None.
    #[default]
    None,
    /// Those that exist at that moment.
    Existing,
    /// Those, and all that come later.
    All,
}

/// A rule per kind of child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChildrenRules {
    /// Bundles of a project.
    pub bundles: ChildRule,
    /// Saved models of a project.
    pub models: ChildRule,
    /// Versions of a model, and of the models governed with a project.
    pub model_versions: ChildRule,
}
