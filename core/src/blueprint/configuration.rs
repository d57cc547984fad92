//! Sign-off configurations as people give them.

use std::collections::BTreeSet;

use super::decide::Rejection;
use super::state::{Configuration, Container, FeedbackGroup};
use crate::ids::NAMED_ID_BYTES_MAX;
use crate::rejection::common;
use crate::signoff;
use crate::state::State;

/// Most feedback groups of a sign-off.
pub const FEEDBACK_GROUPS_MAX: usize = 50;
/// Most containers in a feedback group, and among the approvers.
pub const CONTAINERS_MAX: usize = 200;
/// Most approvals that a sign-off can need.
pub const APPROVALS_NEEDED_MAX: u32 = 100;
/// Longest title of a sign-off or feedback group, in bytes.
pub const TITLE_BYTES_MAX: usize = 1_024;
/// Longest description of a sign-off, in bytes.
pub const DESCRIPTION_BYTES_MAX: usize = 8 * 1024;

/// Whether a step can be signed off so.
pub(super) fn check(state: &State, configuration: &Configuration) -> Result<(), crate::Rejection> {
    bounded("the title", &configuration.title, TITLE_BYTES_MAX)?;
    bounded("the description", &configuration.description, DESCRIPTION_BYTES_MAX)?;
    if configuration.groups.len() > FEEDBACK_GROUPS_MAX {
        return Err(wrong("groups", format!("are more than {FEEDBACK_GROUPS_MAX}")));
    }
    let mut ids = BTreeSet::new();
    for (n, group) in configuration.groups.iter().enumerate() {
        let id = group.id.as_str();
        let is_good = !id.trim().is_empty() && id.len() <= NAMED_ID_BYTES_MAX && !id.contains(char::is_control);
        if !is_good || !ids.insert(id) {
            return Err(wrong(format!("groups[{n}].id"), "is empty, too long, not printable, or there twice"));
        }
        bounded("the title of a group", &group.title, TITLE_BYTES_MAX)?;
        containers(state, &format!("groups[{n}].members"), &group.members)?;
    }
    containers(state, "approvers", &configuration.approvers)?;
    if let Some(needed) = &configuration.approval_needed_from {
        known(state, "approvalNeededFrom", needed)?;
    }
    if configuration.approvals_needed > APPROVALS_NEEDED_MAX {
        return Err(wrong("approvalsNeeded", format!("is more than {APPROVALS_NEEDED_MAX}")));
    }
    if configuration.expires_after_millis.is_some_and(|millis| millis < 1) {
        return Err(wrong("expiresAfterMillis", "is not above zero"));
    }
    match &configuration.recurrence {
        Some(recurrence) => Ok(signoff::check_recurrence(recurrence)?),
        None => Ok(()),
    }
}

/// What of an imported configuration means something here: people, groups and keys of another instance do not, nor
/// roles that this one does not have.
pub(super) fn imported(state: &State, given: &Configuration) -> Configuration {
    let is_role = |container: &&Container| match container {
        Container::Role(role) => state.access.roles.contains_key(role),
        _ => false,
    };
    let roles = |all: &[Container]| all.iter().filter(is_role).cloned().collect();
    let group = |group: &FeedbackGroup| FeedbackGroup { members: roles(&group.members), ..group.clone() };
    Configuration {
        groups: given.groups.iter().map(group).collect(),
        approvers: roles(&given.approvers),
        approval_needed_from: given.approval_needed_from.as_ref().filter(is_role).cloned(),
        ..given.clone()
    }
}

fn containers(state: &State, field: &str, all: &[Container]) -> Result<(), crate::Rejection> {
    if all.len() > CONTAINERS_MAX {
        return Err(wrong(field, format!("are more than {CONTAINERS_MAX}")));
    }
    all.iter().enumerate().try_for_each(|(n, container)| known(state, &format!("{field}[{n}]"), container))
}

fn known(state: &State, field: &str, container: &Container) -> Result<(), crate::Rejection> {
    let access = &state.access;
    let (is_known, id) = match container {
        Container::User(user) => (access.users.contains_key(user), user.to_string()),
        Container::Group(group) => (access.groups.contains_key(group), group.to_string()),
        Container::Role(role) => (access.roles.contains_key(role), role.to_string()),
        Container::Key(key) => (access.keys.contains_key(key), key.to_string()),
    };
    if is_known { Ok(()) } else { Err(wrong(field, format!("names {id}, which does not exist"))) }
}

fn bounded(what: &'static str, text: &str, max_bytes: usize) -> Result<(), crate::Rejection> {
    let length_bytes = text.len();
    if length_bytes > max_bytes {
        return Err(common::Rejection::TextTooLong { what, length_bytes, max_bytes }.into());
    }
    Ok(())
}

fn wrong(field: impl Into<String>, problem: impl Into<String>) -> crate::Rejection {
    Rejection::ConfigurationInvalid { field: field.into(), problem: problem.into() }.into()
}
