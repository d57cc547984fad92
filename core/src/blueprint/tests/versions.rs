//! Blueprints and versions: made, forked, changed, deleted.

use super::super::{BLUEPRINT_DOCUMENT_BYTES_MAX, DOCUMENT_BYTES_MAX, diff};
use super::*;

fn create_blueprint(id: &str, name: &str, document: &str) -> Command {
    Command::CreateBlueprint { blueprint: id.into(), name: name.into(), document: document.into() }
}

fn edit_blueprint(id: &str, name: &str) -> Command {
    Command::EditBlueprint { blueprint: id.into(), name: name.into(), document: "{}".into() }
}

fn fork(from: TemplateId, version: &str, name: Option<&str>) -> Command {
    Command::Fork { from, version: version.into(), name: name.map(Into::into) }
}

#[test]
fn a_blueprint_is_made_renamed_and_deleted_while_it_has_no_items() {
    let world = as_admin(world()).when(create_blueprint("bp.van", "Van", "{}")).then(&["BlueprintCreated"]);
    let world = as_admin(world).when(create_blueprint("bp.van", "Van", "{}")).then_rejected("blueprint_exists");
    let world = as_admin(world).when(edit_blueprint("bp.van", "Big van")).then(&["BlueprintEdited"]);
    assert_eq!(&*world.state.templates.blueprint(&"bp.van".into()).unwrap().name, "Big van");
    let world = as_admin(world).when(edit_blueprint("bp.van", "Big van")).then_already_so();
    let delete = |id: &str| Command::DeleteBlueprint { blueprint: id.into() };
    let world = as_admin(world).when(delete("bp.van")).then(&["BlueprintDeleted"]);
    let mut world = as_admin(world).when(delete("bp.van")).then_rejected("not_found");
    let used = made(&mut world, &[]);
    let mut world = as_admin(world).when(delete(BLUEPRINT)).then_rejected("blueprint_in_use");
    let admin = world.admin();
    world.run(&admin, artifact::Command::Delete { item: used });
    let _ = as_admin(world).when(delete(BLUEPRINT)).then(&["BlueprintDeleted"]);
}

#[test]
fn ids_names_and_documents_of_a_blueprint_are_checked() {
    let mut world = world();
    for id in ["car", "bp.", "bp.a b", "bp.system.own", "bv.car", &format!("bp.{}", "x".repeat(100))] {
        world = as_admin(world).when(create_blueprint(id, "Car", "{}")).then_rejected("template_id_invalid");
    }
    let world = as_admin(world).when(create_blueprint("bp.van", " ", "{}")).then_rejected("name_invalid");
    let world = as_admin(world).when(create_blueprint("bp.van", "Van", "[]")).then_rejected("template_invalid");
    let long = format!("{{\"x\": \"{}\"}}", "x".repeat(BLUEPRINT_DOCUMENT_BYTES_MAX));
    let _ = as_admin(world).when(create_blueprint("bp.van", "Van", &long)).then_rejected("text_too_long");
}

#[test]
fn nobody_but_administrators_changes_templates() {
    let mut world = world();
    let wishes = [
        create_blueprint("bp.van", "Van", "{}"),
        edit_blueprint(BLUEPRINT, "Van"),
        Command::DeleteBlueprint { blueprint: BLUEPRINT.into() },
        create("bv.two", FIELDS),
        Command::ImportVersion { template: template("bv.two"), document: FIELDS.into(), signoffs: Vec::new() },
        fork(template("bv.one"), "bv.two", None),
        edit("bv.one", "{}", true),
        status("bv.one", VersionStatus::Archived),
        Command::DeleteVersion { template: template("bv.one") },
        configure("bv.one", "review", Configuration::default()),
        Command::RemoveSignoff { template: template("bv.one"), step: "review".into() },
    ];
    for wish in wishes {
        world = Spec::given(world).as_user("rob").when(wish).then_rejected("forbidden");
    }
}

