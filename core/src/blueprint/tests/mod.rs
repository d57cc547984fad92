//! Specs of templates: reading them, changing them, and what becomes of the items that are of them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failing test should panic")]

mod definition;
mod follow;
mod migration;
mod signoffs;
mod versions;

use std::sync::Arc;

use super::{Command, Configuration, Container, FeedbackGroup, Version, VersionStatus};
use crate::artifact::{self, Item};
use crate::ids::{ItemId, TemplateId};
use crate::input::Input;
use crate::testing::{Given, Spec, World};

const BLUEPRINT: &str = "bp.car";
const FIELDS: &str = r#"{"name": "Car", "fieldDefinitions": {
    "notes": {"fieldType": "TEXT"}, "seats": {"fieldType": "NUMBER"},
    "colours": {"fieldType": "CATEGORY", "categories": ["red", "blue"], "listConfig": {}}
}, "workflowDefinition": {"stepDefinitions": [{"id": "build"}, {"id": "review"}, {"id": "drive"}]}}"#;

fn template(version: &str) -> TemplateId {
    TemplateId { blueprint: BLUEPRINT.into(), version: version.into() }
}

fn standard(blueprint: &str) -> TemplateId {
    TemplateId { blueprint: blueprint.into(), version: super::standard::STANDARD_VERSION.into() }
}

fn create(version: &str, document: &str) -> Command {
    Command::CreateVersion { template: template(version), document: document.into() }
}

fn edit(version: &str, document: &str, accepts_loss: bool) -> Command {
    Command::EditVersion { template: template(version), document: document.into(), accepts_loss }
}

fn status(version: &str, status: VersionStatus) -> Command {
    Command::SetStatus { template: template(version), status }
}

fn configure(version: &str, step: &str, configuration: Configuration) -> Command {
    Command::ConfigureSignoff { template: template(version), step: step.into(), configuration: Arc::new(configuration) }
}

fn by_approvers() -> Configuration {
    let approvers = vec![Container::Group("approvers".into())];
    Configuration { title: "Review".into(), mandatory: true, approvers, ..Configuration::default() }
}

/// The blueprint with the active version `bv.one`, whose step `review` is signed off by the group `approvers`.
fn world() -> World {
    let mut world = World::bootstrapped();
    world.user_in("bo", &["approvers"]);
    world.user("rob");
    let admin = world.admin();
    let document = r##"{"color": "#fff"}"##.into();
    world.run(&admin, Command::CreateBlueprint { blueprint: BLUEPRINT.into(), name: "Car".into(), document });
    world.run(&admin, create("bv.one", FIELDS));
    world.run(&admin, configure("bv.one", "review", by_approvers()));
    world.run(&admin, status("bv.one", VersionStatus::Active));
    world
}

fn as_admin(world: World) -> Given {
    let admin = world.admin();
    Spec::given(world).as_principal(admin)
}

fn version(world: &World, id: &str) -> Arc<Version> {
    world.state.templates.version(&template(id)).unwrap().clone()
}

fn made(world: &mut World, fields: &[(&str, Input)]) -> ItemId {
    let fields = fields.iter().map(|(field, input)| ((*field).into(), input.clone())).collect();
    let admin = world.admin();
    let (blueprint, name) = (BLUEPRINT.into(), "one of them".into());
    world.run(
        &admin,
        artifact::Command::Create { blueprint, version: Some("bv.one".into()), name, fields, steps: Vec::new() },
    );
    ItemId(world.state.items.last_item)
}

fn item(world: &World, id: ItemId) -> Arc<Item> {
    world.state.items.by_id.get(&id).unwrap().clone()
}

fn steps(world: &World, id: ItemId) -> Vec<String> {
    item(world, id).steps.iter().map(|step| format!("{} {:?}", step.id, step.status)).collect()
}

fn text(text: &str) -> Input {
    Input::Text(text.into())
}
