//! People, as administrators see and change them, and as everybody sees them.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use countersign_core::State;
use countersign_core::access::{Command, Edit, User, UserEdit};
use countersign_core::context::Principal;
use countersign_core::ids::UserId;
use countersign_core::personal::Personal;
use countersign_core::time::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::call::{Call, Reply};
use super::object::{Object, beside, kept, keys, read};
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::api::shape::people;
use crate::api::users::named;
use crate::app::App;
use crate::problem::Problem;
use crate::secrets;

/// Most people in one bulk call.
pub(super) const BULK_MAX: usize = 1_000;
/// The keys that we know; the others, of administrators, are kept as they are.
const KNOWN: &[&str] = &[
    "login",
    "displayName",
    "email",
    "groups",
    "userProfile",
    "enabled",
    "creationDate",
    "password",
    "userProperties",
];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/users", get(list_told))
        .route("/users/{login}", get(read_told))
        .route("/admin/users", get(list).post(create))
        .route("/admin/users/actions/bulk", post(create_all).put(edit_all).delete(delete_all))
        .route("/admin/users-activity", get(list_activity))
        .route("/admin/users/{login}/activity", get(activity_of))
        .route("/admin/users/{login}", get(read_one).put(edit).delete(delete))
}

/// A person as everybody sees him.
fn told(user: &User) -> Map<String, Json> {
    let shown = |text: &Option<Personal>| text.as_ref().map(Personal::shown).unwrap_or_default().to_owned();
    keys(json!({
        "login": user.login.shown(),
        "displayName": shown(&user.display_name),
        "groups": user.groups.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "email": shown(&user.email),
        "enabled": user.is_enabled,
    }))
}

/// The settings of a person, without what only administrators see.
pub(super) fn own_settings(user: &User) -> Map<String, Json> {
    let mut shown = told(user);
    if let Some(profile) = &user.profile {
        shown.insert("userProfile".to_owned(), (&**profile).into());
    }
    shown.insert("creationDate".to_owned(), user.created.millis().into());
    shown.insert("userProperties".to_owned(), Json::Object(open(user.own_document.as_ref())));
    shown
}

/// All settings of a person.
fn settings(user: &User) -> Json {
    let defaults = keys(json!({ "sourceType": "LOCAL", "adminProperties": {} }));
    let mut shown = keys(beside(own_settings(user), open(user.document.as_ref())));
    for (key, value) in defaults {
        shown.entry(key).or_insert(value);
    }
    Json::Object(shown)
}

/// Where a person comes from: `LOCAL`, or what an administrator said.
pub(super) fn source_of(user: &User) -> String {
    let kept = open(user.document.as_ref());
    kept.get("sourceType").and_then(Json::as_str).unwrap_or("LOCAL").to_owned()
}

fn open(document: Option<&Personal>) -> Map<String, Json> {
    read(document.and_then(Personal::value))
}

async fn list_told(call: Call) -> Reply {
    let ask = call.ask();
    let shown: Json =
        living(ask.state()).filter(|user| ask.may_read(user.item)).map(|user| Json::Object(told(user))).collect();
    Ok(ask.answer(shown))
}

async fn read_told(Segments(login): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    let found = find(ask.state(), &login).filter(|user| ask.may_read(user.item));
    let found = found.ok_or_else(|| ask.missing(format_args!("the user {login}")))?;
    Ok(ask.answer(Json::Object(told(found))))
}

async fn list(call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    let is_whole = call.flag("includeSettings")?.unwrap_or_default();
    let shown = |user: &Arc<User>| {
        let mut shown = keys(settings(user));
        if !is_whole {
            shown.retain(|key, _| !matches!(key.as_str(), "adminProperties" | "userProperties"));
        }
        Json::Object(shown)
    };
    let all: Json = living(ask.state()).map(shown).collect();
    Ok(ask.answer(all))
}

async fn read_one(Segments(login): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(settings(wanted(&ask, &login)?)))
}

