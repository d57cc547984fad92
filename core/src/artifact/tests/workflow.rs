use super::super::workflow::{legacy_step_id, steps};
use super::StepStatus::{Finished, NotStarted, Ongoing, Skipped};
use super::*;
use crate::ids::StepId;
use crate::signoff::{Signoff, SignoffKey, Status};
use crate::testing::Spec;

const REVIEWED: &str = "bp.reviewed";
/// Three steps; the second shows unless the field `short` is true, and its sign-off is mandatory.
const REVIEWED_DOCUMENT: &str = r#"{
    "fieldDefinitions": {"short": {"fieldType": "BOOLEAN"}},
    "workflowDefinition": {"stepDefinitions": [
        {"id": "draft"},
        {"id": "review", "visibilityCondition":
            {"type": "field", "conditionType": "EQUALS", "fieldId": "short", "condition": "true", "negateCondition": true}},
        {"id": "done"}
    ]}
}"#;

fn reviewed(world: &mut World) -> ItemId {
    template(world, REVIEWED, REVIEWED_DOCUMENT);
    let template = TemplateId { blueprint: REVIEWED.into(), version: "bv.v1".into() };
    let configuration = Arc::new(crate::blueprint::Configuration { mandatory: true, ..Default::default() });
    let configured = Template::SignoffConfigured { template, step: "review".into(), configuration };
    world.happened(&Principal::System, configured);
    let admin = world.admin();
    world.run(&admin, create(REVIEWED, &[]));
    last(world)
}

fn set_signoff(world: &mut World, item: ItemId, status: Status) {
    let key = SignoffKey { item, step: "review".into() };
    let signoff = world.state.signoffs.by_step.get(&key).unwrap();
    world.state.signoffs.by_step.insert(key, Arc::new(Signoff { status, ..Signoff::clone(signoff) }));
}

fn legacy(world: &World, of: ItemId) -> Option<StepId> {
    legacy_step_id(&world.state, &item(world, of))
}

#[test]
fn an_item_starts_with_every_step_not_started() {
    let mut world = world();
    let project = made_project(&mut world);
    assert_eq!(statuses(&world, project), [NotStarted; 5]);
    assert_eq!(legacy(&world, project), None);
}

#[test]
fn an_item_can_be_made_with_steps_moved_as_by_a_save_or_not_at_all() {
    let at = |step: &str, status| Command::Create {
        blueprint: GOVERN_PROJECT.into(),
        version: None,
        name: "made".into(),
        fields: Vec::new(),
        steps: vec![(step.into(), status)],
    };
    let events = ["ItemCreated", "StepStarted", "StepFinished", "StepStarted"];
    let world = Spec::given(world()).as_user("cora").when(at("exploration", Finished)).then(&events);
    assert_eq!(statuses(&world, last(&world)), [Finished, Ongoing, NotStarted, NotStarted, NotStarted]);
    Spec::given(world.clone()).as_user("cora").when(at("rollout", Ongoing)).then_rejected("step_out_of_order");
    Spec::given(world).as_user("cora").when(at("nowhere", Ongoing)).then_rejected("step_unknown");
}

#[test]
fn finishing_the_first_unstarted_step_starts_and_finishes_it_and_makes_the_next_ongoing() {
    let mut world = world();
    let project = made_project(&mut world);
    let world = Spec::given(world).as_user("cora").when(finish(project, "exploration")).then(&[
        "StepStarted",
        "StepFinished",
        "StepStarted",
    ]);
    assert_eq!(statuses(&world, project), [Finished, Ongoing, NotStarted, NotStarted, NotStarted]);
    assert_eq!(legacy(&world, project), Some("qualification".into()));
    let world = Spec::given(world).as_user("cora").when(finish(project, "exploration")).then_already_so();
    Spec::given(world).as_user("cora").when(start(project, "qualification")).then_already_so();
}

#[test]
fn the_last_step_can_be_finished() {
    let mut world = world();
    let project = made_project(&mut world);
    let cora = world.principal("cora");
    for step in ["exploration", "qualification", "progress", "rollout"] {
        world.run(&cora, finish(project, step));
    }
    let world = Spec::given(world).as_user("cora").when(finish(project, "delivery")).then(&["StepFinished"]);
    assert_eq!(statuses(&world, project), [Finished; 5]);
    assert_eq!(legacy(&world, project), Some("delivery".into()));
}

