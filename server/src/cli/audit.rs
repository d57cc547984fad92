//! `countersign audit`.

mod replay;

use countersign_core::Principal;
use countersign_core::ids::{ItemId, KeyId, Position};
use countersign_core::time::Timestamp;
use countersign_projections::Snapshot;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};

use super::output::{Failure, say};
use super::projections::open;
use super::remote::Place;
use crate::api::why;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Why somebody may do something on an item, or why not: names the rule that grants, or those that would
    Why {
        /// A login, or the id of a key
        user: String,
        /// read, write, create, delete or admin
        action: String,
        /// The item: ar.7
        item: String,
        /// As things were at a log position, or at an instant (RFC 3339)
        #[arg(long, value_name = "POSITION|TIME")]
        at: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// What happened to an item, and how it stood after that
    Replay {
        /// The item: ar.7
        item: String,
        /// Up to a log position, or to an instant (RFC 3339); up to now when left out
        #[arg(long, value_name = "POSITION|TIME")]
        at: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Why { user, action, item, at, place } => explain((&user, &action, &item), at.as_deref(), &place).await,
        Command::Replay { item, at, place } => replay::run(&item, at.as_deref(), &place).await,
    }
}

/// A position or an instant, as a parameter of a query; nothing when neither is given.
fn when(at: Option<&str>) -> String {
    at.map_or_else(String::new, |at| match at.parse::<u64>() {
        Ok(position) => format!("&as_of={position}"),
        Err(_) => format!("&as_of_time={}", text(at)),
    })
}

fn text(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

async fn explain((user, action, item): (&str, &str, &str), at: Option<&str>, place: &Place) -> Result<(), Failure> {
    let found = match place.target.remote()? {
        Some(remote) => {
            let (user, action, item, at) = (text(user), text(action), text(item), when(at));
            let path = format!("/access/why?user={user}&action={action}&item={item}{at}");
            remote.ask(Method::GET, &path, None).await?
        }
        None => offline(place, at, |snapshot| told(snapshot, user, action, item)).await?,
    };
    match place.json {
        true => say(&found),
        false => print(&found),
    }
    Ok(())
}

async fn offline(
    place: &Place,
    at: Option<&str>,
    with: impl FnOnce(&Snapshot) -> anyhow::Result<Value>,
) -> anyhow::Result<Value> {
    let core = open(place).await?;
    let snapshot = match at.map(|at| (at, at.parse::<u64>())) {
        None => Ok(core.snapshots.latest()),
        Some((_, Ok(position))) => core.snapshots.at(Position(position)).await,
        Some((text, Err(_))) => match text.parse::<Timestamp>() {
            Ok(time) => core.snapshots.at_time(time).await,
            Err(_) => {
                core.close().await;
                anyhow::bail!("{text:?} is neither a log position nor an RFC 3339 time");
            }
        },
    };
    let found = snapshot.map_err(anyhow::Error::from).and_then(|snapshot| with(&snapshot));
    core.close().await;
    found
}

/// Whoever can open the data directory sees everything.
fn told(snapshot: &Snapshot, user: &str, action: &str, item: &str) -> anyhow::Result<Value> {
    let state = &snapshot.state;
    let principal = match (state.access.logins.get(user), user.parse::<KeyId>()) {
        (Some(user), _) => Principal::User(*user),
        (None, Ok(key)) if state.access.keys.contains_key(&key) => Principal::Key(key),
        _ => anyhow::bail!("nobody has the login, and no key the id {user:?}"),
    };
    let action = why::action(action)
        .map_err(|_| anyhow::anyhow!("{action:?} is none of read, write, create, delete and admin"))?;
    let found = item.parse::<ItemId>().ok().filter(|id| state.items.by_id.contains_key(id));
    let item = found.ok_or_else(|| anyhow::anyhow!("the item {item} does not exist"))?;
    Ok(json!(why::reason(state, &principal, (action, item), true, &|_| true)))
}

fn print(found: &Value) {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_allowed = found.get("allowed").and_then(Value::as_bool).unwrap_or_default();
    say(format_args!("{}: {}", if is_allowed { "allowed" } else { "refused" }, text(found, "because")));
    for (list, word) in [("grantedBy", "granted by"), ("wouldBeGrantedBy", "would be granted by")] {
        for rule in found.get(list).and_then(Value::as_array).into_iter().flatten() {
            let to = rule.get("to").and_then(Value::as_array).into_iter().flatten();
            let to: Vec<String> = to.map(|holder| format!("{} {}", text(holder, "type"), text(holder, "id"))).collect();
            let place = match (text(rule, "rule"), text(rule, "at")) {
                (rule, _) if rule.is_empty() => "no rule gives it here".to_owned(),
                (rule, at) => format!("{rule}, looking at {at}"),
            };
            say(format_args!("  {word} {}: {place}: {}", text(rule, "role"), to.join(", ")));
        }
    }
}
