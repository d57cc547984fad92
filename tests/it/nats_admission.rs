//! The shipped configuration of nats-server: TLS both ways, nkeys, and for everybody no more than what is theirs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use async_nats::jetstream::Context;
use async_nats::{Client, ConnectOptions, Event};
use countersign_tests::certificates::Certificates;
use countersign_tests::nats::NatsServer;
use countersign_tests::server::{self, Options, Server};
use futures::StreamExt as _;
use nkeys::KeyPair;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Nothing takes this long, except when it hangs.
const BOUND: Duration = Duration::from_secs(60);
/// Who is in the configuration, and how its environment names their keys.
const USERS: [(&str, &str); 5] = [
    ("countersign", "COUNTERSIGN_NKEY"),
    ("design-1", "DESIGN_1_NKEY"),
    ("deployer-1", "DEPLOYER_1_NKEY"),
    ("auditor", "AUDITOR_NKEY"),
    ("operator", "OPERATOR_NKEY"),
];

/// A broker as an operator would run it.
struct Place {
    certificates: Certificates,
    seeds: BTreeMap<&'static str, String>,
    folder: TempDir,
    nats: NatsServer,
}

/// Somebody on a connection, and what the broker refuses him.
struct Person {
    client: Client,
    refusals: mpsc::UnboundedReceiver<String>,
}

impl Place {
    fn start() -> Result<Self> {
        let (certificates, folder) = (Certificates::make()?, TempDir::with_prefix("countersign-seeds-")?);
        let mut environment = vec![
            ("NATS_TLS_CERT".to_owned(), text(&certificates.server_cert())?),
            ("NATS_TLS_KEY".to_owned(), text(&certificates.server_key())?),
            ("NATS_TLS_CA".to_owned(), text(&certificates.authority())?),
        ];
        let mut seeds = BTreeMap::new();
        for (user, variable) in USERS {
            let pair = KeyPair::new_user();
            let seed = pair.seed()?;
            std::fs::write(folder.path().join(user), &seed)?;
            environment.push((variable.to_owned(), pair.public_key()));
            seeds.insert(user, seed);
        }
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/nats/nats-server.conf");
        let nats = NatsServer::start_shipped(shipped, environment)?;
        Ok(Self { certificates, seeds, folder, nats })
    }

    /// What a command of ours is told to be let in as this user.
    fn flags(&self, user: &str) -> Result<Vec<String>> {
        let mut flags = Vec::new();
        let files: [(&str, PathBuf); 4] = [
            ("--nats-nkey", self.folder.path().join(user)),
            ("--nats-ca", self.certificates.authority()),
            ("--nats-cert", self.certificates.client_cert()),
            ("--nats-key", self.certificates.client_key()),
        ];
        for (flag, file) in files {
            flags.extend([flag.to_owned(), text(&file)?]);
        }
        Ok(flags)
    }

    async fn person(&self, user: &str) -> Result<Person> {
        let (told, refusals) = mpsc::unbounded_channel();
        let options = ConnectOptions::new()
            .nkey(self.seeds.get(user).context("a user of the configuration")?.clone())
            .add_root_certificates(self.certificates.authority())
            .add_client_certificate(self.certificates.client_cert(), self.certificates.client_key())
            .custom_inbox_prefix(format!("_INBOX_{user}"))
            .event_callback(move |event| {
                if let Event::ServerError(error) = event {
                    drop(told.send(error.to_string()));
                }
                std::future::ready(())
            });
        Ok(Person { client: options.connect(self.nats.url()).await?, refusals })
    }
}

impl Person {
    /// The broker has to say no to this, which comes without an answer to whoever asks.
    async fn is_refused(&mut self, what: &str) -> Result<()> {
        let said = tokio::time::timeout(BOUND, self.refusals.recv()).await;
        let said = said.with_context(|| format!("{what} is not refused"))?.context("the connection")?;
        ensure!(said.to_lowercase().contains("permissions violation") && said.contains(what), "{what}: {said}");
        Ok(())
    }

    async fn may_not_publish(&mut self, subject: &'static str) -> Result<()> {
        self.client.publish(subject, "{}".into()).await?;
        self.is_refused(subject).await
    }

    async fn may_not_listen(&mut self, subject: &'static str) -> Result<()> {
        let subscription = self.client.subscribe(subject).await?;
        self.is_refused(subject).await?;
        drop(subscription);
        Ok(())
    }

    fn jetstream(&self) -> Context {
        async_nats::jetstream::new(self.client.clone())
    }
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().context("a printable path")?.to_owned())
}

/// Asks `/metrics` until the message was taken in and its events were relayed.
async fn until_relayed(server: &Server) -> Result<()> {
    let wanted = ["countersign_ingest_messages_total{outcome=\"accepted\"} 1", "countersign_relay_lag_events 0"];
    let asking = async {
        let mut text = String::new();
        while !wanted.iter().all(|line| text.lines().any(|found| found == *line)) {
            let answer = server.admin().ask(reqwest::Method::GET, "//metrics", None).await?;
            text = String::from_utf8(answer.bytes)?;
        }
        anyhow::Ok(())
    };
    let asked = tokio::time::timeout(BOUND, asking).await;
    let log = || std::fs::read_to_string(server.data().with_extension("log")).unwrap_or_default();
    asked.with_context(|| format!("the message did not arrive: {}", log()))?
}