/// When somebody last came and went; 0 is never.
fn activity(state: &State, user: &User) -> Json {
    let known = state.access.activity.get(&user.id).copied().unwrap_or_default();
    let millis = |at: Option<Timestamp>| at.map_or(0, Timestamp::millis);
    json!({
        "login": user.login.shown(),
        "lastSuccessfulLogin": millis(known.signed_in),
        "lastFailedLogin": millis(known.failed),
        "lastSessionActivity": millis(known.seen),
    })
}

async fn activity_of(Segments(login): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(activity(ask.state(), wanted(&ask, &login)?)))
}

async fn list_activity(call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    let is_for_enabled = call.flag("enabledUsersOnly")?.unwrap_or_default();
    let listed = living(ask.state()).filter(|user| user.is_enabled || !is_for_enabled);
    let shown: Json = listed.map(|user| activity(ask.state(), user)).collect();
    Ok(ask.answer(shown))
}

/// People that were not deleted.
pub(super) fn living(state: &State) -> impl Iterator<Item = &Arc<User>> {
    state.access.users.values().filter(|user| !user.is_deleted)
}

fn find<'a>(state: &'a State, login: &str) -> Option<&'a Arc<User>> {
    named(state, login).and_then(|user| state.access.users.get(&user))
}

/// The person of a login, for administrators: nobody else is told whether there is one.
pub(super) fn wanted<'a>(ask: &'a Ask, login: &str) -> Result<&'a Arc<User>, Problem> {
    ask.need_admin()?;
    find(ask.state(), login).ok_or_else(|| ask.missing(format_args!("the user {login}")))
}

async fn create(call: Call) -> Reply {
    let wanted = Object::body(call.object()?);
    let login = wanted.needed("login")?.to_owned();
    make(&call, &wanted).await?;
    Ok(call.ask().answer(json!({ "login": login })))
}

async fn create_all(call: Call) -> Reply {
    let mut told = Vec::new();
    for (number, value) in entries(&call)?.into_iter().enumerate() {
        let login = login_of(&value);
        let made = match Object::entry(number, value) {
            Ok(wanted) => make(&call, &wanted).await,
            Err(problem) => Err(problem),
        };
        told.push(outcome(login, made));
    }
    Ok(call.ask().answer(Json::Array(told)))
}

async fn edit(Segments(login): Segments<String>, call: Call) -> Reply {
    let wanted = Object::body(call.object()?);
    change(&call, &login, &wanted, false).await?;
    let ask = call.ask();
    let found = find(ask.state(), &login).ok_or_else(|| ask.missing(format_args!("the user {login}")))?;
    Ok(ask.answer(settings(found)))
}

async fn edit_all(call: Call) -> Reply {
    let mut told = Vec::new();
    for (number, value) in entries(&call)?.into_iter().enumerate() {
        let login = login_of(&value);
        let changed = match Object::entry(number, value) {
            Ok(wanted) => change(&call, &login, &wanted, true).await,
            Err(problem) => Err(problem),
        };
        told.push(outcome(login, changed));
    }
    Ok(call.ask().answer(Json::Array(told)))
}

async fn delete(Segments(login): Segments<String>, call: Call) -> Reply {
    remove(&call, &login).await?;
    Ok(call.ask().answer(json!({})))
}

async fn delete_all(call: Call) -> Reply {
    let mut told = Vec::new();
    for value in entries(&call)? {
        let removed = match value.as_str() {
            Some(login) => remove(&call, login).await,
            None => Err(Problem::invalid("wrong_type", "a login is a text")),
        };
        let login = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        told.push(outcome(login, removed));
    }
    Ok(call.ask().answer(Json::Array(told)))
}

/// The list that a bulk call's body is; for administrators, before any entry is looked at.
fn entries(call: &Call) -> Result<Vec<Json>, Problem> {
    call.ask().need_admin()?;
    match call.json()? {
        Json::Array(list) if list.len() <= BULK_MAX => Ok(list),
        Json::Array(_) => Err(Problem::invalid_field("body", "too_many", format!("at most {BULK_MAX} at once"))),
        _ => Err(Problem::invalid_field("body", "wrong_type", "is not a list")),
    }
}

