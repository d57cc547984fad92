use super::gate::{approved_bundle, bundle_key, version_key, world};
use super::{deployer, infra};
use crate::deploy::{Deployed, Health, health_of};
use crate::ids::Digest;
use crate::sync::{self, Revision, Sync, SyncKey, SyncObject};
use crate::testing::{Given, Spec, World};
use crate::value::Value;

fn key() -> SyncKey {
    SyncKey { node: "deployer-1".into(), object: SyncObject::Deployment { deployment: "d1".into() } }
}

fn told(infra: &str, subjects: &[SyncKey], revision: u64) -> sync::Command {
    sync::Command::Sync(Sync {
        key: key(),
        revision: Revision { epoch: 0, revision },
        name: "d1".into(),
        fields: vec![("infra_id".into(), Value::Text(infra.into()))],
        url: None,
        digest: None,
        active: None,
        metrics: Vec::new(),
        model_versions: subjects.to_vec(),
    })
}

fn spec(world: World) -> Given {
    Spec::given(world).as_principal(deployer())
}

fn health(world: &World, infra_id: &str, subjects: &[SyncKey]) -> Health {
    health_of(&world.state, &Deployed { infra: infra(infra_id), subjects: subjects.to_vec(), status: None })
}

#[test]
fn what_stands_where_is_reported_once_until_it_is_another() {
    let (world, _) = approved_bundle();
    let world = spec(world).when(told("prod", &[bundle_key()], 1)).then(&["ItemSynced", "DeploymentReported"]);
    let world = spec(world).when(told("prod", &[bundle_key()], 2)).then(&["ItemSynced"]);
    let world = spec(world).when(told("warn", &[bundle_key()], 3)).then(&["ItemSynced", "DeploymentReported"]);
    let item = *world.state.nodes.items.get(&key()).unwrap();
    assert_eq!(world.state.infrastructures.deployed.get(&item).unwrap().infra, infra("warn"));
    let gone = sync::Command::Gone { key: key(), revision: Revision { epoch: 0, revision: 4 } };
    let world = spec(world).when(gone).then(&["ItemGone"]);
    assert!(world.state.infrastructures.deployed.is_empty());
    spec(world).when(told("warn", &[bundle_key()], 5)).then(&["ItemSynced", "DeploymentReported"]);
}

#[test]
fn what_is_approved_is_healthy_everywhere_and_else_the_policy_says_how_it_stands() {
    let (mut world, _) = approved_bundle();
    for infra in ["loose", "warn", "prod", "nowhere"] {
        assert_eq!(health(&world, infra, &[bundle_key(), version_key("v1")]), Health::Healthy);
    }
    world.sync_with(bundle_key().object, "b1", 2, Some(Digest::of(b"other content")));
    let cases = [
        ("loose", Health::NoStatus),
        ("warn", Health::Warning),
        ("prod", Health::Error),
        ("nowhere", Health::NoStatus),
    ];
    for (infra, expected) in cases {
        assert_eq!(health(&world, infra, &[bundle_key()]), expected, "{infra}");
    }
}

#[test]
fn a_deployment_that_does_not_say_what_it_deploys_is_not_healthy() {
    assert_eq!(health(&world(), "prod", &[]), Health::Error);
}
