//! Specs of rules: given a world, when somebody wishes something, then these events or that refusal.
//!
//! Real parts only: a [`World`] runs commands through [`crate::decide::handle`], with times and seeds that never vary.
//! A spec without `when` does not compile, because only what `when` gives has a `then`.
#![expect(clippy::panic, reason = "a broken spec should panic")]

pub mod walk;
mod world;

pub use world::{PROJECT, World};

use crate::command::Command;
use crate::context::Principal;
use crate::decide::Outcome;
use crate::ids::KeyId;
use crate::recorded::Recorded;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// Start of a spec.
#[derive(Debug)]
pub struct Spec;

impl Spec {
    /// Everything that happened before.
    pub fn given(world: World) -> Given {
        Given { world, principal: Principal::System, via: None }
    }
}

/// A world, and who is about to act in it.
#[derive(Debug)]
#[must_use = "a spec without `when` proves nothing"]
pub struct Given {
    world: World,
    principal: Principal,
    via: Option<KeyId>,
}

impl Given {
    /// The person of this login acts.
    pub fn as_user(mut self, login: &str) -> Self {
        self.principal = self.world.principal(login);
        self
    }

    /// This key acts.
    pub fn as_key(mut self, key: KeyId) -> Self {
        self.principal = Principal::Key(key);
        self
    }

    /// This one acts.
    pub fn as_principal(mut self, principal: Principal) -> Self {
        self.principal = principal;
        self
    }

    /// Countersign itself acts, as it does when nobody else is named.
    pub fn as_system(mut self) -> Self {
        self.principal = Principal::System;
        self
    }

    /// The actor is impersonated by this key.
    pub fn via(mut self, key: KeyId) -> Self {
        self.via = Some(key);
        self
    }

    /// It is this late now.
    pub fn at(mut self, at: Timestamp) -> Self {
        self.world.at = at;
        self
    }

    /// The wish.
    pub fn when(mut self, command: impl Into<Command>) -> When {
        let before = self.world.clone();
        let outcome = self.world.handle(&self.principal, self.via, &command.into());
        When { before, world: self.world, outcome }
    }
}

/// What came of a wish.
#[derive(Debug)]
#[must_use = "a spec without `then` proves nothing"]
pub struct When {
    before: World,
    world: World,
    outcome: Result<Outcome, Rejection>,
}

impl When {
    /// It is accepted and exactly this happens, by the names of events; gives the world after it.
    #[track_caller]
    pub fn then(self, names: &[&str]) -> World {
        let (events, world) = self.accepted();
        let actual: Vec<_> = events.iter().map(|recorded| name(&recorded.event)).collect();
        assert!(!names.is_empty(), "use then_already_so for a wish that makes no events");
        assert_eq!(actual, names);
        world
    }

    /// It is accepted; gives what happened and the world after it.
    #[track_caller]
    pub fn accepted(self) -> (Vec<Recorded>, World) {
        match self.outcome {
            Ok(outcome) => (outcome.events, self.world),
            Err(rejection) => panic!("refused with {}: {rejection}", rejection.code()),
        }
    }

    /// It is refused with this code; gives the world, unchanged.
    #[track_caller]
    pub fn then_rejected(self, code: &str) -> World {
        match self.outcome {
            Ok(outcome) => {
                let events: Vec<_> = outcome.events.iter().map(|recorded| name(&recorded.event)).collect();
                panic!("accepted with {events:?} instead of refused with {code}")
            }
            Err(rejection) => assert_eq!(rejection.code(), code, "{rejection}"),
        }
        self.before
    }

    /// The refusal, for a look at more than its code.
    #[track_caller]
    pub fn rejection(self) -> Rejection {
        match self.outcome {
            Ok(outcome) => panic!("accepted with {} events", outcome.events.len()),
            Err(rejection) => rejection,
        }
    }

    /// The wish was fulfilled before: it is accepted and nothing happens.
    #[track_caller]
    pub fn then_already_so(self) -> World {
        let (events, world) = self.accepted();
        let actual: Vec<_> = events.iter().map(|recorded| name(&recorded.event)).collect();
        assert!(actual.is_empty(), "expected no events, got {actual:?}");
        world
    }
}

/// The name of an event's type, as in the catalogue.
#[must_use]
pub fn name(event: &crate::event::Event) -> String {
    // The derived Debug form begins with the module's variant and then the type's name.
    let text = format!("{event:?}");
    let inner = text.split_once('(').map_or(text.as_str(), |(_, inner)| inner);
    inner.chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::{Spec, When, World, name};
    use crate::log::{Command, Event};
    use crate::signoff;

    fn refused() -> When {
        let wish = signoff::Command {
            item: crate::ids::ItemId(1),
            step: "review".into(),
            action: signoff::Action::ReturnToFeedback,
        };
        Spec::given(World::empty()).when(wish)
    }

    fn already_so() -> When {
        Spec::given(World::empty()).as_system().when(Command::FireDue)
    }

    #[test]
    fn each_outcome_satisfies_its_own_expectation() {
        refused().then_rejected("not_found");
        already_so().then_already_so();
        assert_eq!(refused().rejection().kind(), crate::RejectionKind::Missing);
    }

    #[test]
    #[should_panic(expected = "refused with not_found")]
    fn a_refusal_is_not_taken_for_already_so() {
        refused().then_already_so();
    }

    #[test]
    #[should_panic(expected = "refused with not_found")]
    fn a_refusal_is_not_taken_for_an_acceptance() {
        refused().then(&["SignoffReset"]);
    }

    #[test]
    #[should_panic(expected = "left")]
    fn another_code_is_not_taken_for_the_expected_one() {
        refused().then_rejected("forbidden");
    }

    #[test]
    #[should_panic(expected = "instead of refused")]
    fn already_so_is_not_taken_for_a_refusal() {
        already_so().then_rejected("forbidden");
    }

    #[test]
    #[should_panic(expected = "use then_already_so")]
    fn no_events_are_expected_by_then_already_so_only() {
        already_so().then(&[]);
    }

    #[test]
    fn an_event_is_named_as_in_the_catalogue() {
        let event = Event::LogCreated { log: crate::ids::LogId(uuid::Uuid::nil()), product: "".into() };
        assert_eq!(name(&event.into()), "LogCreated");
        let event = crate::access::Event::UserDisabled { user: crate::ids::UserId(1) };
        assert_eq!(name(&event.into()), "UserDisabled");
    }
}
