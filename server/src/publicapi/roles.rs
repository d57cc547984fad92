//! Roles: names for what people are on an item.

use axum::Router;
use axum::routing::get;
use countersign_core::access::may::{Action, Subject};
use countersign_core::access::{Command, Edit, Role};
use countersign_core::ids::RoleId;
use serde_json::{Value as Json, json};

use super::call::{Call, Reply};
use super::designer::new_id;
use super::object::{Object, beside, kept, keys, read};
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::app::App;
use crate::problem::Problem;

/// What all ids of roles begin with.
const PREFIX: &str = "ro.";
/// The keys that we know; the others are kept as they are.
const KNOWN: &[&str] = &["id", "label", "description"];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/roles", get(list).post(create))
        .route("/admin/role/{ro}", get(read_one).put(edit).delete(delete))
}

fn shape(role: &Role) -> Json {
    let known = json!({ "id": role.id.as_str(), "label": &*role.label, "description": &*role.description });
    beside(keys(known), read(role.document.as_deref()))
}

fn wanted<'a>(ask: &'a Ask, ro: &str) -> Result<&'a Role, Problem> {
    ask.need(Action::Read, Subject::Design)?;
    let found = ask.state().access.roles.get(ro);
    found.map(|role| &**role).ok_or_else(|| ask.missing(format_args!("the role {ro}")))
}

async fn list(call: Call) -> Reply {
    let ask = call.ask();
    ask.need(Action::Read, Subject::Design)?;
    let shown: Json = ask.state().access.roles.values().map(|role| shape(role)).collect();
    Ok(ask.answer(shown))
}

async fn read_one(Segments(ro): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(shape(wanted(&ask, &ro)?)))
}

async fn create(call: Call) -> Reply {
    let given = Object::body(call.object()?);
    let id = new_id(&call, PREFIX)?;
    let command = Command::CreateRole {
        role: RoleId::from(id.as_str()),
        label: given.needed("label")?.into(),
        description: given.text("description")?.unwrap_or_default().into(),
        document: kept(&given.rest(KNOWN)),
    };
    call.submit(command, None).await?;
    let ask = call.ask();
    Ok(ask.answer(shape(wanted(&ask, &id)?)))
}

async fn edit(Segments(ro): Segments<String>, call: Call) -> Reply {
    let given = Object::body(call.object()?);
    let ask = call.ask();
    let found = wanted(&ask, &ro)?;
    if given.text("id")?.is_some_and(|given| given != ro) {
        return Err(Problem::invalid_field("id", "id_fixed", "is the role's own and cannot be changed"));
    }
    let label = given.text("label")?.unwrap_or(&found.label).into();
    let description = given.text("description")?.unwrap_or(&found.description).into();
    let document = kept(&given.rest(KNOWN)).map_or(Edit::Clear, Edit::Set);
    call.submit(Command::EditRole { role: found.id.clone(), label, description, document }, None).await?;
    let ask = call.ask();
    Ok(ask.answer(shape(wanted(&ask, &ro)?)))
}

async fn delete(Segments(ro): Segments<String>, call: Call) -> Reply {
    call.submit(Command::DeleteRole { role: RoleId::from(ro) }, None).await?;
    Ok(call.ask().answer(json!({})))
}
