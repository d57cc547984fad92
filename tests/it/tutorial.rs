//! The whole tutorial on the real binary, a real NATS server and real HTTP, as `countersign demo --script` plays it.

#![expect(clippy::indexing_slicing, reason = "indexing a JSON value gives null and never panics")]

use anyhow::{Context as _, Result, ensure};
use countersign_tests::nats::nats_server;
use countersign_tests::server;
use serde_json::Value;

/// How many steps the script prints when each of them was seen to work.
const STEPS: usize = 26;

#[test]
fn the_whole_tutorial_runs_and_its_log_tells_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("demo");
    let nats = nats_server()?;
    let nats = nats.to_str().context("a printable path")?;
    let arguments = ["demo", "--script", "--data", root.to_str().context("a printable path")?];
    let played = server::run(&arguments, &[("NATS_SERVER_BIN", nats)])?;
    let (told, trouble) = (String::from_utf8(played.stdout)?, String::from_utf8(played.stderr)?);
    ensure!(played.status.success(), "the script failed: {told}{trouble}");
    let numbered = told.lines().filter(|line| line.trim_start().starts_with(|first: char| first.is_ascii_digit()));
    ensure!(numbered.count() == STEPS, "not every step was seen: {told}");

    let exported = root.join("export.jsonl");
    let (data, file) = (root.join("data"), exported.to_str().context("a printable path")?);
    let data = data.to_str().context("a printable path")?;
    let export = server::run(&["log", "export", "--data", data, "--output", file], &[])?;
    ensure!(export.status.success(), "log export failed: {}", String::from_utf8_lossy(&export.stderr));
    let types: Vec<String> = std::fs::read_to_string(&exported)?
        .lines()
        .map(|line| Ok(serde_json::from_str::<Value>(line)?["leaf"]["type"].to_string()))
        .collect::<Result<_>>()?;
    let count = |wanted: &str| types.iter().filter(|name| name.trim_matches('"').ends_with(wanted)).count();
    for (event, times) in [
        ("LogCreated", 1),
        ("SignoffReset", 1),
        ("AbandonCancelled", 1),
        ("SignoffAbandoned", 2),
        ("ApprovalSubmitted", 2),
    ] {
        ensure!(
            count(event) == times,
            "{event} stands {} times in the log instead of {times}: {types:?}",
            count(event)
        );
    }
    Ok(())
}
