//! Groups of people and keys.

use axum::Router;
use axum::routing::get;
use countersign_core::access::{Command, Edit, Group};
use countersign_core::ids::GroupId;
use serde_json::{Value as Json, json};

use super::call::{Call, Reply};
use super::object::{Object, beside, kept, keys, read};
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::app::App;
use crate::problem::Problem;

/// The keys that we know; the others are kept as they are.
const KNOWN: &[&str] = &["name", "description", "admin", "isGovernArchitect"];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/groups", get(list_told))
        .route("/admin/groups", get(list).post(create))
        .route("/admin/groups/{name}", get(read_one).put(edit).delete(delete))
}

fn shape(group: &Group) -> Json {
    let known = json!({
        "name": group.id.as_str(),
        "description": &*group.description,
        "admin": group.is_admin,
        "isGovernArchitect": group.is_architect,
    });
    let mut shown = keys(beside(keys(known), read(group.document.as_deref())));
    shown.entry("sourceType").or_insert("LOCAL".into());
    shown.entry("ldapGroupNames").or_insert(Json::Array(Vec::new()));
    Json::Object(shown)
}

async fn list_told(call: Call) -> Reply {
    let ask = call.ask();
    let groups = ask.state().access.groups.values().filter(|group| ask.may_read(group.item));
    let shown: Json = groups.map(|group| json!({ "name": group.id.as_str() })).collect();
    Ok(ask.answer(shown))
}

async fn list(call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    let shown: Json = ask.state().access.groups.values().map(|group| shape(group)).collect();
    Ok(ask.answer(shown))
}

fn wanted<'a>(ask: &'a Ask, name: &str) -> Result<&'a Group, Problem> {
    ask.need_admin()?;
    let found = ask.state().access.groups.get(name);
    found.map(|group| &**group).ok_or_else(|| ask.missing(format_args!("the group {name}")))
}

async fn read_one(Segments(name): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(shape(wanted(&ask, &name)?)))
}

async fn create(call: Call) -> Reply {
    let given = Object::body(call.object()?);
    let name = given.needed("name")?.to_owned();
    let command = Command::CreateGroup {
        group: GroupId::from(name.as_str()),
        description: given.text("description")?.unwrap_or_default().into(),
        is_admin: given.flag("admin")?.unwrap_or_default(),
        is_architect: given.flag("isGovernArchitect")?.unwrap_or_default(),
        document: kept(&given.rest(KNOWN)),
    };
    call.submit(command, None).await?;
    Ok(call.ask().answer(json!({ "name": name })))
}

async fn edit(Segments(name): Segments<String>, call: Call) -> Reply {
    let given = Object::body(call.object()?);
    wanted(&call.ask(), &name)?;
    if given.text("name")?.is_some_and(|given| given != name) {
        return Err(Problem::invalid_field("name", "name_fixed", "a group cannot be renamed"));
    }
    let description = given.has("description").then(|| given.text("description")).transpose()?;
    let command = Command::EditGroup {
        group: GroupId::from(name.as_str()),
        description: description.map(|description| description.unwrap_or_default().into()),
        is_admin: given.flag("admin")?,
        is_architect: given.flag("isGovernArchitect")?,
        document: kept(&given.rest(KNOWN)).map_or(Edit::Clear, Edit::Set),
    };
    call.submit(command, None).await?;
    let ask = call.ask();
    Ok(ask.answer(shape(wanted(&ask, &name)?)))
}

async fn delete(Segments(name): Segments<String>, call: Call) -> Reply {
    call.submit(Command::DeleteGroup { group: GroupId::from(name) }, None).await?;
    Ok(call.ask().answer(json!({})))
}
