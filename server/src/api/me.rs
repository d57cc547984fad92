//! Who am I?

use countersign_core::access::may::groups_of;
use countersign_core::context::Principal;
use serde::Serialize;
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::keys::{self, KeyShape};
use super::shape::people;
use super::users::{self, UserShape};

/// The caller, as the service sees him.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// `user` or `key`.
    r#type: &'static str,
    /// A login, or a key's id.
    id: String,
    /// The person's login.
    login: Option<String>,
    /// The groups.
    groups: Vec<String>,
    /// Administrates the instance.
    admin: bool,
    /// The key that acts as this person.
    via: Option<String>,
    /// The person.
    user: Option<UserShape>,
    /// The key.
    key: Option<KeyShape>,
}

/// The caller, as the service sees him.
#[utoipa::path(get, path = "/me", tag = "access", responses((status = 200, description = "The caller", body = Me)))]
pub async fn read(ask: Ask) -> Answer<Me> {
    let (state, principal) = (ask.state(), &ask.who.principal);
    let user = match principal {
        Principal::User(user) => state.access.users.get(user),
        _ => None,
    };
    let key = match principal {
        Principal::Key(key) => state.access.keys.get(key),
        _ => None,
    };
    ask.answer(Me {
        r#type: if user.is_some() { "user" } else { "key" },
        id: people::name(state, principal),
        login: user.map(|user| user.login.shown().to_owned()),
        groups: groups_of(state, principal).iter().map(ToString::to_string).collect(),
        admin: ask.is_admin(),
        via: ask.who.via.map(|key| key.to_string()),
        user: user.map(|user| users::shape(user)),
        key: key.map(|key| keys::shape(state, key)),
    })
}
