//! A list of 1,000 items filtered by what a person with 40 rules may read, beside the same list unfiltered.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::Principal;
use countersign_core::access::may::{Action, Subject, allows};
use countersign_core::access::{self, Assignment, Criterion, Permissions, Rights, Scope};
use countersign_core::artifact;
use countersign_core::blueprint::Container;
use countersign_core::ids::{BlueprintId, ItemId};
use countersign_core::testing::World;
use countersign_projections::Snapshot;
use countersign_projections::readable::Plan;
use countersign_projections::views::items::Query;

const BLUEPRINT: &str = "bp.system.govern_project";
const ITEMS: usize = 1_000;
const RULES: u32 = 40;
const ROUND: Duration = Duration::from_secs(2);

/// Rules that each give a role of their own: by group, by a field, with a criterion; the reader's is the last.
fn rule(number: u32) -> Assignment {
    let rule = Assignment::of(format!("ro.of_{number}").as_str());
    let containers = vec![Container::Group(format!("group-{number}").as_str().into())];
    match number % 3 {
        0 if number + 1 < RULES => Assignment { fields: vec!["business_reviewers".into()], ..rule },
        1 if number + 1 < RULES => {
            Assignment { containers, criteria: vec![Criterion::Step("exploration".into())], ..rule }
        }
        _ => Assignment { containers, ..rule },
    }
}

fn world() -> World {
    let mut world = World::bootstrapped();
    let admin = world.admin();
    for number in 0..RULES {
        world.group(&format!("group-{number}"));
        let (role, label) = (format!("ro.of_{number}").as_str().into(), format!("Of {number}").into());
        world.run(&admin, access::Command::CreateRole { role, label, description: "".into(), document: None });
    }
    let last = format!("group-{}", RULES - 1);
    world.user_in("ana", &[&last]);
    world.user("rob");
    let on = Scope::Blueprint(BLUEPRINT.into());
    let assignments = (0..RULES).map(rule).collect();
    world.run(&admin, access::Command::SetAssignments { on, assignments, is_new: false, document: None });
    let read = Rights { read: true, ..Rights::default() };
    let roles = (0..RULES).map(|number| (format!("ro.of_{number}").as_str().into(), read)).collect();
    let permissions = Permissions { everyone: Rights::default(), roles, fields: Vec::new() };
    let blueprint = Some(BlueprintId::from(BLUEPRINT));
    world.run(&admin, access::Command::SetPermissions { blueprint, permissions, is_new: false, document: None });
    for number in 0..ITEMS {
        let (blueprint, name) = (BLUEPRINT.into(), format!("Project {number}").into());
        world.run(
            &admin,
            artifact::Command::Create { blueprint, version: None, name, fields: Vec::new(), steps: Vec::new() },
        );
    }
    world
}

/// Microseconds a call, and what the last one gave.
fn time(call: impl Fn() -> usize) -> (f64, usize) {
    let (begun, mut calls, mut found) = (Instant::now(), 0_u32, 0);
    while begun.elapsed() < ROUND {
        found = black_box(call());
        calls += 1;
    }
    (begun.elapsed().as_secs_f64() * 1e6 / f64::from(calls), found)
}

fn main() {
    let world = world();
    let mut snapshot = Snapshot::default();
    world.log.iter().for_each(|event| snapshot.fold(event));
    let Snapshot { state, views } = &snapshot;
    let query = Query { blueprint: Some(BLUEPRINT.into()), limit: ITEMS, ..Query::default() };
    let list = |query: &Query, may: &dyn Fn(ItemId) -> bool| views.items.list(state, query, may).rows.len();
    let (bare, all) = time(|| list(&query, &|_| true));
    println!("| list of {ITEMS} items | of unfiltered | µs | shown |\n|---|---|---|---|");
    println!("| unfiltered | 1.0 | {bare:.0} | {all} |");
    for (login, what) in [("ana", "the last of 40 rules grants"), ("rob", "none of 40 rules grants")] {
        let who: Principal = world.principal(login);
        let may = |item: ItemId| allows(state, &who, Action::Read, Subject::Item(item));
        let (took, shown) = time(|| list(&query, &may));
        println!("| {what}, item by item | {:.1} | {took:.0} | {shown} |", took / bare);
        let planned = || {
            let scope = Some(Arc::new(Plan::of_principal(state, &views.readers, &who)));
            list(&Query { scope, ..query.clone() }, &may)
        };
        let (took, shown) = time(planned);
        println!("| {what}, plan made and used | {:.1} | {took:.0} | {shown} |", took / bare);
    }
}
