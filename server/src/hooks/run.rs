//! Runs one script in a process of its own, in the room of [`super::sandbox`]; everything about it is bounded.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use command_fds::{CommandFdExt as _, FdMapping};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use super::sandbox;
use crate::config::hooks::Hooks as Settings;

/// What is run around each script.
const PRELUDE: &str = include_str!("prelude.py");
/// Where the script's process finds its way back to the API.
const DOOR: i32 = 4;
/// Where it leaves its answer.
const ANSWER: i32 = 3;
/// Scripts that run at the same time; others wait for a place.
const PLACES_MAX: usize = 4;
/// How long a script waits for a place.
const PLACE_TIME_MAX: Duration = Duration::from_secs(30);
/// Most bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
/// What interpreters and their libraries read besides their own folders.
const SYSTEM_PATHS: &[&str] = &["/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl", "/dev/null", "/dev/urandom"];
/// The interpreter's own folders, as it says itself.
const WHERE_FROM: &str = "import sys; print('\\n'.join({*sys.path, sys.prefix, sys.base_prefix, sys.executable}))";
/// Nothing of this may work.
const ESCAPES: &str = include_str!("escapes.py");

/// How much a script may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From its start to its answer, waiting included.
    pub time_max: Duration,
    /// Address space of its process.
    pub memory_bytes_max: u64,
    /// What it prints, both streams together.
    pub output_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time_max: Duration::from_secs(10), memory_bytes_max: 1024 * 1024 * 1024, output_bytes_max: 64 * 1024 }
    }
}

/// What a script is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Handler {
    /// It judges a change; answers [`Said`].
    Hook,
    /// It makes of an item what another version of its blueprint holds.
    Migration,
    /// It decides what happens to a synced item; answers with its `script_output`.
    Policy,
}

/// One script with what it is told.
#[derive(Debug)]
pub struct Job<'a> {
    /// What it is called in its own error messages.
    pub name: &'a str,
    /// Its text.
    pub script: &'a str,
    /// Which handler it asks for, and with that what it can answer.
    pub handler: Handler,
    /// The document that its handler is made from.
    pub input: Json,
    /// What its client calls the service.
    pub host: &'a str,
    /// What its client shows the service.
    pub key: &'a str,
}

/// What a script says about the change, in the words of the handler that it filled in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// `ERROR` refuses the change.
    pub status: String,
    /// Why.
    pub message: String,
    /// What is wrong with which field.
    pub field_messages: serde_json::Map<String, Json>,
    /// The item's name, as it should be.
    pub name: Option<String>,
    /// Its fields, as they should be.
    pub fields: serde_json::Map<String, Json>,
    /// Items whose hooks should run next.
    pub artifact_ids_to_update: Vec<String>,
}

