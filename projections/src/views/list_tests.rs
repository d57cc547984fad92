//! Lists by index give what looking at every row would give; plans never leave out what may be read.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test should panic")]

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::access::may::{Action, Subject, allows};
use countersign_core::access::{self, Permissions, Rights};
use countersign_core::ids::{BlueprintId, ItemId};
use countersign_core::signoff::{self, Action as Act};
use countersign_core::sync::SyncObject;
use countersign_core::testing::World;
use countersign_core::{Principal, State};

use super::Views;
use super::items::{GovernableQuery, Query, Sort};
use crate::page::{Cursor, Order};
use crate::readable::{Plan, Scope};
use crate::story::{save, states, story};

fn anything(_: ItemId) -> bool {
    true
}

pub(super) fn views(world: &World) -> Views {
    let mut views = Views::default();
    for (event, state) in states(&world.log) {
        views.apply(&event, &state);
    }
    views
}

/// The story, and some more objects with names of all kinds.
pub(super) fn crowd() -> World {
    let (mut world, _) = story();
    for number in 0..40_u32 {
        let project = format!("P{}", number % 7);
        let name = format!("{} Forest {}", ["Übung", "alpha", "Zeta", "beta"][number as usize % 4], number % 10);
        let object = match number % 3 {
            0 => SyncObject::Project { project: project.into() },
            1 => SyncObject::SavedModel { project: project.into(), model: format!("m{number}").into() },
            _ => SyncObject::Bundle { project: project.into(), bundle: format!("b{number}").into() },
        };
        let item = world.sync(object, &name, 1);
        if number % 4 == 0 && countersign_core::artifact::govern::governing_item(&world.state, item).is_none() {
            world.govern(item);
        }
    }
    world
}

fn all(views: &Views, state: &State, query: &Query) -> Vec<ItemId> {
    let (mut rows, mut cursor) = (Vec::new(), None::<Cursor>);
    for _ in 0..1_000 {
        let query = Query { cursor: cursor.clone(), limit: 3, ..query.clone() };
        let page = views.items.list(state, &query, &anything);
        rows.extend(page.rows);
        cursor = page.next;
        if cursor.is_none() {
            return rows;
        }
    }
    unreachable!("a list has an end")
}

#[test]
fn every_order_pages_through_every_item_once_both_ways() {
    let world = crowd();
    let views = views(&world);
    let everything: BTreeSet<ItemId> = world.state.items.by_id.keys().copied().collect();
    for sort in [Sort::Name, Sort::Id, Sort::Changed, Sort::Step] {
        let up = all(&views, &world.state, &Query { sort, ..Query::default() });
        let mut down = all(&views, &world.state, &Query { sort, order: Order::Descending, ..Query::default() });
        assert_eq!(up.len(), everything.len(), "{sort:?}");
        assert_eq!(up.iter().copied().collect::<BTreeSet<_>>(), everything, "{sort:?}");
        down.reverse();
        assert_eq!(down, up, "{sort:?}");
    }
    let by_name = all(&views, &world.state, &Query::default());
    let names: Vec<String> = by_name.iter().map(|id| world.state.items.by_id[id].name.to_lowercase()).collect();
    assert!(names.is_sorted());
    let by_change = all(&views, &world.state, &Query { sort: Sort::Changed, ..Query::default() });
    assert!(by_change.iter().map(|id| world.state.items.by_id[id].position).is_sorted());
}

#[test]
fn the_counts_of_every_filter_are_those_of_the_state() {
    let world = crowd();
    let views = views(&world);
    let state = &world.state;
    for blueprint in state.items.by_blueprint.keys() {
        let of = Query { blueprint: Some(blueprint.clone()), ..Query::default() };
        let listed: BTreeSet<ItemId> = all(&views, state, &of).into_iter().collect();
        assert_eq!(listed, state.items.by_blueprint[blueprint].iter().copied().collect(), "{blueprint}");
        let governed = all(&views, state, &Query { governed: Some(true), ..of });
        let is_governed = |id: &&ItemId| crate::derive::governed_by(state, **id).is_some();
        assert_eq!(governed.len(), state.items.by_blueprint[blueprint].iter().filter(is_governed).count());
    }
    for status in signoff::Status::ALL {
        let listed = all(&views, state, &Query { signoff: Some(status), ..Query::default() });
        let expected =
            state.items.by_id.values().filter(|item| {
                crate::derive::signoff(state, item).is_some_and(|(_, signoff)| signoff.status == status)
            });
        assert_eq!(listed.len(), expected.count(), "{status:?}");
    }
}

#[test]
fn a_search_finds_what_holds_all_words_and_forgets_what_was_renamed() {
    let mut world = crowd();
    let find = |views: &Views, q: &str| views.items.find(q).items();
    let before = views(&world);
    let found = find(&before, "FOR übu");
    assert!(!found.is_empty());
    let expected = |words: &[&str], world: &World| {
        let has = |name: &str| words.iter().all(|word| name.split(' ').any(|part| part.starts_with(word)));
        let items = world.state.items.by_id.values().filter(|item| has(&item.name.to_lowercase()));
        items.map(|item| item.id).collect::<BTreeSet<_>>()
    };
    assert_eq!(found, expected(&["for", "übu"], &world));
    assert!(find(&before, "forest nothing").is_empty());
    let project = *find(&before, "übung forest").first().unwrap();
    let SyncObject::Project { project: key } =
        world.state.items.by_id[&project].source.as_ref().unwrap().key.object.clone()
    else {
        return;
    };
    world.sync(SyncObject::Project { project: key }, "Renamed", 99);
    let after = views(&world);
    assert!(!find(&after, "übung forest").contains(&project));
    assert!(find(&after, "renam").contains(&project));
    let by_id: Vec<ItemId> = find(&after, &project.to_string()).into_iter().collect();
    assert!(by_id.contains(&project));
}

