//! What hooks propose about a command, and what they saw.

use super::*;
use crate::command::{Hooked, Proposal};
use crate::ids::Position;
use crate::testing::Spec;
use crate::{Command as Any, Event as AnyEvent};

fn proposal(item: ItemId, fields: &[(&str, Input)]) -> Proposal {
    Proposal { item, name: None, fields: given(fields) }
}

fn hooked(command: Command, seen: &[(ItemId, Option<Position>)], proposals: Vec<Proposal>) -> Any {
    Any::Hooked(Box::new(Hooked { command: command.into(), seen: seen.to_vec(), proposals }))
}

/// A govern project of Meg's.
fn project() -> (World, ItemId) {
    let mut world = world();
    let meg = world.principal("meg");
    world.run(&meg, super::create(GOVERN_PROJECT, &[]));
    let made = last(&world);
    (world, made)
}

#[test]
fn what_a_hook_wants_is_done_with_the_command_by_countersign_itself() {
    let (world, made) = project();
    let before = item(&world, made).position;
    let save = fill(made, &[("description", text("as typed"))]);
    let wanted = proposal(made, &[("description", text("as wanted"))]);
    let command = hooked(save, &[(made, Some(before))], vec![wanted]);
    let spec = Spec::given(world).as_user("meg").when(command);
    let (events, world) = spec.accepted();
    let [typed, wanted] = &*events else { panic!("{events:?}") };
    assert_eq!(typed.actor, world.principal("meg"));
    assert_eq!((&wanted.actor, wanted.causation), (&Principal::System, Some(typed.position)));
    assert_eq!(wanted.correlation, typed.correlation);
    assert_eq!(item(&world, made).fields[&FieldId::from("description")], Value::Text("as wanted".into()));
}

#[test]
fn a_hook_fills_what_the_command_makes() {
    let (world, made) = project();
    let next = ItemId(made.0 + 1);
    let make = super::create(GOVERN_PROJECT, &[]);
    let named = Proposal { name: Some("Named by rule".into()), ..proposal(next, &[("description", text("new"))]) };
    let command = hooked(make, &[(next, None)], vec![named]);
    let world = Spec::given(world).as_user("meg").when(command).then(&["ItemCreated", "FieldsEdited", "ItemRenamed"]);
    assert_eq!(&*item(&world, next).name, "Named by rule");
}

#[test]
fn a_hook_that_saw_another_state_is_asked_again() {
    let (world, made) = project();
    let seen = item(&world, made).position;
    let save = fill(made, &[("description", text("mine"))]);
    let world = Spec::given(world).as_user("meg").when(save.clone()).then(&["FieldsEdited"]);
    let outdated = hooked(save, &[(made, Some(seen))], Vec::new());
    let world = Spec::given(world).as_user("meg").when(outdated).then_rejected("hooks_outdated");
    let taken = hooked(super::create(GOVERN_PROJECT, &[]), &[(made, None)], Vec::new());
    let world = Spec::given(world).as_user("meg").when(taken).then_rejected("hooks_outdated");
    let unseen = hooked(super::create(GOVERN_PROJECT, &[]), &[], Vec::new());
    Spec::given(world).as_user("meg").when(unseen).then_rejected("hooks_outdated");
}

#[test]
fn a_proposal_that_cannot_be_refuses_the_whole_command() {
    let (world, made) = project();
    let seen = [(made, Some(item(&world, made).position))];
    let save = fill(made, &[("description", text("mine"))]);
    let wrong = proposal(made, &[("qualification_risk_rating", text("Enormous"))]);
    let command = hooked(save.clone(), &seen, vec![wrong]);
    let world = Spec::given(world).as_user("meg").when(command).then_rejected("fields_invalid");
    let gone = hooked(Command::Delete { item: made }, &seen, vec![proposal(made, &[])]);
    Spec::given(world).as_user("meg").when(gone).then_rejected("hooks_outdated");
}

#[test]
fn who_may_not_do_it_may_not_do_it_with_hooks_either() {
    let (world, made) = project();
    let seen = [(made, Some(item(&world, made).position))];
    let wanted = proposal(made, &[("description", text("new"))]);
    let command = hooked(fill(made, &[]), &seen, vec![wanted.clone()]);
    let world = Spec::given(world).as_user("rob").when(command.clone()).then_rejected("forbidden");
    let (events, _) = Spec::given(world).as_user("meg").when(command).accepted();
    assert!(
        matches!(&*events, [only] if matches!(&only.event, AnyEvent::Item(super::super::Event::FieldsEdited { .. })))
    );
}
