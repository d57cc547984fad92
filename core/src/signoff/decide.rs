use super::{Command, Event};
use crate::draft::Draft;
use crate::ids::ItemId;
use crate::time::Timestamp;
use crate::timer::Timer;

crate::rejections! {
    /// The step of this item has no sign-off.
    Missing SignoffNotFound { step: crate::ids::StepId } = "signoff_not_found", "step {step} has no sign-off";
}

pub(crate) fn decide(_draft: &mut Draft<'_>, _command: &Command) -> Result<(), crate::Rejection> {
    Ok(())
}

/// A timer is due: what it stands for happens, unless the sign-off is no longer approved.
pub(crate) fn fire(_draft: &mut Draft<'_>, _timer: &Timer, _due: Timestamp) {}

/// A new item gets the sign-offs of its template's steps, in workflow order.
pub(crate) fn open_all(draft: &mut Draft<'_>, item: ItemId) {
    let state = draft.state();
    let Some(found) = state.items.by_id.get(&item) else { return };
    let template = &found.template;
    let version =
        state.templates.blueprints.get(&template.blueprint).and_then(|found| found.versions.get(&template.version));
    let Some(version) = version.cloned() else { return };
    for step in &version.definition.steps {
        if let Some(configured_at) = version.configured.get(&step.id) {
            let step = step.id.clone();
            draft.emit(Event::SignoffOpened { item, step, configured_at: *configured_at });
        }
    }
}