#[test]
fn a_search_looks_into_text_fields_and_foreign_keys() {
    let (mut world, cast) = story();
    save(&mut world, cast.govern_project, &[("exploration_notes", "A zeppelin over Bremen")], &[]);
    let views = views(&world);
    assert_eq!(views.items.find("zepp brem").items(), BTreeSet::from([cast.govern_project]));
    assert!(views.items.find("fraud").has(cast.v1), "by the key of its project");
    let query = Query { q: Some("zeppelin".into()), limit: 5, ..Query::default() };
    assert_eq!(views.items.list(&world.state, &query, &anything).rows, [cast.govern_project]);
    assert!(views.items.list(&world.state, &query, &|_| false).rows.is_empty());
}

/// Takes reading away from everybody, so that only roles and sign-offs give it.
fn closed(world: &mut World) {
    let read = Rights { read: true, ..Rights::default() };
    let roles = ["ro.contributor", "ro.business_reviewer"].map(|role| (role.into(), read));
    let permissions = Permissions { everyone: Rights::default(), roles: roles.into(), fields: Vec::new() };
    world.happened(&Principal::System, access::Event::PermissionsSet { blueprint: None, permissions, document: None });
}

#[test]
fn a_plan_leaves_out_nothing_that_may_be_read_and_lists_show_nothing_else() {
    let mut world = crowd();
    closed(&mut world);
    for (login, groups) in [("cleo", &["contributors"][..]), ("dan", &[]), ("eve", &["risk"])] {
        world.user_in(login, groups);
    }
    let governed: Vec<ItemId> = world.state.items.by_blueprint["bp.system.govern_project"].iter().copied().collect();
    world.set_people(governed[1], "business_reviewers", &["dan"]);
    let delegate = Act::Delegate { group: None, to: world.user("eve") };
    let admin = world.admin();
    let waiting = world.state.signoffs.by_step.iter().find(|(_, signoff)| signoff.status != signoff::Status::Abandoned);
    let (key, _) = waiting.map(|(key, signoff)| (key.clone(), signoff.clone())).unwrap();
    let _refused_or_not =
        world.handle(&admin, None, &signoff::Command { item: key.item, step: key.step, action: delegate }.into());
    let views = views(&world);
    let state = &world.state;
    let mut narrowest = usize::MAX;
    for login in ["ana", "bo", "cleo", "dan", "eve"] {
        let principal = world.principal(login);
        let plan = Arc::new(Plan::of_principal(state, &views.readers, &principal));
        let may = |id: ItemId| allows(state, &principal, Action::Read, Subject::Item(id));
        let readable: BTreeSet<ItemId> = state.items.by_id.keys().copied().filter(|id| may(*id)).collect();
        for id in &readable {
            let blueprint: &BlueprintId = &state.items.by_id[id].template.blueprint;
            let is_in = match plan.of(blueprint) {
                Scope::All | Scope::Ask => true,
                Scope::Nothing => false,
                Scope::Among(items) => items.contains(id),
            };
            assert!(is_in, "{login} may read {id} of {blueprint}");
        }
        let query = Query { scope: Some(plan.clone()), limit: 1_000, ..Query::default() };
        let listed: BTreeSet<ItemId> = views.items.list(state, &query, &may).rows.into_iter().collect();
        assert_eq!(listed, readable, "{login}");
        let governable = GovernableQuery { limit: 1_000, ..GovernableQuery::default() };
        let by_plan = GovernableQuery { scope: Some(plan), ..governable.clone() };
        let slow = views.items.governable(state, &governable, &may).rows;
        assert_eq!(views.items.governable(state, &by_plan, &may).rows, slow, "{login}");
        narrowest = narrowest.min(readable.len());
        let entries = views.inbox.of(state, &principal);
        let plan = Plan::of_principal(state, &views.readers, &principal);
        let quick: Vec<_> = views.inbox.waiting_for(state, &principal, Some(&plan), Default::default()).collect();
        assert_eq!(quick, entries, "{login}");
    }
    assert!(narrowest < 10, "somebody reads little: {narrowest}");
}

#[test]
fn pages_taken_while_items_come_miss_and_repeat_nothing_that_was_there_throughout() {
    let mut world = crowd();
    let there: BTreeSet<ItemId> = world.state.items.by_id.keys().copied().collect();
    for (round, sort) in [Sort::Name, Sort::Id, Sort::Changed, Sort::Step].into_iter().enumerate() {
        let (mut seen, mut cursor, mut number) = (Vec::new(), None, 0_u32);
        loop {
            let views = views(&world);
            let query = Query { sort, cursor, limit: 16, ..Query::default() };
            let page = views.items.list(&world.state, &query, &anything);
            seen.extend(page.rows);
            cursor = page.next;
            if cursor.is_none() || number > 100 {
                break;
            }
            number += 1;
            let name = ["aaa", "Zzz", "mid"][number as usize % 3];
            world.sync(SyncObject::Project { project: format!("N{round}_{number}").into() }, name, 1);
        }
        let unique: BTreeSet<ItemId> = seen.iter().copied().collect();
        assert_eq!(unique.len(), seen.len(), "{sort:?} repeated something");
        assert!(there.is_subset(&unique), "{sort:?} missed something");
    }
}
