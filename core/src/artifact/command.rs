//! Wishes about items.

use std::sync::Arc;

use super::state::{ChildrenRules, StepStatus};
use crate::ids::{BlueprintId, CommentId, FieldId, ItemId, StepId, VersionId};
use crate::input::Input;

/// What can be asked of items.
#[derive(Debug, Clone)]
pub enum Command {
    /// Make an item; without a version the blueprint's only active one. Its steps are moved as by a Save.
    Create {
        blueprint: BlueprintId,
        version: Option<VersionId>,
        name: Arc<str>,
        fields: Vec<(FieldId, Input)>,
        steps: Vec<(StepId, StepStatus)>,
    },
    /// One Save: name, fields (`Null` clears) and step moves, all or nothing, the moves last and in workflow order.
    Save { item: ItemId, name: Option<Arc<str>>, fields: Vec<(FieldId, Input)>, steps: Vec<(StepId, StepStatus)> },
    /// Make a step ongoing.
    StartStep { item: ItemId, step: StepId },
    /// *Set as finished*.
    FinishStep { item: ItemId, step: StepId },
    /// A finished or skipped step is ongoing again.
    ReopenStep { item: ItemId, step: StepId },
    /// Make a govern item for a synced one.
    Govern(Govern),
    /// Work off pending children, and let items follow their edited templates; asked by the system only.
    GovernPending,
    /// Move an item to another version of its blueprint; what that takes from it is taken only when it is accepted.
    Migrate { item: ItemId, version: VersionId, accepts_loss: bool, rewrite: Option<Box<Rewrite>> },
    /// Hide with children.
    Hide { item: ItemId },
    /// Show again.
    Show { item: ItemId },
    /// Archive.
    Archive { item: ItemId },
    /// Restore from the archive.
    Restore { item: ItemId },
    /// Delete.
    Delete { item: ItemId },
    /// Comment on an item or a step of it.
    Comment { item: ItemId, step: Option<StepId>, text: Arc<str> },
    /// Change what was said.
    EditComment { item: ItemId, comment: CommentId, text: Arc<str> },
    /// Take it back.
    DeleteComment { item: ItemId, comment: CommentId },
    /// Write the item's Markdown page.
    SetPage { item: ItemId, text: Arc<str> },
    /// Take the page away.
    RemovePage { item: ItemId },
}

/// What the script of a migration makes of the item; values that it takes away are losses that it accepts.
#[derive(Debug, Clone, Default)]
pub struct Rewrite {
    /// Its name, when it is another.
    pub name: Option<Arc<str>>,
    /// Its fields that are others; `Null` clears.
    pub fields: Vec<(FieldId, Input)>,
    /// Moves of its steps, as by a Save.
    pub steps: Vec<(StepId, StepStatus)>,
}

/// How a synced item is to be governed.
#[derive(Debug, Clone)]
pub struct Govern {
    /// The synced item.
    pub source: ItemId,
    /// A version of the govern blueprint; needed only when several are active.
    pub version: Option<VersionId>,
    /// What is governed below it.
    pub children: ChildrenRules,
    /// Govern ungoverned parents in the same command.
    pub with_parents: bool,
    /// Attach to this govern item instead of making one.
    pub attach_to: Option<ItemId>,
    /// The business initiative of a project.
    pub initiative: Option<ItemId>,
}
