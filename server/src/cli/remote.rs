//! A running service as the command line sees it: `--url` with a key from a file or the environment.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

/// Longest key file, in bytes.
const KEY_FILE_BYTES_MAX: u64 = 4096;

/// What a command is about: a running service, or a data directory that nobody serves.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The data directory
    #[arg(long, env = "COUNTERSIGN_DATA", value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    #[command(flatten)]
    pub(super) target: Target,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Where the service is.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Target {
    /// Ask the running service at this URL instead of opening the data directory
    #[arg(long, env = "COUNTERSIGN_URL", value_name = "URL")]
    pub(super) url: Option<String>,
    /// A file that holds the key for --url; else COUNTERSIGN_KEY
    #[arg(long, env = "COUNTERSIGN_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// One running service.
#[derive(Debug)]
pub(super) struct Remote {
    http: reqwest::Client,
    root: String,
    key: String,
}

/// The text of a file that holds a secret; a longer one is taken for another file.
pub(super) fn secret_in(file: &Path, bytes_max: u64, what: &str) -> anyhow::Result<String> {
    let length = std::fs::metadata(file).with_context(|| format!("reading {}", file.display()))?.len();
    ensure!(length <= bytes_max, "{} is no {what}", file.display());
    std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

impl Target {
    /// The service, when one is named.
    pub(super) fn remote(&self) -> anyhow::Result<Option<Remote>> {
        let Some(url) = self.url.as_deref().filter(|url| !url.is_empty()) else { return Ok(None) };
        let key = match &self.key_file {
            Some(file) => secret_in(file, KEY_FILE_BYTES_MAX, "key file")?,
            None => {
                std::env::var("COUNTERSIGN_KEY").context("--url needs a key: --key-file FILE or COUNTERSIGN_KEY")?
            }
        };
        let root = format!("{}{}", url.trim_end_matches('/'), crate::api::PREFIX);
        Ok(Some(Remote { http: reqwest::Client::new(), root, key: key.trim().to_owned() }))
    }
}

impl Remote {
    /// Asks, and gives the body; a refusal is told in the service's words.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answered(path, request).await?.json().await.with_context(|| format!("{path} answered without JSON"))
    }

    /// Every entry of a list, page by page.
    pub(super) async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        let sign = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self.ask(Method::GET, &format!("{path}{sign}limit=1000{cursor}"), None).await?;
            items.extend(page.get("items").and_then(Value::as_array).cloned().unwrap_or_default());
            match page.get("nextCursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// Asks for something long, which is read as it comes.
    pub(super) async fn open(&self, path: &str) -> anyhow::Result<Response> {
        self.answered(path, self.request(Method::GET, path)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.root)).bearer_auth(&self.key)
    }

    async fn answered(&self, path: &str, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request.send().await.with_context(|| format!("asking {}", self.root))?;
        let status = response.status();
        if !status.is_success() {
            let body: Value =
                response.json().await.with_context(|| format!("{path} answered {status} without JSON"))?;
            let word = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            bail!("{path} answered {}: {} ({})", status.as_u16(), word("detail"), word("code"));
        }
        Ok(response)
    }
}
