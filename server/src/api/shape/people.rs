//! Persons, groups and keys by the names that people know, and back.

use std::sync::Arc;

use countersign_core::State;
use countersign_core::blueprint::{Container, FieldKind, Version};
use countersign_core::context::Principal;
use countersign_core::ids::{FieldId, GroupId, ItemId, TemplateId, UserId};
use countersign_core::input::Input;
use countersign_core::personal::ERASED;

use crate::problem::Problem;

const USER_BLUEPRINT: &str = "bp.system.user";
const GROUP_BLUEPRINT: &str = "bp.system.group";

/// A person's login.
#[must_use]
pub fn login(state: &State, user: UserId) -> String {
    state.access.users.get(&user).map_or(ERASED, |user| user.login.shown()).to_owned()
}

/// A person by login, a key by its id, a node by its name.
#[must_use]
pub fn name(state: &State, principal: &Principal) -> String {
    match principal {
        Principal::User(user) => login(state, *user),
        Principal::Key(key) => key.to_string(),
        Principal::Node(node) => node.to_string(),
        Principal::System => "system".to_owned(),
    }
}

/// A users container as `{kind, id}` says it: a person by login.
#[must_use]
pub fn container(state: &State, container: &Container) -> (&'static str, String) {
    match container {
        Container::User(user) => ("user", login(state, *user)),
        Container::Group(group) => ("group", group.to_string()),
        Container::Role(role) => ("role", role.to_string()),
        Container::Key(key) => ("key", key.to_string()),
    }
}

/// The person of a login in a body.
pub fn user(state: &State, field: &str, login: &str) -> Result<UserId, Problem> {
    let unknown = || Problem::invalid_field(field, "unknown_user", format!("there is no user {login:?}"));
    state.access.logins.get(login).copied().ok_or_else(unknown)
}

/// Groups of a body, in their order, that exist.
pub fn groups(state: &State, field: &str, names: &[String]) -> Result<Vec<GroupId>, Problem> {
    names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let group = GroupId::from(name.as_str());
            let message = || format!("there is no group {name:?}");
            let known = state.access.groups.contains_key(&group).then_some(group);
            known.ok_or_else(|| Problem::invalid_field(format!("{field}[{n}]"), "unknown_group", message()))
        })
        .collect()
}

/// Turns logins and group names in fields that refer to persons or groups into references.
pub fn resolve(state: &State, template: Option<&TemplateId>, fields: &mut [(FieldId, Input)]) {
    let Some(version) = template.and_then(|template| version(state, template)) else { return };
    for (field, input) in fields {
        let kind = version.definition.fields.iter().find(|known| known.id == *field).map(|known| &known.kind);
        let Some(FieldKind::Reference { blueprints }) = kind else { continue };
        let takes = |blueprint: &str| blueprints.iter().any(|taken| taken.as_str() == blueprint);
        let (users, groups) = (takes(USER_BLUEPRINT), takes(GROUP_BLUEPRINT));
        let each = |input: &mut Input| {
            let Input::Text(text) = input else { return };
            if text.parse::<ItemId>().is_err()
                && let Some(item) = item_of(state, text, users, groups)
            {
                *input = Input::Text(item.to_string().into());
            }
        };
        match input {
            Input::List(inputs) => inputs.iter_mut().for_each(each),
            single => each(single),
        }
    }
}

fn item_of(state: &State, name: &str, users: bool, groups: bool) -> Option<ItemId> {
    let user = || state.access.logins.get(name).and_then(|user| state.access.users.get(user)).map(|user| user.item);
    let group = || state.access.groups.get(name).map(|group| group.item);
    users.then(user).flatten().or_else(|| groups.then(group).flatten())
}

pub(crate) fn version<'a>(state: &'a State, template: &TemplateId) -> Option<&'a Arc<Version>> {
    state.templates.blueprints.get(&template.blueprint)?.versions.get(&template.version)
}
