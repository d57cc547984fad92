//! Folds facts about settings.

use std::sync::Arc;

use super::Event;
use super::state::Setting;
use crate::recorded::Recorded;
use crate::state::State;

pub(crate) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    let Event::SettingsChanged { name, document } = event;
    crate::deploy::setting_changed(state, name, document.as_deref());
    let known = &mut state.settings.by_name;
    let Some(document) = document else {
        known.remove(name);
        return;
    };
    let changed = recorded.position;
    let created = known.get(name).map_or(changed, |known| known.created);
    known.insert(name.clone(), Arc::new(Setting { document: document.clone(), created, changed }));
}
