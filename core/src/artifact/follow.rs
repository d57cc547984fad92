//! Items follow their template: into another version of it, or when the version itself was edited.
//!
//! An edited version leaves its items as they are and notes that they have to follow; they do so one by one, each by
//! an event of its own, as many as fit in the command and the others by the system right after it. Until then an item
//! has the steps and the values it had. INVARIANT (following): a template stands in `following` exactly while one of
//! its items has other steps than it, or a value in a lost field that it cannot hold.

use std::ops::Bound;

use super::edit::{choose, split, version_of};
use super::index::{change, set_field};
use super::rights::{is_people_field, own, refuse_archived, require};
use super::state::{Following, Item, Step, StepStatus};
use super::{Event, Rejection};
use crate::access::may::{Action, Subject};
use crate::blueprint::{Definition, Loss, dropped, lost_fields};
use crate::draft::{COMMAND_EVENTS_MAX, Draft};
use crate::ids::{FieldId, ItemId, TemplateId, VersionId};
use crate::recorded::Recorded;
use crate::signoff;
use crate::state::State;
use crate::value::FieldChange;

/// Most items that follow an edited template in one command.
pub const FOLLOWED_MAX: usize = 50;
/// How much of a command's events is kept free for the one item that follows.
const EVENTS_RESERVED: usize = 60;

/// Moves an item to another version of its blueprint.
pub(super) fn migrate(
    draft: &mut Draft<'_>,
    item: ItemId,
    version: &VersionId,
    accepts_loss: bool,
) -> Result<(), crate::Rejection> {
    let found = own(draft, item, Action::Write)?;
    if found.template.version == *version {
        return Ok(());
    }
    refuse_archived(&found)?;
    let to = choose(draft.state(), &found.template.blueprint, Some(version))?;
    let from = version_of(draft.state(), &found)?;
    let lost = lost_fields(&from.definition, &to.definition);
    let loss = Loss::of_item(draft.state(), &found, &to.definition, &lost);
    if !loss.is_nothing() && !accepts_loss {
        return Err(Rejection::MigrationLoses { item, loss: loss.to_string() }.into());
    }
    let gone = dropped(&found, &to.definition, &lost);
    if gone.iter().any(|change| is_people_field(draft.state(), &from, &change.field, true)) {
        require(draft, Action::Admin, Subject::Item(item))?;
    }
    follow(draft, &found, &to.id, gone);
    signoff::open_unstarted(draft, item);
    Ok(())
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
