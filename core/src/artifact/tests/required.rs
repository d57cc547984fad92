use super::*;
use crate::access::{self, FieldRule, Permissions, Rights};
use crate::testing::Spec;

const STRICT: &str = "bv.strict";
/// One step, one field that has to be filled in.
const STRICT_DOCUMENT: &str = r#"{
    "fieldDefinitions": {
        "dataiku_item": {"fieldType": "REFERENCE", "allowedBlueprints": ["bp.system.dataiku_project"], "listConfig": {}},
        "purpose": {"fieldType": "TEXT", "required": true},
        "notes": {"fieldType": "TEXT"}
    },
    "workflowDefinition": {"stepDefinitions": [{"id": "draft"}, {"id": "done"}]}
}"#;
const BLUEPRINT: &str = "bp.system.govern_project";

/// A project governed under a template with a required field.
fn governed() -> (World, ItemId) {
    let mut world = world();
    version(&mut world, BLUEPRINT, STRICT, STRICT_DOCUMENT);
    let source = world.project();
    let govern = Govern {
        source,
        version: Some(STRICT.into()),
        children: ChildrenRules::default(),
        with_parents: false,
        attach_to: None,
        initiative: None,
    };
    let admin = world.admin();
    world.run(&admin, Command::Govern(govern));
    let made = last(&world);
    (world, made)
}

fn hide(field: &str) -> access::Command {
    let everyone = Rights { read: true, write: true, create: true, ..Rights::default() };
    let hidden = FieldRule { role: None, field: Some(field.into()), read: false, write: false };
    let permissions = Permissions { everyone, roles: Vec::new(), fields: vec![hidden] };
    access::Command::SetPermissions { blueprint: Some(BLUEPRINT.into()), permissions, is_new: false, document: None }
}

#[test]
fn what_is_governed_without_a_required_field_finishes_no_step_until_it_is_filled_in() {
    let (world, made) = governed();
    let cora = |world: World| Spec::given(world).as_user("cora");
    let refusal = cora(world.clone()).when(finish(made, "draft")).rejection();
    assert_eq!(refusal.code(), "fields_invalid");
    let problems = refusal.fields();
    assert_eq!((problems.len(), problems[0].field.as_str(), problems[0].code), (1, "purpose", "required"));
    cora(world.clone()).when(moves(made, &[("draft", StepStatus::Finished)])).then_rejected("fields_invalid");
    cora(world.clone()).when(fill(made, &[("notes", text("n"))])).then_rejected("fields_invalid");
    cora(world.clone()).when(rename(made, "Still a draft")).then(&["ItemRenamed"]);
    cora(world.clone()).when(start(made, "draft")).then(&["StepStarted"]);
    let both = Command::Save {
        item: made,
        name: None,
        fields: given(&[("purpose", text("to find frauds"))]),
        steps: vec![("draft".into(), StepStatus::Finished)],
    };
    cora(world).when(both).then(&["FieldsEdited", "StepStarted", "StepFinished", "StepStarted"]);
}

#[test]
fn a_required_field_that_somebody_may_not_see_is_not_asked_of_him() {
    let (mut world, made) = governed();
    let admin = world.admin();
    world.run(&admin, hide("purpose"));
    let cora = |world: World| Spec::given(world).as_user("cora");
    cora(world.clone()).when(fill(made, &[("notes", text("n"))])).then(&["FieldsEdited"]);
    cora(world.clone()).when(finish(made, "draft")).then(&["StepStarted", "StepFinished", "StepStarted"]);
    Spec::given(world).as_principal(admin).when(finish(made, "draft")).then_rejected("fields_invalid");
}
