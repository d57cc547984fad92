//! Of any commands in any order: repeating one adds nothing, and every index says what the items say.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::govern::governing_item;
use super::super::{field_value, referring};
use super::*;
use crate::blueprint::FieldSource;

/// Commands of one case.
const COMMANDS_MAX: usize = 40;

/// What a number means depends on the items that there are when its turn comes.
#[derive(Debug, Clone)]
enum Wish {
    Tell(u8),
    Govern { source: usize, with_parents: bool, rule: u8 },
    Attach { source: usize, target: usize },
    Create(u8),
    Refer { item: usize, to: usize },
    Finish { item: usize, step: usize },
    Reopen { item: usize, step: usize },
    Hide(usize),
    Show(usize),
    Archive(usize),
    Restore(usize),
    Delete(usize),
    Pending,
}

fn wishes() -> impl Strategy<Value = Wish> {
    let n = 0..64_usize;
    prop_oneof![
        3 => any::<u8>().prop_map(Wish::Tell),
        4 => (n.clone(), any::<bool>(), 0..3_u8)
            .prop_map(|(source, with_parents, rule)| Wish::Govern { source, with_parents, rule }),
        1 => (n.clone(), n.clone()).prop_map(|(source, target)| Wish::Attach { source, target }),
        2 => any::<u8>().prop_map(Wish::Create),
        2 => (n.clone(), n.clone()).prop_map(|(item, to)| Wish::Refer { item, to }),
        2 => (n.clone(), 0..5_usize).prop_map(|(item, step)| Wish::Finish { item, step }),
        1 => (n.clone(), 0..5_usize).prop_map(|(item, step)| Wish::Reopen { item, step }),
        1 => n.clone().prop_map(Wish::Hide),
        1 => n.clone().prop_map(Wish::Show),
        1 => n.clone().prop_map(Wish::Archive),
        1 => n.clone().prop_map(Wish::Restore),
        1 => n.prop_map(Wish::Delete),
        1 => Just(Wish::Pending),
    ]
}

fn nth(world: &World, n: usize) -> ItemId {
    let items = &world.state.items.by_id;
    *items.keys().nth(n % items.len()).unwrap()
}

fn step_of(world: &World, id: ItemId, n: usize) -> crate::ids::StepId {
    let steps = &item(world, id).steps;
    steps.get(n % steps.len().max(1)).map_or_else(|| "none".into(), |step| step.id.clone())
}

fn command(world: &mut World, wish: &Wish) -> Option<Command> {
    Some(match wish {
        Wish::Tell(n) => {
            let (project, own) = (if n % 2 == 0 { "A" } else { "B" }, format!("{}", n % 5));
            let object = match n % 3 {
                0 => model_key(project, &own),
                1 => version_key(project, "0", &own),
                _ => bundle_key(project, &own),
            };
            if !world.state.nodes.items.contains_key(&key(object.clone())) {
                tell(world, object);
            }
            return None;
        }
        Wish::Govern { source, with_parents, rule } => {
            let rule = [ChildRule::None, ChildRule::Existing, ChildRule::All][usize::from(*rule)];
            let source = nth(world, *source);
            let is_project = item(world, source).template.blueprint.as_str() == "bp.system.dataiku_project";
            let children = if is_project { rules(rule, rule, rule) } else { ChildrenRules::default() };
            Command::Govern(Govern { with_parents: *with_parents, children, ..plain(source) })
        }
        Wish::Attach { source, target } => {
            Command::Govern(Govern { attach_to: Some(nth(world, *target)), ..plain(nth(world, *source)) })
        }
        Wish::Create(n) => create(["bp.system.govern_bundle", GOVERN_PROJECT][usize::from(n % 2)], &[]),
        Wish::Refer { item, to } => {
            let to = nth(world, *to);
            fill(nth(world, *item), &[("govern_project", text(&to.to_string()))])
        }
        Wish::Finish { item, step } => {
            let item = nth(world, *item);
            Command::FinishStep { item, step: step_of(world, item, *step) }
        }
        Wish::Reopen { item, step } => {
            let item = nth(world, *item);
            Command::ReopenStep { item, step: step_of(world, item, *step) }
        }
        Wish::Hide(item) => Command::Hide { item: nth(world, *item) },
        Wish::Show(item) => Command::Show { item: nth(world, *item) },
        Wish::Archive(item) => Command::Archive { item: nth(world, *item) },
        Wish::Restore(item) => Command::Restore { item: nth(world, *item) },
        Wish::Delete(item) => Command::Delete { item: nth(world, *item) },
        Wish::Pending => Command::GovernPending,
    })
}

