//! One consistent position: the state and every view of it.

use std::sync::Arc;

use countersign_core::ids::Position;
use countersign_core::{Recorded, State, evolve};

use crate::views::Views;

/// State and views at one position. Immutable once published: a request reads one of these and nothing else.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The state after [`Snapshot::position`].
    pub state: State,
    /// Every view after it.
    pub views: Views,
}

impl Snapshot {
    /// The last event in it.
    #[must_use]
    pub fn position(&self) -> Position {
        self.state.head
    }

    /// One event further, from the log.
    pub fn fold(&mut self, event: &Recorded) {
        evolve(&mut self.state, event);
        self.views.apply(event, &self.state);
    }

    /// One event further, with the state that the engine has after it already.
    pub fn advance(&mut self, event: &Recorded, state: State) {
        self.state = state;
        self.views.apply(event, &self.state);
    }

    /// To be shared.
    #[must_use]
    pub fn shared(&self) -> Arc<Self> {
        Arc::new(self.clone())
    }
}
