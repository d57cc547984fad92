//! `countersign audit replay`: an item's events up to a moment, and what they made of it.

use countersign_core::Principal;
use countersign_core::ids::ItemId;
use countersign_projections::Snapshot;
use countersign_projections::page::LIMIT_MAX;
use countersign_projections::sight::StateReader;
use countersign_projections::views::timeline::Filter;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::output::{Failure, say};
use super::super::remote::Place;
use super::{offline, text, when};
use crate::api::shape::item::item as shape;
use crate::event_json::event_json;

pub(super) async fn run(item: &str, at: Option<&str>, place: &Place) -> Result<(), Failure> {
    let found = match place.target.remote()? {
        Some(remote) => {
            let (path, at) = (format!("/items/{}", text(item)), when(at));
            let shown = remote.ask(Method::GET, &format!("{path}?{}", at.trim_start_matches('&')), None).await?;
            let events = remote.all(&format!("{path}/timeline?order=asc{at}")).await?;
            json!({"item": shown, "events": events})
        }
        None => offline(place, at, |snapshot| told(snapshot, item)).await?,
    };
    match place.json {
        true => say(&found),
        false => print(&found),
    }
    Ok(())
}

/// Whoever can open the data directory sees everything, also of an item that was deleted by then.
fn told(snapshot: &Snapshot, name: &str) -> anyhow::Result<Value> {
    let missing = || anyhow::anyhow!("the item {name} does not exist");
    let (state, item) = (&snapshot.state, name.parse::<ItemId>().map_err(|_| missing())?);
    let mut filter = Filter { item: Some(item), limit: LIMIT_MAX, ..Filter::default() };
    let mut events = Vec::new();
    loop {
        let part = snapshot.views.timeline.list(&filter, &|_| true);
        events.extend(part.events.iter().map(|recorded| event_json(recorded, state)));
        filter.after = part.next;
        if part.next.is_none() {
            break;
        }
    }
    if events.is_empty() {
        return Err(missing());
    }
    let reader = StateReader::new(state, &Principal::System);
    let shown = state.items.by_id.get(&item).map(|item| shape(state, item, &reader));
    Ok(json!({"item": shown, "events": events}))
}

fn print(found: &Value) {
    let text = |value: &Value, pointer: &str| {
        value
            .pointer(pointer)
            .map_or_else(String::new, |found| found.as_str().map_or_else(|| found.to_string(), str::to_owned))
    };
    for event in found.get("events").and_then(Value::as_array).into_iter().flatten() {
        let [position, at, kind, by] = ["/position", "/recordedAt", "/type", "/actor/id"].map(|part| text(event, part));
        say(format_args!("{position} {at} {kind} by {by}: {}", text(event, "/data")));
    }
    match found.get("item").filter(|item| !item.is_null()) {
        Some(item) => say(format_args!("{item:#}")),
        None => say("it is deleted"),
    }
}
