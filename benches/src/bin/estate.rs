//! A realistic estate in a data directory, and how fast the real service answers on it while it is written to.
//!
//! `estate make DIR [DIVISOR]` writes a data directory that `countersign serve` opens; `estate measure DIR` starts the
//! service that was built beside this program on it and prints a table.

#![expect(clippy::print_stdout, reason = "a measurement speaks to the person at the terminal")]
#![expect(clippy::indexing_slicing, reason = "indexing a JSON value gives null and never panics")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use countersign_benches::estate::{self, Dice, IntoLog, Sizes};
use countersign_core::ids::CredentialId;
use countersign_engine::sled_log::SledLog;
use countersign_engine::vault::Vault;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

const SEED: u64 = 7;
const KEY: &str = "the-administrators-key-of-the-estate";
/// How long the service may take to replay and listen.
const START_TIME_MAX: Duration = Duration::from_secs(600);
/// Events that are written every second while it is measured.
const WRITES_A_SECOND: u64 = 100;
/// Requests of each kind and reader.
const REQUESTS: usize = 300;

#[tokio::main]
async fn main() -> Result<()> {
    countersign_server::tls::install_provider();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", directory] => make(Path::new(directory), 1),
        ["make", directory, divisor] => make(Path::new(directory), divisor.parse().context("DIVISOR is not a number")?),
        ["measure", directory] => measure(Path::new(directory)).await,
        _ => bail!("estate make DIR [DIVISOR] | estate measure DIR"),
    }
}

fn make(directory: &Path, divisor: u32) -> Result<()> {
    ensure!(!directory.join("log").exists(), "{} holds a log already", directory.display());
    std::fs::create_dir_all(directory)?;
    let sizes = Sizes::FULL.divided(divisor);
    let began = Instant::now();
    let (writer, reader) = SledLog::open(&directory.join("log"))?;
    let mut sink = IntoLog::new(writer);
    let world = estate::make(SEED, sizes, &mut sink)?;
    let head = sink.finish(world.state.log.context("an estate has a log")?)?;
    drop(reader);
    let vault = Vault::open(&directory.join("vault"))?;
    // The credential of a bootstrapped world's first key.
    let credential = world.state.access.credentials.keys().next().copied();
    vault.put_key(credential.unwrap_or(CredentialId(uuid::Uuid::nil())), KEY)?;
    let items = world.state.items.by_id.len();
    let seconds = began.elapsed().as_secs_f64();
    println!("{head} events, {items} items, {} sign-offs in {seconds:.1} s", world.state.signoffs.by_step.len());
    Ok(())
}

/// The service, ended with this.
struct Service {
    child: tokio::process::Child,
    url: String,
    client: Client,
    started_s: f64,
}

impl Service {
    async fn start(directory: &Path) -> Result<Self> {
        let binary = binary()?;
        let began = Instant::now();
        let mut command = tokio::process::Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(directory);
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("standard output")?).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(url) = line.strip_prefix("LISTENING ") {
                    return anyhow::Ok(url.to_owned());
                }
            }
            bail!("the service ended")
        };
        let url = tokio::time::timeout(START_TIME_MAX, listening).await.context("the service does not listen")??;
        let started_s = began.elapsed().as_secs_f64();
        Ok(Self { child, url, client: Client::new(), started_s })
    }

    fn request(&self, method: Method, path: &str, login: Option<&str>) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(KEY);
        match login {
            Some(login) => request.header("X-DKU-ProxyUser", login),
            None => request,
        }
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let answer = self.request(Method::GET, path, None).send().await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    fn resident_kilobytes(&self) -> Result<u64> {
        let id = self.child.id().context("the service runs")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

fn binary() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let binary = own.parent().context("a folder")?.join("countersign");
    ensure!(binary.is_file(), "{} is not there: cargo build --release first", binary.display());
    Ok(binary)
}

async fn measure(directory: &Path) -> Result<()> {
    let service = Arc::new(Service::start(directory).await?);
    println!("listening after {:.1} s, resident {} MiB", service.started_s, service.resident_kilobytes()? / 1024);
    let users = service.get("/users?limit=1000").await?;
    let in_group = |group: &str| {
        let users = users["items"].as_array().into_iter().flatten();
        let mut found =
            users.filter(|user| user["groups"].as_array().is_some_and(|all| all.iter().any(|one| one == group)));
        found.next().and_then(|user| user["login"].as_str()).map(str::to_owned)
    };
    let contributor = in_group("contributors").context("somebody contributes")?;
    let reviewer = in_group("team-4").context("somebody reviews")?;
    let govern_items = ids(&service, "/items?blueprint=bp.system.govern_bundle&limit=1000").await?;
    let is_done = Arc::new(AtomicBool::new(false));
    let written = Arc::new(AtomicU64::new(0));
    let writing = tokio::spawn(write(service.clone(), govern_items.clone(), is_done.clone(), written.clone()));
    let began = Instant::now();
    println!("| request | reader | median ms | p99 ms | KiB |\n|---|---|---|---|---|");
    let readers =
        [("administrator", None), ("contributor", Some(contributor.as_str())), ("reviewer", Some(reviewer.as_str()))];
    for path in paths(&govern_items) {
        for (name, login) in readers {
            row(&path, name, || service.request(Method::GET, &path, login)).await?;
        }
    }
    gate(&service).await?;
    client(&service).await?;
    is_done.store(true, Ordering::Relaxed);
    writing.await??;
    let rate = written.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    println!("{rate:.0} events/s were written meanwhile; resident {} MiB", service.resident_kilobytes()? / 1024);
    Ok(())
}

