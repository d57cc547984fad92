//! kill −9 of the real service during a storm of commands, again and again on one data directory.
//!
//! No acknowledged command is lost, none is half done, and the relayed stream has neither gap nor double.

#![expect(clippy::indexing_slicing, reason = "indexing a JSON value gives null and never panics")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use countersign_tests::nats::NatsServer;
use countersign_tests::server::{self, Api, Options, Server};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};

/// Kills of the short form; `COUNTERSIGN_LONG` names another number.
const KILLS: u64 = 20;
/// Callers at the same time.
const CALLERS: u64 = 12;
/// A caller gives up after this many commands, should nobody kill the service.
const COMMANDS_MAX: u64 = 5_000;
/// How long an effect may take to show.
const EFFECT_MAX: Duration = Duration::from_secs(60);
/// Events of one save: fields, name, and the first step started.
const SAVE_EVENTS: usize = 3;

/// What the service acknowledged.
#[derive(Default)]
struct Acknowledged {
    count: watch::Sender<u64>,
    last: Mutex<BTreeMap<String, u64>>,
}

fn rounds() -> u64 {
    std::env::var("COUNTERSIGN_LONG").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(KILLS)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_half_done_when_the_service_is_killed() -> Result<()> {
    let nats = NatsServer::start()?;
    let mut server = Server::start_with(Options { nats: Some(nats.url()), ..Options::default() })?;
    let mut acknowledged = 0;
    for round in 1..=rounds() {
        let seen = storm(&mut server, round).await?;
        acknowledged += *seen.count.borrow();
        server.restart()?;
        check(&server.admin(), &seen).await.with_context(|| format!("after kill {round}"))?;
    }
    ensure!(acknowledged > rounds() * CALLERS, "the storm was a breeze: {acknowledged} commands");
    let ids = ids_in_the_log(&server.admin()).await?;
    check_relayed(&nats, &ids).await?;
    server.stop()?;
    let data = server.data().to_str().context("a printable path")?;
    let verified = server::run(&["log", "verify", "--data", data], &[])?;
    let report = String::from_utf8_lossy(&verified.stdout);
    ensure!(verified.status.success(), "log verify: {report}{}", String::from_utf8_lossy(&verified.stderr));
    #[expect(clippy::print_stdout, reason = "the figure of the long form")]
    {
        println!("{} kills, {acknowledged} acknowledged commands; {}", rounds(), report.trim());
    }
    Ok(())
}

/// Callers save as fast as they can until the service is killed under them.
async fn storm(server: &mut Server, round: u64) -> Result<Acknowledged> {
    let seen = Arc::new(Acknowledged::default());
    let (api, kill_after) = (server.admin(), CALLERS + (round * 37) % 150);
    let callers: Vec<_> =
        (0..CALLERS).map(|caller| tokio::spawn(call(api.clone(), round, caller, Arc::clone(&seen)))).collect();
    let mut count = seen.count.subscribe();
    let enough = count.wait_for(|count| *count >= kill_after);
    tokio::time::timeout(EFFECT_MAX, enough).await.context("the storm gets going")??;
    drop(count);
    server.kill()?;
    for ended in join_all(callers).await {
        ended?;
    }
    Arc::into_inner(seen).context("all callers have ended")
}

/// Makes one item after the other and saves it: three events in one command. Ends when the service does.
async fn call(api: Api, round: u64, caller: u64, seen: Arc<Acknowledged>) {
    for turn in 0..COMMANDS_MAX {
        let mark = format!("{round}-{caller}-{turn}");
        let wish = json!({"blueprintId": "bp.system.business_initiative", "name": format!("made {mark}")});
        let Ok(made) = api.post("/items", wish).await else { return };
        let item = made["item"].as_str().or_else(|| made["item"]["id"].as_str()).unwrap_or_default().to_owned();
        remember(&seen, &item, &made).await;
        let save = json!({
            "name": format!("saved {mark}"),
            "fields": {"description": mark},
            "steps": {"ideation": "ONGOING"},
        });
        let Ok(saved) = api.patch(&format!("/items/{item}"), save).await else { return };
        remember(&seen, &item, &saved).await;
    }
}

async fn remember(seen: &Acknowledged, item: &str, answer: &Value) {
    let position = answer["position"].as_u64().unwrap_or(u64::MAX);
    seen.last.lock().await.insert(item.to_owned(), position);
    seen.count.send_modify(|count| *count += 1);
}

/// Every acknowledged position is there, and every save has happened whole or not at all.
async fn check(api: &Api, seen: &Acknowledged) -> Result<()> {
    for (item, position) in seen.last.lock().await.iter() {
        let found = api.get(&format!("/items/{item}")).await?;
        let reached = found["position"].as_u64().unwrap_or(0);
        ensure!(reached >= *position, "{item} is at {reached}, but {position} was acknowledged");
        let is_saved = found["name"].as_str().is_some_and(|name| name.starts_with("saved "));
        let has_field = found["fields"]["description"].is_string();
        let has_step = found["steps"][0]["status"] == "ONGOING";
        ensure!(is_saved == has_field && has_field == has_step, "{item} is half saved: {found}");
    }
    Ok(())
}

/// The id of every event, in order; positions are dense and no command is half there.
async fn ids_in_the_log(api: &Api) -> Result<Vec<String>> {
    let (mut ids, mut saves, mut after) = (Vec::new(), BTreeMap::<String, usize>::new(), 0);
    loop {
        let page = api.get(&format!("/events?after={after}&limit=1000")).await?;
        let events = page["items"].as_array().context("a page of events")?;
        if events.is_empty() {
            break;
        }
        for event in events {
            after += 1;
            ensure!(event["position"] == after, "position {} stands where {after} should", event["position"]);
            ids.push(event["id"].as_str().context("an id")?.to_owned());
            if ["FieldsEdited", "ItemRenamed", "StepStarted"].iter().any(|kind| event["type"] == *kind) {
                *saves.entry(event["correlation"].to_string()).or_default() += 1;
            }
        }
    }
    let torn: Vec<_> = saves.iter().filter(|(_, events)| **events != SAVE_EVENTS).collect();
    ensure!(torn.is_empty(), "saves are half done: {torn:?}");
    Ok(ids)
}

/// The stream holds exactly these events, each at the sequence that is its position.
async fn check_relayed(nats: &NatsServer, ids: &[String]) -> Result<()> {
    let jetstream = async_nats::jetstream::new(async_nats::connect(nats.url()).await?);
    let mut stream = jetstream.get_stream("GOVERN_EVENTS").await?;
    let all = u64::try_from(ids.len())?;
    let caught_up = async {
        while stream.info().await?.state.last_sequence < all {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(EFFECT_MAX, caught_up).await.context("the relay catches up")??;
    let state = stream.info().await?.state.clone();
    ensure!(state.last_sequence == all && state.messages == all, "{all} events, but the stream says {state:?}");
    for (position, id) in (1..).zip(ids) {
        let message = stream.get_raw_message(position).await?;
        let relayed = message.headers.get("Nats-Msg-Id").map(ToString::to_string);
        ensure!(relayed.as_ref() == Some(id), "sequence {position} holds {relayed:?} instead of {id}");
    }
    Ok(())
}
