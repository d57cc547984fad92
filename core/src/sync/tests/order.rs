//! Whatever the broker does to the order and number of messages, the items end up the same.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{evaluation, gone, model, named, node, project, told, version};
use crate::ids::ItemId;
use crate::sync::{Active, Command, Evaluate, Sync, SyncKey};
use crate::testing::World;
use crate::value::Value;

/// What is the same whatever the order: ids of items are told as keys, series by whether they are there.
fn settled(world: &World) -> BTreeMap<SyncKey, String> {
    let keys: BTreeMap<ItemId, &SyncKey> = world.state.nodes.items.iter().map(|(key, item)| (*item, key)).collect();
    let told = world.state.nodes.items.iter().map(|(key, item)| {
        let found = world.state.items.by_id.get(item).unwrap();
        let source = found.source.as_ref().unwrap();
        if source.is_gone {
            return (key.clone(), format!("gone at {:?}", source.revision));
        }
        let fields: Vec<String> = found
            .fields
            .iter()
            .map(|(field, value)| match value {
                Value::Series(_) => format!("{field}: a series"),
                Value::Reference(item) => format!("{field}: {:?}", keys.get(item)),
                other => format!("{field}: {other:?}"),
            })
            .collect();
        let (revision, digest, active) = (source.revision, source.digest, &source.active);
        (key.clone(), format!("{} {revision:?} {digest:?} {active:?} {fields:?}", found.name))
    });
    told.collect()
}

fn messages() -> Vec<Command> {
    let sync = Command::Sync;
    let own = |is_active| Some(Active::Itself(is_active));
    let digest = |text: &str| Some(crate::ids::Digest::of(text.as_bytes()));
    let owner = |owner: &str| vec![("owner".into(), Value::Text(owner.into()))];
    vec![
        sync(Sync { fields: owner("ana"), ..told(project(), "Fraud", 1) }),
        sync(Sync { fields: Vec::new(), ..told(project(), "XX Govern Tutorial", 2) }),
        sync(Sync { fields: owner("bo"), ..told(project(), "XX Govern Tutorial", 3) }),
        sync(Sync { active: named("v1"), ..told(model(), "Model", 1) }),
        sync(Sync { active: named("v2"), ..told(model(), "Model", 2) }),
        sync(Sync { active: own(true), ..told(version("v1"), "v1", 1) }),
        sync(Sync { active: own(false), digest: digest("1"), ..told(version("v1"), "v1", 2) }),
        sync(Sync { digest: digest("2"), ..told(version("v2"), "v2", 1) }),
        gone(version("v2"), 2),
        sync(Sync { active: own(true), ..told(version("v3"), "v3", 1) }),
        gone(version("v3"), 2),
        sync(Sync { digest: digest("3"), ..told(version("v3"), "v3 again", 3) }),
        Command::Evaluate(evaluation("e1", &[("auc", 0.8)])),
        Command::Evaluate(evaluation("e2", &[("auc", 0.7), ("f1", 0.6)])),
        Command::Evaluate(Evaluate { is_synced: false, ..evaluation("e3", &[("recall", 0.1)]) }),
    ]
}

fn deliver(messages: impl IntoIterator<Item = Command>) -> World {
    let mut world = World::bootstrapped();
    for message in messages {
        world.run(&node(), message);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_repetition_of_messages_gives_the_same_items(
        order in Just(messages().into_iter().chain(messages()).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let world = deliver(order);
        prop_assert_eq!(settled(&world), settled(&deliver(messages())));
        let evaluations = &world.state.nodes.evaluations;
        prop_assert_eq!((evaluations.len(), world.state.nodes.series.len()), (3, 2));
    }

    #[test]
    fn messages_that_were_taken_in_change_nothing_any_more(
        again in prop::sample::subsequence(messages(), 1..=6).prop_shuffle(),
    ) {
        let mut world = deliver(messages());
        for message in again {
            prop_assert!(world.run(&node(), message).is_empty());
        }
    }
}
