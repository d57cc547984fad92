//! What may be done with the items of a blueprint, or where nothing is set (`default`).
//!
//! What was sent is kept beside what was understood of it and comes back as it was, until permissions are set otherwise.

use axum::Router;
use axum::routing::get;
use countersign_core::State;
use countersign_core::access::may::{Action, Subject};
use countersign_core::access::{Command, FieldRule, Permissions, Rights};
use countersign_core::ids::{BlueprintId, RoleId};
use serde_json::{Map, Value as Json, json};

use super::call::{Call, Reply};
use super::object::{Object, kept, keys, read};
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::app::App;
use crate::problem::Problem;

const EVERYONE: &str = "everyonePermissions";
const ROLES: &str = "rolePermissions";
const ALL_FIELDS: &str = "defaultFieldPermission";
const FIELDS: &str = "fieldPermissions";
/// One page of Dataiku's material wraps what is sent in this key.
const WRAPPED: &str = "permissions";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/blueprint-permissions", get(list).post(create))
        .route("/admin/blueprint-permissions/default", get(read_default).put(edit_default))
        .route("/admin/blueprint-permissions/{bp}", get(read_one).put(edit).delete(delete))
}

async fn list(call: Call) -> Reply {
    let ask = call.ask();
    ask.need(Action::Read, Subject::Design)?;
    let all = ask.state().access.permissions.iter();
    let shown: Json = all.map(|(blueprint, found)| shape(ask.state(), Some(blueprint), found)).collect();
    Ok(ask.answer(shown))
}

/// Those of a blueprint, or the default ones without one.
fn wanted(ask: &Ask, bp: Option<&str>) -> Result<Json, Problem> {
    ask.need(Action::Read, Subject::Design)?;
    let access = &ask.state().access;
    let Some(bp) = bp else { return Ok(shape(ask.state(), None, &access.default_permissions)) };
    let found = access.permissions.get(bp);
    let found = found.ok_or_else(|| ask.missing(format_args!("permissions of {bp}")))?;
    Ok(shape(ask.state(), Some(&BlueprintId::from(bp)), found))
}

async fn read_one(Segments(bp): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(wanted(&ask, Some(&bp))?))
}

async fn read_default(call: Call) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(wanted(&ask, None)?))
}

async fn create(call: Call) -> Reply {
    let given = Object::body(call.object()?);
    let bp = given.needed("blueprintId")?.to_owned();
    set(&call, Some(&bp), &given, true).await
}

async fn edit(Segments(bp): Segments<String>, call: Call) -> Reply {
    let given = Object::body(call.object()?);
    if given.text("blueprintId")?.is_some_and(|given| given != bp) {
        return Err(Problem::invalid_field("blueprintId", "id_fixed", "is not the blueprint of the path"));
    }
    set(&call, Some(&bp), &given, false).await
}

async fn edit_default(call: Call) -> Reply {
    let given = Object::body(call.object()?);
    set(&call, None, &given, false).await
}

async fn set(call: &Call, bp: Option<&str>, given: &Object, is_new: bool) -> Reply {
    let permissions = match given.object(WRAPPED)? {
        Some(inner) if !given.has(EVERYONE) && !given.has(ROLES) => permissions(&Object::body(inner.clone()))?,
        _ => permissions(given)?,
    };
    let document = kept(&given.rest(&["blueprintId"]));
    let blueprint = bp.map(BlueprintId::from);
    call.submit(Command::SetPermissions { blueprint, permissions, is_new, document }, None).await?;
    let ask = call.ask();
    Ok(ask.answer(wanted(&ask, bp)?))
}

async fn delete(Segments(bp): Segments<String>, call: Call) -> Reply {
    call.submit(Command::RemovePermissions { blueprint: bp.into() }, None).await?;
    Ok(call.ask().answer(json!({})))
}

