//! A closed loop: each caller asks again as soon as it was answered.

use std::future::Future;
use std::time::{Duration, Instant};

/// What came of one run.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Answered requests per second.
    pub per_second: f64,
    /// Half of the answers took no longer, in milliseconds.
    pub p50_ms: f64,
    /// All but one in a hundred took no longer, in milliseconds.
    pub p99_ms: f64,
}

/// Lets `callers` ask for `duration`; `ask` is given a number that no other call has.
pub async fn run<F, A>(callers: u64, duration: Duration, ask: F) -> anyhow::Result<Run>
where
    F: Fn(u64) -> A + Clone + Send + 'static,
    A: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let begun = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let ask = ask.clone();
            tokio::spawn(async move {
                let mut took = Vec::new();
                let mut number = caller;
                while begun.elapsed() < duration {
                    let asked = Instant::now();
                    ask(number).await?;
                    took.push(asked.elapsed());
                    number += callers;
                }
                anyhow::Ok(took)
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await??);
    }
    let elapsed = begun.elapsed();
    took.sort_unstable();
    let at = |share: usize| took.get((took.len() * share / 100).min(took.len().saturating_sub(1)));
    let millis = |share| at(share).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1e3);
    let answered = f64::from(u32::try_from(took.len())?);
    Ok(Run { per_second: answered / elapsed.as_secs_f64(), p50_ms: millis(50), p99_ms: millis(99) })
}

/// The run with the middle throughput.
#[must_use]
pub fn median(mut runs: Vec<Run>) -> Option<Run> {
    runs.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    runs.get(runs.len() / 2).copied()
}
