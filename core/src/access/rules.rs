//! Rules about roles, who gets them, and what they may do. For architects; an item's own rules for its admins.

use std::sync::Arc;

use super::documents::{self, RULES_DOCUMENT_BYTES_MAX};
use super::may::{Action, Subject, allows};
use super::people::{check_text, missing, too_long};
use super::require::require;
use super::state::{Assignment, EVERY_ROLE, FieldRule, Permissions};
use super::{Command, Event, Rejection, Scope};
use crate::blueprint::Container;
use crate::draft::Draft;
use crate::ids::{BlueprintId, ItemId, RoleId};
use crate::state::State;

/// Longest description of a role, in bytes.
pub(super) const ROLE_DESCRIPTION_BYTES_MAX: usize = 4 * 1024;
/// Longest id of a role, in bytes.
pub(super) const ROLE_ID_BYTES_MAX: usize = 128;
/// Most assignment rules of one blueprint or item.
pub(super) const ASSIGNMENTS_MAX: usize = 500;
/// Most criteria, containers or fields of one rule.
pub(super) const RULE_PARTS_MAX: usize = 200;
/// Most rules about roles or fields in the permissions of one blueprint.
pub(super) const PERMISSIONS_MAX: usize = 1_000;

pub(super) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    match command {
        Command::CreateRole { role, label, description, document } => {
            require(draft, Action::Admin, Subject::Design)?;
            check_role_id(role)?;
            check_words(label, description)?;
            documents::check(document.as_ref())?;
            if draft.state().access.roles.contains_key(role) {
                return Err(Rejection::RoleExists { role: role.clone() }.into());
            }
            draft.emit(Event::RoleCreated {
                role: role.clone(),
                label: label.clone(),
                description: description.clone(),
            });
            if document.is_some() {
                let (label, description, document) = (label.clone(), description.clone(), document.clone());
                draft.emit(Event::RoleEdited { role: role.clone(), label, description, document });
            }
        }
        Command::EditRole { role, label, description, document } => {
            require(draft, Action::Admin, Subject::Design)?;
            check_words(label, description)?;
            let found = draft.state().access.roles.get(role).ok_or_else(|| missing(role))?;
            let document = documents::edited(document, found.document.as_ref())?;
            if (&found.label, &found.description, &found.document) != (label, description, &document) {
                let (label, description) = (label.clone(), description.clone());
                draft.emit(Event::RoleEdited { role: role.clone(), label, description, document });
            }
        }
        Command::DeleteRole { role } => {
            require(draft, Action::Admin, Subject::Design)?;
            if !draft.state().access.roles.contains_key(role) {
                return Err(missing(role));
            }
            if let Some(by) = user_of_role(draft.state(), role) {
                return Err(Rejection::RoleInUse { role: role.clone(), by }.into());
            }
            draft.emit(Event::RoleDeleted { role: role.clone() });
        }
        Command::SetAssignments { .. } => set_assignments(draft, command)?,
        Command::RemoveAssignments { on } => {
            let (blueprint, item) = place(draft, on)?;
            if standing(draft.state(), &blueprint, item).is_some() {
                draft.emit(Event::AssignmentsRemoved { blueprint, item });
            }
        }
        Command::SetPermissions { .. } => set_permissions(draft, command)?,
        Command::RemovePermissions { blueprint } => {
            require(draft, Action::Admin, Subject::Design)?;
            check_blueprint(draft.state(), blueprint)?;
            if draft.state().access.permissions.contains_key(blueprint) {
                draft.emit(Event::PermissionsRemoved { blueprint: blueprint.clone() });
            }
        }
        _ => {}
    }
    Ok(())
}

