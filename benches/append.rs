//! Durable commands per second through the engine on sled, beside the same bytes appended to a file.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign_benches::load::{self, Run};
use countersign_benches::raw::{RawCommitter, RawLog};
use countersign_benches::{begin, caller, register_file};
use countersign_core::schema;
use countersign_engine::engine::{Engine, Settings};
use countersign_engine::log::{LogReader, LogWriter};
use countersign_engine::sample;
use countersign_engine::sled_log::SledLog;

const CALLERS: [u64; 4] = [1, 16, 64, 256];
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_millis(1_500);

async fn through_engine(mut writer: impl LogWriter + 'static, callers: u64) -> anyhow::Result<(Run, usize)> {
    let state = begin(&mut writer)?;
    let groups = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&groups);
    let engine = Engine::start(writer, state, Settings::default(), move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let asked = engine.clone();
    let run = load::run(callers, ROUND, move |number| {
        let engine = asked.clone();
        async move {
            engine.submit(register_file(number), caller(number)).await?;
            Ok(())
        }
    })
    .await?;
    engine.stop().await;
    Ok((run, groups.load(Ordering::Relaxed)))
}

async fn bare(path: &Path, frame: &Arc<Vec<u8>>, callers: u64) -> anyhow::Result<Run> {
    let committer = RawCommitter::start(path)?;
    let frame = Arc::clone(frame);
    load::run(callers, ROUND, move |_| {
        let (committer, frame) = (committer.clone(), Arc::clone(&frame));
        async move { committer.append(Vec::clone(&frame)).await }
    })
    .await
}

/// The bytes of one of the workload's events.
async fn frame() -> anyhow::Result<Arc<Vec<u8>>> {
    let (mut writer, _reader) = countersign_engine::memory_log::open(Default::default());
    let state = begin(&mut writer)?;
    let engine = Engine::start(writer, state, Settings::default(), |_| {});
    let receipt = engine.submit(register_file(1), caller(1)).await?;
    let recorded = receipt.events.first().ok_or_else(|| anyhow::anyhow!("the workload made no event"))?;
    Ok(Arc::new(schema::encode(recorded, sample::LOG)?.frame))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let frame = frame().await?;
    println!("durable append, {} bytes an event, median of {ROUNDS} rounds of {ROUND:?}", frame.len());
    println!(
        "| callers | engine+sled / raw | engine+file / raw | raw file 1/s | engine+file 1/s | engine+sled 1/s | p50 / p99 ms | events a sync |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for callers in CALLERS {
        let mut runs: [Vec<Run>; 3] = Default::default();
        let mut largest = 0.0_f64;
        for _ in 0..ROUNDS {
            // In turn, so that a slow moment of the machine meets all three.
            let folder = tempfile::tempdir()?;
            let [raw, file, sled] = &mut runs;
            raw.push(bare(&folder.path().join("raw"), &frame, callers).await?);
            file.push(through_engine(RawLog::create(&folder.path().join("file"))?, callers).await?.0);
            let (writer, reader) = SledLog::open(&folder.path().join("sled"))?;
            let (run, groups) = through_engine(writer, callers).await?;
            let events = reader.durable_head().0;
            let size = f64::from(u32::try_from(events)?) / f64::from(u32::try_from(groups.max(1))?);
            largest = largest.max(size);
            sled.push(run);
        }
        let [Some(raw), Some(file), Some(sled)] = runs.map(load::median) else { continue };
        println!(
            "| {callers} | {:.0} % | {:.0} % | {:.0} | {:.0} | {:.0} | {:.2} / {:.2} | {largest:.0} |",
            sled.per_second / raw.per_second * 100.0,
            file.per_second / raw.per_second * 100.0,
            raw.per_second,
            file.per_second,
            sled.per_second,
            sled.p50_ms,
            sled.p99_ms,
        );
    }
    Ok(())
}
