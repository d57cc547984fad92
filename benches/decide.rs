//! Deciding typical commands on a state of some size, beside what cannot be saved: encoding the events they make.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use countersign_benches::register_file;
use countersign_core::ids::CredentialId;
use countersign_core::input::Input;
use countersign_core::schema;
use countersign_core::sync::{self, Revision, Sync, SyncKey, SyncObject};
use countersign_core::testing::World;
use countersign_core::{Caller, Channel, Command, Context, Principal, State, access, artifact, handle};

/// Synced objects besides those that the commands are about.
const ITEMS: u64 = 5_000;
const ROUND: Duration = Duration::from_secs(2);
/// Calls between two looks at the clock.
const BATCH: u32 = 32;

/// One command, and who asks it.
struct Case {
    name: &'static str,
    principal: Principal,
    command: Command,
}

fn project(name: &str) -> SyncObject {
    SyncObject::Project { project: name.into() }
}

fn case(name: &'static str, principal: &Principal, command: impl Into<Command>) -> Case {
    Case { name, principal: principal.clone(), command: command.into() }
}

/// A world after the first start with many projects, one of them governed, and commands that each change something.
fn cases() -> (World, Vec<Case>) {
    let mut world = World::bootstrapped();
    for number in 0..ITEMS {
        world.sync(project(&format!("P{number}")), "A project among many", 1);
    }
    let source = world.project();
    let item = world.govern(source);
    let admin = world.admin();
    let node = Principal::Node("design-1".into());
    let synced = Sync {
        key: SyncKey { node: "design-1".into(), object: project(countersign_core::testing::PROJECT) },
        revision: Revision { epoch: 0, revision: 2 },
        name: "Fraud detection".into(),
        fields: Vec::new(),
        url: None,
        digest: None,
        active: None,
        metrics: Vec::new(),
        model_versions: Vec::new(),
    };
    let notes = vec![("exploration_notes".into(), Input::Text("Looked at the data of the last year.".into()))];
    let user = access::Command::CreateUser {
        login: "ana".into(),
        display_name: Some("Ana".into()),
        email: None,
        groups: Vec::new(),
        profile: None,
        credential: Some(CredentialId(uuid::Uuid::from_u128(7))),
        document: None,
        own_document: None,
    };
    let cases = vec![
        case("register a file", &admin, register_file(1)),
        case("sync a project's next revision", &node, sync::Command::Sync(synced)),
        case("save notes", &admin, artifact::Command::Save { item, name: None, fields: notes, steps: Vec::new() }),
        case("finish a step", &admin, artifact::Command::FinishStep { item, step: "exploration".into() }),
        case("create a user", &admin, user),
    ];
    (world, cases)
}

/// Microseconds a call.
fn time(mut call: impl FnMut()) -> f64 {
    let (begun, mut calls) = (Instant::now(), 0_u32);
    while begun.elapsed() < ROUND {
        for _ in 0..BATCH {
            call();
        }
        calls += BATCH;
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

fn main() -> anyhow::Result<()> {
    let (world, cases) = cases();
    let state: &State = &world.state;
    let log = state.log.ok_or_else(|| anyhow::anyhow!("the first start made no log"))?;
    println!("decide on {} items, one thread, {ROUND:?} each", state.items.by_id.len());
    println!("| command | decide / encode | decide µs | encode µs | state clone µs | events |");
    println!("|---|---|---|---|---|---|");
    let clone = time(|| drop(black_box(state.clone())));
    for Case { name, principal, command } in cases {
        let caller = Caller::new(principal, Channel::Http, countersign_benches::caller(1).correlation);
        let context = Context { caller, at: world.at, seed: [7; 32] };
        let outcome = handle(state, &command, &context).map_err(|refused| anyhow::anyhow!("{name}: {refused}"))?;
        anyhow::ensure!(!outcome.events.is_empty(), "{name}: made no event");
        let decide = time(|| drop(black_box(handle(state, &command, &context))));
        let encode = time(|| {
            for recorded in &outcome.events {
                drop(black_box(schema::encode(recorded, log)));
            }
        });
        let events = outcome.events.len();
        println!("| {name} | {:.2} | {decide:.1} | {encode:.1} | {clone:.2} | {events} |", decide / encode);
    }
    Ok(())
}