fn set_assignments(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    let Command::SetAssignments { on, assignments, is_new, document } = command else { return Ok(()) };
    documents::check_within(document.as_ref(), RULES_DOCUMENT_BYTES_MAX)?;
    let (blueprint, item) = place(draft, on)?;
    if assignments.len() > ASSIGNMENTS_MAX {
        return Err(Rejection::TooManyRoleRules { max: ASSIGNMENTS_MAX }.into());
    }
    for assignment in assignments {
        check_assignment(draft.state(), assignment)?;
    }
    let found = standing(draft.state(), &blueprint, item);
    if found.is_some() && *is_new {
        return Err(Rejection::AssignmentsExist { blueprint }.into());
    }
    let kept = item.is_none().then(|| draft.state().access.assignment_documents.get(&blueprint)).flatten();
    let is_same = found.is_some_and(|found| found.as_slice() == assignments) && kept == document.as_ref();
    if !is_same {
        let (assignments, document) = (assignments.clone(), document.clone());
        draft.emit(Event::AssignmentsSet { blueprint, item, assignments, document });
    }
    Ok(())
}

fn set_permissions(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    let Command::SetPermissions { blueprint, permissions, is_new, document } = command else { return Ok(()) };
    require(draft, Action::Admin, Subject::Design)?;
    documents::check_within(document.as_ref(), RULES_DOCUMENT_BYTES_MAX)?;
    let state = draft.state();
    if permissions.roles.len() + permissions.fields.len() > PERMISSIONS_MAX {
        return Err(Rejection::TooManyRoleRules { max: PERMISSIONS_MAX }.into());
    }
    let named = permissions.fields.iter().filter_map(|rule: &FieldRule| rule.role.as_ref());
    for role in permissions.roles.iter().map(|(role, _)| role).chain(named) {
        check_role(state, role)?;
    }
    let found = match blueprint {
        Some(blueprint) => {
            check_blueprint(state, blueprint)?;
            state.access.permissions.get(blueprint)
        }
        // No field is known where no blueprint is.
        None if permissions.fields.iter().any(|rule| rule.field.is_some()) => {
            return Err(Rejection::DefaultHasNoExceptions.into());
        }
        None => Some(&state.access.default_permissions),
    };
    if let (Some(_), Some(blueprint), true) = (found, blueprint, *is_new) {
        return Err(Rejection::PermissionsExist { blueprint: blueprint.clone() }.into());
    }
    let kept = state.access.permission_documents.get(blueprint);
    if found.is_none_or(|found| **found != *permissions) || kept != document.as_ref() {
        let (blueprint, permissions, document) = (blueprint.clone(), permissions.clone(), document.clone());
        draft.emit(Event::PermissionsSet { blueprint, permissions, document });
    }
    Ok(())
}

/// Whose rules they are, when the actor may set them.
fn place(draft: &Draft<'_>, on: &Scope) -> Result<(BlueprintId, Option<ItemId>), crate::Rejection> {
    let (state, principal) = (draft.state(), &draft.context().caller.principal);
    match on {
        Scope::Blueprint(blueprint) => {
            require(draft, Action::Admin, Subject::Design)?;
            check_blueprint(state, blueprint)?;
            Ok((blueprint.clone(), None))
        }
        Scope::Item(item) => {
            let readable = |_: &&Arc<_>| allows(state, principal, Action::Read, Subject::Item(*item));
            let found = state.items.by_id.get(item).filter(readable).ok_or_else(|| missing(item))?;
            require(draft, Action::Admin, Subject::Item(*item))?;
            Ok((found.template.blueprint.clone(), Some(*item)))
        }
    }
}

fn standing<'a>(state: &'a State, blueprint: &BlueprintId, item: Option<ItemId>) -> Option<&'a Arc<Vec<Assignment>>> {
    match item {
        Some(item) => state.access.item_assignments.get(&item),
        None => state.access.assignments.get(blueprint),
    }
}

fn check_role_id(role: &RoleId) -> Result<(), Rejection> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    let name = role.as_str().strip_prefix("ro.").filter(|name| !name.is_empty());
    let is_good = |name: &str| role.as_str().len() <= ROLE_ID_BYTES_MAX && name.chars().all(is_allowed);
    if name.is_some_and(is_good) {
        return Ok(());
    }
    Err(Rejection::RoleIdInvalid { role: role.as_str().chars().take(ROLE_ID_BYTES_MAX).collect() })
}

