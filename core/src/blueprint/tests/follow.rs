//! What becomes of items when their template changes, and when they move to another.

use super::*;
use crate::access::{Assignment, Event as Access};
use crate::artifact::{Command as Wish, FOLLOWED_MAX};
use crate::context::Principal;
use crate::signoff::{self, Action, ApprovalStatus, Notify, SignoffKey, Status};
use crate::value::{FieldChange, OldValue, Value};

pub(super) const RETYPED: &str = r#"{"name": "Car", "fieldDefinitions": {
    "notes": {"fieldType": "NUMBER"}, "seats": {"fieldType": "NUMBER", "min": 1, "max": 2},
    "colours": {"fieldType": "CATEGORY", "categories": ["green"], "listConfig": {"cardinalityMax": 1}}
}, "workflowDefinition": {"stepDefinitions": [{"id": "build"}, {"id": "review"}, {"id": "drive"}]}}"#;
pub(super) const RESTEPPED: &str = r#"{"name": "Car", "fieldDefinitions": {
    "notes": {"fieldType": "TEXT"}, "seats": {"fieldType": "NUMBER"},
    "colours": {"fieldType": "CATEGORY", "categories": ["red", "blue"], "listConfig": {}}
}, "workflowDefinition": {"stepDefinitions": [{"id": "plan"}, {"id": "build"}, {"id": "drive"}]}}"#;

pub(super) fn filled(world: &mut World) -> ItemId {
    let colours = Input::List(vec![text("red"), text("blue")]);
    made(world, &[("notes", text("fast")), ("seats", Input::Number(5.0)), ("colours", colours)])
}

pub(super) fn migrate(item: ItemId, version: &str, accepts_loss: bool) -> Wish {
    Wish::Migrate { item, version: version.into(), accepts_loss, rewrite: None }
}

fn ask(item: ItemId, action: Action) -> signoff::Command {
    signoff::Command { item, step: "review".into(), action }
}

/// The item's step `build` is done, its sign-off `review` is approved by bo.
pub(super) fn approved(world: &mut World, item: ItemId) {
    let (admin, bo) = (world.admin(), world.principal("bo"));
    world.run(&admin, Wish::FinishStep { item, step: "build".into() });
    world.run(&admin, ask(item, Action::RequestApproval { notify: Notify::Stage }));
    world.run(&bo, ask(item, Action::SubmitApproval { status: ApprovalStatus::Approved, comment: None }));
}

/// A second active version.
pub(super) fn two(world: &mut World, document: &str) {
    let admin = world.admin();
    world.run(&admin, create("bv.two", document));
    world.run(&admin, status("bv.two", VersionStatus::Active));
}

#[test]
fn a_change_that_takes_values_is_refused_and_says_what_would_be_lost() {
    let mut world = world();
    let item_id = filled(&mut world);
    made(&mut world, &[]);
    let rejection = as_admin(world.clone()).when(edit("bv.one", RETYPED, false)).rejection();
    assert_eq!(rejection.code(), "template_in_use");
    assert!(rejection.to_string().contains("the field notes of 1 items"), "{rejection}");
    let (events, world) = as_admin(world).when(edit("bv.one", RETYPED, true)).accepted();
    let old = OldValue::Value(Value::Text("fast".into()));
    let template = template("bv.one");
    let dropped = vec![FieldChange { field: "notes".into(), old, new: None }];
    let migrated = artifact::Event::ItemMigrated { item: item_id, from: template.clone(), to: template, dropped };
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].event, migrated.into());
    // What is only out of its bounds now stays until somebody saves it.
    let held = item(&world, item_id);
    assert!(!held.fields.contains_key("notes"));
    assert_eq!(held.fields["seats"], Value::Number(5.0));
    assert_eq!(held.fields["colours"].scalars().count(), 2);
    let _ = as_admin(world).when(edit("bv.one", RETYPED, true)).then_already_so();
}

