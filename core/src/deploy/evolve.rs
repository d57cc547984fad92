use super::Event;
use crate::state::State;

pub(crate) fn evolve(_state: &mut State, _event: &Event) {}
