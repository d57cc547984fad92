//! What happens to sign-offs without anybody's wish: they open with their item, reset and expire by themselves.

use super::state::{SignoffKey, Status};
use super::{Event, latest_configuration};
use crate::artifact::{self, StepStatus};
use crate::draft::Draft;
use crate::ids::ItemId;
use crate::time::Timestamp;
use crate::timer::Timer;

/// A timer is due: what it stands for happens, unless the sign-off is no longer approved.
pub(crate) fn fire(draft: &mut Draft<'_>, timer: &Timer, due: Timestamp) {
    let (Timer::Reset(key) | Timer::Expiry(key)) = timer;
    let Some(signoff) = draft.state().signoffs.by_step.get(key).cloned() else { return };
    if signoff.status != Status::Approved {
        return;
    }
    let SignoffKey { item, step } = key.clone();
    match timer {
        Timer::Reset(_) => {
            let is_reloaded = signoff.recurrence.is_some_and(|recurrence| recurrence.reload);
            begin_cycle(draft, key, is_reloaded, Some(due));
        }
        Timer::Expiry(_) => draft.emit(Event::ApprovalExpired { item, step, due }),
    }
}

/// Resets; a finished step is ongoing again.
pub(super) fn begin_cycle(draft: &mut Draft<'_>, key: &SignoffKey, is_reloaded: bool, due: Option<Timestamp>) {
    let state = draft.state();
    let Some(signoff) = state.signoffs.by_step.get(key) else { return };
    let latest = if is_reloaded { latest_configuration(state, key) } else { None };
    let configured_at = latest.unwrap_or(signoff.configured_at);
    let steps = state.items.by_id.get(&key.item).map(|item| item.steps.as_slice()).unwrap_or_default();
    let is_finished = steps.iter().any(|step| step.id == key.step && step.status == StepStatus::Finished);
    let SignoffKey { item, step } = key.clone();
    draft.emit(Event::SignoffReset { item, step: step.clone(), is_reloaded, configured_at, due });
    if is_finished {
        draft.emit(artifact::Event::StepReopened { item, step, is_ongoing: true });
    }
}

/// A new item gets the sign-offs of its template's steps, in workflow order.
pub(crate) fn open_all(draft: &mut Draft<'_>, item: ItemId) {
    open_where(draft, item, |_| true);
}

/// An item that moved to another template gets those of steps that have not begun. Where work has begun a sign-off
/// comes by a wish of its own: it would hold back what is done already.
pub(crate) fn open_unstarted(draft: &mut Draft<'_>, item: ItemId) {
    open_where(draft, item, |status| status == StepStatus::NotStarted);
}

fn open_where(draft: &mut Draft<'_>, item: ItemId, is_meant: impl Fn(StepStatus) -> bool) {
    let state = draft.state();
    let Some(found) = state.items.by_id.get(&item) else { return };
    let meant = found.steps.iter().filter(|step| is_meant(step.status));
    let keys: Vec<_> = meant.map(|step| SignoffKey { item, step: step.id.clone() }).collect();
    for key in keys {
        let is_open = draft.state().signoffs.by_step.contains_key(&key);
        if let Some(configured_at) = latest_configuration(draft.state(), &key).filter(|_| !is_open) {
            draft.emit(Event::SignoffOpened { item, step: key.step, configured_at });
        }
    }
}