fn run(world: &mut World, command: &Command) -> Option<usize> {
    let actor = if matches!(command, Command::GovernPending) { Principal::System } else { world.admin() };
    world.handle(&actor, None, &command.clone().into()).ok().map(|outcome| outcome.events.len())
}

// A command that makes a new thing each time, or that takes away what it names, cannot be repeated.
const fn is_repeatable(command: &Command) -> bool {
    !matches!(command, Command::Create { .. } | Command::Delete { .. } | Command::GovernPending)
}

fn assert_indexes(world: &World) {
    let items = &world.state.items;
    let mut forward = BTreeSet::new();
    for (id, item) in &items.by_id {
        assert!(items.by_blueprint[&item.template.blueprint].contains(id));
        for (field, value) in &item.fields {
            for to in value.references() {
                assert!(items.by_id.contains_key(&to), "{id} refers to {to}, which is not there");
                forward.insert((to, field.clone(), *id));
            }
        }
    }
    let indexed = items.referrers.iter().flat_map(|(to, from)| from.iter().map(|(f, i)| (*to, f.clone(), *i)));
    assert_eq!(indexed.collect::<BTreeSet<_>>(), forward);
    assert_eq!(items.by_blueprint.values().map(imbl::OrdSet::len).sum::<usize>(), items.by_id.len());
}

fn assert_back_references(world: &World) {
    for (id, item) in &world.state.items.by_id {
        let version = world.state.templates.version(&item.template).unwrap();
        for field in &version.definition.fields {
            let FieldSource::BackReference { blueprint, field: through } = &field.source else { continue };
            let value = field_value(&world.state, item, &field.id);
            let back: BTreeSet<_> = value.iter().flat_map(Value::references).collect();
            let all = world.state.items.by_id.values();
            let forward: BTreeSet<_> = all
                .filter(|from| from.template.blueprint == *blueprint)
                .filter(|from| from.fields.get(through).is_some_and(|held| held.references().any(|to| to == *id)))
                .map(|from| from.id)
                .collect();
            assert_eq!(back, forward, "{} of {id}", field.id);
        }
    }
}

fn assert_governed_once(world: &World) {
    for (id, item) in world.state.items.by_id.iter().filter(|(_, item)| item.source.is_some()) {
        let governing: Vec<_> = referring(&world.state, *id, &SOURCE_FIELD.into()).collect();
        assert!(governing.len() <= 1, "{id} is governed by {governing:?}");
        assert_eq!(governing_item(&world.state, item.id), governing.first().copied());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_keep_the_indexes_true_and_repeating_one_adds_nothing(
        wishes in proptest::collection::vec(wishes(), 1..COMMANDS_MAX)
    ) {
        let mut world = World::bootstrapped();
        tell(&mut world, project_key("A"));
        for wish in wishes {
            let Some(command) = command(&mut world, &wish) else { continue };
            if run(&mut world, &command).is_some() && is_repeatable(&command) {
                prop_assert_eq!(run(&mut world, &command), Some(0), "{:?}", command);
            }
            prop_assert!(run(&mut world, &Command::GovernPending).is_some());
        }
        assert_indexes(&world);
        assert_back_references(&world);
        assert_governed_once(&world);
    }
}
