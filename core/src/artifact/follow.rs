//! Items follow their template: into another version of it, or when the version itself was edited.
//!
//! An edited version leaves its items as they are and notes that they have to follow; they do so one by one, each by
//! an event of its own, as many as fit in the command and the others by the system right after it. Until then an item
//! has the steps and the values it had. INVARIANT (following): a template stands in `following` exactly while one of
//! its items has other steps than it, or a value in a lost field that it cannot hold.

use std::ops::Bound;

use super::command::Rewrite;
use super::edit::{self, choose, split, version_of};
use super::index::{change, set_field};
use super::rights::{is_people_field, own, refuse_archived};
use super::state::{Following, Item, Step, StepStatus};
use super::{Event, Rejection, workflow};
use crate::access::may::{Action, Subject};
use crate::access::require::require;
use crate::blueprint::{Definition, Loss, dropped, lost_fields};
use crate::draft::{COMMAND_EVENTS_MAX, Draft};
use crate::ids::{FieldId, ItemId, TemplateId, VersionId};
use crate::input::Input;
use crate::recorded::Recorded;
use crate::signoff;
use crate::state::State;
use crate::value::FieldChange;

/// Most items that follow an edited template in one command.
pub const FOLLOWED_MAX: usize = 50;
/// How much of a command's events is kept free for the one item that follows.
const EVENTS_RESERVED: usize = 60;

/// Moves an item to another version of its blueprint, and makes of it there what a script wants.
pub(super) fn migrate(
    draft: &mut Draft<'_>,
    item: ItemId,
    version: &VersionId,
    accepts_loss: bool,
    rewrite: Option<&Rewrite>,
) -> Result<(), crate::Rejection> {
    let found = own(draft, item, Action::Write)?;
    if found.template.version == *version {
        return Ok(());
    }
    refuse_archived(&found)?;
    let to = choose(draft.state(), &found.template.blueprint, Some(version))?;
    let from = version_of(draft.state(), &found)?;
    let lost = lost_fields(&from.definition, &to.definition);
    let mut loss = Loss::of_item(draft.state(), &found, &to.definition, &lost);
    if rewrite.is_some() {
        // A script takes values away itself; those that it leaves where they cannot stay are refused below.
        loss.fields.clear();
    }
    if !loss.is_nothing() && !accepts_loss {
        return Err(Rejection::MigrationLoses { item, loss: loss.to_string() }.into());
    }
    let gone = dropped(&found, &to.definition, &lost);
    // Asked beforehand: who is made somebody by a script had no say in that.
    let may_change_people = require(draft, Action::Admin, Subject::Item(item));
    let decides_people =
        |draft: &Draft<'_>, change: &FieldChange| is_people_field(draft.state(), &from, &change.field, true);
    if gone.iter().any(|change| decides_people(draft, change)) {
        may_change_people.clone()?;
    }
    follow(draft, &found, &to.id, gone.clone());
    if let Some(rewrite) = rewrite {
        let wanted = wanted(draft.state(), &found, rewrite, &gone);
        let changes = edit::write_for_script(draft, item, rewrite.name.as_ref(), &wanted)?;
        if changes.iter().any(|change| decides_people(draft, change)) {
            may_change_people?;
        }
    }
    signoff::open_unstarted(draft, item);
    // After the sign-offs: a step that a script passes is held back by its sign-off as any other.
    Ok(workflow::move_steps(draft, item, rewrite.map_or(&[], |rewrite| &rewrite.steps))?)
}

/// The fields that a script wants otherwise, without those that it takes away and that are gone already, and with the
/// values that it left where the new version cannot hold them as they are: perhaps it can as input.
fn wanted(state: &State, before: &Item, rewrite: &Rewrite, gone: &[FieldChange]) -> Vec<(FieldId, Input)> {
    let is_held =
        |field: &FieldId| state.items.by_id.get(&before.id).is_some_and(|item| item.fields.contains_key(field));
    let is_left = |field: &&FieldId| rewrite.fields.iter().all(|(given, _)| given != *field);
    let mut all = rewrite.fields.clone();
    all.retain(|(field, input)| *input != Input::Null || is_held(field));
    let left = gone.iter().map(|change| &change.field).filter(is_left);
    all.extend(left.filter_map(|field| Some((field.clone(), before.fields.get(field)?.into()))));
    all
}

