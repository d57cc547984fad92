//! Brokers that die, engines that are busy or fail, a stop in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use countersign_core::{Caller, Command};
use countersign_engine::engine::Engine;
use countersign_ingest::{Refusal, Status, Submit, Taken};
use countersign_tests::nats::NatsServer;
use tokio::sync::Semaphore;

use super::project;
use super::world::{Ingest, Service, dead_letters, drained, publish};

fn projects(count: usize) -> Vec<serde_json::Value> {
    (0..count).map(|number| project(&format!("P{number}"), "P", 1)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_midway_loses_and_doubles_nothing() {
    let mut server = NatsServer::start().unwrap();
    let service = Service::start().await;
    publish(&server, &projects(3_000)).await;
    let mut ingest = Ingest::start(&server, service.engine.clone()).await;
    for reached in [100, 1_000, 2_000] {
        service.until(|state| state.nodes.items.len() >= reached).await;
        server.kill().unwrap();
        ingest.until(|status| status.reason() == Some("nats_unreachable")).await;
        server.restart().unwrap();
    }
    drained(&server).await;
    ingest.end().await;
    let state = service.settled().await;
    assert_eq!(state.nodes.items.len(), 3_000);
    assert_eq!(state.items.by_blueprint.get("bp.system.dataiku_project").unwrap().len(), 3_000);
    assert!(dead_letters(&server).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_a_broker_says_so_and_goes_on_once_there_is_one() {
    let mut server = NatsServer::start_later().unwrap();
    let service = Service::start().await;
    let mut ingest = Ingest::start(&server, service.engine.clone()).await;
    ingest.until(|status| status.reason() == Some("nats_unreachable")).await;
    server.restart().unwrap();
    ingest.until(|status| *status == Status::Ready).await;
    publish(&server, &projects(3)).await;
    drained(&server).await;
    ingest.end().await;
    assert_eq!(service.settled().await.nodes.items.len(), 3);
}

/// The real engine, which first answers so for a while.
#[derive(Clone)]
struct Reluctant {
    engine: Engine,
    refusals: Arc<AtomicU32>,
    refusal: Refusal,
}

impl Submit for Reluctant {
    async fn submit(&self, command: Command, caller: Caller) -> Result<Taken, Refusal> {
        let left = self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match left {
            Ok(_) => Err(self.refusal.clone()),
            Err(_) => Submit::submit(&self.engine, command, caller).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_engine_is_asked_again_later() {
    let server = NatsServer::start().unwrap();
    let service = Service::start().await;
    let refusals = Arc::new(AtomicU32::new(60));
    let busy = Reluctant { engine: service.engine.clone(), refusals: refusals.clone(), refusal: Refusal::Busy };
    let ingest = Ingest::start(&server, busy).await;
    publish(&server, &projects(30)).await;
    drained(&server).await;
    ingest.end().await;
    assert_eq!(refusals.load(Ordering::SeqCst), 0);
    assert_eq!(service.settled().await.nodes.items.len(), 30);
    assert!(dead_letters(&server).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_makes_the_engine_fail_again_and_again_is_put_away() {
    let server = NatsServer::start().unwrap();
    let service = Service::start().await;
    let refusals = Arc::new(AtomicU32::new(u32::MAX));
    let failing = Reluctant { engine: service.engine.clone(), refusals, refusal: Refusal::Failed };
    let ingest = Ingest::start(&server, failing).await;
    publish(&server, &projects(1)).await;
    drained(&server).await;
    ingest.end().await;
    let letters = dead_letters(&server).await;
    assert_eq!(letters.first().unwrap().subject, "govern.dead.internal");
}

/// The real engine, which waits for a permit before each command.
#[derive(Clone)]
struct Slow {
    engine: Engine,
    arrived: Arc<Semaphore>,
    permits: Arc<Semaphore>,
}

impl Submit for Slow {
    async fn submit(&self, command: Command, caller: Caller) -> Result<Taken, Refusal> {
        self.arrived.add_permits(1);
        self.permits.acquire().await.unwrap().forget();
        Submit::submit(&self.engine, command, caller).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_and_acknowledges_what_is_in_flight() {
    let server = NatsServer::start().unwrap();
    let service = Service::start().await;
    let slow = Slow {
        engine: service.engine.clone(),
        arrived: Arc::new(Semaphore::new(0)),
        permits: Arc::new(Semaphore::new(0)),
    };
    let (arrived, permits) = (slow.arrived.clone(), slow.permits.clone());
    let mut ingest = Ingest::start(&server, slow).await;
    publish(&server, &projects(5)).await;
    arrived.acquire_many(5).await.unwrap().forget();
    ingest.stop.cancel();
    // It waits for the engine, and says so by still being ready.
    assert_eq!(*ingest.status.borrow_and_update(), Status::Ready);
    permits.add_permits(5);
    ingest.end().await;
    assert_eq!(service.settled().await.nodes.items.len(), 5);
    drained(&server).await;
}