async fn until_ready(server: &Server) -> Result<()> {
    let asking = async {
        while server.admin().ask(reqwest::Method::GET, "//readyz", None).await?.status != 200 {}
        anyhow::Ok(())
    };
    tokio::time::timeout(BOUND, asking).await.context("the service did not get ready")?
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_configuration_lets_everybody_do_what_is_theirs_and_no_more() -> Result<()> {
    let place = Place::start()?;
    let (nats, arguments) = (Some(place.nats.url()), place.flags("countersign")?);
    let mut server = Server::start_with(Options { nats, arguments })?;
    until_ready(&server).await?;

    // A node tells about itself through the command line, with nothing but its own seed.
    let file = place.folder.path().join("messages");
    let model = json!({"node": "design-1", "kind": "saved_model", "data":
        {"projectKey": "P", "modelId": "m", "name": "M", "revision": 1}});
    std::fs::write(&file, format!("{model}\n"))?;
    let (file, url) = (text(&file)?, place.nats.url());
    let flags = place.flags("design-1")?;
    let mut publish = vec!["ingest", "publish", &file, "--nats", &url, "--nats-inbox", "_INBOX_design-1", "--json"];
    publish.extend(flags.iter().map(String::as_str));
    let published = server::run(&publish, &[])?;
    ensure!(published.status.success(), "{}", String::from_utf8_lossy(&published.stderr));
    until_relayed(&server).await?;

    let mut node = place.person("design-1").await?;
    for subject in ["govern.sync.design-2.project", "govern.events.x.-.y", "$JS.API.STREAM.INFO.GOVERN_SYNC"] {
        node.may_not_publish(subject).await?;
    }
    for subject in ["govern.sync.>", "govern.events.>", "govern.approvals.>", "_INBOX.>", "_INBOX_deployer-1.>"] {
        node.may_not_listen(subject).await?;
    }

    // It hears that it is asked to tell everything again, and others do not.
    let mut requests = node.client.subscribe("govern.sync.design-1.request").await?;
    node.client.flush().await?;
    server.admin().post("/nodes/design-1/resync", json!({})).await?;
    let heard = tokio::time::timeout(BOUND, requests.next()).await;
    ensure!(heard.context("the node does not hear the request")?.is_some(), "the subscription ended");
    node.may_not_listen("govern.sync.design-2.request").await?;

    let mut deployer = place.person("deployer-1").await?;
    for subject in ["govern.events.>", "govern.sync.>", "govern.dead.>"] {
        deployer.may_not_listen(subject).await?;
    }
    for subject in [
        "govern.sync.design-1.bundle",
        "govern.approvals.bundle.design-1.P.b",
        "$JS.API.DIRECT.GET.GOVERN_EVENTS",
        "$JS.API.CONSUMER.CREATE.GOVERN_APPROVALS",
        "$JS.API.STREAM.DELETE.GOVERN_APPROVALS",
    ] {
        deployer.may_not_publish(subject).await?;
    }
    let live = deployer.client.subscribe("govern.approvals.>").await?;
    let asked = deployer.client.request("govern.gate.check", "{}".into());
    let answer = tokio::time::timeout(BOUND, asked).await.context("the gate answers")??;
    ensure!(answer.headers.is_some_and(|headers| headers.get("Nats-Service-Error-Code").is_some()), "without a key");
    drop(live);

    let mut auditor = place.person("auditor").await?;
    let events = auditor.jetstream().get_stream("GOVERN_EVENTS").await?;
    ensure!(events.direct_get(1).await?.headers.get("ce-type").is_some(), "the first event");
    auditor.may_not_publish("govern.events.x.-.y").await?;
    auditor.may_not_publish("$JS.API.STREAM.MSG.GET.GOVERN_SYNC").await?;

    let mut service = place.person("countersign").await?;
    service.may_not_publish("$JS.API.STREAM.DELETE.GOVERN_EVENTS").await?;
    service.may_not_publish("govern.sync.design-1.project").await?;
    server.stop()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_without_certificate_or_with_an_unknown_key() -> Result<()> {
    let place = Place::start()?;
    let authority = place.certificates.authority();
    let nkey = place.seeds.get("operator").context("a seed")?.clone();
    let bare = ConnectOptions::new().nkey(nkey).add_root_certificates(authority.clone());
    ensure!(bare.connect(place.nats.url()).await.is_err(), "without a client certificate");
    let (cert, key) = (place.certificates.client_cert(), place.certificates.client_key());
    let stranger = ConnectOptions::new()
        .nkey(KeyPair::new_user().seed()?)
        .add_root_certificates(authority)
        .add_client_certificate(cert, key);
    ensure!(stranger.connect(place.nats.url()).await.is_err(), "with an unknown nkey");
    let missing = server::run(
        &["serve", "--listen", "127.0.0.1:0", "--nats", &place.nats.url(), "--nats-nkey", "/nonexistent/seed"],
        &[],
    )?;
    ensure!(missing.status.code() == Some(1), "a seed that is not there: {}", missing.status);
    Ok(())
}
