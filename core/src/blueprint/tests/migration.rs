//! What scripts make of items that move to another version.

use super::follow::{RESTEPPED, RETYPED, approved, filled, migrate, two};
use super::*;
use crate::access::{Assignment, Event as Access};
use crate::artifact::{Command as Wish, Rewrite, StepStatus};
use crate::context::Principal;
use crate::event::Event;
use crate::ids::StepId;
use crate::testing::name;
use crate::value::Value;

/// `notes` are gone, `remarks` are new and needed, `seats` became a list.
const RENAMED: &str = r#"{"name": "Car", "fieldDefinitions": {
    "remarks": {"fieldType": "TEXT", "required": true}, "seats": {"fieldType": "NUMBER", "listConfig": {}},
    "colours": {"fieldType": "CATEGORY", "categories": ["red", "blue"], "listConfig": {}}
}, "workflowDefinition": {"stepDefinitions": [{"id": "build"}, {"id": "review"}, {"id": "drive"}]}}"#;

fn rewritten(item: ItemId, fields: &[(&str, Input)], steps: &[(&str, StepStatus)]) -> Wish {
    let fields = fields.iter().map(|(field, input)| ((*field).into(), input.clone())).collect();
    let steps = steps.iter().map(|(step, status)| (StepId::from(*step), *status)).collect();
    let rewrite = Rewrite { name: None, fields, steps };
    Wish::Migrate { item, version: "bv.two".into(), accepts_loss: false, rewrite: Some(Box::new(rewrite)) }
}

fn one(seats: f64) -> Input {
    Input::List(vec![Input::Number(seats)])
}

#[test]
fn a_script_moves_values_to_their_new_fields_and_its_part_is_told_as_countersign_s() {
    let mut world = world();
    let id = filled(&mut world);
    two(&mut world, RENAMED);
    let fields = [("notes", Input::Null), ("remarks", text("fast")), ("seats", one(5.0))];
    let mut wish = rewritten(id, &fields, &[("build", StepStatus::Finished)]);
    if let Wish::Migrate { rewrite: Some(rewrite), .. } = &mut wish {
        rewrite.name = Some("renamed".into());
    }
    let (events, world) = as_admin(world).when(wish.clone()).accepted();
    let names: Vec<_> = events.iter().map(|recorded| name(&recorded.event)).collect();
    let expected = ["ItemMigrated", "FieldsEdited", "ItemRenamed", "StepStarted", "StepFinished", "StepStarted"];
    assert_eq!(names, expected);
    let admin = world.admin();
    assert_eq!(
        (&events[0].actor, &events[1].actor, &events[2].actor),
        (&admin, &Principal::System, &Principal::System)
    );
    let Event::Item(artifact::Event::ItemMigrated { dropped, .. }) = &events[0].event else { panic!("{events:?}") };
    assert_eq!(dropped.iter().map(|change| change.field.as_str()).collect::<Vec<_>>(), ["notes", "seats"]);
    let held = item(&world, id);
    assert_eq!((&*held.name, held.fields.contains_key("notes")), ("renamed", false));
    assert_eq!(held.fields["remarks"], Value::Text("fast".into()));
    assert_eq!(held.fields["seats"], Value::List([Value::Number(5.0)].into()));
    assert_eq!(steps(&world, id), ["build Finished", "review Ongoing", "drive NotStarted"]);
    let _ = as_admin(world).when(wish).then_already_so();
}

#[test]
fn what_a_script_leaves_where_it_cannot_stay_or_leaves_out_is_named() {
    let mut world = world();
    let id = filled(&mut world);
    two(&mut world, RENAMED);
    let rejection = as_admin(world.clone()).when(rewritten(id, &[], &[])).rejection();
    assert_eq!(rejection.code(), "fields_invalid");
    let problems: Vec<_> = rejection.fields().iter().map(|one| (one.field.as_str(), one.code)).collect();
    assert_eq!(problems, [("notes", "unknown_field"), ("seats", "list_expected"), ("remarks", "required")]);
    let wrong = [("notes", Input::Null), ("remarks", Input::Number(1.0)), ("seats", one(5.0)), ("none", text("x"))];
    let rejection = as_admin(world).when(rewritten(id, &wrong, &[])).rejection();
    let problems: Vec<_> = rejection.fields().iter().map(|one| (one.field.as_str(), one.code)).collect();
    assert_eq!(problems, [("remarks", "wrong_type"), ("none", "unknown_field")]);
}