fn login_of(value: &Json) -> String {
    value.get("login").and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn outcome(login: String, done: Result<(), Problem>) -> Json {
    match done {
        Ok(()) => json!({ "login": login, "status": "SUCCESS", "error": "" }),
        Err(problem) => json!({ "login": login, "status": "FAILURE", "error": problem.tell().detail }),
    }
}

async fn make(call: &Call, wanted: &Object) -> Result<(), Problem> {
    let ask = call.ask();
    ask.need_admin()?;
    let text = |key| Ok::<_, Problem>(wanted.text(key)?.filter(|text| !text.is_empty()).map(Into::into));
    let groups = people::groups(ask.state(), "groups", &wanted.names("groups")?.unwrap_or_default())?;
    let (login, display_name, email) = (wanted.needed("login")?.into(), text("displayName")?, text("email")?);
    let (profile, document) = (text("userProfile")?, kept(&wanted.rest(KNOWN)));
    let own_document = wanted.object("userProperties")?.and_then(kept);
    let credential = match wanted.text("password")?.filter(|password| !password.is_empty()) {
        Some(password) => Some(secrets::keep_password(&call.app, password).await?),
        None => None,
    };
    let command =
        Command::CreateUser { login, display_name, email, groups, profile, credential, document, own_document };
    call.submit_with_secret(command, wanted.needed("login")?, credential).await.map(drop)
}

async fn change(call: &Call, login: &str, given: &Object, is_partial: bool) -> Result<(), Problem> {
    let ask = call.ask();
    let found = wanted(&ask, login)?;
    if given.text("login")?.is_some_and(|given| given != login) {
        return Err(Problem::invalid_field("login", "login_fixed", "a login cannot be changed"));
    }
    let text = |key: &str| {
        let set = |text: Option<&str>| {
            text.filter(|text| !text.is_empty()).map_or(Edit::Clear, |text| Edit::Set(text.into()))
        };
        Ok::<_, Problem>(if given.has(key) { set(given.text(key)?) } else { Edit::Keep })
    };
    let names = given.names("groups")?;
    let mut edit = UserEdit {
        display_name: text("displayName")?,
        email: text("email")?,
        groups: names.map(|names| people::groups(ask.state(), "groups", &names)).transpose()?,
        profile: text("userProfile")?,
        credential: Edit::Keep,
        is_enabled: given.flag("enabled")?,
        document: document(found, given, is_partial),
        own_document: own(given)?,
    };
    let credential = match given.text("password")?.filter(|password| !password.is_empty()) {
        Some(password) => Some(secrets::keep_password(&call.app, password).await?),
        None => None,
    };
    if let Some(credential) = credential {
        edit.credential = Edit::Set(credential);
    }
    let (user, old) = (found.id, found.credential);
    call.submit_with_secret(Command::EditUser { user, edit }, login, credential).await?;
    if let (Some(old), Some(_)) = (old, credential) {
        secrets::forget(&call.app, old).await;
    }
    Ok(())
}

/// What administrators keep: all of it is said by a whole object, a partial one adds to it.
fn document(found: &User, given: &Object, is_partial: bool) -> Edit<Arc<str>> {
    let mut document = if is_partial { open(found.document.as_ref()) } else { Map::new() };
    document.extend(given.rest(KNOWN));
    kept(&document).map_or(Edit::Clear, Edit::Set)
}

/// What the person keeps, when it is said at all.
pub(super) fn own(given: &Object) -> Result<Edit<Arc<str>>, Problem> {
    Ok(match given.object("userProperties")? {
        Some(properties) => kept(properties).map_or(Edit::Clear, Edit::Set),
        None => Edit::Keep,
    })
}

async fn remove(call: &Call, login: &str) -> Result<(), Problem> {
    let ask = call.ask();
    let user: UserId = wanted(&ask, login)?.id;
    let is_self = ask.who.principal == Principal::User(user);
    if is_self && !call.flag("allowSelfDeletion")?.unwrap_or_default() {
        let detail = "nobody deletes himself unless allowSelfDeletion says so";
        return Err(Problem::forbidden("self_deletion", detail));
    }
    call.submit_part(Command::DeleteUser { user }, login).await.map(drop)
}
