//! `0x02__`, and comments and pages of `0x06__`. Since 0.1.

use super::super::macros::{events, frozen, words};
use super::super::wire::{Ar, Co, Sealed};
use super::pieces::TemplateIdV1;
use super::value::{FieldChangeV1, FieldV1};
use crate::artifact::{ChildRule, ChildrenRules, Event};

frozen! {
    /// Which children are governed with their parent, in words.
    ChildrenRulesV1 for ChildrenRules { bundles: String, models: String, model_versions: String }
}

words! {
    ChildRule "a rule for children" { None "NONE", Existing "EXISTING", All "ALL" }
}

events! { Event in Item;
    /// A person made an item of a template.
    0x0201 1 ItemCreated => ItemCreatedV1 { item: Ar, template: TemplateIdV1, name: String, fields: Vec<FieldV1> }
    /// A govern item was made for a synced one.
    0x0202 1 ItemGoverned => ItemGovernedV1 {
        item: Ar,
        source: Ar,
        template: TemplateIdV1,
        name: String,
        fields: Vec<FieldV1>,
        children: ChildrenRulesV1,
    }
    /// One more source for an existing govern item.
    0x0203 1 ItemAttached => ItemAttachedV1 { item: Ar, source: Ar, children: ChildrenRulesV1 }
    /// Not to be governed.
    0x0204 1 ItemHidden => ItemHiddenV1 { item: Ar }
    /// To be governed after all.
    0x0205 1 ItemShown => ItemShownV1 { item: Ar }
    /// Fields changed, these only.
    0x0206 1 FieldsEdited => FieldsEditedV1 { item: Ar, changes: Vec<FieldChangeV1> }
    /// Renamed, by a person or because its source was.
    0x0207 1 ItemRenamed => ItemRenamedV1 { item: Ar, old: String, new: String, by_person: bool }
    /// Out of the daily lists.
    0x0208 1 ItemArchived => ItemArchivedV1 { item: Ar }
    /// Back in the daily lists.
    0x0209 1 ItemRestored => ItemRestoredV1 { item: Ar }
    /// Gone, but for its history.
    0x020a 1 ItemDeleted => ItemDeletedV1 { item: Ar }
    /// It is of another version now, or follows its edited one: steps with the same id keep their state, and these
    /// values are gone.
    0x020b 1 ItemMigrated => ItemMigratedV1 {
        item: Ar,
        from: TemplateIdV1,
        to: TemplateIdV1,
        dropped: Vec<FieldChangeV1>,
    }
    /// Work on a step began.
    0x020c 1 StepStarted => StepStartedV1 { item: Ar, step: String }
    /// A step is done.
    0x020d 1 StepFinished => StepFinishedV1 { item: Ar, step: String }
    /// A finished or skipped step is ongoing again, or not started.
    0x020e 1 StepReopened => StepReopenedV1 { item: Ar, step: String, is_ongoing: bool }
    /// The workflow passed a step that its condition hides.
    0x020f 1 StepSkipped => StepSkippedV1 { item: Ar, step: String }
    /// The workflow passed a hidden step whose mandatory sign-off is not approved.
    0x0210 1 SignoffPassedOver => SignoffPassedOverV1 { item: Ar, step: String }
    /// The item's Markdown page says this now.
    0x0603 1 PageSet => PageSetV1 { item: Ar, text: String }
    /// The item has no page any more.
    0x0604 1 PageRemoved => PageRemovedV1 { item: Ar }
    /// Somebody said something about an item, or one of its steps.
    0x0608 1 CommentAdded => CommentAddedV1 { item: Ar, comment: Co, step: Option<String>, text: Sealed }
    /// Its author, or an administrator, changed what was said.
    0x0609 1 CommentEdited => CommentEditedV1 { item: Ar, comment: Co, text: Sealed }
    /// Its author, or an administrator, took it back.
    0x060a 1 CommentDeleted => CommentDeletedV1 { item: Ar, comment: Co }
}