/// Lets items follow their edited templates, as many as one command may.
pub(crate) fn work_off(draft: &mut Draft<'_>) {
    for _ in 0..FOLLOWED_MAX {
        if draft.len().saturating_add(EVENTS_RESERVED) > COMMAND_EVENTS_MAX {
            return;
        }
        let state = draft.state();
        let next = state.items.following.iter().find_map(|(template, noted)| {
            let item = next(state, template, noted)?;
            let definition = &state.templates.version(template)?.definition;
            Some((template.clone(), item.clone(), dropped(item, definition, &noted.lost)))
        });
        let Some((template, item, gone)) = next else { return };
        follow(draft, &item, &template, gone);
    }
}

fn follow(draft: &mut Draft<'_>, item: &Item, to: &TemplateId, gone: Vec<FieldChange>) {
    let (id, from) = (item.id, item.template.clone());
    let mut parts = split(gone);
    let dropped = parts.pop().unwrap_or_default();
    for changes in parts {
        draft.emit(Event::FieldsEdited { item: id, changes });
    }
    draft.emit(Event::ItemMigrated { item: id, from, to: to.clone(), dropped });
}

fn next<'a>(state: &'a State, template: &TemplateId, noted: &Following) -> Option<&'a Item> {
    let definition = &state.templates.version(template)?.definition;
    let ids = state.items.by_blueprint.get(&template.blueprint)?;
    let after = noted.after.map_or(Bound::Unbounded, Bound::Excluded);
    let items = ids.range((after, Bound::Unbounded)).filter_map(|id| state.items.by_id.get(id));
    let has_to = |item: &&Item| item.template == *template && has_to_follow(item, definition, &noted.lost);
    items.map(|item| &**item).find(has_to)
}

fn has_to_follow(item: &Item, definition: &Definition, lost: &[FieldId]) -> bool {
    let steps = item.steps.iter().map(|step| &step.id);
    !steps.eq(definition.steps.iter().map(|step| &step.id)) || !dropped(item, definition, lost).is_empty()
}

/// A version was edited: its items have to follow.
pub(crate) fn begin(state: &mut State, template: &TemplateId, lost: &[FieldId]) {
    let noted = state.items.following.entry(template.clone()).or_default();
    let new = lost.iter().filter(|field| !noted.lost.contains(field)).cloned().collect::<Vec<_>>();
    noted.lost.extend(new);
    noted.after = None;
    settle_one(state, template);
}

/// Folds [`Event::ItemMigrated`].
pub(super) fn evolve(state: &mut State, recorded: &Recorded, item: ItemId, to: &TemplateId, dropped: &[FieldChange]) {
    for change in dropped {
        set_field(state, item, &change.field, None);
    }
    let Some(found) = state.items.by_id.get(&item) else { return };
    let before = found.steps.clone();
    let status = |id| before.iter().find(|step| step.id == id).map_or(StepStatus::NotStarted, |step| step.status);
    let new = super::evolve::new_steps(state, to);
    let steps: Vec<_> = new.into_iter().map(|step| Step { status: status(step.id.clone()), id: step.id }).collect();
    for gone in before.iter().filter(|gone| steps.iter().all(|step| step.id != gone.id)) {
        let key = signoff::SignoffKey { item, step: gone.id.clone() };
        signoff::retire(state, key, recorded.recorded_at);
    }
    change(state, item, |item| {
        item.template = to.clone();
        item.steps = steps;
    });
    if let Some(noted) = state.items.following.get_mut(to) {
        noted.after = noted.after.max(Some(item));
    }
    settle(state);
}

/// Keeps `following` true after an event that may have let the last item follow, or taken it away.
pub(super) fn settle(state: &mut State) {
    let noted: Vec<_> = state.items.following.keys().cloned().collect();
    for template in noted {
        settle_one(state, &template);
    }
}

fn settle_one(state: &mut State, template: &TemplateId) {
    let Some(noted) = state.items.following.get(template) else { return };
    if next(state, template, noted).is_none() {
        state.items.following.remove(template);
    }
}
