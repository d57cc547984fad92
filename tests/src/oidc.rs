//! A real identity provider of one test's own, killed when dropped: oidc-provider-mock, as `cargo xtask oidc` fetched it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// How long it may take to listen.
const TIME_MAX: Duration = Duration::from_secs(60);

/// A running provider.
#[derive(Debug)]
pub struct IdentityProvider {
    child: Child,
    url: String,
    http: reqwest::Client,
}

impl IdentityProvider {
    /// Starts one on a free port. Fails, and never skips, when it is not there.
    pub fn start() -> Result<Self> {
        countersign_server::tls::install_provider();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/oidc_mock.py");
        let mut child = Command::new("python3")
            .arg(script)
            .arg("0")
            .env("PYTHONPATH", folder()?)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("python3 could not be started")?;
        let output = child.stdout.take().context("the provider's output")?;
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let mut provider = Self { child, url: String::new(), http };
        let line = receiver.recv_timeout(TIME_MAX).context("the provider listens in time")?;
        let told: Value = serde_json::from_str(&line)?;
        let port = told.get("port").and_then(Value::as_u64).context("the provider's port")?;
        provider.url = format!("http://127.0.0.1:{port}");
        Ok(provider)
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    async fn put(&self, path: &str, body: &Value) -> Result<()> {
        let answer = self.http.put(format!("{}{path}", self.url)).json(body).send().await?;
        ensure!(answer.status().is_success(), "{path} answered {}", answer.status());
        Ok(())
    }

    /// What it says of a person from now on.
    pub async fn person(&self, subject: &str, claims: &Value) -> Result<()> {
        self.put(&format!("/users/{subject}"), claims).await
    }

    /// What it does wrong from now on; nothing, when there is none.
    pub async fn fault(&self, name: Option<&str>) -> Result<()> {
        self.put("/fault", &json!({ "fault": name })).await
    }

    /// It signs with another key from now on.
    pub async fn rotate(&self) -> Result<()> {
        self.put("/rotate", &json!({})).await
    }

    /// What its token endpoint was sent last.
    pub async fn seen(&self) -> Result<Value> {
        Ok(self.http.get(format!("{}/seen", self.url)).send().await?.json().await?)
    }

    /// The person lets the service in at the provider's form; gives where the browser is sent.
    pub async fn authorize(&self, way: &str, subject: &str) -> Result<String> {
        self.form(way, &[("sub", subject)]).await
    }

    /// The person does not let it in.
    pub async fn deny(&self, way: &str) -> Result<String> {
        self.form(way, &[("action", "deny")]).await
    }

    async fn form(&self, way: &str, fields: &[(&str, &str)]) -> Result<String> {
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.http.post(way).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body.join("&")).send().await?;
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
        location.with_context(|| format!("the provider's form answered {}", answer.status()))
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The folder of the package: `$OIDC_PROVIDER_MOCK_DIR`, else what `cargo xtask oidc` fetched.
fn folder() -> Result<PathBuf> {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.deps/oidc-provider-mock");
    let folder = std::env::var_os("OIDC_PROVIDER_MOCK_DIR").map_or(fetched, PathBuf::from);
    ensure!(
        folder.join("oidc_provider_mock").is_dir(),
        "there is no oidc-provider-mock; run `cargo xtask oidc` first, or set OIDC_PROVIDER_MOCK_DIR"
    );
    Ok(folder)
}
