use super::{at, item, key, node, told, version};
use crate::context::Principal;
use crate::deploy::{self, InfraKey, InfraKind};
use crate::sync::{Command, REFERENCED_VERSIONS_MAX, SyncKey, SyncObject};
use crate::testing::World;
use crate::value::Value;

const PROJECT_KIND: &str = "bp.system.project_deployer_deployment";
const API_KIND: &str = "bp.system.api_deployer_deployment";

fn deployer() -> Principal {
    Principal::Node("deployer-1".into())
}

fn deployment() -> SyncKey {
    SyncKey { node: "deployer-1".into(), object: SyncObject::Deployment { deployment: "d1".into() } }
}

fn bundle() -> SyncKey {
    key(SyncObject::Bundle { project: "FRAUD".into(), bundle: "b1".into() })
}

fn deployed(contents: &[SyncKey], revision: u64) -> Command {
    let mut sync = told(deployment(), "d1", revision);
    sync.fields = vec![("infra_id".into(), Value::Text("prod".into()))];
    sync.model_versions = contents.to_vec();
    Command::Sync(sync)
}

fn infrastructure(kind: InfraKind) -> deploy::Command {
    let infra = InfraKey { node: "deployer-1".into(), infra: "prod".into() };
    deploy::Command::SyncInfrastructure { infra, kind, stage: None, policy: None, revision: at(1) }
}

fn blueprint(world: &World) -> String {
    world.state.items.by_id.get(&item(world, &deployment())).unwrap().template.blueprint.to_string()
}

fn field(world: &World, field: &str) -> Option<Value> {
    world.state.items.by_id.get(&item(world, &deployment())).unwrap().fields.get(field).cloned()
}

fn after(commands: &[Command], kind: Option<InfraKind>) -> World {
    let mut world = World::bootstrapped();
    if let Some(kind) = kind {
        world.run(&deployer(), infrastructure(kind));
    }
    for command in commands {
        world.run(&deployer(), command.clone());
    }
    world
}

#[test]
fn a_deployment_of_model_versions_is_the_api_deployers_and_refers_to_each_of_them() {
    let world = after(&[deployed(&[version("v1"), version("v2")], 1)], None);
    assert_eq!(blueprint(&world), API_KIND);
    let versions = [version("v1"), version("v2")].map(|key| Value::Reference(item(&world, &key)));
    assert_eq!(field(&world, "dataiku_saved_model_versions"), Some(Value::List(versions.into())));
    assert_eq!(field(&world, "infra_id"), Some(Value::Text("prod".into())));
    assert!(world.state.items.by_blueprint.get(API_KIND).unwrap().contains(&item(&world, &deployment())));
}

#[test]
fn a_deployment_of_a_bundle_is_the_project_deployers_whatever_is_in_the_bundle() {
    let world = after(&[deployed(&[bundle(), version("v1")], 1)], None);
    assert_eq!(blueprint(&world), PROJECT_KIND);
    assert_eq!(field(&world, "dataiku_bundle"), Some(Value::Reference(item(&world, &bundle()))));
    assert_eq!(field(&world, "dataiku_saved_model_versions"), None);
    assert!(!world.state.nodes.items.contains_key(&version("v1")), "what is in a bundle is its node's to tell");
}

#[test]
fn what_is_deployed_decides_and_the_infrastructure_only_where_nothing_is_said() {
    for (kind, expected) in
        [(None, PROJECT_KIND), (Some(InfraKind::Project), PROJECT_KIND), (Some(InfraKind::Api), API_KIND)]
    {
        assert_eq!(blueprint(&after(&[deployed(&[], 1)], kind)), expected);
        assert_eq!(blueprint(&after(&[deployed(&[version("v1")], 1)], kind)), API_KIND);
        assert_eq!(blueprint(&after(&[deployed(&[bundle()], 1)], kind)), PROJECT_KIND);
    }
}

#[test]
fn a_deployment_stays_of_the_kind_that_it_was_first_told_as() {
    let world = after(&[deployed(&[], 1), deployed(&[version("v1")], 2)], None);
    assert_eq!((blueprint(&world).as_str(), field(&world, "dataiku_saved_model_versions")), (PROJECT_KIND, None));
    let world = after(&[deployed(&[version("v1")], 1), deployed(&[version("v2")], 2)], None);
    let expected = Value::List([Value::Reference(item(&world, &version("v2")))].into());
    assert_eq!(field(&world, "dataiku_saved_model_versions"), Some(expected));
}

#[test]
fn versions_may_come_after_the_deployment_that_names_them() {
    let mut orderly = World::bootstrapped();
    orderly.run(&node(), Command::Sync(told(version("v1"), "One", 1)));
    orderly.run(&deployer(), deployed(&[version("v1")], 1));
    let mut shuffled = World::bootstrapped();
    shuffled.run(&deployer(), deployed(&[version("v1")], 1));
    shuffled.run(&node(), Command::Sync(told(version("v1"), "One", 1)));
    for world in [&orderly, &shuffled] {
        let expected = Value::List([Value::Reference(item(world, &version("v1")))].into());
        assert_eq!(field(world, "dataiku_saved_model_versions"), Some(expected));
    }
}

#[test]
fn a_large_package_makes_a_bounded_number_of_stubs() {
    let versions: Vec<_> = (0..REFERENCED_VERSIONS_MAX + 5).map(|number| version(&format!("v{number:03}"))).collect();
    let world = after(&[deployed(&versions, 1)], None);
    let Some(Value::List(referred)) = field(&world, "dataiku_saved_model_versions") else { unreachable!("a list") };
    assert_eq!(referred.len(), REFERENCED_VERSIONS_MAX);
    let source = world.state.items.by_id.get(&item(&world, &deployment())).unwrap().source.clone().unwrap();
    assert_eq!(source.model_versions, versions, "what is deployed is known whole");
}
