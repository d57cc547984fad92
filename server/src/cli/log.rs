//! `countersign log`.

use std::io::{BufRead as _, BufReader, BufWriter, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use countersign_core::ids::Position;
use countersign_engine::export::export;
use countersign_engine::log::LogReader as _;
use countersign_engine::sled_log::{OpenError, SledLog, SledReader, SledWriter};
use countersign_engine::verify::verify;
use countersign_projections::Snapshot;
use futures::TryStreamExt as _;
use indicatif::ProgressBar;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::import;
use super::output::{Failure, chain, fact, say};
use super::remote::{Place, Remote};
use crate::api::log::{LogReport, report};
use crate::config::{Config, Flags};
use crate::event_json::event_json;

/// How hard exports are compressed.
const ZSTD_LEVEL: i32 = 3;
/// How often a followed service is asked for more.
const FOLLOW_PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Check every event; exit code 3 when the log is not whole
    Verify {
        #[command(flatten)]
        place: Place,
    },
    /// Write every event as a JSON line; compressed when the file ends in .zst
    Export {
        /// Where to
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Make an equal log from an export; exit code 3 when the export is not whole. Secrets are not in one: make a key first
    Import {
        /// What `log export` wrote
        file: PathBuf,
        /// The new data directory
        #[arg(long, env = "COUNTERSIGN_DATA", value_name = "DIR")]
        data: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the last events as JSON lines
    Tail {
        /// How many
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: u64,
        /// Go on with what comes; needs --url
        #[arg(short, long)]
        follow: bool,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Verify { place } => match place.target.remote()? {
            Some(remote) => {
                let found = remote.ask(Method::GET, "/log/verify", None).await?;
                tell(place.json, &found)
            }
            None => tokio::task::spawn_blocking(move || verify_here(&place)).await?,
        },
        Command::Export { output, place } => match place.target.remote()? {
            Some(remote) => export_there(&remote, &place, output).await,
            None => tokio::task::spawn_blocking(move || export_here(&place, &output)).await?,
        },
        Command::Import { file, data, json } => {
            tokio::task::spawn_blocking(move || import::run(&file, data, json)).await?
        }
        Command::Tail { lines, follow, place } => match place.target.remote()? {
            Some(remote) => tail_there(&remote, lines, follow).await,
            None if follow => Err(Failure::Usage(anyhow::anyhow!("--follow needs --url"))),
            None => tokio::task::spawn_blocking(move || tail_here(&place, lines)).await?,
        },
    }
}

/// Opens a log that exists. What is found damaged while opening is a violation too.
pub(super) fn open(place: &Place) -> Result<(SledWriter, SledReader), Failure> {
    let flags = Flags { data: place.data.clone(), ..Flags::default() };
    let config = Config::resolve(flags).map_err(|error| Failure::Usage(error.into()))?;
    let directory = config.data.join("log");
    if !directory.is_dir() {
        return Err(Failure::Failed(anyhow::anyhow!("there is no log in {}", config.data.display())));
    }
    SledLog::open(&directory).map_err(|error| match error {
        OpenError::Damaged { .. } => {
            let found = json!({"ok": false, "code": error.code(), "detail": chain(&error)});
            fact(place.json, &found, format_args!("violated: {} ({})", chain(&error), error.code()));
            Failure::Integrity
        }
        error => Failure::from(error),
    })
}

fn verify_here(place: &Place) -> Result<(), Failure> {
    let (writer, log) = open(place)?;
    let bar = bar(&log);
    let found: LogReport = report(verify(&log, |position| bar.set_position(position.0)));
    bar.finish_and_clear();
    drop((writer, log));
    tell(place.json, &serde_json::to_value(&found)?)
}

fn tell(json: bool, found: &Value) -> Result<(), Failure> {
    let word = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default();
    if found.get("ok").and_then(Value::as_bool).unwrap_or(false) {
        let events = found.get("events").and_then(Value::as_u64).unwrap_or_default();
        fact(json, found, format_args!("whole: {events} events of log {}, leaves {}", word("logId"), word("leaves")));
        return Ok(());
    }
    fact(json, found, format_args!("violated: {} ({})", word("detail"), word("code")));
    Err(Failure::Integrity)
}

fn export_here(place: &Place, output: &Path) -> Result<(), Failure> {
    let (writer, log) = open(place)?;
    let bar = bar(&log);
    let events = write_log(&log, output, |position| bar.set_position(position.0));
    bar.finish_and_clear();
    drop((writer, log));
    told(place, events?, output)
}

/// Exports an open log to a new file.
pub(super) fn write_log(log: &SledReader, output: &Path, progress: impl FnMut(Position)) -> anyhow::Result<u64> {
    write_new(output, |mut file| Ok(export(log, &mut file, progress)?.0))
}

async fn export_there(remote: &Remote, place: &Place, output: PathBuf) -> Result<(), Failure> {
    let events = fetch_log(remote, &output).await?;
    told(place, events, &output)
}

/// Takes the log of a running service into a new file.
pub(super) async fn fetch_log(remote: &Remote, output: &Path) -> anyhow::Result<u64> {
    ensure_new(output)?;
    let answer = remote.open("/log/export").await?;
    let lines = SyncIoBridge::new(StreamReader::new(answer.bytes_stream().map_err(std::io::Error::other)));
    let output = output.to_owned();
    tokio::task::spawn_blocking(move || write_new(&output, |file| copy_lines(lines, file))).await?
}

fn copy_lines(lines: impl Read, file: &mut dyn Write) -> anyhow::Result<u64> {
    let (mut lines, mut line, mut count) = (BufReader::new(lines), Vec::new(), 0);
    while lines.read_until(b'\n', &mut line).context("the service broke off")? > 0 {
        file.write_all(&line)?;
        line.clear();
        count += 1;
    }
    Ok(count)
}

fn told(place: &Place, events: u64, output: &Path) -> Result<(), Failure> {
    let told = json!({"events": events, "file": output.display().to_string()});
    fact(place.json, &told, format_args!("{events} events written to {}", output.display()));
    Ok(())
}

fn ensure_new(output: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!output.exists(), "{} is there already", output.display());
    Ok(())
}

/// Writes a new file: whole and durable, or not at all. Compressed by the file's ending.
fn write_new(output: &Path, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<u64>) -> anyhow::Result<u64> {
    ensure_new(output)?;
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let making = || format!("exporting to {}", output.display());
    let file = NamedTempFile::new_in(folder).with_context(making)?;
    let mut buffered = BufWriter::new(file.as_file());
    let events = if output.extension().is_some_and(|end| end == "zst") {
        let mut packed = zstd::Encoder::new(&mut buffered, ZSTD_LEVEL)?;
        let events = write(&mut packed).with_context(making)?;
        packed.finish().with_context(making)?;
        events
    } else {
        write(&mut buffered).with_context(making)?
    };
    buffered.flush().with_context(making)?;
    drop(buffered);
    file.as_file().sync_all().with_context(making)?;
    file.persist_noclobber(output).with_context(making)?;
    Ok(events)
}

fn tail_here(place: &Place, lines: u64) -> Result<(), Failure> {
    let (writer, log) = open(place)?;
    let first = log.durable_head().0.saturating_sub(lines);
    let mut snapshot = Snapshot::default();
    for recorded in log.read(Position::ZERO) {
        let recorded = recorded?;
        snapshot.fold(&recorded);
        if recorded.position.0 > first {
            say(event_json(&recorded, &snapshot.state));
        }
    }
    drop(writer);
    Ok(())
}

async fn tail_there(remote: &Remote, lines: u64, follow: bool) -> Result<(), Failure> {
    let head = remote.ask(Method::GET, "/events?limit=1", None).await?;
    let head = head.get("position").and_then(Value::as_u64).unwrap_or_default();
    let mut after = head.saturating_sub(lines);
    loop {
        let page = remote.ask(Method::GET, &format!("/events?after={after}&limit=1000"), None).await?;
        let events = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        events.iter().for_each(say);
        let last = events.last().and_then(|event| event.get("position")).and_then(Value::as_u64);
        after = last.unwrap_or(after);
        match (last, follow) {
            (Some(_), _) => {}
            (None, false) => return Ok(()),
            (None, true) => tokio::time::sleep(FOLLOW_PAUSE).await,
        }
    }
}

/// On a terminal only.
fn bar(log: &SledReader) -> ProgressBar {
    match std::io::stderr().is_terminal() {
        true => ProgressBar::new(log.durable_head().0),
        false => ProgressBar::hidden(),
    }
}
