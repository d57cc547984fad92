//! A real nats-server of one test's own: `JetStream` on, every acknowledgement durable, killed when dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

/// How long a server may take to listen.
const START_TIME_MAX: Duration = Duration::from_secs(60);
/// How often its ports file is looked for meanwhile.
const START_POLL: Duration = Duration::from_millis(5);

/// A running nats-server on a port of its own. Its store survives [`NatsServer::kill`] and [`NatsServer::restart`].
#[derive(Debug)]
pub struct NatsServer {
    binary: PathBuf,
    home: TempDir,
    port: u16,
    shipped: Option<Shipped>,
    running: Option<Child>,
}

/// A configuration file as it is shipped, and the environment it reads.
#[derive(Debug)]
struct Shipped {
    configuration: PathBuf,
    environment: Vec<(String, String)>,
}

impl NatsServer {
    /// Starts one with a configuration file as it stands; only port and store are the test's own.
    pub fn start_shipped(configuration: PathBuf, environment: Vec<(String, String)>) -> Result<Self> {
        let home = TempDir::with_prefix("countersign-nats-")?;
        let shipped = Some(Shipped { configuration, environment });
        let mut server = Self { binary: nats_server()?, home, port: 0, shipped, running: None };
        server.launch("-1")?;
        Ok(server)
    }

    /// Starts one on a free port. Fails, and never skips, when there is no binary.
    pub fn start() -> Result<Self> {
        let home = TempDir::with_prefix("countersign-nats-")?;
        let mut server = Self { binary: nats_server()?, home, port: 0, shipped: None, running: None };
        server.launch("-1")?;
        Ok(server)
    }

    /// Reserves a free port without starting: for what has to begin without a broker.
    pub fn start_later() -> Result<Self> {
        let mut server = Self::start()?;
        server.kill()?;
        Ok(server)
    }

    /// Where clients connect, also after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.shipped.is_some() { "tls" } else { "nats" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Ends it as a crash would: SIGKILL, nothing flushed.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.running.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Starts it again after [`NatsServer::kill`], on the same port and store.
    pub fn restart(&mut self) -> Result<()> {
        ensure!(self.running.is_none(), "the nats-server is still running");
        self.launch(&self.port.to_string())
    }

    /// Forgets everything that was stored; only while it is killed.
    pub fn wipe(&mut self) -> Result<()> {
        ensure!(self.running.is_none(), "the nats-server is still running");
        Ok(fs::remove_dir_all(self.home.path().join("store"))?)
    }

    fn launch(&mut self, port: &str) -> Result<()> {
        let home = self.home.path();
        let store = home.join("store");
        fs::create_dir_all(&store)?;
        let own = home.join("nats.conf");
        // Without this an acknowledgement means durable only two minutes later.
        fs::write(&own, "jetstream {\n  store_dir: $NATS_STORE\n  sync_interval: always\n}\n")?;
        let (configuration, environment) = match &self.shipped {
            Some(shipped) => (&shipped.configuration, shipped.environment.as_slice()),
            None => (&own, [].as_slice()),
        };
        let log = fs::OpenOptions::new().create(true).append(true).open(home.join("nats.log"))?;
        let child = Command::new(&self.binary)
            .args(["-a", "127.0.0.1", "-p", port])
            .arg("--ports_file_dir")
            .arg(home)
            .arg("-c")
            .arg(configuration)
            .env("NATS_STORE", &store)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} could not be started", self.binary.display()))?;
        let ports = home.join(format!("nats-server_{}.ports", child.id()));
        self.running = Some(child);
        self.port = self.listening(&ports)?;
        Ok(())
    }

    fn listening(&mut self, ports: &Path) -> Result<u16> {
        let begun = Instant::now();
        while begun.elapsed() < START_TIME_MAX {
            if let Some(port) = fs::read_to_string(ports).ok().as_deref().and_then(port_in) {
                return Ok(port);
            }
            if let Some(child) = &mut self.running
                && let Some(status) = child.try_wait()?
            {
                bail!("the nats-server ended with {status}:\n{}", self.log());
            }
            std::thread::sleep(START_POLL);
        }
        bail!("the nats-server did not listen within {START_TIME_MAX:?}:\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("nats.log")).unwrap_or_default()
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        // A test that ends must not fail on a server that ended before it.
        self.kill().ok();
    }
}

/// `{"nats":["nats://127.0.0.1:43210"], …}`; nothing while it is half written.
fn port_in(ports: &str) -> Option<u16> {
    let ports: serde_json::Value = serde_json::from_str(ports).ok()?;
    let url = ports.get("nats")?.get(0)?.as_str()?;
    url.rsplit(':').next()?.parse().ok()
}

/// The nats-server: `$NATS_SERVER_BIN`, else what `cargo xtask nats` fetched, else the one in PATH.
pub fn nats_server() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("NATS_SERVER_BIN") {
        let named = PathBuf::from(named);
        ensure!(named.is_file(), "NATS_SERVER_BIN names {}, which is not a file", named.display());
        return Ok(named);
    }
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.deps/nats/bin/nats-server");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join("nats-server"));
    std::iter::once(fetched)
        .chain(in_path)
        .find(|candidate| candidate.is_file())
        .context("there is no nats-server; run `cargo xtask nats` first, or set NATS_SERVER_BIN")
}