#[test]
fn a_step_that_is_not_the_next_cannot_be_finished_or_started() {
    let mut world = world();
    let project = made_project(&mut world);
    let world = Spec::given(world).as_user("cora").when(finish(project, "progress")).then_rejected("step_not_ongoing");
    let world = Spec::given(world).as_user("cora").when(start(project, "progress")).then_rejected("step_out_of_order");
    let world = Spec::given(world).as_user("cora").when(start(project, "exploration")).then(&["StepStarted"]);
    let world =
        Spec::given(world).as_user("cora").when(start(project, "qualification")).then_rejected("another_step_ongoing");
    let world =
        Spec::given(world).as_user("cora").when(finish(project, "qualification")).then_rejected("step_not_ongoing");
    let world = Spec::given(world).as_user("cora").when(finish(project, "nowhere")).then_rejected("step_unknown");
    Spec::given(world).as_user("rob").when(finish(project, "exploration")).then_rejected("forbidden");
}

#[test]
fn a_finished_step_is_reopened_and_later_steps_keep_their_state() {
    let mut world = world();
    let project = made_project(&mut world);
    let cora = world.principal("cora");
    world.run(&cora, finish(project, "exploration"));
    let world =
        Spec::given(world).as_user("cora").when(start(project, "exploration")).then_rejected("step_already_done");
    let world = Spec::given(world).as_user("cora").when(reopen(project, "progress")).then_rejected("step_not_finished");
    let world = Spec::given(world).as_user("cora").when(reopen(project, "exploration")).then(&["StepReopened"]);
    assert_eq!(statuses(&world, project), [Ongoing, Ongoing, NotStarted, NotStarted, NotStarted]);
    let world = Spec::given(world).as_user("cora").when(reopen(project, "exploration")).then_already_so();
    let world = Spec::given(world).as_user("cora").when(finish(project, "exploration")).then(&["StepFinished"]);
    assert_eq!(statuses(&world, project), [Finished, Ongoing, NotStarted, NotStarted, NotStarted]);
}

#[test]
fn finishing_a_reopened_step_starts_nothing_while_a_later_step_is_ongoing() {
    let mut world = world();
    let project = made_project(&mut world);
    let cora = world.principal("cora");
    world.run(&cora, moves(project, &[("exploration", Finished), ("qualification", Finished)]));
    world.run(&cora, moves(project, &[("exploration", Ongoing), ("qualification", NotStarted)]));
    assert_eq!(statuses(&world, project), [Ongoing, NotStarted, Ongoing, NotStarted, NotStarted]);
    let world = Spec::given(world).as_user("cora").when(finish(project, "exploration")).then(&["StepFinished"]);
    assert_eq!(statuses(&world, project), [Finished, NotStarted, Ongoing, NotStarted, NotStarted]);
}

#[test]
fn a_mandatory_signoff_that_is_not_approved_refuses_to_finish_its_step_and_later_ones() {
    let mut world = world();
    let made = reviewed(&mut world);
    let admin = world.admin();
    world.run(&admin, finish(made, "draft"));
    for status in Status::ALL.into_iter().filter(|status| *status != Status::Approved) {
        set_signoff(&mut world, made, status);
        let spec = Spec::given(world).as_principal(admin.clone());
        world = spec.when(finish(made, "review")).then_rejected("signoff_not_approved");
    }
    set_signoff(&mut world, made, Status::Approved);
    let spec = Spec::given(world).as_principal(admin.clone());
    let mut world = spec.when(finish(made, "review")).then(&["StepFinished", "StepStarted"]);
    set_signoff(&mut world, made, Status::NotStarted);
    let spec = Spec::given(world).as_principal(admin.clone());
    let mut world = spec.when(finish(made, "done")).then_rejected("signoff_not_approved");
    set_signoff(&mut world, made, Status::Approved);
    let _ = Spec::given(world).as_principal(admin).when(finish(made, "done")).then(&["StepFinished"]);
}

#[test]
fn a_hidden_step_is_passed_over_and_its_missing_approval_is_told() {
    let mut world = world();
    let made = reviewed(&mut world);
    let admin = world.admin();
    world.run(&admin, fill(made, &[("short", Input::Boolean(true))]));
    let shown: Vec<_> = steps(&world.state, &item(&world, made)).iter().map(|step| step.is_visible).collect();
    assert_eq!(shown, [true, false, true]);
    let spec = Spec::given(world).as_principal(admin.clone());
    let world = spec.when(finish(made, "review")).then_rejected("step_hidden");
    let spec = Spec::given(world).as_principal(admin.clone());
    let world = spec.when(start(made, "review")).then_rejected("step_hidden");
    let spec = Spec::given(world).as_principal(admin.clone());
    let mut world = spec.when(finish(made, "draft")).then(&[
        "StepStarted",
        "StepFinished",
        "SignoffPassedOver",
        "StepSkipped",
        "StepStarted",
    ]);
    assert_eq!(statuses(&world, made), [Finished, Skipped, Ongoing]);
    let spec = Spec::given(world.clone()).as_principal(admin.clone());
    let _ = spec.when(finish(made, "done")).then(&["StepFinished"]);
    world.run(&admin, fill(made, &[("short", Input::Boolean(false))]));
    let _ = Spec::given(world).as_principal(admin).when(reopen(made, "review")).then(&["StepReopened"]);
}