#[test]
fn what_comes_with_the_product_is_read_only_and_what_nodes_tell_is_locked() {
    let govern = standard("bp.system.govern_project");
    let synced = standard("bp.system.dataiku_project");
    let edit = |template: &TemplateId| Command::EditVersion {
        template: template.clone(),
        document: "{}".into(),
        accepts_loss: true,
    };
    let delete = |template: &TemplateId| Command::DeleteVersion { template: template.clone() };
    let world = as_admin(world()).when(edit(&govern)).then_rejected("standard_template");
    let world = as_admin(world).when(delete(&govern)).then_rejected("standard_template");
    let wish = edit_blueprint("bp.system.govern_project", "Mine");
    let world = as_admin(world).when(wish).then_rejected("standard_template");
    let wish = Command::RemoveSignoff { template: standard("bp.system.govern_bundle"), step: "review".into() };
    let world = as_admin(world).when(wish).then_rejected("standard_template");
    for wish in [edit(&synced), delete(&synced), fork(synced.clone(), "bv.own", None)] {
        let _ = as_admin(world.clone()).when(wish).then_rejected("blueprint_locked");
    }
    let archive = Command::SetStatus { template: govern.clone(), status: VersionStatus::Archived };
    let world = as_admin(world).when(archive).then(&["VersionStatusChanged"]);
    let _ = as_admin(world).when(fork(govern, "bv.own", None)).then(&["VersionCreated"]);
}

#[test]
fn a_version_is_made_as_a_draft_and_its_id_stands_once() {
    let world = as_admin(world()).when(create("bv.two", "{}")).then(&["VersionCreated"]);
    assert_eq!((version(&world, "bv.two").status, &version(&world, "bv.two").origin), (VersionStatus::Draft, &None));
    let world = as_admin(world).when(create("bv.two", "{}")).then_rejected("version_exists");
    let world = as_admin(world).when(create("bv.system.x", "{}")).then_rejected("template_id_invalid");
    let wrong = r#"{"fieldDefinitions": {"x": {"fieldType": "COLOUR"}}}"#;
    let rejection = as_admin(world.clone()).when(create("bv.x", wrong)).rejection();
    assert_eq!(rejection.code(), "template_invalid");
    assert!(rejection.to_string().contains("fieldDefinitions.x.fieldType"), "{rejection}");
    let large = format!("{{\"hooks\": \"{}\"}}", "x".repeat(DOCUMENT_BYTES_MAX));
    let world = as_admin(world).when(create("bv.x", &large)).then_rejected("event_too_large");
    let elsewhere = TemplateId { blueprint: "bp.nothing".into(), version: "bv.x".into() };
    let wish = Command::CreateVersion { template: elsewhere, document: "{}".into() };
    let _ = as_admin(world).when(wish).then_rejected("not_found");
}

#[test]
fn parts_that_mean_nothing_here_stay_as_they_were_given() {
    let document = r#"{"uiDefinition":{"views":{"b":1,"a":[1.50,null]}},"name":"Car","hooks":[{"code":"x = \"1\""}]}"#;
    let world = as_admin(world()).when(create("bv.two", document)).then(&["VersionCreated"]);
    assert_eq!(&*version(&world, "bv.two").definition.document, document);
    let world = as_admin(world).when(fork(template("bv.two"), "bv.three", None)).then(&["VersionCreated"]);
    assert_eq!(&*version(&world, "bv.three").definition.document, document);
}