fn check_words(label: &Arc<str>, description: &Arc<str>) -> Result<(), crate::Rejection> {
    check_text("label", Some(label))?;
    if description.len() > ROLE_DESCRIPTION_BYTES_MAX {
        return Err(too_long("description", description, ROLE_DESCRIPTION_BYTES_MAX));
    }
    Ok(())
}

fn check_role(state: &State, role: &RoleId) -> Result<(), Rejection> {
    if state.access.roles.contains_key(role) {
        return Ok(());
    }
    Err(Rejection::RoleUnknown { role: role.clone() })
}

fn check_blueprint(state: &State, blueprint: &BlueprintId) -> Result<(), crate::Rejection> {
    state.templates.blueprint(blueprint).map(|_| ()).ok_or_else(|| missing(blueprint))
}

fn check_assignment(state: &State, rule: &Assignment) -> Result<(), crate::Rejection> {
    if rule.criteria.len().max(rule.containers.len()).max(rule.fields.len()) > RULE_PARTS_MAX {
        return Err(Rejection::TooManyRoleRules { max: RULE_PARTS_MAX }.into());
    }
    let only_inherits = rule.containers.is_empty()
        && rule.fields.is_empty()
        && (rule.inherited_from.is_some() || rule.inherited_through.is_some());
    if !(rule.role.as_str() == EVERY_ROLE && only_inherits) {
        check_role(state, &rule.role)?;
    }
    for container in &rule.containers {
        let is_known = match container {
            Container::User(user) => state.access.users.get(user).is_some_and(|user| !user.is_deleted),
            Container::Group(group) => state.access.groups.contains_key(group),
            Container::Key(key) => state.access.keys.contains_key(key),
            // A role given by a role would make roles depend on each other.
            Container::Role(_) => false,
        };
        if !is_known {
            return Err(Rejection::ContainerUnknown { container: told(container) }.into());
        }
    }
    if let Some(from) = &rule.inherited_from {
        check_blueprint(state, from)?;
    }
    Ok(())
}

fn told(container: &Container) -> String {
    match container {
        Container::User(user) => user.to_string(),
        Container::Group(group) => format!("the group {group}"),
        Container::Key(key) => key.to_string(),
        Container::Role(role) => format!("the role {role}"),
    }
}

/// What still names a role.
fn user_of_role(state: &State, role: &RoleId) -> Option<String> {
    let access = &state.access;
    let names = |rules: &[Assignment]| rules.iter().any(|rule| rule.role == *role);
    let permits = |permissions: &Permissions| {
        permissions.roles.iter().any(|(known, _)| known == role)
            || permissions.fields.iter().any(|rule| rule.role.as_ref() == Some(role))
    };
    let assigned = access.assignments.iter().find(|(_, rules)| names(rules));
    let on_item = || access.item_assignments.iter().find(|(_, rules)| names(rules));
    let permitted = || access.permissions.iter().find(|(_, permissions)| permits(permissions));
    assigned
        .map(|(blueprint, _)| format!("the role assignments of {blueprint}"))
        .or_else(|| on_item().map(|(item, _)| format!("the role assignments of {item}")))
        .or_else(|| permitted().map(|(blueprint, _)| format!("the permissions of {blueprint}")))
        .or_else(|| permits(&access.default_permissions).then(|| "the default permissions".to_owned()))
        .or_else(|| named_in_signoffs(state, &Container::Role(role.clone())))
}

/// The sign-off, configured or still running, that a container is named in.
pub(super) fn named_in_signoffs(state: &State, container: &Container) -> Option<String> {
    let is_named = |at| {
        let found = state.templates.configuration(at);
        found.is_some_and(|found| {
            let members = found.groups.iter().flat_map(|group| &group.members);
            members.chain(&found.approvers).chain(&found.approval_needed_from).any(|one| one == container)
        })
    };
    let versions = state.templates.blueprints.values().flat_map(|blueprint| blueprint.versions.values());
    for version in versions {
        if version.configured.values().any(|at| is_named(*at)) {
            return Some(format!("a sign-off of {}", version.id));
        }
    }
    let running = state.signoffs.by_step.iter().find(|(_, signoff)| is_named(signoff.configured_at));
    running.map(|(key, _)| format!("the sign-off of {}", key.item))
}