/// A script that gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// All places were taken for too long.
    #[error("too many scripts are running")]
    Busy,
    /// It did not come to an end.
    #[error("it ran longer than {} seconds", .0.as_secs())]
    TooLong(Duration),
    /// It printed too much, or its answer is too long.
    #[error("it wrote more than {0} bytes")]
    TooMuch(u64),
    /// It ended without an answer.
    #[error("it ended without an answer ({status}): {last}")]
    Broken {
        /// How it ended.
        status: ExitStatus,
        /// The last line that it printed.
        last: String,
    },
    /// An answer that is none.
    #[error("its answer cannot be read: {0}")]
    Answer(#[from] serde_json::Error),
    /// The process could not be started or followed.
    #[error("it could not be run")]
    Io(#[from] io::Error),
}

/// An interpreter that was seen to be confined.
#[derive(Debug)]
pub struct Interpreter {
    program: PathBuf,
    packages: Option<PathBuf>,
    readable: Vec<PathBuf>,
    limits: Limits,
    places: Semaphore,
}

impl Interpreter {
    /// Asks the interpreter for its folders, and has it try to get out of the room and at what we keep.
    pub async fn prove(settings: &Settings, kept: &Path) -> anyhow::Result<Self> {
        let program = &settings.python;
        let asked = Command::new(program).args(["-I", "-c", WHERE_FROM]).stdin(Stdio::null()).output().await;
        let asked = asked.with_context(|| format!("running {}", program.display()))?;
        ensure!(asked.status.success(), "{} is no usable Python: {}", program.display(), last_line(&asked.stderr));
        let folders = String::from_utf8(asked.stdout).context("the folders of the interpreter")?;
        let own = folders.lines().filter(|line| !line.is_empty());
        let packages = settings.packages.as_deref().map(std::path::absolute).transpose().context("the packages")?;
        let readable = own.chain(SYSTEM_PATHS.iter().copied()).map(PathBuf::from).chain(packages.clone()).collect();
        let (program, limits) = (program.clone(), settings.limits);
        let found = Self { program, packages, readable, limits, places: Semaphore::new(PLACES_MAX) };
        let kept = std::path::absolute(kept).context("the data directory")?;
        let input = json!({"phase": "UPDATE", "artifact": {"fields": {}}, "kept": kept, "pid": std::process::id()});
        let job = Job { name: "escapes", script: ESCAPES, handler: Handler::Hook, input, host: "", key: "" };
        let said: Said = found.run(&job, None).await.context("trying the confinement of scripts")?;
        ensure!(said.status != "ERROR", "scripts are not confined on this machine: {}", said.message);
        Ok(found)
    }

    /// Runs a script to its answer, which is as its handler gives it. `door` is its connection to the API.
    pub async fn run<A: DeserializeOwned>(&self, job: &Job<'_>, door: Option<OwnedFd>) -> Result<A, RunError> {
        let place = tokio::time::timeout(PLACE_TIME_MAX, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else { return Err(RunError::Busy) };
        let answer = tokio::time::timeout(self.limits.time_max, self.follow(job, door))
            .await
            .unwrap_or(Err(RunError::TooLong(self.limits.time_max)))?;
        Ok(serde_json::from_slice(&answer)?)
    }

    // The process dies with the future: a script that is given up does not go on.
    async fn follow(&self, job: &Job<'_>, door: Option<OwnedFd>) -> Result<Vec<u8>, RunError> {
        let (answer, theirs) = io::pipe()?;
        let mut child = self.start(theirs.into(), door)?;
        let answer = pipe::Receiver::from_owned_fd(answer.into())?;
        let given = json!({
            "name": job.name, "script": job.script, "handler": job.handler, "input": job.input, "host": job.host, "key": job.key,
            "packages": self.packages,
        });
        let mut stdin = child.stdin.take().ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let telling = async move {
            // A script that is already over reads nothing; its end says why.
            let _ = stdin.write_all(given.to_string().as_bytes()).await;
        };
        let most = self.limits.output_bytes_max;
        let ((), answer, out, err) =
            tokio::join!(telling, bounded(Some(answer), ANSWER_BYTES_MAX), bounded(out, most), bounded(err, most));
        let (answer, out, err) = (answer?, out?, err?);
        let status = child.wait().await?;
        tell(job.name, &out, &err);
        if !status.success() || answer.is_empty() {
            return Err(RunError::Broken { status, last: last_line(&err) });
        }
        Ok(answer)
    }

    fn start(&self, answer: OwnedFd, door: Option<OwnedFd>) -> io::Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(sandbox::COMMAND);
        for path in &self.readable {
            command.arg("--read").arg(path);
        }
        command.arg("--memory").arg(self.limits.memory_bytes_max.to_string());
        command.arg("--cpu").arg(self.limits.time_max.as_secs().max(1).to_string());
        command.arg("--").arg(&self.program).args(["-I", "-B", "-c", PRELUDE]);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut handed = vec![FdMapping { parent_fd: answer, child_fd: ANSWER }];
        handed.extend(door.map(|door| FdMapping { parent_fd: door, child_fd: DOOR }));
        command.fd_mappings(handed).map_err(io::Error::other)?;
        command.kill_on_drop(true).spawn()
    }
}

async fn bounded(stream: Option<impl AsyncRead + Unpin>, bytes_max: u64) -> Result<Vec<u8>, RunError> {
    let mut bytes = Vec::new();
    let Some(stream) = stream else { return Ok(bytes) };
    stream.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 > bytes_max { Err(RunError::TooMuch(bytes_max)) } else { Ok(bytes) }
}

/// What a script prints is for operators.
fn tell(name: &str, out: &[u8], err: &[u8]) {
    for (stream, bytes) in [("stdout", out), ("stderr", err)] {
        for line in String::from_utf8_lossy(bytes).lines() {
            tracing::info!(script = name, stream, "{line}");
        }
    }
}

fn last_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().last().unwrap_or("it printed nothing").to_owned()
}