fn paths(items: &[String]) -> Vec<String> {
    let item = items.first().map_or("ar.1", String::as_str);
    [
        "/items",
        "/items?blueprint=bp.system.dataiku_saved_model_version",
        "/items?blueprint=bp.system.govern_model_version&signoff=WAITING_FOR_APPROVAL",
        "/items?governed=false&sort=-modified",
        "/items?step=review&sort=created",
        "/items?q=random+forest",
        "/search?q=fraud+12",
        "/search?q=r",
        "/governed-projects?sort=step",
        "/governable",
        "/governable?blueprint=bp.system.dataiku_bundle&q=v1",
        "/governable?recommended=true",
        "/registry/models",
        "/registry/models?q=churn+v3",
        "/registry/bundles",
        "/initiatives",
        "/board",
        "/inbox",
        "/timeline?order=desc",
        "/timeline?type=ApprovalSubmitted&order=desc",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([format!("/items/{item}"), format!("/items/{item}/timeline")])
    .collect()
}

async fn row(path: &str, reader: &str, request: impl Fn() -> reqwest::RequestBuilder) -> Result<()> {
    let (mut took, mut bytes) = (Vec::new(), 0);
    for number in 0..REQUESTS + REQUESTS / 10 {
        let asked = Instant::now();
        let answer = request().send().await?;
        let status = answer.status();
        bytes = answer.bytes().await?.len();
        // What a reader may not see is not there for him.
        ensure!(status.is_success() || status == 404, "{path} for {reader}: {status}");
        if number >= REQUESTS / 10 {
            took.push(asked.elapsed());
        }
    }
    took.sort_unstable();
    let at = |percent: usize| took.get((took.len() * percent / 100).min(took.len() - 1)).copied().unwrap_or_default();
    let millis = |percent| at(percent).as_secs_f64() * 1e3;
    println!("| {path} | {reader} | {:.2} | {:.2} | {} |", millis(50), millis(99), bytes / 1024);
    Ok(())
}

async fn ids(service: &Service, path: &str) -> Result<Vec<String>> {
    let list = service.get(path).await?;
    let items = list["items"].as_array().into_iter().flatten();
    Ok(items.filter_map(|item| item["id"].as_str()).map(str::to_owned).collect())
}

async fn gate(service: &Service) -> Result<()> {
    let bundles = service.get("/registry/bundles?limit=1000").await?;
    let bundles = bundles["items"].as_array().context("bundles")?.clone();
    let mut dice = Dice::new(SEED);
    let questions: Vec<Value> = (0..REQUESTS)
        .filter_map(|_| dice.one(&bundles).cloned())
        .map(|bundle| {
            let bundle = json!({"node": bundle["node"], "projectKey": bundle["projectKey"], "bundleId": bundle["key"]});
            json!({"node": "deployer", "infraId": "prod", "bundle": bundle, "intent": "ask"})
        })
        .collect();
    let turn = AtomicU64::new(0);
    row("POST /gate/check", "administrator", || {
        let number = turn.fetch_add(1, Ordering::Relaxed) as usize;
        let question = questions.get(number % questions.len().max(1)).cloned().unwrap_or_default();
        service.request(Method::POST, "/gate/check", None).json(&question)
    })
    .await
}

/// The same through the official client, which says itself how long it took.
async fn client(service: &Service) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the project")?;
    let packages = root.join(".deps/dataiku");
    ensure!(packages.is_dir(), "{} is not there: cargo xtask dataiku brings it", packages.display());
    let mut command = tokio::process::Command::new("python3");
    command.arg(root.join("benches/client.py")).env("PYTHONPATH", packages);
    command.env("COUNTERSIGN_URL", &service.url).env("COUNTERSIGN_ADMIN_KEY", KEY);
    let status = command.kill_on_drop(true).status().await.context("running python3")?;
    ensure!(status.success(), "benches/client.py ended with {status}");
    Ok(())
}

/// Comments and changed notes, evenly through every second.
async fn write(
    service: Arc<Service>,
    items: Vec<String>,
    is_done: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
) -> Result<()> {
    let mut dice = Dice::new(SEED);
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / WRITES_A_SECOND));
    let mut waiting = tokio::task::JoinSet::new();
    while !is_done.load(Ordering::Relaxed) {
        ticks.tick().await;
        let item = dice.one(&items).cloned().context("there are govern items")?;
        let number = dice.draw();
        let (service, written) = (service.clone(), written.clone());
        waiting.spawn(async move {
            let request = if number.is_multiple_of(2) {
                let body = json!({"text": format!("Comment {number}")});
                service.request(Method::POST, &format!("/items/{item}/comments"), None).json(&body)
            } else {
                let body = json!({"fields": {"dev_notes": format!("Note {number} on the training window")}});
                service.request(Method::PATCH, &format!("/items/{item}"), None).json(&body)
            };
            let answer = request.send().await?;
            // An archived item refuses; that is an answer too.
            if answer.status().is_success() {
                written.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
        while let Some(done) = waiting.try_join_next() {
            done??;
        }
    }
    while let Some(done) = waiting.join_next().await {
        done??;
    }
    Ok(())
}
