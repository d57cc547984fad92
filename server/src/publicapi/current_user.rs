//! Oneself: one's own settings, and as whom one acts.

use axum::Router;
use axum::routing::get;
use countersign_core::access::may::groups_of;
use countersign_core::access::{Command, User};
use countersign_core::context::Principal;
use serde_json::{Value as Json, json};

use super::call::{Call, Reply};
use super::object::Object;
use super::users::{own, own_settings};
use crate::api::ask::Ask;
use crate::api::shape::people;
use crate::app::App;
use crate::problem::Problem;

/// What nobody changes about himself, and is sent back as it was read.
const FIXED: &[&str] = &["login", "displayName", "email", "groups", "userProfile", "enabled", "creationDate"];

pub(super) fn routes() -> Router<App> {
    Router::new().route("/current-user", get(read).put(edit)).route("/auth/info", get(identity))
}

/// The caller as a person; a key is none.
fn oneself(ask: &Ask) -> Result<&User, Problem> {
    let found = match &ask.who.principal {
        Principal::User(user) => ask.state().access.users.get(user),
        _ => None,
    };
    let detail = "an API key is no person and has no settings of its own; act as a user";
    found.map(|user| &**user).ok_or_else(|| Problem::invalid("not_a_person", detail))
}

async fn read(call: Call) -> Reply {
    let ask = call.ask();
    let shown = own_settings(oneself(&ask)?);
    Ok(ask.answer(Json::Object(shown)))
}

async fn edit(call: Call) -> Reply {
    let given = Object::body(call.object()?);
    let ask = call.ask();
    let shown = own_settings(oneself(&ask)?);
    for (key, value) in given.keys() {
        let is_fixed = FIXED.contains(&key.as_str());
        if is_fixed && shown.get(key) != Some(value) {
            let detail = format!("{key} of a user is changed by administrators");
            return Err(Problem::forbidden("forbidden", detail));
        }
        if !is_fixed && key != "userProperties" {
            return Err(Problem::invalid_field(key, "unknown_field", "is nothing that a user has of his own"));
        }
    }
    call.submit(Command::EditOneself { own_document: own(&given)? }, None).await?;
    let ask = call.ask();
    let shown = own_settings(oneself(&ask)?);
    Ok(ask.answer(Json::Object(shown)))
}

async fn identity(call: Call) -> Reply {
    let ask = call.ask();
    let (state, principal) = (ask.state(), &ask.who.principal);
    let groups: Vec<String> = groups_of(state, principal).iter().map(ToString::to_string).collect();
    let name = people::name(state, principal);
    let (name, source) = match principal {
        Principal::User(_) => (name, "USER"),
        _ => (format!("api:{name}"), "CONFIGURABLE_API_KEY_GLOBAL"),
    };
    Ok(ask.answer(json!({ "authIdentifier": name, "groups": groups, "authSource": source })))
}
