//! What roles may do with the items of a blueprint, or where nothing is set (`default`).

use countersign_core::access::may::{Action, Subject};
use countersign_core::access::{Command, Permissions};
use countersign_core::ids::BlueprintId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::Segments;
use super::shape::command::CommandShape;
use super::shape::rules::{self, PermissionsShape};
use super::wish::{Nothing, Wish};
use crate::problem::Problem;

/// Stands for what counts where nothing is set.
const DEFAULT: &str = "default";

/// The permissions of a blueprint that has none yet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreatePermissions {
    /// Whose.
    blueprint_id: String,
    /// What may be done.
    permissions: PermissionsShape,
}

/// Permissions that count.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionsOf {
    /// The blueprint, or `default`.
    blueprint_id: String,
    permissions: PermissionsShape,
    position: u64,
}

/// The default and all blueprints with permissions of their own.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionsList {
    items: Vec<PermissionsOf>,
    position: u64,
}

fn shape(ask: &Ask, blueprint: &str, permissions: &Permissions) -> PermissionsOf {
    let (blueprint_id, permissions) = (blueprint.to_owned(), rules::permissions(permissions));
    PermissionsOf { blueprint_id, permissions, position: ask.position().0 }
}

/// Sets the permissions of a blueprint that has none; for architects.
#[utoipa::path(post, path = "/permissions", tag = "access", request_body = CreatePermissions,
    responses((status = 201, description = "Set", body = CommandShape)))]
pub async fn create(wish: Wish<CreatePermissions>) -> Result<Answer<CommandShape>, Problem> {
    let blueprint = Some(BlueprintId::from(wish.body.blueprint_id.as_str()));
    let permissions = rules::wanted_permissions(&wish.body.permissions);
    let command = Command::SetPermissions { blueprint, permissions, is_new: true, document: None };
    Ok(wish.submit(command, None).await?.created())
}

/// The default permissions and those of all blueprints that have some; for architects.
#[utoipa::path(get, path = "/permissions", tag = "access",
    responses((status = 200, description = "All of them", body = PermissionsList)))]
pub async fn list(ask: Ask) -> Result<Answer<PermissionsList>, Problem> {
    ask.need(Action::Read, Subject::Design)?;
    let access = &ask.state().access;
    let mut items = vec![shape(&ask, DEFAULT, &access.default_permissions)];
    items.extend(access.permissions.iter().map(|(blueprint, found)| shape(&ask, blueprint.as_str(), found)));
    Ok(ask.answer(PermissionsList { items, position: ask.position().0 }))
}

/// The permissions of a blueprint, or `default`; for architects.
#[utoipa::path(get, path = "/permissions/{bp}", tag = "access",
    params(("bp" = String, Path, description = "The blueprint, or `default`")),
    responses((status = 200, description = "What may be done", body = PermissionsOf)))]
pub async fn read(ask: Ask, Segments(bp): Segments<String>) -> Result<Answer<PermissionsOf>, Problem> {
    ask.need(Action::Read, Subject::Design)?;
    let access = &ask.state().access;
    let found = if bp == DEFAULT { Some(&access.default_permissions) } else { access.permissions.get(bp.as_str()) };
    let found = found.ok_or_else(|| ask.missing(format_args!("permissions of {bp}")))?;
    Ok(ask.answer(shape(&ask, &bp, found)))
}

/// Sets what may be done; for architects.
#[utoipa::path(put, path = "/permissions/{bp}", tag = "access", request_body = PermissionsShape,
    params(("bp" = String, Path, description = "The blueprint, or `default`")),
    responses((status = 200, description = "Set", body = CommandShape)))]
pub async fn set(
    Segments(bp): Segments<String>,
    wish: Wish<PermissionsShape>,
) -> Result<Answer<CommandShape>, Problem> {
    let permissions = rules::wanted_permissions(&wish.body);
    let blueprint = (bp != DEFAULT).then(|| BlueprintId::from(bp));
    let command = Command::SetPermissions { blueprint, permissions, is_new: false, document: None };
    Ok(wish.submit(command, None).await?.answer())
}

/// Lets the default permissions count for a blueprint again; for architects.
#[utoipa::path(delete, path = "/permissions/{bp}", tag = "access",
    params(("bp" = String, Path, description = "The blueprint")),
    responses((status = 200, description = "Removed", body = CommandShape)))]
pub async fn remove(Segments(bp): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    Ok(wish.submit(Command::RemovePermissions { blueprint: bp.into() }, None).await?.answer())
}
