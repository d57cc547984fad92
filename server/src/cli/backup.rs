//! `countersign backup` and `countersign restore`: the log as an export, the files that its events name, and secrets only
//! when they are asked for.
//!
//! The log comes first and the files after it: a file is stored before the event that names it and never removed, so
//! that a copy of a service that goes on is as consistent as one of a service at rest. Either directory gets its name
//! once everything in it is whole.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use countersign_core::ids::{Digest, FileId, Position};
use countersign_engine::files::{FileError, FileStore};
use countersign_engine::import::read;
use futures::TryStreamExt as _;
use serde_json::json;
use tempfile::TempDir;

use super::import::{Made, Uploads, data_of, lines_of, make, refused, violated};
use super::log;
use super::output::{Failure, fact};
use super::remote::{Place, Remote};

/// The log, in a backup.
const LOG: &str = "log.jsonl.zst";
/// The files, in a backup and in a data directory.
const FILES: &str = "files";
/// The secrets, likewise.
const VAULT: &str = "vault";
/// The vault's one file.
const SECRETS: &str = "secrets.json";

#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// The new directory of the copy
    directory: PathBuf,
    /// Copy keys and passwords too; of a data directory that nobody serves only
    #[arg(long)]
    secrets: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// What `backup` made
    directory: PathBuf,
    /// The new data directory
    #[arg(long, env = "COUNTERSIGN_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Makes a copy, of a running service through its HTTP API.
pub(super) async fn backup(Backup { directory, secrets, place }: Backup) -> Result<(), Failure> {
    let remote = place.target.remote()?;
    if secrets && remote.is_some() {
        return Err(Failure::Usage(anyhow::anyhow!("a running service gives out no secrets: stop it first")));
    }
    let making = begin(&directory)?;
    let file = making.path().join(LOG);
    let target = FileStore::open(&making.path().join(FILES))?;
    let (events, files) = match &remote {
        Some(remote) => {
            log::fetch_log(remote, &file).await?;
            let (events, uploads) = listed(&file, place.json).await?;
            fetch_files(remote, &uploads, &target).await?;
            (events, uploads.0.len())
        }
        None => {
            let data = data_of(place.data.clone())?;
            // Nobody else writes until both are closed.
            let (writer, reader) = log::open(&place)?;
            log::write_log(&reader, &file, |_| {})?;
            let (events, uploads) = listed(&file, place.json).await?;
            copy_files(&data.join(FILES), &uploads, &target, place.json).await?;
            if secrets {
                copy_secrets(&data, making.path())?;
            }
            drop((writer, reader));
            (events, uploads.0.len())
        }
    };
    finish(making, &directory)?;
    let told =
        json!({"events": events.0, "files": files, "secrets": secrets, "directory": directory.display().to_string()});
    fact(place.json, &told, format_args!("{events} events and {files} files are in {}", directory.display()));
    Ok(())
}

/// Makes a data directory of a copy, once everything in it was found whole.
pub(super) async fn restore(Restore { directory, data, json }: Restore) -> Result<(), Failure> {
    let data = data_of(data)?;
    let lines = directory.join(LOG);
    if !lines.is_file() {
        return Err(Failure::Failed(anyhow::anyhow!("there is no backup in {}", directory.display())));
    }
    let making = begin(&data)?;
    let place = making.path().join("log");
    let made = tokio::task::spawn_blocking(move || make(lines_of(&lines)?, &place, json)).await?;
    let Made { head, leaves, uploads } = made?;
    let target = FileStore::open(&making.path().join(FILES))?;
    copy_files(&directory.join(FILES), &uploads, &target, json).await?;
    let has_secrets = directory.join(VAULT).join(SECRETS).exists();
    if has_secrets {
        copy_secrets(&directory, making.path())?;
    }
    finish(making, &data)?;
    let (leaves, files) = (leaves.to_string(), uploads.0.len());
    let told = json!({"events": head.0, "files": files, "leaves": leaves, "secrets": has_secrets, "data": data.display().to_string()});
    let hint = if has_secrets { "" } else { "; nobody has a key to it until `key create` makes one" };
    fact(json, &told, format_args!("{head} events and {files} files are in {}, leaves {leaves}{hint}", data.display()));
    Ok(())
}

