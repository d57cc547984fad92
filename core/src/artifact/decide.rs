//! Decides the wishes about items.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rights::{changeable, own};
use super::{Command, Event, edit, follow, govern, talk, workflow};
use crate::access::may::{Action, Subject, allows};
use crate::draft::{COMMAND_EVENTS_MAX, Draft};
use crate::ids::{BlueprintId, CommentId, FieldId, ItemId, StepId};
use crate::rejection::{FieldProblems, common};
use crate::value::Value;

/// How many items a refusal names.
const NAMED_MAX: usize = 20;

crate::rejections! {
    /// A save is validated whole; every field that is wrong is named and nothing is saved.
    Input FieldsInvalid { problems: FieldProblems } = "fields_invalid", "{problems}";
    /// Items of locked blueprints come from nodes; people do not make, change or delete them.
    State BlueprintLocked { blueprint: BlueprintId } = "blueprint_locked", "items of {blueprint} are not for people to make or change";
    /// An archived item is readable and not changeable.
    State ItemArchived { item: ItemId } = "item_archived", "{item} is archived";
    /// Only an active version of a blueprint can be applied.
    State VersionNotActive { blueprint: BlueprintId } = "version_not_active", "{blueprint} has no such active version";
    /// With several active versions the template has to be named.
    Input TemplateNeeded { blueprint: BlueprintId } = "template_needed", "{blueprint} has several active versions; name one";
    /// The item's workflow has no such step.
    Missing StepUnknown { item: ItemId, step: StepId } = "step_unknown", "{item} has no step {step}";
    /// A step that its condition hides cannot be worked on.
    State StepHidden { step: StepId } = "step_hidden", "the step {step} is hidden by its condition";
    /// Only the ongoing step, or the first unstarted one when none is ongoing, can be set as finished.
    State StepNotOngoing { step: StepId } = "step_not_ongoing", "the step {step} is not ongoing";
    /// A step is started when no other is ongoing.
    State AnotherStepOngoing { step: StepId, ongoing: StepId } = "another_step_ongoing", "{step} cannot start while {ongoing} is ongoing";
    /// Steps are started in workflow order.
    State StepOutOfOrder { step: StepId } = "step_out_of_order", "a step before {step} is not started";
    /// A finished or skipped step is reopened, not started.
    State StepAlreadyDone { step: StepId } = "step_already_done", "the step {step} is done; reopen it";
    /// Only a finished or skipped step can be reopened.
    State StepNotFinished { step: StepId } = "step_not_finished", "the step {step} is not finished";
    /// Steps are skipped by the workflow alone, when a condition hides them.
    Input StepStatusInvalid { step: StepId } = "step_status_invalid", "the step {step} cannot be set to SKIPPED";
    /// A mandatory sign-off has to be approved before its step, or a later one, is finished.
    State SignoffNotApproved { step: StepId, status: &'static str } = "signoff_not_approved", "the sign-off of {step} is {status}, not APPROVED";
    /// Projects, bundles, saved models and their versions can be governed and hidden.
    State NotGovernable { item: ItemId } = "not_governable", "{item} is nothing that can be governed";
    /// A synced item has at most one govern item.
    State AlreadyGoverned { source_item: ItemId, item: ItemId } = "already_governed", "{source_item} is governed by {item}";
    /// What an item lies in has to be governed first.
    State ParentNotGoverned { source_item: ItemId } = "parent_not_governed", "what {source_item} lies in is not governed";
    /// A hidden item is not to be governed until it is shown again.
    State ItemHidden { item: ItemId } = "item_hidden", "{item} is hidden, or lies in something hidden";
    /// A child of a hidden item shows when its parent is shown.
    State HiddenByParent { item: ItemId } = "hidden_by_parent", "{item} lies in something hidden";
    /// What its node no longer has cannot be governed.
    State SourceGone { item: ItemId } = "source_gone", "the node of {item} no longer has it";
    /// A project is attached to a govern project, under that one's template.
    Input AttachNotPossible { item: ItemId } = "attach_not_possible", "nothing of this kind can be attached to {item}";
    /// A govern project has a business initiative; nothing else has.
    Input InitiativeNotPossible { item: ItemId } = "initiative_not_possible", "{item} is no business initiative, or what is governed is no project";
    /// Rules for children are for the kinds of children that there are.
    Input ChildrenNotPossible { item: ItemId } = "children_not_possible", "{item} has no such children";
    /// What is governed has governed parents: what is below goes first, or the item is archived instead.
    State GovernsBelow { item: ItemId, below: String } = "governs_below", "{item} cannot be deleted while {below} governed below it";
    /// An item that moves to another template loses nothing unless that is accepted.
    State MigrationLoses { item: ItemId, loss: String } = "migration_loses", "{item} cannot move as it is: {loss}";
    /// A comment says something.
    Input CommentEmpty = "comment_empty", "the comment is empty";
    /// A comment is changed and deleted by its author, or by an administrator of the instance.
    Permission CommentOfAnother { comment: CommentId } = "comment_of_another", "{comment} is somebody else's";
    /// A hook of the item's template may refuse any change, in its own words.
    Input HookRefused { item: ItemId, hook: Arc<str>, message: String, problems: FieldProblems } = "hook_refused", "the hook {hook:?} of {item}'s template refuses: {message}{problems}";
    /// A hook that gives no answer refuses the change.
    State HookFailed { item: ItemId, hook: Arc<str>, why: String } = "hook_failed", "the hook {hook:?} of {item}'s template failed: {why}";
    /// A migration whose script gives no answer, or none that can be followed, is not made.
    State MigrationFailed { item: ItemId, path: Arc<str>, why: String } = "migration_failed", "the migration {path:?} of {item} failed: {why}";
    /// A migration by script is not made without its script.
    State MigrationScriptOff { item: ItemId, path: Arc<str> } = "migration_script_off", "the migration {path:?} of {item} is by script, and this service runs none: switch on hooks.enabled, or take the script out of the version";
    /// A page says something; one that shall say nothing is removed.
    Input PageEmpty = "page_empty", "the page is empty";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    match command {
        Command::Create { blueprint, version, name, fields, steps } => {
            edit::create(draft, (blueprint, version.as_ref()), name, fields, steps)
        }
        Command::Save { item, name, fields, steps } => edit::save(draft, *item, name.as_ref(), fields, steps),
        Command::StartStep { item, step } => {
            changeable(draft, *item)?;
            Ok(workflow::start(draft, *item, step)?)
        }
        Command::FinishStep { item, step } => {
            changeable(draft, *item)?;
            Ok(workflow::finish(draft, *item, step)?)
        }
        Command::ReopenStep { item, step } => {
            changeable(draft, *item)?;
            Ok(workflow::reopen(draft, *item, step)?)
        }
        Command::Govern(wish) => govern::govern(draft, wish),
        Command::GovernPending => govern::govern_pending(draft),
        Command::Migrate { item, version, accepts_loss, rewrite } => {
            follow::migrate(draft, *item, version, *accepts_loss, rewrite.as_deref())
        }
        Command::Hide { item } => govern::hide(draft, *item),
        Command::Show { item } => govern::show(draft, *item),
        Command::Archive { item } => archive(draft, *item, true),
        Command::Restore { item } => archive(draft, *item, false),
        Command::Delete { item } => delete(draft, *item),
        Command::Comment { item, step, text } => talk::comment(draft, *item, step.as_ref(), text),
        Command::EditComment { item, comment, text } => talk::edit_comment(draft, *item, *comment, text),
        Command::DeleteComment { item, comment } => talk::delete_comment(draft, *item, *comment),
        Command::SetPage { item, text } => talk::set_page(draft, *item, text),
        Command::RemovePage { item } => talk::remove_page(draft, *item),
    }
}

fn archive(draft: &mut Draft<'_>, item: ItemId, is_archived: bool) -> Result<(), crate::Rejection> {
    let found = own(draft, item, Action::Write)?;
    if found.is_archived != is_archived {
        draft.emit(if is_archived { Event::ItemArchived { item } } else { Event::ItemRestored { item } });
    }
    Ok(())
}

// References to the item are cleared by events of their own, so that nobody is left referring to nothing and the
// timelines of those items tell why.
fn delete(draft: &mut Draft<'_>, item: ItemId) -> Result<(), crate::Rejection> {
    own(draft, item, Action::Delete)?;
    refuse_governing(draft, item)?;
    let referrers = draft.state().items.referrers.get(&item).cloned().unwrap_or_default();
    if referrers.len() >= COMMAND_EVENTS_MAX {
        return Err(common::Rejection::TooManyEvents { events: referrers.len().saturating_add(1) }.into());
    }
    let mut fields: BTreeMap<ItemId, Vec<FieldId>> = BTreeMap::new();
    for (field, from) in referrers {
        fields.entry(from).or_default().push(field);
    }
    for (from, fields) in fields {
        let Some(from) = draft.state().items.by_id.get(&from).cloned() else { continue };
        for field in fields {
            let new = from.fields.get(&field).and_then(|held| without(held, item));
            edit::set_by_rule(draft, from.id, &field, new);
        }
    }
    draft.emit(Event::ItemDeleted { item });
    Ok(())
}

// Only what the actor may read is named; that there is something is no secret to who may delete the item.
fn refuse_governing(draft: &Draft<'_>, item: ItemId) -> Result<(), crate::Rejection> {
    let mut below = govern::governed_below(draft.state(), item).peekable();
    if below.peek().is_none() {
        return Ok(());
    }
    let principal = &draft.context().caller.principal;
    let readable = |child: &ItemId| allows(draft.state(), principal, Action::Read, Subject::Item(*child));
    let named: Vec<String> = below.filter(readable).take(NAMED_MAX).map(|child| child.to_string()).collect();
    let below = match named.as_slice() {
        [] => "something is".to_owned(),
        [one] => format!("{one} is"),
        several => format!("{} are", several.join(", ")),
    };
    Err(super::Rejection::GovernsBelow { item, below }.into())
}

fn without(held: &Value, item: ItemId) -> Option<Value> {
    let Value::List(values) = held else { return None };
    let left: Vec<_> = values.iter().filter(|value| **value != Value::Reference(item)).cloned().collect();
    (!left.is_empty()).then(|| Value::List(left.into()))
}
