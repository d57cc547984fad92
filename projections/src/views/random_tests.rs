//! Lists by index, by plan and by walking against looking at every item, for random queries of people with random rights.
#![expect(clippy::indexing_slicing, reason = "a failing test should panic")]

use std::sync::Arc;

use countersign_core::access::may::{Action, Subject, allows};
use countersign_core::access::{self, Permissions, Rights};
use countersign_core::ids::{BlueprintId, ItemId};
use countersign_core::rules::{self, Criteria, Governing, Kind, Rule};
use countersign_core::signoff::Status;
use countersign_core::testing::World;
use countersign_core::{Principal, State, artifact};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::Views;
use super::items::{GovernableQuery, Query, Sort};
use super::list_tests::{crowd, views};
use crate::naive;
use crate::page::{Cursor, Order, Page};
use crate::readable::Plan;

const WORDS: [&str; 14] =
    ["forest", "FOR", "übung", "übu", "alpha", "z", "p1", "P", "m1", "b", "design", "ar.1", "fraud", "nothing"];
const READERS: [&str; 5] = ["ana", "cleo", "dan", "eve", "finn"];

/// Everybody reads something else, and some items are hidden, archived or recommended.
fn world() -> World {
    let mut world = crowd();
    let read = Rights { read: true, ..Rights::default() };
    let roles = ["ro.contributor", "ro.business_reviewer"].map(|role| (role.into(), read));
    let permissions = Permissions { everyone: Rights::default(), roles: roles.into(), fields: Vec::new() };
    world.happened(&Principal::System, access::Event::PermissionsSet { blueprint: None, permissions, document: None });
    for (login, groups) in [("cleo", &["contributors"][..]), ("dan", &[]), ("eve", &["risk"]), ("finn", &["admins"])] {
        world.user_in(login, groups);
    }
    let governed: Vec<ItemId> = world.state.items.by_blueprint["bp.system.govern_project"].iter().copied().collect();
    world.set_people(governed[1], "business_reviewers", &["dan"]);
    let admin = world.admin();
    let loose = naive::governable(&world.state, &GovernableQuery::default(), &|_| true);
    world.run(&admin, artifact::Command::Hide { item: loose[0] });
    world.run(&admin, artifact::Command::Hide { item: loose[3] });
    world.run(&admin, artifact::Command::Archive { item: governed[0] });
    let rule = |governing| Rule {
        governing,
        criteria: Criteria::default(),
        version: None,
        children: artifact::ChildrenRules::default(),
    };
    let recommended = vec![(Kind::Bundle, vec![rule(Governing::Recommended)])];
    world.run(&admin, rules::Command::SetGovernanceRules { scope: None, rules: recommended });
    world
}

fn words() -> impl Strategy<Value = Option<String>> {
    let some = prop::collection::vec(prop::sample::select(&WORDS[..]), 1..4).prop_map(|words| words.join(" "));
    prop::option::of(some)
}

fn queries(state: &State) -> impl Strategy<Value = Query> + use<> {
    let blueprints: Vec<BlueprintId> = state.items.by_blueprint.keys().cloned().collect();
    let some =
        (prop::option::of(prop::sample::select(blueprints)), words(), prop::option::weighted(0.3, any::<bool>()));
    let narrow = (
        prop::option::weighted(0.2, any::<bool>()),
        prop::option::weighted(0.2, prop::sample::select(vec!["review", "exploration", "development"])),
        prop::option::weighted(0.2, prop::sample::select(Status::ALL.to_vec())),
    );
    let sorts = prop::sample::select(vec![Sort::Name, Sort::Id, Sort::Changed, Sort::Step]);
    let shape = (sorts, any::<bool>(), 1..30_usize);
    (some, narrow, shape).prop_map(|((blueprint, q, governed), (archived, step, signoff), (sort, down, limit))| {
        let order = if down { Order::Descending } else { Order::Ascending };
        let step = step.map(Into::into);
        Query { blueprint, q, governed, archived, step, signoff, sort, order, limit, ..Query::default() }
    })
}

