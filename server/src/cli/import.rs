//! `countersign log import`: into a directory beside the place, which gets its name once the new log is whole.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use countersign_core::ids::{Digest, FileId, Position};
use countersign_core::{Event, Recorded, series};
use countersign_engine::import::{ImportError, import};
use countersign_engine::sled_log::SledLog;
use countersign_engine::verify::verify;
use serde_json::json;

use super::output::{Failure, chain, fact};
use crate::config::{Config, Flags};

/// A log that was made of an export.
pub(super) struct Made {
    pub(super) head: Position,
    pub(super) leaves: Digest,
    pub(super) uploads: Uploads,
}

/// The files that a log's events name, each with its first upload: its id, its length and the event's position.
#[derive(Default)]
pub(super) struct Uploads(pub(super) BTreeMap<Digest, (FileId, u64, Position)>);

impl Uploads {
    pub(super) fn note(&mut self, recorded: &Recorded) {
        if let Event::Series(series::Event::FileUploaded { file, size_bytes, digest, .. }) = &recorded.event {
            self.0.entry(*digest).or_insert((*file, *size_bytes, recorded.position));
        }
    }
}

/// Makes the log of a data directory that has none.
pub(super) fn run(file: &Path, data: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    let data = data_of(data)?;
    let place = data.join("log");
    ensure_free(&place)?;
    let lines = lines_of(file)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&data)
        .with_context(|| format!("making {}", data.display()))?;
    // Gone with this value, unless everything went well.
    let making = tempfile::Builder::new().prefix("log-import-").tempdir_in(&data).context("making a log")?;
    let Made { head, leaves, .. } = make(lines, &making.path().join("log"), json)?;
    ensure_free(&place)?;
    fs::rename(making.path().join("log"), &place).with_context(|| format!("making {}", place.display()))?;
    File::open(&data).and_then(|folder| folder.sync_all()).context("syncing the data directory")?;
    let told = json!({"events": head.0, "leaves": leaves.to_string(), "data": data.display().to_string()});
    fact(json, &told, format_args!("{head} events are a log in {} now, leaves {leaves}", data.display()));
    Ok(())
}

/// The data directory: this one, or the one that the settings name.
pub(super) fn data_of(data: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let config = Config::resolve(Flags { data, ..Flags::default() }).map_err(|error| Failure::Usage(error.into()))?;
    Ok(config.data)
}

/// The lines of an export, unpacked by the file's ending.
pub(super) fn lines_of(file: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    let opened = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    Ok(if file.extension().is_some_and(|end| end == "zst") {
        Box::new(BufReader::new(zstd::Decoder::new(opened).context("unpacking the export")?))
    } else {
        Box::new(BufReader::new(opened))
    })
}

/// Makes a log at a free place, and verifies it.
pub(super) fn make(lines: impl BufRead, place: &Path, json: bool) -> Result<Made, Failure> {
    let (mut writer, log) = SledLog::open(place)?;
    let mut uploads = Uploads::default();
    let head = import(lines, &mut writer, |recorded| uploads.note(recorded)).map_err(|error| refused(error, json))?;
    if head == Position::ZERO {
        return Err(Failure::Failed(anyhow::anyhow!("the export holds no events")));
    }
    let whole = verify(&log, |_| {}).context("the new log is not whole")?;
    drop((writer, log));
    Ok(Made { head, leaves: whole.leaves, uploads })
}

/// An export that is not whole is a violation.
pub(super) fn refused(error: ImportError, json: bool) -> Failure {
    if error.is_violation() {
        return violated(json, error.code(), &chain(&error));
    }
    Failure::Failed(error.into())
}

pub(super) fn violated(json: bool, code: &str, detail: &str) -> Failure {
    let told = json!({"ok": false, "code": code, "detail": detail});
    fact(json, &told, format_args!("violated: {detail} ({code})"));
    Failure::Integrity
}

fn ensure_free(place: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!place.exists(), "there is a log already: {}", place.display());
    Ok(())
}
