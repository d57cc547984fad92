use super::Event;
use crate::recorded::Recorded;
use crate::state::State;

pub(crate) fn evolve(_state: &mut State, _recorded: &Recorded, _event: &Event) {}