#[test]
fn a_fork_has_the_fields_steps_and_sign_offs_of_its_origin_and_tells_what_it_changed() {
    let names = ["VersionCreated", "SignoffConfigured"];
    let world = as_admin(world()).when(fork(template("bv.one"), "bv.two", Some("Fast car"))).then(&names);
    let (one, two) = (version(&world, "bv.one"), version(&world, "bv.two"));
    assert_eq!((two.origin.as_ref(), two.status), (Some(&"bv.one".into()), VersionStatus::Draft));
    assert_eq!(&*two.definition.name, "Fast car");
    let templates = &world.state.templates;
    let held = |of: &Version| templates.configuration(of.configured["review"]).unwrap().clone();
    assert_eq!(held(&one), held(&two));
    let told = diff(templates, &one, &two);
    assert_eq!(
        (told.parts.changed, told.fields, told.signoffs.changed.len()),
        (vec!["name".into()], <_>::default(), 0)
    );

    let document = r#"{"name": "Car", "fieldDefinitions": {
        "notes": {"fieldType": "TEXT", "label": "Notes"}, "seats": {"fieldType": "NUMBER"}, "price": {"fieldType": "NUMBER"}
    }, "workflowDefinition": {"stepDefinitions": [{"id": "drive"}, {"id": "build"}, {"id": "sell"}]}, "views": {}}"#;
    let names = ["VersionEdited", "SignoffConfigurationRemoved"];
    let world = as_admin(world).when(edit("bv.two", document, false)).then(&names);
    let told = diff(&world.state.templates, &one, &version(&world, "bv.two"));
    assert_eq!(told.fields.added, ["price"]);
    assert_eq!((told.fields.removed, told.fields.changed), (vec!["colours".into()], vec!["notes".into()]));
    assert_eq!((told.steps.added, told.steps.removed), (vec!["sell".into()], vec!["review".into()]));
    assert!(told.is_reordered && told.signoffs.removed == ["review"] && told.parts.added == ["views"]);
}

#[test]
fn a_fork_of_a_govern_template_keeps_what_governing_fills() {
    let from = standard("bp.system.govern_model_version");
    let names = ["VersionCreated", "SignoffConfigured"];
    let world = as_admin(world()).when(fork(from.clone(), "bv.own", None)).then(&names);
    let own = TemplateId { version: "bv.own".into(), ..from };
    let held = world.state.templates.version(&own).unwrap().definition.document.clone();
    let json: serde_json::Value = serde_json::from_str(&held).unwrap();
    let mut world = world;
    for (path, key) in [("", "hierarchicalParentFieldId"), ("/fieldDefinitions", "dataiku_item")] {
        let mut without = json.clone();
        without.pointer_mut(path).unwrap().as_object_mut().unwrap().remove(key);
        let document = without.to_string().into();
        let wish = Command::EditVersion { template: own.clone(), document, accepts_loss: true };
        world = as_admin(world).when(wish).then_rejected("template_invalid");
    }
    let mut with = json;
    with["fieldDefinitions"]["budget"] = serde_json::json!({"fieldType": "NUMBER"});
    let wish = Command::EditVersion { template: own, document: with.to_string().into(), accepts_loss: false };
    let _ = as_admin(world).when(wish).then(&["VersionEdited"]);
}

#[test]
fn a_used_version_is_neither_deleted_nor_made_a_draft_but_archived() {
    let mut world = world();
    let delete = Command::DeleteVersion { template: template("bv.one") };
    let item = made(&mut world, &[]);
    let world = as_admin(world).when(delete.clone()).then_rejected("template_in_use");
    let world = as_admin(world).when(status("bv.one", VersionStatus::Draft)).then_rejected("template_in_use");
    let world = as_admin(world).when(status("bv.one", VersionStatus::Active)).then_already_so();
    let mut world = as_admin(world).when(status("bv.one", VersionStatus::Archived)).then(&["VersionStatusChanged"]);
    let admin = world.admin();
    world.run(&admin, artifact::Command::Delete { item });
    let world = as_admin(world).when(status("bv.one", VersionStatus::Draft)).then(&["VersionStatusChanged"]);
    let world = as_admin(world).when(delete.clone()).then(&["VersionDeleted"]);
    let _ = as_admin(world).when(delete).then_rejected("not_found");
}