#[test]
fn what_a_script_leaves_stays_as_far_as_the_version_can_hold_it() {
    let mut world = world();
    let id = filled(&mut world);
    // Text becomes a category of the same word; a number above its new bound is looked at when somebody next saves it.
    let document = RETYPED.replace(
        r#""notes": {"fieldType": "NUMBER"}"#,
        r#""notes": {"fieldType": "CATEGORY", "categories": ["fast"]}"#,
    );
    two(&mut world, &document);
    // What the item does not hold may be taken away.
    let world =
        as_admin(world).when(rewritten(id, &[("none", Input::Null)], &[])).then(&["ItemMigrated", "FieldsEdited"]);
    let held = item(&world, id);
    assert_eq!((&held.fields["notes"], &held.fields["seats"]), (&Value::Category("fast".into()), &Value::Number(5.0)));
}

#[test]
fn steps_with_work_on_them_go_only_when_that_is_accepted_and_sign_offs_hold_scripts_back() {
    let mut world = world();
    let id = filled(&mut world);
    approved(&mut world, id);
    two(&mut world, RESTEPPED);
    let admin = world.admin();
    world.run(&admin, configure("bv.two", "plan", by_approvers()));
    let mut wish = rewritten(id, &[], &[]);
    let rejection = as_admin(world.clone()).when(wish.clone()).rejection();
    assert!(rejection.to_string().contains("the step review of 1 items"), "{rejection}");
    if let Wish::Migrate { accepts_loss, rewrite: Some(rewrite), .. } = &mut wish {
        *accepts_loss = true;
        rewrite.steps = vec![("plan".into(), StepStatus::Finished)];
    }
    let world = as_admin(world).when(wish.clone()).then_rejected("signoff_not_approved");
    if let Wish::Migrate { rewrite: Some(rewrite), .. } = &mut wish {
        rewrite.steps = vec![("none".into(), StepStatus::Finished)];
    }
    let world = as_admin(world).when(wish.clone()).then_rejected("step_unknown");
    if let Wish::Migrate { rewrite: Some(rewrite), .. } = &mut wish {
        rewrite.steps = vec![("plan".into(), StepStatus::Ongoing)];
    }
    let world = as_admin(world).when(wish).then(&["ItemMigrated", "SignoffOpened", "StepStarted"]);
    assert_eq!(steps(&world, id), ["plan Ongoing", "build Finished", "drive NotStarted"]);
}

#[test]
fn a_script_decides_who_is_who_only_for_who_may_do_that() {
    let mut world = world();
    let cora = world.user_in("cora", &["contributors"]);
    let admin = world.admin();
    let role = |group: &str, role: &str, fields| Assignment {
        containers: vec![Container::Group(group.into())],
        fields,
        ..Assignment::of(role)
    };
    let assignments = vec![role("contributors", "ro.contributor", vec!["owner".into()])];
    let set = Access::AssignmentsSet { blueprint: BLUEPRINT.into(), item: None, assignments, document: None };
    world.happened(&admin, set);
    let id = filled(&mut world);
    let owned = FIELDS.replace(r#""seats""#, r#""owner": {"fieldType": "REFERENCE"}, "seats""#);
    two(&mut world, &owned);
    let wish = rewritten(id, &[("owner", text(&world.state.access.users[&cora].item.to_string()))], &[]);
    let world = Spec::given(world).as_user("cora").when(wish.clone()).then_rejected("forbidden");
    let world = Spec::given(world)
        .as_user("cora")
        .when(rewritten(id, &[("notes", text("x"))], &[]))
        .then(&["ItemMigrated", "FieldsEdited"]);
    assert_eq!(item(&world, id).fields["notes"], Value::Text("x".into()));
}

#[test]
fn a_script_gives_nobody_the_right_to_move_an_item() {
    let mut world = world();
    let id = filled(&mut world);
    two(&mut world, FIELDS);
    let world = Spec::given(world).as_user("rob").when(rewritten(id, &[], &[])).then_rejected("forbidden");
    let admin = world.admin();
    let world = Spec::given(world).as_principal(admin).when(migrate(id, "bv.two", false)).then(&["ItemMigrated"]);
    let _ = as_admin(world).when(rewritten(id, &[("notes", text("x"))], &[])).then_already_so();
}