fn shape(state: &State, blueprint: Option<&BlueprintId>, permissions: &Permissions) -> Json {
    let mut shown = Map::new();
    if let Some(blueprint) = blueprint {
        shown.insert("blueprintId".to_owned(), blueprint.as_str().into());
    }
    match state.access.permission_documents.get(&blueprint.cloned()) {
        Some(document) => shown.extend(read(Some(&**document))),
        None => {
            let roles = permissions.roles.iter().map(|(role, _)| role);
            let named = permissions.fields.iter().filter_map(|rule| rule.role.as_ref());
            let mut by_role = Map::new();
            for role in roles.chain(named) {
                by_role.insert(role.to_string(), part(permissions, Some(role)));
            }
            shown.insert(EVERYONE.to_owned(), part(permissions, None));
            shown.insert(ROLES.to_owned(), Json::Object(by_role));
        }
    }
    Json::Object(shown)
}

/// What everybody may do, or the holders of a role.
fn part(permissions: &Permissions, role: Option<&RoleId>) -> Json {
    let given = permissions.roles.iter().find(|(known, _)| Some(known) == role).map(|(_, rights)| *rights);
    let rights = if role.is_none() { permissions.everyone } else { given.unwrap_or_default() };
    let mut shown = keys(json!({
        "artifactAdmin": rights.admin,
        "artifactRead": rights.read,
        "artifactWrite": rights.write,
        "artifactCreate": rights.create,
        "artifactDelete": rights.delete,
    }));
    let mut exceptions = Map::new();
    for rule in permissions.fields.iter().filter(|rule| rule.role.as_ref() == role) {
        let allowed = json!({ "read": rule.read, "write": rule.write });
        match &rule.field {
            Some(field) => exceptions.insert(field.to_string(), allowed),
            None => shown.insert(ALL_FIELDS.to_owned(), allowed),
        };
    }
    if !exceptions.is_empty() {
        shown.insert(FIELDS.to_owned(), Json::Object(exceptions));
    }
    Json::Object(shown)
}

fn permissions(given: &Object) -> Result<Permissions, Problem> {
    let mut made = Permissions::default();
    if let Some(part) = given.object(EVERYONE)? {
        let part = Object::body(part.clone());
        made.everyone = rights(&part)?;
        made.fields.extend(field_rules(&part, None)?);
    }
    for (role, part) in given.object(ROLES)?.into_iter().flatten() {
        let wrong = || Problem::invalid_field(format!("{ROLES}.{role}"), "wrong_type", "is not an object");
        let part = Object::body(part.as_object().ok_or_else(wrong)?.clone());
        let role = RoleId::from(role.as_str());
        made.roles.push((role.clone(), rights(&part)?));
        made.fields.extend(field_rules(&part, Some(&role))?);
    }
    Ok(made)
}

fn rights(part: &Object) -> Result<Rights, Problem> {
    let flag = |key| part.flag(key).map(Option::unwrap_or_default);
    Ok(Rights {
        read: flag("artifactRead")?,
        write: flag("artifactWrite")?,
        create: flag("artifactCreate")?,
        delete: flag("artifactDelete")?,
        admin: flag("artifactAdmin")?,
    })
}

fn field_rules(part: &Object, role: Option<&RoleId>) -> Result<Vec<FieldRule>, Problem> {
    let rule = |field: Option<&str>, allowed: &Map<String, Json>| {
        let allowed = Object::body(allowed.clone());
        let flag = |key| allowed.flag(key).map(Option::unwrap_or_default);
        let (read, write) = (flag("read")?, flag("write")?);
        Ok::<_, Problem>(FieldRule { role: role.cloned(), field: field.map(Into::into), read, write })
    };
    let mut made = Vec::new();
    if let Some(all) = part.object(ALL_FIELDS)? {
        made.push(rule(None, all)?);
    }
    for (field, allowed) in part.object(FIELDS)?.into_iter().flatten() {
        let wrong = || Problem::invalid_field(format!("{FIELDS}.{field}"), "wrong_type", "is not an object");
        made.push(rule(Some(field), allowed.as_object().ok_or_else(wrong)?)?);
    }
    Ok(made)
}