#[test]
fn a_change_that_takes_nothing_is_made_without_asking_and_without_a_word_to_items() {
    let mut world = world();
    filled(&mut world);
    let more = FIELDS
        .replace(r#""TEXT"}"#, r#""TEXT", "label": "Notes", "required": true}, "price": {"fieldType": "NUMBER"}"#);
    let world = as_admin(world).when(edit("bv.one", &more, false)).then(&["VersionEdited"]);
    assert!(version(&world, "bv.one").definition.field(&"price".into()).is_some());
}

#[test]
fn new_steps_appear_on_items_and_a_step_that_leaves_takes_its_sign_off_into_the_history() {
    let mut world = world();
    let item_id = filled(&mut world);
    approved(&mut world, item_id);
    assert_eq!(steps(&world, item_id), ["build Finished", "review Ongoing", "drive NotStarted"]);
    let rejection = as_admin(world.clone()).when(edit("bv.one", RESTEPPED, false)).rejection();
    assert!(rejection.to_string().contains("the step review of 1 items"), "{rejection}");
    let names = ["VersionEdited", "SignoffConfigurationRemoved", "ItemMigrated"];
    let mut world = as_admin(world).when(edit("bv.one", RESTEPPED, true)).then(&names);
    assert_eq!(steps(&world, item_id), ["plan NotStarted", "build Finished", "drive NotStarted"]);
    assert_eq!(signoff::of_item(&world.state, item_id).count(), 0);
    let former: Vec<_> = signoff::former(&world.state, item_id).collect();
    let (key, cycles) = former[0];
    assert_eq!((former.len(), key.step.as_str(), cycles.len(), cycles[0].status), (1, "review", 1, Status::Approved));
    assert_eq!(cycles[0].approvals[0].author, world.principal("bo"));
    // Should the step come back, its sign-off goes on where it ended.
    let admin = world.admin();
    world.run(&admin, edit("bv.one", FIELDS, false));
    world.run(&admin, configure("bv.one", "review", by_approvers()));
    world.run(&admin, Wish::StartStep { item: item_id, step: "review".into() });
    world.run(&admin, ask(item_id, Action::Create));
    let again = &world.state.signoffs.by_step[&SignoffKey { item: item_id, step: "review".into() }];
    assert_eq!((again.cycle, again.status, again.history.len()), (2, Status::NotStarted, 1));
    assert_eq!(signoff::former(&world.state, item_id).count(), 0);
}

#[test]
fn more_items_than_fit_in_a_command_follow_by_the_system() {
    let mut world = world();
    let all: Vec<_> = (0..=FOLLOWED_MAX).map(|_| filled(&mut world)).collect();
    let (events, world) = as_admin(world).when(edit("bv.one", RETYPED, true)).accepted();
    assert_eq!(events.len(), 1 + FOLLOWED_MAX);
    assert!(world.state.items.is_pending() && item(&world, all[FOLLOWED_MAX]).fields.contains_key("notes"));
    // Saved meanwhile under the new definition, a value is not dropped.
    let mut late = world.clone();
    let admin = late.admin();
    let save =
        |item| Wish::Save { item, name: None, fields: vec![("notes".into(), Input::Number(1.0))], steps: vec![] };
    late.run(&admin, save(all[FOLLOWED_MAX]));
    late.run(&Principal::System, Wish::GovernPending);
    assert_eq!(item(&late, all[FOLLOWED_MAX]).fields["notes"], Value::Number(1.0));
    let world = Spec::given(world).as_system().when(Wish::GovernPending).then(&["ItemMigrated"]);
    assert!(all.iter().all(|id| !item(&world, *id).fields.contains_key("notes")));
    assert!(!world.state.items.is_pending());
    let _ = Spec::given(world).as_system().when(Wish::GovernPending).then_already_so();
}

#[test]
fn the_last_item_that_is_to_follow_may_be_deleted_instead() {
    let mut world = world();
    let all: Vec<_> = (0..=FOLLOWED_MAX).map(|_| filled(&mut world)).collect();
    let admin = world.admin();
    world.run(&admin, edit("bv.one", RETYPED, true));
    world.run(&admin, Wish::Delete { item: all[FOLLOWED_MAX] });
    assert!(!world.state.items.is_pending());
}

#[test]
fn an_item_moves_to_another_active_version_and_keeps_what_that_has() {
    let mut world = world();
    let item_id = filled(&mut world);
    let admin = world.admin();
    world.run(&admin, Wish::StartStep { item: item_id, step: "build".into() });
    world.run(&admin, create("bv.two", RETYPED));
    let world = as_admin(world).when(migrate(item_id, "bv.two", true)).then_rejected("version_not_active");
    let world = as_admin(world).when(migrate(item_id, "bv.none", true)).then_rejected("version_not_active");
    let world = as_admin(world).when(status("bv.two", VersionStatus::Active)).then(&["VersionStatusChanged"]);
    let world = as_admin(world).when(migrate(item_id, "bv.two", false)).then_rejected("migration_loses");
    let world = as_admin(world).when(migrate(item_id, "bv.two", true)).then(&["ItemMigrated"]);
    let world = as_admin(world).when(migrate(item_id, "bv.two", true)).then_already_so();
    let held = item(&world, item_id);
    assert_eq!((held.template.clone(), held.fields.contains_key("notes")), (template("bv.two"), false));
    assert_eq!(steps(&world, item_id), ["build Ongoing", "review NotStarted", "drive NotStarted"]);
    // Its sign-off keeps the configuration that it began with.
    assert_eq!(signoff::of_item(&world.state, item_id).count(), 1);
}

#[test]
fn an_item_that_moves_gets_the_sign_offs_of_steps_that_have_not_begun() {
    let mut world = world();
    let item_id = made(&mut world, &[]);
    let admin = world.admin();
    world.run(&admin, Wish::StartStep { item: item_id, step: "build".into() });
    two(&mut world, FIELDS);
    world.run(&admin, configure("bv.two", "build", by_approvers()));
    world.run(&admin, configure("bv.two", "drive", by_approvers()));
    let names = ["ItemMigrated", "SignoffOpened"];
    let world = as_admin(world).when(migrate(item_id, "bv.two", false)).then(&names);
    let open: Vec<_> = signoff::of_item(&world.state, item_id).map(|(key, _)| key.step.to_string()).collect();
    assert_eq!(open, ["drive", "review"]);
}

#[test]
fn moving_needs_the_right_to_write_and_an_item_that_is_not_archived() {
    let mut world = world();
    let item_id = made(&mut world, &[]);
    two(&mut world, FIELDS);
    let world = Spec::given(world).as_user("rob").when(migrate(item_id, "bv.two", false)).then_rejected("forbidden");
    let world = as_admin(world).when(Wish::Archive { item: item_id }).then(&["ItemArchived"]);
    let _ = as_admin(world).when(migrate(item_id, "bv.two", false)).then_rejected("item_archived");
}

#[test]
fn dropping_who_is_who_needs_more_than_the_right_to_write() {
    let mut world = world();
    world.user_in("cora", &["contributors"]);
    let assignment = Assignment {
        containers: vec![Container::Group("contributors".into())],
        fields: vec!["notes".into()],
        inherited_through: None,
        ..Assignment::of("ro.contributor")
    };
    let admin = world.admin();
    world.happened(
        &admin,
        Access::AssignmentsSet {
            blueprint: BLUEPRINT.into(),
            item: None,
            assignments: vec![assignment],
            document: None,
        },
    );
    let item_id = filled(&mut world);
    two(&mut world, RETYPED);
    let cora = world.principal("cora");
    let role = world.state.access.roles.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert!(
        crate::access::may::allows(
            &world.state,
            &cora,
            crate::access::may::Action::Write,
            crate::access::may::Subject::Item(item_id)
        ),
        "{role:?}"
    );
    let world = Spec::given(world).as_user("cora").when(migrate(item_id, "bv.two", true)).then_rejected("forbidden");
    let _ = as_admin(world).when(migrate(item_id, "bv.two", true)).then(&["ItemMigrated"]);
}
