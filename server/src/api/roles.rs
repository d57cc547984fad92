//! Roles: names for what people are on an item.

use countersign_core::access::{Command, Edit, Role};
use countersign_core::ids::RoleId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::shape::List;
use super::shape::command::CommandShape;
use super::wish::{Nothing, Wish};
use crate::problem::Problem;

/// A new role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRole {
    /// `ro.…`, unique.
    id: String,
    /// What people read.
    label: String,
    /// What it is for.
    #[serde(default)]
    description: String,
}

/// Other words for a role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditRole {
    /// What people read.
    label: String,
    /// What it is for.
    #[serde(default)]
    description: String,
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleShape {
    id: String,
    label: String,
    description: String,
}

fn shape(role: &Role) -> RoleShape {
    RoleShape { id: role.id.to_string(), label: role.label.to_string(), description: role.description.to_string() }
}

/// Makes a role; for architects.
#[utoipa::path(post, path = "/roles", tag = "access", request_body = CreateRole,
    responses((status = 201, description = "Made", body = CommandShape)))]
pub async fn create(wish: Wish<CreateRole>) -> Result<Answer<CommandShape>, Problem> {
    let CreateRole { id, label, description } = &wish.body;
    let command = Command::CreateRole {
        role: RoleId::from(id.as_str()),
        label: label.as_str().into(),
        description: description.as_str().into(),
        document: None,
    };
    Ok(wish.submit(command, None).await?.created())
}

/// Roles by id.
#[utoipa::path(get, path = "/roles", tag = "access", params(Page),
    responses((status = 200, description = "One page of roles", body = List<RoleShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<RoleShape>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<String>()?);
    let is_after = |role: &RoleId| after.as_deref().is_none_or(|after| role.as_str() > after);
    let roles = ask.state().access.roles.values().filter(|role| is_after(&role.id));
    let mut roles: Vec<_> = roles.take(limit + 1).collect();
    let has_more = roles.len() > limit;
    roles.truncate(limit);
    let next_cursor = roles.last().filter(|_| has_more).map(|role| cursor(&role.id));
    let items = roles.into_iter().map(|role| shape(role)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// One role.
#[utoipa::path(get, path = "/roles/{ro}", tag = "access", params(("ro" = String, Path, description = "The role")),
    responses((status = 200, description = "The role", body = RoleShape)))]
pub async fn read(ask: Ask, Segments(ro): Segments<String>) -> Result<Answer<RoleShape>, Problem> {
    let found = ask.state().access.roles.get(ro.as_str());
    let found = found.ok_or_else(|| ask.missing(format_args!("the role {ro}")))?;
    Ok(ask.answer(shape(found)))
}

/// Gives a role other words; for architects.
#[utoipa::path(put, path = "/roles/{ro}", tag = "access", request_body = EditRole,
    params(("ro" = String, Path, description = "The role")),
    responses((status = 200, description = "Edited", body = CommandShape)))]
pub async fn edit(Segments(ro): Segments<String>, wish: Wish<EditRole>) -> Result<Answer<CommandShape>, Problem> {
    let EditRole { label, description } = &wish.body;
    let command = Command::EditRole {
        role: RoleId::from(ro),
        label: label.as_str().into(),
        description: description.as_str().into(),
        document: Edit::Keep,
    };
    Ok(wish.submit(command, None).await?.answer())
}

/// Deletes a role that nothing names any more; for architects.
#[utoipa::path(delete, path = "/roles/{ro}", tag = "access", params(("ro" = String, Path, description = "The role")),
    responses((status = 200, description = "Deleted", body = CommandShape)))]
pub async fn delete(Segments(ro): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    Ok(wish.submit(Command::DeleteRole { role: RoleId::from(ro) }, None).await?.answer())
}
