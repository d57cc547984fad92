//! The real binary as `countersign serve`, on a directory of its own, ended with the test.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

/// The administrator's key of every service that a test starts.
pub const ADMIN_KEY: &str = "an-administrators-key-for-tests";
/// How long the service may take until it listens.
const START_TIME_MAX: Duration = Duration::from_secs(60);
/// How long it may take to stop by itself.
const STOP_TIME_MAX: Duration = Duration::from_secs(60);

/// Where the binary is: beside the folder of the test that runs.
pub fn binary() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).context("the test's own folder")?;
    let binary = folder.join("countersign");
    ensure!(binary.is_file(), "{} is not there: build it with `cargo build --workspace` first", binary.display());
    Ok(binary)
}

/// One data directory, and the process that serves it. Dropping ends the process (kill −9) and removes the directory.
#[derive(Debug)]
pub struct Server {
    url: String,
    child: Child,
    options: Options,
    folder: Option<TempDir>,
    data: PathBuf,
}

/// How it is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The broker.
    pub nats: Option<String>,
    /// Further arguments of `serve`.
    pub arguments: Vec<String>,
}

impl Server {
    /// A fresh service without NATS.
    pub fn start() -> Result<Self> {
        Self::start_with(Options::default())
    }

    /// A fresh service.
    pub fn start_with(options: Options) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        let (child, url) = spawn(&data, &options)?;
        Ok(Self { url, child, options, folder: Some(folder), data })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The id of its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// The administrator over HTTP.
    #[must_use]
    pub fn admin(&self) -> Api {
        Api::new(&self.url, ADMIN_KEY)
    }

    /// kill −9; the directory stays until this value is dropped.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and waits for a clean end.
    pub fn stop(&mut self) -> Result<()> {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        ensure!(sent.success(), "SIGTERM could not be sent");
        let status = self.wait()?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }

    fn wait(&mut self) -> Result<std::process::ExitStatus> {
        let start = std::time::Instant::now();
        while start.elapsed() < STOP_TIME_MAX {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        bail!("the service did not end within {STOP_TIME_MAX:?}")
    }

    /// Serves the same directory again, after [`Server::kill`] or [`Server::stop`].
    pub fn restart(&mut self) -> Result<()> {
        ensure!(self.child.try_wait()?.is_some(), "the service still runs");
        (self.child, self.url) = spawn(&self.data, &self.options)?;
        Ok(())
    }

    /// Keeps the directory beyond this value.
    #[must_use]
    pub fn keep(mut self) -> PathBuf {
        drop(self.folder.take().map(TempDir::keep));
        self.data.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Only what a test says is told to the process: nothing of the environment it runs in.
fn command() -> Result<Command> {
    let mut command = Command::new(binary()?);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COUNTERSIGN_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    Ok(command)
}

/// Runs another command of the binary to its end.
pub fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Output> {
    let folder = tempfile::tempdir()?;
    let mut command = command()?;
    command.args(arguments).envs(environment.iter().copied()).current_dir(folder.path());
    Ok(command.output()?)
}

fn spawn(data: &Path, options: &Options) -> Result<(Child, String)> {
    let mut command = command()?;
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    if let Some(nats) = &options.nats {
        command.args(["--nats", nats]);
    }
    // Its log is beside the directory, for whoever looks into a failure.
    let log = std::fs::OpenOptions::new().create(true).append(true).open(data.with_extension("log"))?;
    command.args(&options.arguments).env("COUNTERSIGN_ADMIN_KEY", ADMIN_KEY).stdout(Stdio::piped()).stderr(log);
    let mut child = command.spawn()?;
    let output = child.stdout.take().context("the service's output")?;
    let (sender, receiver) = mpsc::channel();
    // Reads on after the line, so that the service never waits for a full pipe.
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(url) = line.strip_prefix("LISTENING ") {
                drop(sender.send(url.to_owned()));
            }
        }
    });
    match receiver.recv_timeout(START_TIME_MAX) {
        Ok(url) => Ok((child, url)),
        Err(error) => {
            drop(child.kill());
            let status = child.wait()?;
            let log = std::fs::read_to_string(data.with_extension("log")).unwrap_or_default();
            bail!("the service does not listen ({error}, {status}): {log}")
        }
    }
}

