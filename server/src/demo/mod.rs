//! `countersign demo`: the product with real parts around it, and the tutorial on it.

#![expect(clippy::indexing_slicing, reason = "indexing a JSON value gives null and never panics")]

mod api;
mod node;
mod parts;
mod tutorial;
mod verdicts;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use countersign_ingest::{Broker, resync};
use futures::StreamExt as _;
use serde_json::{Value, json};

use self::api::Api;
use self::parts::{NatsServer, Service};

/// How long an effect over NATS may take to show.
const EFFECT_MAX: Duration = Duration::from_secs(30);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// People of the demo: login, name, groups.
const PEOPLE: &[(&str, &str, &[&str])] = &[
    (tutorial::ANA, "Ana Alvarez, project manager", &["project_managers"]),
    ("bo", "Bo Berg, contributor", &["contributors"]),
    ("chi", "Chi Chen, business reviewer", &[]),
    ("dee", "Dee Diaz, IT & operations reviewer", &[]),
    ("eli", "Eli Evans, risk & compliance reviewer", &[]),
    ("fay", "Fay Frank, final approver", &[]),
    ("gus", "Gus Green, reader", &[]),
];

/// How the demo is to be run.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Play the whole tutorial, check every step, and exit.
    #[arg(long)]
    script: bool,
    /// A fresh directory for the data, kept afterwards [default: a temporary one].
    #[arg(long)]
    data: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8740")]
    listen: String,
}

/// Runs the demo to its end, or until it is interrupted.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let temporary = tempfile::Builder::new().prefix("countersign-demo-").tempdir()?;
    let root = arguments.data.unwrap_or_else(|| temporary.path().to_owned());
    let data = root.join("data");
    if data.exists() {
        bail!("{} holds data already; the demo starts on a fresh directory", root.display());
    }
    std::fs::create_dir_all(&root)?;
    let nats = NatsServer::start(&root.join("nats")).await?;
    let listen = if arguments.script { "127.0.0.1:0" } else { &arguments.listen };
    let service = Service::start(&data, Some(&nats.url), listen).await?;
    let admin = administrator(&data, &service.url)?;
    until("the service to be ready", async || Ok(admin.is_ready().await?.then_some(()))).await?;
    create_people(&admin).await?;
    if arguments.script {
        say("The tutorial, step by step:");
        tutorial::play(&data, &nats, service, admin).await?;
        say("The whole tutorial ran.");
    } else {
        explore(&data, &nats, service, &admin).await?;
    }
    nats.stop().await
}

/// Leaves the demo to the person at the terminal.
async fn explore(data: &Path, nats: &NatsServer, mut service: Service, admin: &Api) -> Result<()> {
    for lines in [node::imported(), node::infrastructures(), node::fraud(), node::second()] {
        publish(data, &nats.url, &lines).await?;
    }
    until("the project to arrive", async || {
        let list = admin.get("/governable").await?;
        Ok(api::entry(&list["items"], "name", "XX Govern Tutorial").ok().map(|_| ()))
    })
    .await?;
    let curl = data.with_extension("curl");
    write_private(&curl, &format!("user = \"{}:\"\nsilent\n", read_key(data)?))?;
    say(&format!("\nCountersign runs at {}  (NATS at {})\n", service.url, nats.url));
    say("People, to act as with the X-DKU-ProxyUser header:");
    for (login, name, _) in PEOPLE {
        say(&format!("  {login:<4} {name}"));
    }
    say("\nTry:");
    for path in ["governable", "registry/models?metric=auc", "timeline?limit=5"] {
        say(&format!("  curl -K {} -H 'X-DKU-ProxyUser: ana' '{}/api/v1/{path}'", curl.display(), service.url));
    }
    say(&format!("  {}/api/docs in a browser shows every route", service.url));
    say("\nThe whole story by itself: countersign demo --script.  Ctrl-C ends the demo.");
    tokio::select! {
        ended = service.wait() => ended,
        failed = tell_again_when_asked(data, &nats.url) => failed,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            service.stop().await
        }
    }
}

/// The simulated design node tells everything again whenever it is asked to; ends only with a failure.
async fn tell_again_when_asked(data: &Path, nats: &str) -> Result<()> {
    let broker = Broker::connect(nats, "countersign-demo").await?;
    let mut requests = resync::requests(&broker, node::DESIGN).await?;
    while requests.next().await.is_some() {
        for lines in [node::fraud(), node::second()] {
            publish(data, nats, &lines).await?;
        }
        say(&format!("{} was asked to tell everything again, and did", node::DESIGN));
    }
    bail!("the connection to NATS ended")
}

/// The service's first administrator.
fn administrator(data: &Path, url: &str) -> Result<Api> {
    Ok(Api::new(url, &read_key(data)?))
}

fn read_key(data: &Path) -> Result<String> {
    let file = data.join("admin-key");
    let key = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    Ok(key.trim().to_owned())
}

async fn create_people(admin: &Api) -> Result<()> {
    for (login, name, groups) in PEOPLE {
        admin.post("/users", json!({"login": login, "displayName": name, "groups": groups})).await?;
    }
    Ok(())
}

/// Publishes sync messages as a connector in a script would: `countersign ingest publish FILE`.
async fn publish(data: &Path, nats: &str, lines: &[Value]) -> Result<()> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let file = data.with_extension("jsonl");
    std::fs::write(&file, text)?;
    let output = tokio::process::Command::new(std::env::current_exe()?)
        .args(["ingest", "publish"])
        .arg(&file)
        .args(["--nats", nats])
        .output()
        .await?;
    ensure!(output.status.success(), "ingest publish: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Looks again and again until there is something, for a bounded time.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        ensure!(start.elapsed() < EFFECT_MAX, "waited {EFFECT_MAX:?} for {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn write_private(file: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(file)?;
    Ok(file.write_all(text.as_bytes())?)
}

#[expect(clippy::print_stdout, reason = "the demo speaks to the person at the terminal")]
fn say(line: &str) {
    println!("{line}");
}
