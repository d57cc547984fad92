//! Users containers: a person, a group, a role or a key, each with a key of its own on this wire.

use countersign_core::State;
use countersign_core::blueprint::Container;
use countersign_core::ids::GroupId;
use serde_json::{Value as Json, json};

use crate::api::shape::people;
use crate::problem::Problem;

/// The types that there are, as the error names them.
const TYPES: &str = "user, group, role, global-api-key";

/// A container as the client writes it.
pub(super) fn shape(state: &State, container: &Container) -> Json {
    match container {
        Container::User(user) => json!({ "type": "user", "login": people::login(state, *user) }),
        Container::Group(group) => json!({ "type": "group", "groupName": group.as_str() }),
        Container::Role(role) => json!({ "type": "role", "roleId": role.as_str() }),
        Container::Key(key) => json!({ "type": "global-api-key", "globalAPIKeyId": key.to_string() }),
    }
}

/// The container that the client means; `place` says where it stands.
pub(super) fn read(state: &State, place: &str, given: &Json) -> Result<Container, Problem> {
    let text = |key: &str| given.get(key).and_then(Json::as_str);
    let needed = |key: &str| {
        text(key).ok_or_else(|| Problem::invalid_field(format!("{place}.{key}"), "missing_field", "is needed"))
    };
    match needed("type")? {
        "user" => people::user(state, &format!("{place}.login"), needed("login")?).map(Container::User),
        "group" => Ok(Container::Group(GroupId::from(needed("groupName")?))),
        "role" => Ok(Container::Role(needed("roleId")?.into())),
        "global-api-key" => {
            // Older pages of Dataiku's documentation call it keyId.
            let id = text("keyId").map_or_else(|| needed("globalAPIKeyId"), Ok)?;
            let unknown = |_| Problem::invalid_field(place, "unknown_key", format!("there is no API key {id:?}"));
            id.parse().map(Container::Key).map_err(unknown)
        }
        other => {
            let message = format!("unknown type {other:?}; the types are {TYPES}");
            Err(Problem::invalid_field(format!("{place}.type"), "unknown_value", message))
        }
    }
}
