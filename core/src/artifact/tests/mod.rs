//! Specs of items, workflow and governing.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failing test should panic")]

mod fields;
mod govern;
mod govern_children;
mod hooks;
mod lifecycle;
mod lists;
mod people;
mod properties;
mod required;
mod talk;
mod workflow;

use std::sync::Arc;

use super::govern::SOURCE_FIELD;
use super::{ChildRule, ChildrenRules, Command, Govern, Item, StepStatus};
use crate::blueprint::{Definition, Event as Template, VersionStatus};
use crate::context::Principal;
use crate::ids::{FieldId, ItemId, NodeId, TemplateId};
use crate::input::Input;
use crate::sync::{self, Revision, SyncKey, SyncObject};
use crate::testing::World;
use crate::value::{FieldChange, OldValue, Value};

const NODE: &str = "design-1";
const GOVERN_PROJECT: &str = "bp.system.govern_project";

/// A first start, with `meg` among the project managers, `cora` among the contributors, and `rob` in no group.
fn world() -> World {
    let mut world = World::bootstrapped();
    world.user_in("meg", &["project_managers"]);
    world.user_in("cora", &["contributors"]);
    world.user("rob");
    world
}

fn project_key(project: &str) -> SyncObject {
    SyncObject::Project { project: project.into() }
}

fn model_key(project: &str, model: &str) -> SyncObject {
    SyncObject::SavedModel { project: project.into(), model: model.into() }
}

fn version_key(project: &str, model: &str, version: &str) -> SyncObject {
    SyncObject::ModelVersion { project: project.into(), model: model.into(), version: version.into() }
}

fn bundle_key(project: &str, bundle: &str) -> SyncObject {
    SyncObject::Bundle { project: project.into(), bundle: bundle.into() }
}

/// A node told of an object, and before that of what it lies in; the fact alone, without the rules of sync.
fn tell(world: &mut World, object: SyncObject) -> ItemId {
    let parent = object.parent().map(|parent| {
        let known = world.state.nodes.items.get(&key(parent.clone())).copied();
        known.unwrap_or_else(|| tell(world, parent))
    });
    let field = match object {
        SyncObject::ModelVersion { .. } => "dataiku_saved_model",
        _ => "dataiku_project",
    };
    let change =
        |parent| FieldChange { field: field.into(), old: OldValue::Absent, new: Some(Value::Reference(parent)) };
    let item = ItemId(world.state.items.last_item + 1);
    let name = object.own_key().clone();
    told(world, item, object, &name, parent.map(change).into_iter().collect());
    item
}

fn told(world: &mut World, item: ItemId, object: SyncObject, name: &str, changes: Vec<FieldChange>) {
    let event = sync::Event::ItemSynced {
        item,
        key: key(object),
        revision: Revision { epoch: 0, revision: 1 },
        name: name.into(),
        changes,
        url: None,
        digest: None,
        active: None,
        metrics: Vec::new(),
        model_versions: Vec::new(),
    };
    world.happened(&Principal::Node(NodeId::from(NODE)), event);
}

fn key(object: SyncObject) -> SyncKey {
    SyncKey { node: NodeId::from(NODE), object }
}

fn item(world: &World, item: ItemId) -> Arc<Item> {
    world.state.items.by_id.get(&item).cloned().unwrap_or_else(|| panic!("{item} is not there"))
}

fn last(world: &World) -> ItemId {
    ItemId(world.state.items.last_item)
}

fn text(text: &str) -> Input {
    Input::Text(text.into())
}

fn texts(texts: &[&str]) -> Input {
    Input::List(texts.iter().copied().map(text).collect())
}

fn given(fields: &[(&str, Input)]) -> Vec<(FieldId, Input)> {
    fields.iter().map(|(field, input)| (FieldId::from(*field), input.clone())).collect()
}

fn fill(item: ItemId, fields: &[(&str, Input)]) -> Command {
    Command::Save { item, name: None, fields: given(fields), steps: Vec::new() }
}

fn moves(item: ItemId, steps: &[(&str, StepStatus)]) -> Command {
    let steps = steps.iter().map(|(step, status)| ((*step).into(), *status)).collect();
    Command::Save { item, name: None, fields: Vec::new(), steps }
}

fn rename(item: ItemId, name: &str) -> Command {
    Command::Save { item, name: Some(name.into()), fields: Vec::new(), steps: Vec::new() }
}

fn create(blueprint: &str, fields: &[(&str, Input)]) -> Command {
    let (blueprint, fields) = (blueprint.into(), given(fields));
    Command::Create { blueprint, version: None, name: "made".into(), fields, steps: Vec::new() }
}

fn finish(item: ItemId, step: &str) -> Command {
    Command::FinishStep { item, step: step.into() }
}

fn start(item: ItemId, step: &str) -> Command {
    Command::StartStep { item, step: step.into() }
}

fn reopen(item: ItemId, step: &str) -> Command {
    Command::ReopenStep { item, step: step.into() }
}

fn plain(source: ItemId) -> Govern {
    Govern {
        source,
        version: None,
        children: ChildrenRules::default(),
        with_parents: false,
        attach_to: None,
        initiative: None,
    }
}

const fn rules(bundles: ChildRule, models: ChildRule, model_versions: ChildRule) -> ChildrenRules {
    ChildrenRules { bundles, models, model_versions }
}

/// A govern project that `meg` made without a source.
fn made_project(world: &mut World) -> ItemId {
    let meg = world.principal("meg");
    world.run(&meg, create(GOVERN_PROJECT, &[]));
    last(world)
}

/// A blueprint of the customer's with one active version.
fn template(world: &mut World, blueprint: &str, document: &str) {
    let created = Template::BlueprintCreated {
        blueprint: blueprint.into(),
        name: "Own".into(),
        locked: false,
        document: "{}".into(),
    };
    world.happened(&Principal::System, created);
    version(world, blueprint, "bv.v1", document);
}

fn version(world: &mut World, blueprint: &str, version: &str, document: &str) {
    let template = TemplateId { blueprint: blueprint.into(), version: version.into() };
    let definition = Arc::new(Definition::parse(document).unwrap());
    world.happened(
        &Principal::System,
        Template::VersionCreated { template: template.clone(), origin: None, definition },
    );
    world.happened(&Principal::System, Template::VersionStatusChanged { template, status: VersionStatus::Active });
}

fn statuses(world: &World, of: ItemId) -> Vec<StepStatus> {
    item(world, of).steps.iter().map(|step| step.status).collect()
}

fn sources_of(world: &World, of: ItemId) -> Vec<ItemId> {
    let item = item(world, of);
    item.fields.get(SOURCE_FIELD).into_iter().flat_map(Value::references).collect()
}
