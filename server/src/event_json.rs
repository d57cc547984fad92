//! An event as every reader outside sees it: the native API, the command line and NATS. Pure.

use countersign_core::ids::{GroupId, ItemId, UserId};
use countersign_core::value::OldValue;
use countersign_core::{Channel, Event, Principal, Recorded, State, artifact, deploy, schema};
use serde_json::{Value, json};

/// The mark of an event by which somebody put himself into a field.
pub const NAMED_ONESELF: &str = "named_oneself";

/// The mark of an event by which a deployer would have loosened a gate.
pub const LOOSENING_REFUSED: &str = "loosening_refused";

/// The `event` shape. `state` is one that holds the actor: any from the event on.
#[must_use]
pub fn event_json(recorded: &Recorded, state: &State) -> Value {
    let mut told = json!({
        "position": recorded.position.0,
        "id": recorded.id.to_string(),
        "type": schema::event_name(&recorded.event),
        "recordedAt": recorded.recorded_at.to_string(),
        "actor": actor(&recorded.actor, &recorded.groups, state),
        "via": recorded.via.map(|key| key.to_string()),
        "channel": channel(recorded.channel),
        "reason": recorded.reason.as_ref().map(countersign_core::personal::Personal::shown),
        "subject": recorded.event.item().map(|item| item.to_string()),
        "correlation": recorded.correlation.to_string(),
        "data": schema::data_json(&recorded.event),
    });
    let marks = [(names_oneself(recorded, state), NAMED_ONESELF), (would_loosen(recorded), LOOSENING_REFUSED)];
    let marks: Vec<_> = marks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| mark).collect();
    if let Some(told) = told.as_object_mut().filter(|_| !marks.is_empty()) {
        told.insert("marks".to_owned(), json!(marks));
    }
    told
}

/// A deployer told of a looser gate, which only an administrator makes.
fn would_loosen(recorded: &Recorded) -> bool {
    let Event::Deploy(deploy::Event::InfrastructureRegistered { refused, .. }) = &recorded.event else { return false };
    !refused.is_empty()
}

/// Somebody put himself, or a group of his, into a field.
fn names_oneself(recorded: &Recorded, state: &State) -> bool {
    let Event::Item(artifact::Event::FieldsEdited { changes, .. }) = &recorded.event else { return false };
    let Principal::User(user) = recorded.actor else { return false };
    let own = state.access.users.get(&user).map(|user| user.item);
    let groups = recorded.groups.iter().filter_map(|group| state.access.groups.get(group).map(|group| group.item));
    let own: Vec<ItemId> = own.into_iter().chain(groups).collect();
    let names = |value: &countersign_core::value::Value| value.references().any(|item| own.contains(&item));
    changes.iter().any(|change| {
        let named = matches!(&change.old, OldValue::Value(old) if names(old));
        !named && change.new.as_ref().is_some_and(names)
    })
}

fn actor(actor: &Principal, groups: &[GroupId], state: &State) -> Value {
    let (kind, id) = match actor {
        Principal::User(user) => ("user", login(*user, state)),
        Principal::Key(key) => ("key", key.to_string()),
        Principal::Node(node) => ("node", node.to_string()),
        Principal::System => ("system", "system".to_owned()),
    };
    json!({ "type": kind, "id": id, "groups": groups.iter().map(GroupId::as_str).collect::<Vec<_>>() })
}

/// The login, `[erased]` once it was erased, the number for one whom the state does not hold.
fn login(user: UserId, state: &State) -> String {
    state.access.users.get(&user).map_or_else(|| user.to_string(), |known| known.login.shown().to_owned())
}

const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Http => "http",
        Channel::PublicApi => "public_api",
        Channel::Ui => "ui",
        Channel::Nats => "nats",
        Channel::Cli => "cli",
        Channel::Engine => "engine",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use countersign_core::access::User;
    use countersign_core::ids::{CorrelationId, EventId, KeyId, Position};
    use countersign_core::personal::Personal;
    use countersign_core::time::Timestamp;

    use super::*;

    #[test]
    fn an_event_says_who_when_through_what_and_on_which_item() {
        let mut state = State::default();
        let ana = User {
            id: UserId(4),
            item: ItemId(1),
            login: Personal::new([0; 16], "ana"),
            display_name: None,
            email: None,
            groups: std::iter::once(GroupId::from("business")).collect(),
            profile: None,
            credential: None,
            is_enabled: true,
            is_deleted: false,
            document: None,
            own_document: None,
            created: Timestamp::from_millis(0),
            signed_out: Position(0),
        };
        state.access.users.insert(UserId(4), Arc::new(ana));
        let recorded = Recorded {
            position: Position(43),
            id: EventId(uuid::Uuid::from_u128(1)),
            recorded_at: Timestamp::from_millis(0),
            actor: Principal::User(UserId(4)),
            groups: vec!["business".into()],
            via: Some(KeyId(2)),
            channel: Channel::Http,
            reason: None,
            correlation: CorrelationId(uuid::Uuid::from_u128(2)),
            causation: None,
            request: None,
            event: Event::from(artifact::Event::ItemArchived { item: ItemId(9) }),
        };
        let json = event_json(&recorded, &state);
        let expected = json!({
            "position": 43, "id": "00000000-0000-0000-0000-000000000001", "type": "ItemArchived",
            "recordedAt": "1970-01-01T00:00:00.000Z",
            "actor": {"type": "user", "id": "ana", "groups": ["business"]},
            "via": "ak.2", "channel": "http", "reason": null, "subject": "ar.9",
            "correlation": "00000000-0000-0000-0000-000000000002",
            "data": schema::data_json(&recorded.event),
        });
        assert_eq!(json, expected);
    }
}
