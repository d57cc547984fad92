//! The real parts that a demo runs: a nats-server and this binary's own `serve`, as processes of their own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a part may take to come up.
const START_MAX: Duration = Duration::from_secs(30);
/// How long the service may take to stop by itself.
const STOP_MAX: Duration = Duration::from_secs(30);
/// How often a file that a part writes is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running nats-server; ends with this value.
pub(super) struct NatsServer {
    pub(super) url: String,
    child: Child,
}

impl NatsServer {
    /// Starts one on any port of loopback, if a binary can be found.
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let binary = find_nats_server()
            .context("no nats-server: set NATS_SERVER_BIN, put one on the PATH, or fetch one with: cargo xtask nats")?;
        std::fs::create_dir_all(folder)?;
        let configuration = folder.join("nats.conf");
        std::fs::write(&configuration, "jetstream { sync_interval: always }\n")?;
        let mut child = Command::new(&binary)
            .args(["-a", "127.0.0.1", "-p", "-1", "-js", "-c"])
            .arg(&configuration)
            .arg("-sd")
            .arg(folder)
            .arg("--ports_file_dir")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let started = tokio::time::timeout(START_MAX, async {
            loop {
                if let Some(url) = ports(folder)? {
                    return Ok(url);
                }
                if let Some(status) = child.try_wait()? {
                    bail!("nats-server ended with {status}");
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
        .await;
        let url = started.context("nats-server did not come up in time")??;
        Ok(Self { url, child })
    }

    /// Ends it.
    pub(super) async fn stop(mut self) -> Result<()> {
        self.child.kill().await.context("ending nats-server")
    }
}

/// The address in the ports file, once it is written.
fn ports(folder: &Path) -> Result<Option<String>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ports")
            && let Ok(ports) = serde_json::from_slice::<serde_json::Value>(&std::fs::read(&path)?)
        {
            return Ok(ports["nats"][0].as_str().map(str::to_owned));
        }
    }
    Ok(None)
}

fn find_nats_server() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("NATS_SERVER_BIN") {
        return Some(PathBuf::from(named));
    }
    let fetched = PathBuf::from(".deps/nats/bin/nats-server");
    if fetched.is_file() {
        return Some(fetched);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("nats-server")).find(|file| file.is_file())
}

/// This binary as `serve`; ends with this value.
pub(super) struct Service {
    pub(super) url: String,
    child: Child,
}

impl Service {
    /// Starts it and waits until it listens.
    pub(super) async fn start(data: &Path, nats: Option<&str>, listen: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--data").arg(data).args(["--listen", listen]);
        if let Some(nats) = nats {
            command.args(["--nats", nats]);
        }
        let log = std::fs::OpenOptions::new().create(true).append(true).open(data.with_extension("log"))?;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("the service's output")?).lines();
        let url = tokio::time::timeout(START_MAX, async {
            while let Some(line) = lines.next_line().await? {
                if let Some(url) = line.strip_prefix("LISTENING ") {
                    return Ok(url.to_owned());
                }
            }
            bail!("the service ended before it listened; see {}", data.with_extension("log").display())
        })
        .await
        .context("the service did not listen in time")??;
        // Its further lines are read and dropped, so that it never waits for a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { url, child })
    }

    /// kill −9.
    pub(super) async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("killing the service")
    }

    /// SIGTERM, and waits for the end.
    pub(super) async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("the service has ended already")?;
        let sent = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        ensure!(sent.success(), "SIGTERM could not be sent");
        let status =
            tokio::time::timeout(STOP_MAX, self.child.wait()).await.context("the service did not stop in time")??;
        ensure!(status.success(), "the service stopped with {status}");
        Ok(())
    }

    /// Waits until it ends by itself.
    pub(super) async fn wait(&mut self) -> Result<()> {
        let status = self.child.wait().await?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }
}
