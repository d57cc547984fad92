//! Global API keys. The secret is told once, by the call that made it, and kept as its SHA-256 only.

use axum::Router;
use axum::routing::get;
use countersign_core::State;
use countersign_core::access::{Command, Edit, Key, KeyEdit};
use countersign_core::ids::KeyId;
use countersign_core::time::Timestamp;
use serde_json::{Value as Json, json};

use super::call::{Call, Reply};
use super::object::{Object, beside, kept, keys, read};
use crate::api::ask::Ask;
use crate::api::keys::keep_new;
use crate::api::params::Segments;
use crate::api::shape::people;
use crate::app::App;
use crate::auth;
use crate::problem::Problem;

/// What a key is called when nobody says.
const UNNAMED: &str = "API key";
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// The keys that we know; the others are kept as they are.
const KNOWN: &[&str] =
    &["id", "key", "label", "groups", "globalPermissions", "createdOn", "createdBy", "expiresOn", "expiry"];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/global-api-keys", get(list).post(create))
        .route("/admin/global-api-keys/{id}", get(read_one).put(edit).delete(revoke))
        .route("/admin/globalAPIKeys/{secret}", get(by_secret))
}

fn shape(state: &State, key: &Key) -> Json {
    let known = json!({
        "id": key.id.to_string(),
        // It is not known any more, and the client wants the key to be there.
        "key": "",
        "label": &*key.label,
        "groups": key.groups.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "globalPermissions": { "admin": key.is_admin },
        "createdOn": key.created.millis(),
        "createdBy": people::name(state, &key.created_by),
        "expiresOn": key.expires.map_or(0, Timestamp::millis),
        "expiry": lifetime_days(key),
    });
    let mut shown = keys(beside(keys(known), read(key.document.as_deref())));
    shown.entry("description").or_insert("".into());
    Json::Object(shown)
}

/// How many days after it was made it ends; 0 when it never does.
fn lifetime_days(key: &Key) -> i64 {
    key.expires.map_or(0, |expires| (expires.millis() - key.created.millis()) / DAY_MILLIS)
}

fn wanted<'a>(ask: &'a Ask, id: &str) -> Result<&'a Key, Problem> {
    ask.need_admin()?;
    let found = id.parse().ok().and_then(|id: KeyId| ask.state().access.keys.get(&id));
    found.map(|key| &**key).filter(|key| is_shown(key)).ok_or_else(|| ask.missing(format_args!("the API key {id}")))
}

// Global keys only: those of people and nodes are not for this client.
fn is_shown(key: &Key) -> bool {
    !key.is_revoked && key.owner.is_none() && key.node.is_none()
}

async fn list(call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    let all = ask.state().access.keys.values().filter(|key| is_shown(key));
    let shown: Json = all.map(|key| shape(ask.state(), key)).collect();
    Ok(ask.answer(shown))
}

async fn read_one(Segments(id): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(shape(ask.state(), wanted(&ask, &id)?)))
}

/// Deprecated there too: the secret stands in the path, so nothing that is told or logged may name it.
async fn by_secret(Segments(secret): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    let found = auth::key_of(&ask.app, ask.state(), &secret).and_then(|key| ask.state().access.keys.get(&key));
    let found = found.filter(|key| is_shown(key)).ok_or_else(|| ask.missing("an API key with this secret"))?;
    Ok(ask.answer(shape(ask.state(), found)))
}

async fn create(call: Call) -> Reply {
    let given = Object::body(call.object()?);
    let ask = call.ask();
    ask.need_admin()?;
    let groups = people::groups(ask.state(), "groups", &given.names("groups")?.unwrap_or_default())?;
    let is_admin = admin(&given)?.unwrap_or_default();
    let label = label(&given)?.into();
    let (credential, secret) = keep_new(&call.app).await?;
    let (is_architect, expires, document) = (false, None, kept(&given.rest(KNOWN)));
    let node = None;
    let command = Command::CreateKey { label, is_admin, is_architect, groups, credential, expires, document, node };
    let done = call.submit_with_secret(command, "", Some(credential)).await?;
    let id = done.shape.id.clone().unwrap_or_default();
    let state = &done.state;
    let made = id.parse().ok().and_then(|id: KeyId| state.access.keys.get(&id));
    let mut shown = made.map(|key| keys(shape(state, key))).unwrap_or_default();
    shown.insert("key".to_owned(), if done.is_repeated { "" } else { &*secret }.into());
    Ok(call.ask().answer(Json::Object(shown)))
}

fn label(given: &Object) -> Result<&str, Problem> {
    Ok(given.text("label")?.filter(|label| !label.is_empty()).unwrap_or(UNNAMED))
}

fn admin(given: &Object) -> Result<Option<bool>, Problem> {
    let Some(permissions) = given.object("globalPermissions")? else { return Ok(None) };
    let wrong = || Problem::invalid_field("globalPermissions.admin", "wrong_type", "is neither true nor false");
    permissions.get("admin").map(|flag| flag.as_bool().ok_or_else(wrong)).transpose()
}

async fn edit(Segments(id): Segments<String>, call: Call) -> Reply {
    let given = Object::body(call.object()?);
    let ask = call.ask();
    let found = wanted(&ask, &id)?;
    if given.text("id")?.is_some_and(|given| given != id) {
        return Err(Problem::invalid_field("id", "id_fixed", "is the key's own and cannot be changed"));
    }
    if given.text("key")?.is_some_and(|secret| !secret.is_empty()) {
        return Err(Problem::invalid_field(
            "key",
            "key_fixed",
            "a secret cannot be chosen; rotate the key for another",
        ));
    }
    let names = given.names("groups")?;
    let edit = KeyEdit {
        label: given.has("label").then(|| label(&given)).transpose()?.map(Into::into),
        is_admin: admin(&given)?,
        groups: names.map(|names| people::groups(ask.state(), "groups", &names)).transpose()?,
        expires: expiry(&given, found)?,
        document: kept(&given.rest(KNOWN)).map_or(Edit::Clear, Edit::Set),
    };
    let key = found.id;
    call.submit(Command::EditKey { key, edit }, None).await?;
    let ask = call.ask();
    Ok(ask.answer(shape(ask.state(), wanted(&ask, &id)?)))
}

/// A new end by time, or by days from its making; whichever was changed, the time first.
fn expiry(given: &Object, key: &Key) -> Result<Edit<Timestamp>, Problem> {
    let at = |millis: i64| if millis == 0 { Edit::Clear } else { Edit::Set(Timestamp::from_millis(millis)) };
    if let Some(on) = given.number("expiresOn")?
        && on != key.expires.map_or(0, Timestamp::millis)
    {
        return Ok(at(on));
    }
    let too_long = || Problem::invalid_field("expiry", "out_of_range", "is not a number of days");
    match given.number("expiry")? {
        Some(0) if lifetime_days(key) != 0 => Ok(Edit::Clear),
        Some(days) if days != lifetime_days(key) => {
            let length = days.checked_mul(DAY_MILLIS).filter(|_| days > 0);
            let end = length.and_then(|length| key.created.millis().checked_add(length));
            end.map(at).ok_or_else(too_long)
        }
        _ => Ok(Edit::Keep),
    }
}

async fn revoke(Segments(id): Segments<String>, call: Call) -> Reply {
    let key = wanted(&call.ask(), &id)?.id;
    call.submit(Command::RevokeKey { key }, None).await?;
    Ok(call.ask().answer(json!({})))
}
