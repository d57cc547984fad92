//! Groups of people and keys.

use countersign_core::access::{Command, Edit};
use countersign_core::ids::GroupId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::shape::List;
use super::shape::command::CommandShape;
use super::wish::{Nothing, Wish};
use crate::problem::Problem;

/// A new group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Create {
    /// Unique; its id.
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Its members administer the instance.
    #[serde(default)]
    admin: bool,
    /// Its members are architects: they may all but administer the system.
    #[serde(default)]
    architect: bool,
}

/// What is to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditGroup {
    /// What it is for.
    description: Option<String>,
    /// Its members administer the instance.
    admin: Option<bool>,
    /// Its members are architects.
    architect: Option<bool>,
}

/// A group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupShape {
    name: String,
    description: String,
    admin: bool,
    architect: bool,
    /// The `bp.system.group` item that fields refer to.
    item: String,
}

/// Makes a group.
#[utoipa::path(post, path = "/groups", tag = "access", request_body = Create,
    responses((status = 201, description = "Made", body = CommandShape)))]
pub async fn create(wish: Wish<Create>) -> Result<Answer<CommandShape>, Problem> {
    let body = &wish.body;
    let command = Command::CreateGroup {
        group: GroupId::from(body.name.as_str()),
        description: body.description.as_str().into(),
        is_admin: body.admin,
        is_architect: body.architect,
        document: None,
    };
    Ok(wish.submit(command, None).await?.created())
}

/// Groups by name.
#[utoipa::path(get, path = "/groups", tag = "access", params(Page),
    responses((status = 200, description = "One page of groups", body = List<GroupShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<GroupShape>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<String>()?);
    let is_after = |name: &str| after.as_deref().is_none_or(|after| name > after);
    let groups = ask.state().access.groups.values().filter(|group| is_after(group.id.as_str()));
    let mut groups: Vec<_> = groups.filter(|group| ask.may_read(group.item)).take(limit + 1).collect();
    let has_more = groups.len() > limit;
    groups.truncate(limit);
    let next_cursor = groups.last().filter(|_| has_more).map(|group| cursor(&group.id));
    let shape = |group: &std::sync::Arc<countersign_core::access::Group>| GroupShape {
        name: group.id.to_string(),
        description: group.description.to_string(),
        admin: group.is_admin,
        architect: group.is_architect,
        item: group.item.to_string(),
    };
    let items = groups.into_iter().map(shape).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// Changes what a group is and may; for administrators.
#[utoipa::path(patch, path = "/groups/{name}", tag = "access", request_body = EditGroup,
    params(("name" = String, Path, description = "The group")),
    responses((status = 200, description = "Edited", body = CommandShape)))]
pub async fn edit(Segments(name): Segments<String>, wish: Wish<EditGroup>) -> Result<Answer<CommandShape>, Problem> {
    let command = Command::EditGroup {
        group: GroupId::from(name),
        description: wish.body.description.as_deref().map(Into::into),
        is_admin: wish.body.admin,
        is_architect: wish.body.architect,
        document: Edit::Keep,
    };
    Ok(wish.submit(command, None).await?.answer())
}

/// Deletes a group that no rule, sign-off or field names; for administrators.
#[utoipa::path(delete, path = "/groups/{name}", tag = "access",
    params(("name" = String, Path, description = "The group")),
    responses((status = 200, description = "Deleted", body = CommandShape)))]
pub async fn delete(Segments(name): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    Ok(wish.submit(Command::DeleteGroup { group: GroupId::from(name) }, None).await?.answer())
}
