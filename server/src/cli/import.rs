//! `countersign log import`: into a directory beside the place, which gets its name once the new log is whole.

use std::fs::{self, DirBuilder, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use countersign_core::ids::Position;
use countersign_engine::import::import;
use countersign_engine::sled_log::SledLog;
use countersign_engine::verify::verify;
use serde_json::json;

use super::output::{Failure, chain, fact};
use crate::config::{Config, Flags};

/// Makes the log of a data directory that has none.
pub(super) fn run(file: &Path, data: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    let config = Config::resolve(Flags { data, ..Flags::default() }).map_err(|error| Failure::Usage(error.into()))?;
    let place = config.data.join("log");
    ensure_free(&place)?;
    let opened = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    let lines: Box<dyn BufRead> = if file.extension().is_some_and(|end| end == "zst") {
        Box::new(BufReader::new(zstd::Decoder::new(opened).context("unpacking the export")?))
    } else {
        Box::new(BufReader::new(opened))
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data)
        .with_context(|| format!("making {}", config.data.display()))?;
    // Gone with this value, unless everything went well.
    let making = tempfile::Builder::new().prefix("log-import-").tempdir_in(&config.data).context("making a log")?;
    let (mut writer, log) = SledLog::open(&making.path().join("log"))?;
    let head = match import(lines, &mut writer, |_| {}) {
        Ok(head) => head,
        Err(error) if error.is_violation() => {
            let told = json!({"ok": false, "code": error.code(), "detail": chain(&error)});
            fact(json, &told, format_args!("violated: {} ({})", chain(&error), error.code()));
            return Err(Failure::Integrity);
        }
        Err(error) => return Err(error.into()),
    };
    if head == Position::ZERO {
        return Err(Failure::Failed(anyhow::anyhow!("{} holds no events", file.display())));
    }
    let whole = verify(&log, |_| {}).context("the new log is not whole")?;
    drop((writer, log));
    ensure_free(&place)?;
    fs::rename(making.path().join("log"), &place).with_context(|| format!("making {}", place.display()))?;
    File::open(&config.data).and_then(|folder| folder.sync_all()).context("syncing the data directory")?;
    let told = json!({"events": head.0, "leaves": whole.leaves.to_string(), "data": config.data.display().to_string()});
    fact(
        json,
        &told,
        format_args!("{head} events are a log in {} now, leaves {}", config.data.display(), whole.leaves),
    );
    Ok(())
}

fn ensure_free(place: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!place.exists(), "there is a log already: {}", place.display());
    Ok(())
}
