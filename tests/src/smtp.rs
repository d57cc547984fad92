//! A real SMTP server of one test's own, killed when dropped: aiosmtpd, as `cargo xtask smtp` fetched it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::sync::watch;

/// How long it may take to listen, and a mail to arrive.
const TIME_MAX: Duration = Duration::from_secs(60);

/// A running server. Its port survives [`SmtpSink::kill`] and [`SmtpSink::restart`].
#[derive(Debug)]
pub struct SmtpSink {
    child: Child,
    port: u16,
    lines: watch::Receiver<Vec<Value>>,
}

/// A mail as the server took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The addresses of the envelope.
    pub to: Vec<String>,
    /// Headers and body.
    pub text: String,
}

impl Received {
    /// A header, unfolded; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let found = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_default().to_owned()
    }
}

impl SmtpSink {
    /// Starts one on a free port. Fails, and never skips, when it is not there.
    pub async fn start() -> Result<Self> {
        let (child, lines, port) = launch(0).await?;
        Ok(Self { child, port, lines })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again on its port, with nothing received.
    pub async fn restart(&mut self) -> Result<()> {
        (self.child, self.lines, self.port) = launch(self.port).await?;
        Ok(())
    }

    /// What has arrived so far.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        mails(&self.lines.borrow())
    }

    /// Waits until so many mails have arrived; gives all there are then.
    pub async fn until(&self, count: usize) -> Result<Vec<Received>> {
        let mut lines = self.lines.clone();
        let waited = tokio::time::timeout(TIME_MAX, lines.wait_for(|lines| mails(lines).len() >= count)).await;
        let received = self.received();
        ensure!(waited.is_ok(), "{} mails instead of {count}: {received:?}", received.len());
        Ok(received)
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn mails(lines: &[Value]) -> Vec<Received> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mail = |line: &Value| {
        let to = line.get("to")?.as_array()?.iter().map(text).collect();
        Some(Received { to, text: text(line.get("text")?) })
    };
    lines.iter().filter_map(mail).collect()
}

async fn launch(port: u16) -> Result<(Child, watch::Receiver<Vec<Value>>, u16)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/smtp_sink.py");
    let mut child = Command::new("python3")
        .arg(script)
        .arg(port.to_string())
        .env("PYTHONPATH", aiosmtpd()?)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("python3 could not be started")?;
    let output = child.stdout.take().context("the server's output")?;
    let (sender, mut lines) = watch::channel(Vec::new());
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Ok(line) = serde_json::from_str(&line) {
                sender.send_modify(|lines: &mut Vec<Value>| lines.push(line));
            }
        }
    });
    let listening = tokio::time::timeout(TIME_MAX, lines.wait_for(|lines| !lines.is_empty())).await;
    let first =
        listening.context("the SMTP server listens in time")?.context("the SMTP server ended")?.first().cloned();
    let port = first.and_then(|line| line.get("port")?.as_u64()).context("the SMTP server's port")?;
    Ok((child, lines, u16::try_from(port)?))
}

/// The folder of the package: `$AIOSMTPD_DIR`, else what `cargo xtask smtp` fetched.
fn aiosmtpd() -> Result<PathBuf> {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.deps/aiosmtpd");
    let folder = std::env::var_os("AIOSMTPD_DIR").map_or(fetched, PathBuf::from);
    ensure!(
        folder.join("aiosmtpd").is_dir(),
        "there is no aiosmtpd; run `cargo xtask smtp` first, or set AIOSMTPD_DIR"
    );
    Ok(folder)
}
