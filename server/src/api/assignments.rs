//! Who gets which role: the rules of a blueprint, and those of one item beyond them.

use countersign_core::access::may::{Action, Subject};
use countersign_core::access::{Assignment, Command, Scope};
use countersign_core::ids::BlueprintId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::Segments;
use super::shape::command::CommandShape;
use super::shape::rules::{self, AssignmentShape};
use super::wish::{Nothing, Wish, item_id};
use crate::problem::Problem;

/// The rules of a blueprint that has none yet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateAssignments {
    /// Whose rules.
    blueprint_id: String,
    /// Any of them is enough.
    assignments: Vec<AssignmentShape>,
}

/// The rules that are to count from now on, all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAssignments {
    /// Any of them is enough.
    assignments: Vec<AssignmentShape>,
}

/// Rules that count.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentsShape {
    /// The blueprint, also of an item.
    blueprint_id: String,
    /// The rules set here.
    assignments: Vec<AssignmentShape>,
    /// Of an item: the rules of its blueprint, which count too.
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited: Option<Vec<AssignmentShape>>,
    position: u64,
}

/// Blueprints with rules.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentsList {
    items: Vec<AssignmentsShape>,
    position: u64,
}

fn shapes(ask: &Ask, rules: &[Assignment]) -> Vec<AssignmentShape> {
    rules.iter().map(|rule| rules::assignment(ask.state(), rule)).collect()
}

/// Sets the rules of a blueprint that has none; for architects.
#[utoipa::path(post, path = "/role-assignments", tag = "access", request_body = CreateAssignments,
    responses((status = 201, description = "Set", body = CommandShape)))]
pub async fn create(wish: Wish<CreateAssignments>) -> Result<Answer<CommandShape>, Problem> {
    let assignments = rules::assignments(&wish.latest().state, &wish.body.assignments)?;
    let on = Scope::Blueprint(BlueprintId::from(wish.body.blueprint_id.as_str()));
    let command = Command::SetAssignments { on, assignments, is_new: true, document: None };
    Ok(wish.submit(command, None).await?.created())
}

/// The rules of all blueprints that have some; for architects.
#[utoipa::path(get, path = "/role-assignments", tag = "access",
    responses((status = 200, description = "All of them", body = AssignmentsList)))]
pub async fn list(ask: Ask) -> Result<Answer<AssignmentsList>, Problem> {
    ask.need(Action::Read, Subject::Design)?;
    let position = ask.position().0;
    let each = |(blueprint, rules): (&BlueprintId, &std::sync::Arc<Vec<Assignment>>)| AssignmentsShape {
        blueprint_id: blueprint.to_string(),
        assignments: shapes(&ask, rules),
        inherited: None,
        position,
    };
    let items = ask.state().access.assignments.iter().map(each).collect();
    Ok(ask.answer(AssignmentsList { items, position }))
}

/// The rules of a blueprint; for architects.
#[utoipa::path(get, path = "/role-assignments/{bp}", tag = "access",
    params(("bp" = String, Path, description = "The blueprint")),
    responses((status = 200, description = "Its rules", body = AssignmentsShape)))]
pub async fn read(ask: Ask, Segments(bp): Segments<String>) -> Result<Answer<AssignmentsShape>, Problem> {
    ask.need(Action::Read, Subject::Design)?;
    let found = ask.state().access.assignments.get(bp.as_str());
    let found = found.ok_or_else(|| ask.missing(format_args!("role assignments of {bp}")))?;
    let assignments = shapes(&ask, found);
    let position = ask.position().0;
    Ok(ask.answer(AssignmentsShape { blueprint_id: bp, assignments, inherited: None, position }))
}

/// Sets the rules of a blueprint, all of them; for architects.
#[utoipa::path(put, path = "/role-assignments/{bp}", tag = "access", request_body = SetAssignments,
    params(("bp" = String, Path, description = "The blueprint")),
    responses((status = 200, description = "Set", body = CommandShape)))]
pub async fn set(Segments(bp): Segments<String>, wish: Wish<SetAssignments>) -> Result<Answer<CommandShape>, Problem> {
    let assignments = rules::assignments(&wish.latest().state, &wish.body.assignments)?;
    let command =
        Command::SetAssignments { on: Scope::Blueprint(bp.into()), assignments, is_new: false, document: None };
    Ok(wish.submit(command, None).await?.answer())
}

/// Removes the rules of a blueprint; for architects.
#[utoipa::path(delete, path = "/role-assignments/{bp}", tag = "access",
    params(("bp" = String, Path, description = "The blueprint")),
    responses((status = 200, description = "Removed", body = CommandShape)))]
pub async fn remove(Segments(bp): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let command = Command::RemoveAssignments { on: Scope::Blueprint(bp.into()) };
    Ok(wish.submit(command, None).await?.answer())
}

/// The rules of one item, and those of its blueprint; for the item's admins.
#[utoipa::path(get, path = "/items/{ar}/role-assignments", tag = "access",
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Its rules", body = AssignmentsShape)))]
pub async fn of_item(ask: Ask, Segments(ar): Segments<String>) -> Result<Answer<AssignmentsShape>, Problem> {
    let item = ask.item(&ar)?;
    ask.need(Action::Admin, Subject::Item(item.id))?;
    let access = &ask.state().access;
    let rules = |found: Option<&std::sync::Arc<Vec<Assignment>>>| found.map(|found| shapes(&ask, found));
    let blueprint = &item.template.blueprint;
    let shape = AssignmentsShape {
        blueprint_id: blueprint.to_string(),
        assignments: rules(access.item_assignments.get(&item.id)).unwrap_or_default(),
        inherited: Some(rules(access.assignments.get(blueprint)).unwrap_or_default()),
        position: ask.position().0,
    };
    Ok(ask.answer(shape))
}

/// Sets the rules of one item beyond those of its blueprint; for its admins.
#[utoipa::path(put, path = "/items/{ar}/role-assignments", tag = "access", request_body = SetAssignments,
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Set", body = CommandShape)))]
pub async fn set_of_item(
    Segments(ar): Segments<String>,
    wish: Wish<SetAssignments>,
) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    let assignments = rules::assignments(&wish.latest().state, &wish.body.assignments)?;
    let command = Command::SetAssignments { on: Scope::Item(item), assignments, is_new: false, document: None };
    Ok(wish.submit(command, Some(item)).await?.answer())
}

/// Removes the rules of one item; those of its blueprint stay. For its admins.
#[utoipa::path(delete, path = "/items/{ar}/role-assignments", tag = "access",
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Removed", body = CommandShape)))]
pub async fn remove_of_item(
    Segments(ar): Segments<String>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    let command = Command::RemoveAssignments { on: Scope::Item(item) };
    Ok(wish.submit(command, Some(item)).await?.answer())
}
