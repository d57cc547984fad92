//! The relay between a log and a real broker: every event once, at its position, whatever happens in between.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test should panic")]

mod gate;
mod verdicts;
mod world;

use countersign_core::ids::Position;
use countersign_server::relay::stream::{APPROVALS, EVENTS, EVENTS_SUBJECTS};
use countersign_tests::nats::NatsServer;

use world::{BOUND, Log, Relay, expected, stored};

#[tokio::test(flavor = "multi_thread")]
async fn every_event_stands_at_its_position() {
    let server = NatsServer::start().unwrap();
    let mut log = Log::with_events(600);
    let mut relay = Relay::start(&server, &log).await;
    relay.caught_up(&log).await;
    log.grow(1);
    relay.caught_up(&log).await;
    relay.end().await;
    assert_eq!(stored(&server).await, expected(&log));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_a_binary_cloudevent_on_a_subject_of_its_kind() {
    let server = NatsServer::start().unwrap();
    let log = Log::with_events(2);
    let mut relay = Relay::start(&server, &log).await;
    relay.caught_up(&log).await;
    let jetstream = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let message = jetstream.get_stream(EVENTS).await.unwrap().get_raw_message(2).await.unwrap();
    let event = log.events().pop().unwrap();
    assert_eq!(message.subject.as_str(), "govern.events.sync.-.node_registered");
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-id", &event.id.to_string()),
        ("ce-type", "org.countersign.event.node_registered.v1"),
        ("ce-source", &format!("/logs/{}", log.id)),
        ("ce-datacontenttype", "application/json"),
        ("ce-sequence", "00000000000000000002"),
        ("ce-recordedtime", "2023-11-14T22:13:20.000Z"),
        ("ce-correlationid", "00000000-0000-0000-0000-000000000007"),
        ("ce-authtype", "service_account"),
        ("ce-authid", "node%20%C3%A9"),
    ] {
        assert_eq!(message.headers.get(name).map(ToString::to_string).as_deref(), Some(value), "{name}");
    }
    let data: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(data.get("position").unwrap(), 2);
    assert_eq!(data.get("type").unwrap(), "NodeRegistered");
    assert_eq!(data.pointer("/actor/id").unwrap(), "node é");
    relay.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dies_anywhere_is_resumed_without_gap_or_double() {
    let server = NatsServer::start().unwrap();
    let mut log = Log::with_events(50);
    for round in 0_u64..20 {
        log.grow(40 + round * 13 % 97);
        let mut relay = Relay::start(&server, &log).await;
        // From right at the start to nearly done: a different place each time.
        let reached = log.head().0 * (round * 7 % 20) / 20;
        relay.until(|status| status.position >= Position(reached)).await;
        relay.abort().await;
    }
    let mut relay = Relay::start(&server, &log).await;
    relay.caught_up(&log).await;
    relay.end().await;
    assert_eq!(stored(&server).await, expected(&log));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_midway_loses_and_doubles_nothing() {
    let mut server = NatsServer::start().unwrap();
    let mut log = Log::with_events(100);
    let mut relay = Relay::start(&server, &log).await;
    relay.caught_up(&log).await;
    for round in 0..3 {
        log.grow(700);
        let reached = log.head().0 - 600 + round * 150;
        relay.until(|status| status.position >= Position(reached)).await;
        server.kill().unwrap();
        relay.until(|status| status.reason.is_some()).await;
        server.restart().unwrap();
        relay.caught_up(&log).await;
    }
    relay.end().await;
    assert_eq!(stored(&server).await, expected(&log));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_a_broker_says_so_and_goes_on_once_there_is_one() {
    let mut server = NatsServer::start_later().unwrap();
    let log = Log::with_events(10);
    let mut relay = Relay::start(&server, &log).await;
    relay.reason("nats_unreachable").await;
    server.restart().unwrap();
    relay.caught_up(&log).await;
    relay.end().await;
    assert_eq!(stored(&server).await, expected(&log));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_lost_everything_is_filled_again_from_the_first_event() {
    let mut server = NatsServer::start().unwrap();
    let mut log = Log::with_events(30);
    let mut relay = Relay::start(&server, &log).await;
    relay.caught_up(&log).await;
    server.kill().unwrap();
    server.wipe().unwrap();
    server.restart().unwrap();
    log.grow(5);
    relay.until(|status| status.reason.is_some()).await;
    relay.caught_up(&log).await;
    relay.end().await;
    assert_eq!(stored(&server).await, expected(&log));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_another_log_is_never_written_over() {
    // Shorter, as long, and longer than ours.
    for (theirs, ours) in [(10, 40), (40, 40), (40, 10)] {
        let server = NatsServer::start().unwrap();
        let theirs = Log::with_events(theirs);
        let mut relay = Relay::start(&server, &theirs).await;
        relay.caught_up(&theirs).await;
        relay.end().await;

        let mut ours = Log::with_events(ours);
        let mut relay = Relay::start(&server, &ours).await;
        relay.reason("relay_stream_foreign").await;
        ours.grow(3);
        relay.end().await;
        assert_eq!(stored(&server).await, expected(&theirs));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ahead_of_the_log_takes_nothing_until_an_operator_decides() {
    let server = NatsServer::start().unwrap();
    let log = Log::with_events(20);
    let mut relay = Relay::start(&server, &log).await;
    relay.caught_up(&log).await;
    relay.end().await;
    // The same log, as an older backup holds it.
    let restored = log.first(12);
    let mut relay = Relay::start(&server, &restored).await;
    let status = relay.reason("relay_stream_foreign").await;
    assert!(status.detail.contains("ahead of the log"), "{}", status.detail);
    relay.end().await;
    assert_eq!(stored(&server).await, expected(&log));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_could_forget_events_is_refused() {
    let server = NatsServer::start().unwrap();
    let jetstream = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let forgetful = async_nats::jetstream::stream::Config {
        name: EVENTS.to_owned(),
        subjects: vec![EVENTS_SUBJECTS.to_owned()],
        max_messages: 100,
        ..Default::default()
    };
    jetstream.create_stream(forgetful).await.unwrap();
    let log = Log::with_events(5);
    let mut relay = Relay::start(&server, &log).await;
    relay.reason("relay_stream_misconfigured").await;
    relay.end().await;
    assert_eq!(stored(&server).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_deleted_while_nothing_happens_is_made_again_with_everything() {
    let server = NatsServer::start().unwrap();
    let mut log = Log::with_events(15);
    let mut relay = Relay::start(&server, &log).await;
    relay.caught_up(&log).await;
    let jetstream = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
    jetstream.delete_stream(EVENTS).await.unwrap();
    log.grow(1);
    relay.until(|status| status.reason.is_some()).await;
    relay.caught_up(&log).await;
    relay.end().await;
    assert_eq!(stored(&server).await, expected(&log));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_streams_are_made_so_that_nothing_in_them_can_be_lost() {
    let server = NatsServer::start().unwrap();
    let log = Log::with_events(1);
    let mut relay = Relay::start(&server, &log).await;
    relay.caught_up(&log).await;
    let jetstream = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let events = jetstream.get_stream(EVENTS).await.unwrap();
    assert!(events.delete_message(1).await.is_err());
    assert!(events.purge().await.is_err());
    let approvals = jetstream.get_stream(APPROVALS).await.unwrap();
    assert_eq!(approvals.cached_info().config.max_messages_per_subject, 1);
    tokio::time::timeout(BOUND, relay.end()).await.unwrap();
}
