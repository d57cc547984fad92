//! Replay, as a start does it: a log of sled into the state and all views, beside reading and decoding it alone.
//!
//! One process, one log, the runs interleaved; the result is the ratio. Not a criterion bench: one run takes seconds
//! and must not be repeated a hundred times. `COUNTERSIGN_BENCH_EVENTS` sets how many events (1,000,000 by default).

use std::hint::black_box;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use countersign_core::artifact::{self, StepStatus};
use countersign_core::ids::{ItemId, LogId, NodeId, Position};
use countersign_core::input::Input;
use countersign_core::signoff::{self, Action, ApprovalStatus, Notify, ReviewStatus};
use countersign_core::sync::{self, Active, Measure, Revision, SyncKey, SyncObject};
use countersign_core::testing::World;
use countersign_core::time::Timestamp;
use countersign_core::{Principal, Recorded, State, evolve, schema};
use countersign_engine::log::{LogReader, LogWriter};
use countersign_engine::sled_log::SledLog;

const EVENTS_DEFAULT: u64 = 1_000_000;
/// Of every kind of run; the best counts.
const RUNS: usize = 2;
/// As many events as the engine commits at once when it is busy.
const GROUP_EVENTS: usize = 256;
const NODE: &str = "design-1";
const VERSIONS: u32 = 4;
const EVALUATIONS: i64 = 40;

fn main() -> Result<()> {
    // `cargo test --benches` only has to see that it still works.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let wanted = match std::env::var("COUNTERSIGN_BENCH_EVENTS") {
        Ok(text) => text.parse().context("COUNTERSIGN_BENCH_EVENTS is not a number")?,
        Err(_) if is_test => 2_000,
        Err(_) => EVENTS_DEFAULT,
    };
    let directory = tempfile::tempdir()?;
    let began = Instant::now();
    let (mut writer, reader) = SledLog::open(directory.path())?;
    let events = generate(&mut writer, wanted)?;
    let mut out = stdout().lock();
    writeln!(out, "{events} events generated and appended in {:.1?}", began.elapsed())?;

    // Measured first: what a process has given back to its allocator still counts as resident.
    for (name, kilobytes) in memory(&reader)? {
        writeln!(out, "resident with {name}: {} MiB", kilobytes / 1024)?;
    }
    let (mut decode, mut state, mut views) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        decode.push(timed(|| decode_only(&reader))?);
        state.push(timed(|| into_state(&reader))?);
        views.push(timed(|| into_views(&reader))?);
    }
    let best = |runs: &[Duration]| runs.iter().min().copied().unwrap_or_default();
    let base = best(&decode).as_secs_f64();
    writeln!(out, "| run | seconds | events/s | of decode only |\n|---|---|---|---|")?;
    for (name, runs) in [("decode only", &decode), ("state", &state), ("state and all views", &views)] {
        let seconds = best(runs).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a million is exact")]
        let rate = events as f64 / seconds;
        writeln!(out, "| {name} | {seconds:.2} | {rate:.0} | {:.2} |", seconds / base)?;
    }
    Ok(())
}

fn timed(run: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let began = Instant::now();
    run()?;
    Ok(began.elapsed())
}

fn decode_only(reader: &impl LogReader) -> Result<()> {
    for event in reader.read(Position::ZERO) {
        black_box(event?);
    }
    Ok(())
}

fn into_state(reader: &impl LogReader) -> Result<()> {
    black_box(folded(reader)?);
    Ok(())
}

fn folded(reader: &impl LogReader) -> Result<State> {
    let mut state = State::default();
    for event in reader.read(Position::ZERO) {
        evolve(&mut state, &event?);
    }
    Ok(state)
}

fn into_views(reader: &impl LogReader) -> Result<()> {
    let loaded = countersign_projections::load(reader, |_, _| {})?;
    ensure!(loaded.snapshot.position() == reader.durable_head(), "the replay ended early");
    black_box(loaded);
    Ok(())
}

/// What the process holds before, with the state, and with the state and all views and history snapshots.
fn memory(reader: &impl LogReader) -> Result<Vec<(&'static str, u64)>> {
    decode_only(reader)?;
    let mut rows = vec![("nothing loaded, after one reading", resident_kilobytes()?)];
    let state = folded(reader)?;
    rows.push(("the state", resident_kilobytes()?));
    drop(state);
    let loaded = countersign_projections::load(reader, |_, _| {})?;
    rows.push(("state, all views and history snapshots", resident_kilobytes()?));
    drop(loaded);
    Ok(rows)
}

fn resident_kilobytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Whole projects, each synced, governed, evaluated and signed off, until there are enough events. What was appended
/// is forgotten, so that the log may be larger than the memory.
fn generate(writer: &mut impl LogWriter, wanted: u64) -> Result<u64> {
    let mut world = World::bootstrapped();
    let log = world.state.log.context("a bootstrapped world has a log")?;
    let mut head = Position::ZERO;
    for number in 0_u32.. {
        head = append(writer, log, head, &std::mem::take(&mut world.log))?;
        if head.0 >= wanted {
            break;
        }
        project(&mut world, number)?;
    }
    Ok(head.0)
}