/// A directory beside the wanted one, gone with its value unless it is finished.
fn begin(wanted: &Path) -> anyhow::Result<TempDir> {
    ensure_empty(wanted)?;
    let parent = wanted.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    let making = tempfile::Builder::new().prefix("countersign-copy-").tempdir_in(parent);
    making.with_context(|| format!("making {}", wanted.display()))
}

fn finish(making: TempDir, wanted: &Path) -> anyhow::Result<()> {
    ensure_empty(wanted)?;
    let named = || format!("making {}", wanted.display());
    // Replaces an empty directory.
    fs::rename(making.path(), wanted).with_context(named)?;
    let parent = wanted.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for folder in [wanted, parent] {
        File::open(folder).and_then(|folder| folder.sync_all()).with_context(named)?;
    }
    Ok(())
}

fn ensure_empty(wanted: &Path) -> anyhow::Result<()> {
    match fs::read_dir(wanted) {
        Ok(mut entries) => ensure!(entries.next().is_none(), "{} is not empty", wanted.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(anyhow::Error::new(error).context(format!("reading {}", wanted.display()))),
    }
    Ok(())
}

/// Reads the copied log back, event by event, and lists the files that it names.
async fn listed(file: &Path, json: bool) -> Result<(Position, Uploads), Failure> {
    let file = file.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let mut uploads = Uploads::default();
        let head = read(lines_of(&file)?, |_, recorded| {
            uploads.note(&recorded);
            Ok(())
        });
        Ok::<_, Failure>((head.map_err(|error| refused(error, json))?, uploads))
    });
    reading.await?
}

async fn fetch_files(remote: &Remote, uploads: &Uploads, target: &FileStore) -> anyhow::Result<()> {
    for (digest, (file, size_bytes, position)) in &uploads.0 {
        // As of its upload: later it may have been deleted, which time travel does not mind.
        let answer = remote.open(&format!("/files/{file}/content?as_of={position}")).await?;
        let stored = target.put(answer.bytes_stream(), *size_bytes).await.with_context(|| format!("copying {file}"))?;
        ensure!(stored.digest == *digest, "{file} is not what was uploaded: its digest is {}", stored.digest);
    }
    Ok(())
}

async fn copy_files(from: &Path, uploads: &Uploads, target: &FileStore, json: bool) -> Result<(), Failure> {
    if uploads.0.is_empty() {
        return Ok(());
    }
    let source = FileStore::open(from)?;
    for (digest, (file, size_bytes, _)) in &uploads.0 {
        copy_file(&source, target, (*file, *digest, *size_bytes), json).await?;
    }
    Ok(())
}

async fn copy_file(
    source: &FileStore,
    target: &FileStore,
    (file, digest, size_bytes): (FileId, Digest, u64),
    json: bool,
) -> Result<(), Failure> {
    let bytes = match source.get(digest).await {
        Ok((_, bytes)) => bytes,
        Err(error @ FileError::Missing { .. }) => {
            return Err(violated(json, error.code(), &format!("{file}: {error}")));
        }
        Err(error) => return Err(error.into()),
    };
    match target.put(bytes.map_err(std::io::Error::other), size_bytes).await {
        Ok(stored) if stored.digest == digest => Ok(()),
        Ok(_) | Err(FileError::TooLarge { .. }) => {
            Err(violated(json, "file_changed", &format!("{file} is not what was uploaded")))
        }
        Err(error) => Err(error.into()),
    }
}

fn copy_secrets(from: &Path, to: &Path) -> anyhow::Result<()> {
    let (source, folder) = (from.join(VAULT).join(SECRETS), to.join(VAULT));
    if !source.is_file() {
        bail!("there are no secrets in {}", from.display());
    }
    DirBuilder::new().mode(0o700).create(&folder).context("copying the secrets")?;
    // With its mode, which is its owner's alone.
    fs::copy(&source, folder.join(SECRETS)).context("copying the secrets")?;
    for path in [folder.join(SECRETS), folder] {
        File::open(path).and_then(|file| file.sync_all()).context("copying the secrets")?;
    }
    Ok(())
}
