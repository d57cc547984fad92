//! Groups of people and keys.

use countersign_core::access::Command;
use countersign_core::ids::GroupId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, cursor};
use super::shape::List;
use super::shape::command::CommandShape;
use super::wish::Wish;
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
}

/// A group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupShape {
    name: String,
    description: String,
    admin: bool,
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
        item: group.item.to_string(),
    };
    let items = groups.into_iter().map(shape).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}