fn append(writer: &mut impl LogWriter, log: LogId, mut head: Position, events: &[Recorded]) -> Result<Position> {
    for group in events.chunks(GROUP_EVENTS) {
        let encoded = group.iter().map(|event| schema::encode(event, log)).collect::<Result<Vec<_>, _>>()?;
        head = writer.append(head, &encoded)?;
    }
    Ok(head)
}

fn project(world: &mut World, number: u32) -> Result<()> {
    let project = format!("PROJECT_{number}");
    let item = synced(world, SyncObject::Project { project: project.as_str().into() }, None, &[])?;
    let object = SyncObject::SavedModel { project: project.as_str().into(), model: "m1".into() };
    synced(world, object, Some(Active::Version("v2".into())), &[])?;
    let govern_project = world.govern(item);
    world.set_people(govern_project, "business_reviewers", &["ana"]);
    world.set_people(govern_project, "final_approvers", &["bo"]);
    let fields = [("qualification_value_rating", "High"), ("qualification_risk_rating", "Low")];
    saved(world, govern_project, &fields, &["exploration", "qualification"]);
    for version in 1..=VERSIONS {
        let name = format!("v{version}");
        let object = SyncObject::ModelVersion {
            project: project.as_str().into(),
            model: "m1".into(),
            version: name.as_str().into(),
        };
        let item = synced(world, object.clone(), None, &[("auc", 0.87), ("log_loss", 0.31)])?;
        let govern_item = world.govern(item);
        evaluated(world, &object);
        signed_off(world, govern_item);
    }
    Ok(())
}

fn node() -> Principal {
    Principal::Node(NodeId::from(NODE))
}

fn synced(world: &mut World, object: SyncObject, active: Option<Active>, metrics: &[(&str, f64)]) -> Result<ItemId> {
    let key = SyncKey { node: NodeId::from(NODE), object };
    let sync = sync::Sync {
        key: key.clone(),
        revision: Revision { epoch: 0, revision: 1 },
        name: format!("Random forest {}", key.object.own_key()).into(),
        fields: Vec::new(),
        url: Some("https://design.example/projects/1".into()),
        digest: None,
        active,
        metrics: metrics.iter().map(|(name, value)| Measure { name: (*name).into(), value: *value }).collect(),
        model_versions: Vec::new(),
    };
    world.run(&node(), sync::Command::Sync(sync));
    world.state.nodes.items.get(&key).copied().context("a synced object has an item")
}

fn evaluated(world: &mut World, object: &SyncObject) {
    for run in 0..EVALUATIONS {
        #[expect(clippy::cast_precision_loss, reason = "a handful is exact")]
        let value = 0.8 - run as f64 / 1_000.0;
        let evaluate = sync::Evaluate {
            version: SyncKey { node: NodeId::from(NODE), object: object.clone() },
            store_project: object.project().cloned().unwrap_or_else(|| "".into()),
            store: format!("mes_{}", object.own_key()).into(),
            evaluation: format!("e{run}").into(),
            evaluated_at: Timestamp::from_millis(1_700_000_000_000 + run * 3_600_000),
            metrics: vec![
                Measure { name: "auc".into(), value },
                Measure { name: "log_loss".into(), value: 1.0 - value },
            ],
            drift: vec![Measure { name: "data_drift".into(), value: 0.1 }],
            is_synced: true,
            url: None,
        };
        world.run(&node(), sync::Command::Evaluate(evaluate));
    }
}

fn saved(world: &mut World, item: ItemId, fields: &[(&str, &str)], finished: &[&str]) {
    let fields = fields.iter().map(|(field, value)| ((*field).into(), Input::Text((*value).into()))).collect();
    let steps = finished.iter().map(|step| ((*step).into(), StepStatus::Finished)).collect();
    let admin = world.admin();
    world.run(&admin, artifact::Command::Save { item, name: None, fields, steps });
}

fn signed_off(world: &mut World, item: ItemId) {
    saved(world, item, &[("dev_notes", "Trained on the data of the last quarter.")], &["development"]);
    let (ana, bo, admin) = (world.principal("ana"), world.principal("bo"), world.admin());
    let nobody = || Notify::These(Vec::new());
    let review = Action::SubmitReview {
        group: "business".into(),
        status: ReviewStatus::MinorIssue,
        comment: Some("The threshold should be looked at again.".into()),
    };
    let steps = [
        (&admin, Action::RequestFeedback { notify: nobody() }),
        (&ana, review),
        (&admin, Action::RequestApproval { notify: nobody() }),
        (&bo, Action::SubmitApproval { status: ApprovalStatus::Approved, comment: None }),
    ];
    for (principal, action) in steps {
        world.run(principal, signoff::Command { item, step: "review".into(), action });
    }
}