fn all_pages(mut page: impl FnMut(Option<Cursor>) -> Page<ItemId>) -> Vec<ItemId> {
    let (mut rows, mut cursor) = (Vec::new(), None::<Cursor>);
    loop {
        let next = page(cursor);
        rows.extend(next.rows);
        cursor = next.next;
        if cursor.is_none() {
            return rows;
        }
    }
}

struct Reader {
    principal: Principal,
    plan: Arc<Plan>,
}

fn readers(world: &World, views: &Views) -> Vec<Reader> {
    let all = READERS.iter().map(|login| world.principal(login)).chain([world.admin()]);
    let plan = |principal: &Principal| Arc::new(Plan::of_principal(&world.state, &views.readers, principal));
    all.map(|principal| Reader { plan: plan(&principal), principal }).collect()
}

fn outcome(result: Result<(), impl std::fmt::Display>) {
    assert_eq!(result.map_err(|error| error.to_string()), Ok(()));
}

#[test]
fn every_list_of_items_is_what_looking_at_each_item_gives() {
    let world = world();
    let (views, state) = (views(&world), &world.state);
    let readers = readers(&world, &views);
    let cases = (queries(state), 0..readers.len());
    let mut runner = TestRunner::new(ProptestConfig::with_cases(1_000));
    outcome(runner.run(&cases, |(query, reader)| {
        let Reader { principal, plan } = &readers[reader];
        let may = |item: ItemId| allows(state, principal, Action::Read, Subject::Item(item));
        let expected = naive::items(state, &query, &may);
        for scope in [None, Some(plan.clone())] {
            let listed = all_pages(|cursor| {
                let query = Query { cursor, scope: scope.clone(), ..query.clone() };
                views.items.list(state, &query, &may)
            });
            prop_assert_eq!(&listed, &expected, "with a plan: {}", scope.is_some());
        }
        Ok(())
    }));
}

#[test]
fn every_list_of_governable_items_is_what_looking_at_each_item_gives() {
    let world = world();
    let (views, state) = (views(&world), &world.state);
    let readers = readers(&world, &views);
    let cases = (queries(state), prop::option::of(any::<bool>()), prop::bool::weighted(0.3), 0..readers.len());
    let mut runner = TestRunner::new(ProptestConfig::with_cases(1_000));
    outcome(runner.run(&cases, |(query, recommended, hidden, reader)| {
        let Query { blueprint, q, limit, .. } = query;
        let query = GovernableQuery { blueprint, q, recommended, hidden, limit, ..GovernableQuery::default() };
        let Reader { principal, plan } = &readers[reader];
        let may = |item: ItemId| allows(state, principal, Action::Read, Subject::Item(item));
        let expected = naive::governable(state, &query, &may);
        for scope in [None, Some(plan.clone())] {
            let listed = all_pages(|cursor| {
                let query = GovernableQuery { cursor, scope: scope.clone(), ..query.clone() };
                views.items.governable(state, &query, &may)
            });
            prop_assert_eq!(&listed, &expected, "with a plan: {}", scope.is_some());
        }
        Ok(())
    }));
}

#[test]
fn the_registry_finds_the_projects_in_which_something_holds_all_words() {
    let world = world();
    let (views, state) = (views(&world), &world.state);
    let readers = readers(&world, &views);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(300));
    outcome(runner.run(&(words(), 0..readers.len(), 1..30_usize), |(q, reader, limit)| {
        let may = |item: ItemId| allows(state, &readers[reader].principal, Action::Read, Subject::Item(item));
        let expected = naive::registry_projects(state, q.as_deref(), &may);
        let listed = all_pages(|cursor| {
            let query = super::registry::Query { q: q.clone(), cursor, limit, ..Default::default() };
            views.registry.models(state, &views.items, &query, &may).map(|entry| entry.item)
        });
        prop_assert_eq!(listed, expected);
        Ok(())
    }));
}