/// A caller of the native API.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    root: String,
    key: Option<String>,
    login: Option<String>,
}

/// What a route answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// A header's text, empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Api {
    /// With this key.
    #[must_use]
    pub fn new(url: &str, key: &str) -> Self {
        countersign_server::tls::install_provider();
        Self { http: reqwest::Client::new(), root: url.to_owned(), key: Some(key.to_owned()), login: None }
    }

    /// With this key, and trusting this authority (PEM) only.
    pub fn trusting(url: &str, key: &str, authority: &[u8]) -> Result<Self> {
        let bare = Self::new(url, key);
        let authority = reqwest::Certificate::from_pem(authority)?;
        Ok(Self { http: reqwest::Client::builder().tls_certs_only([authority]).build()?, ..bare })
    }

    /// Without a key.
    #[must_use]
    pub fn without_key(&self) -> Self {
        Self { key: None, login: None, ..self.clone() }
    }

    /// Without going where an answer sends it.
    pub fn without_redirects(&self) -> Result<Self> {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, ..self.clone() })
    }

    /// Acting as this person.
    #[must_use]
    pub fn acting_as(&self, login: &str) -> Self {
        Self { login: Some(login.to_owned()), ..self.clone() }
    }

    /// A request below `/api/v1`, or from the root when the path begins with `//`.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = match path.strip_prefix("//") {
            Some(path) => format!("{}/{path}", self.root),
            None => format!("{}/api/v1{path}", self.root),
        };
        let mut request = self.http.request(method, url);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(login) = &self.login {
            request = request.header("X-DKU-ProxyUser", login);
        }
        request
    }

    /// Sends it and reads the whole answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, bytes: response.bytes().await?.to_vec() })
    }

    /// Asks, whatever comes.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(request).await
    }

    async fn done(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = self.ask(method.clone(), path, body).await?;
        let text = String::from_utf8_lossy(&answer.bytes);
        ensure!(answer.status.is_success(), "{method} {path} answered {}: {text}", answer.status);
        serde_json::from_slice(&answer.bytes).with_context(|| format!("{method} {path} answered {text}"))
    }

    /// GET, which has to succeed.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.done(Method::GET, path, None).await
    }

    /// POST, which has to succeed.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.done(Method::POST, path, Some(&body)).await
    }

    /// PUT, which has to succeed.
    pub async fn put(&self, path: &str, body: Value) -> Result<Value> {
        self.done(Method::PUT, path, Some(&body)).await
    }

    /// PATCH, which has to succeed.
    pub async fn patch(&self, path: &str, body: Value) -> Result<Value> {
        self.done(Method::PATCH, path, Some(&body)).await
    }

    /// DELETE, which has to succeed.
    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.done(Method::DELETE, path, None).await
    }

    /// Has to be refused with this status and code, as a problem document; gives it.
    pub async fn refused(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        status: u16,
        code: &str,
    ) -> Result<Value> {
        let answer = self.ask(method.clone(), path, body).await?;
        problem(&answer, status, code).with_context(|| format!("{method} {path}"))
    }

    /// Uploads a file; gives the answer's body.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<Answer> {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", part);
        self.send(self.request(Method::POST, "/files").multipart(form)).await
    }
}

/// The answer has to be a problem document of this status and code.
#[expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]
pub fn problem(answer: &Answer, status: u16, code: &str) -> Result<Value> {
    let body = answer.json();
    ensure!(answer.status == status, "answered {} instead of {status}: {body}", answer.status);
    ensure!(answer.header("content-type") == "application/problem+json", "{:?}", answer.headers);
    ensure!(body["code"] == code, "the code is {} instead of {code}: {body}", body["code"]);
    ensure!(body["status"] == status, "the status in the body: {body}");
    for member in ["type", "title", "detail"] {
        ensure!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member} is missing: {body}");
    }
    Ok(body)
}