#[test]
fn an_approved_signoff_of_a_hidden_step_is_not_told_as_passed_over() {
    let mut world = world();
    let made = reviewed(&mut world);
    let admin = world.admin();
    set_signoff(&mut world, made, Status::Approved);
    world.run(&admin, fill(made, &[("short", Input::Boolean(true))]));
    let spec = Spec::given(world).as_principal(admin);
    let _ = spec.when(finish(made, "draft")).then(&["StepStarted", "StepFinished", "StepSkipped", "StepStarted"]);
}

#[test]
fn when_the_ongoing_step_becomes_hidden_no_step_that_shows_is_ongoing() {
    let mut world = world();
    let made = reviewed(&mut world);
    let admin = world.admin();
    world.run(&admin, finish(made, "draft"));
    world.run(&admin, fill(made, &[("short", Input::Boolean(true))]));
    assert_eq!(legacy(&world, made), Some("done".into()));
    let spec = Spec::given(world).as_principal(admin);
    let world =
        spec.when(finish(made, "done")).then(&["SignoffPassedOver", "StepSkipped", "StepStarted", "StepFinished"]);
    assert_eq!(statuses(&world, made), [Finished, Skipped, Finished]);
}

#[test]
fn one_save_moves_several_steps_in_workflow_order() {
    let mut world = world();
    let project = made_project(&mut world);
    let both = [("qualification", Finished), ("exploration", Finished)];
    let world = Spec::given(world).as_user("cora").when(moves(project, &both)).then(&[
        "StepStarted",
        "StepFinished",
        "StepStarted",
        "StepFinished",
        "StepStarted",
    ]);
    assert_eq!(statuses(&world, project), [Finished, Finished, Ongoing, NotStarted, NotStarted]);
    let world = Spec::given(world).as_user("cora").when(moves(project, &both)).then_already_so();
    let back = [("progress", NotStarted), ("qualification", Ongoing)];
    let world = Spec::given(world).as_user("cora").when(moves(project, &back)).then(&["StepReopened", "StepReopened"]);
    assert_eq!(statuses(&world, project), [Finished, Ongoing, NotStarted, NotStarted, NotStarted]);
    let spec = Spec::given(world).as_user("cora");
    let _ = spec.when(moves(project, &[("rollout", Skipped)])).then_rejected("step_status_invalid");
}

#[test]
fn a_move_that_is_refused_undoes_the_whole_save() {
    let mut world = world();
    let project = made_project(&mut world);
    let save = Command::Save {
        item: project,
        name: Some("renamed".into()),
        fields: given(&[("exploration_notes", text("n"))]),
        steps: vec![("exploration".into(), Finished), ("delivery".into(), Finished)],
    };
    let world = Spec::given(world).as_user("cora").when(save).then_rejected("step_not_ongoing");
    assert_eq!(statuses(&world, project), [NotStarted; 5]);
    assert!(item(&world, project).fields.is_empty());
}

#[test]
fn one_save_fills_a_step_and_finishes_it() {
    let mut world = world();
    let project = made_project(&mut world);
    let fields = [
        ("qualification_value_rating", text("High")),
        ("qualification_feasibility_rating", text("High")),
        ("qualification_resulting_decision", text("Go")),
    ];
    let save = Command::Save {
        item: project,
        name: None,
        fields: given(&fields),
        steps: vec![("exploration".into(), Finished), ("qualification".into(), Finished)],
    };
    let (events, world) = Spec::given(world).as_user("cora").when(save).accepted();
    assert_eq!(events.len(), 6);
    assert_eq!(legacy(&world, project), Some("progress".into()));
}

#[test]
fn no_go_finishes_nothing_by_itself() {
    let mut world = world();
    let project = made_project(&mut world);
    let decision = [("qualification_resulting_decision", text("No go"))];
    let world = Spec::given(world).as_user("cora").when(fill(project, &decision)).then(&["FieldsEdited"]);
    assert_eq!(statuses(&world, project), [NotStarted; 5]);
}

#[test]
fn a_govern_model_has_no_workflow() {
    let mut world = world();
    let model = tell(&mut world, model_key("FRAUD", "m1"));
    let governed = world.govern(model);
    assert!(statuses(&world, governed).is_empty());
    assert_eq!(legacy(&world, governed), None);
    Spec::given(world).as_user("cora").when(finish(governed, "review")).then_rejected("step_unknown");
}
