//! Users containers and what is made of them: sign-off configurations, read and shown alike.

use countersign_core::State;
use countersign_core::blueprint::{Configuration, Container, FeedbackGroup, Recurrence};
use countersign_core::context::Principal;
use countersign_core::ids::{FeedbackGroupId, GroupId, RoleId, UserId};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::api::shape::people;
use crate::problem::Problem;

/// The kinds of containers, as a refusal names them.
const TYPES: &str = "role, global-api-key, user, group";

/// A users container of a body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GivenContainer {
    r#type: String,
    login: Option<String>,
    group_name: Option<String>,
    role_id: Option<String>,
    #[serde(rename = "globalAPIKeyId", alias = "keyId")]
    key_id: Option<String>,
}

/// A container as others have put it into a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GivenMember {
    users_container: GivenContainer,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenGroup {
    id: Option<String>,
    title: Option<String>,
    #[serde(default)]
    users: Vec<GivenMember>,
}

/// A sign-off configuration of a body; what is only ours is kept from what is there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GivenConfiguration {
    title: Option<String>,
    description: Option<String>,
    #[serde(default)]
    mandatory: bool,
    #[serde(default)]
    feedback_users_groups: Vec<GivenGroup>,
    #[serde(default)]
    approvers: Vec<GivenMember>,
    recurrence_configuration: Option<GivenRecurrence>,
}

/// A recurrence of a body. Without any key it is none.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GivenRecurrence {
    activated: Option<bool>,
    days: u32,
    weeks: u32,
    months: u32,
    years: u32,
    reload_conf: bool,
}

impl GivenRecurrence {
    /// What the core is asked for; none when nothing was said.
    pub(super) fn recurrence(self) -> Option<Recurrence> {
        let Self { activated, days, weeks, months, years, reload_conf: reload } = self;
        let activated = activated?;
        Some(Recurrence { activated, days, weeks, months, years, reload })
    }
}

impl GivenContainer {
    /// Whom it means here.
    pub(super) fn container(&self, state: &State, path: &str) -> Result<Container, Problem> {
        let needed = |key: &'static str, value: &Option<String>| {
            let missing = || Problem::invalid_field(format!("{path}.{key}"), "missing_field", "is needed");
            value.clone().ok_or_else(missing)
        };
        Ok(match self.r#type.as_str() {
            "user" => Container::User(user(state, &format!("{path}.login"), &needed("login", &self.login)?)?),
            "group" => Container::Group(GroupId::from(needed("groupName", &self.group_name)?)),
            "role" => Container::Role(RoleId::from(needed("roleId", &self.role_id)?)),
            "global-api-key" => {
                let id = needed("globalAPIKeyId", &self.key_id)?;
                let unknown = |_| Problem::invalid_field(path, "unknown_key", format!("there is no key {id:?}"));
                Container::Key(id.parse().map_err(unknown)?)
            }
            other => {
                let message = format!("unknown type {other:?}, possible values: {TYPES}");
                return Err(Problem::invalid_field(format!("{path}.type"), "unknown_value", message));
            }
        })
    }

    /// The one person it names.
    pub(super) fn person(&self, state: &State) -> Result<UserId, Problem> {
        match self.container(state, "usersContainer")? {
            Container::User(user) => Ok(user),
            _ => Err(Problem::invalid("delegate_not_a_user", "a right is delegated to a container of the type user")),
        }
    }
}

/// A person by login; an erased one by the id that stands for the login.
fn user(state: &State, path: &str, login: &str) -> Result<UserId, Problem> {
    login.parse().map_or_else(|_| people::user(state, path, login), Ok)
}

fn members(state: &State, path: &str, given: &[GivenMember]) -> Result<Vec<Container>, Problem> {
    let each = given.iter().enumerate();
    each.map(|(n, member)| member.users_container.container(state, &format!("{path}[{n}].usersContainer"))).collect()
}

impl GivenConfiguration {
    /// What the core is asked for.
    pub(super) fn configuration(&self, state: &State, held: Option<&Configuration>) -> Result<Configuration, Problem> {
        let is_said = |text: &&str| !text.trim().is_empty();
        let title = self.title.as_deref().filter(is_said).ok_or_else(|| {
            Problem::invalid_field("title", "missing_field", "SignoffConfiguration title is required")
        })?;
        let groups = self.feedback_users_groups.iter().enumerate().map(|(n, group)| {
            let path = format!("feedbackUsersGroups[{n}]");
            let missing = |what: &'static str, sentence: &'static str| {
                let path = format!("{path}.{what}");
                move || Problem::invalid_field(path, "missing_field", sentence)
            };
            let title = group.title.as_deref().filter(is_said);
            let title = title.ok_or_else(missing("title", "Users group title is required"))?;
            let id = group.id.as_deref().filter(is_said).ok_or_else(missing("id", "Users group id is required"))?;
            let members = members(state, &format!("{path}.users"), &group.users)?;
            Ok(FeedbackGroup { id: FeedbackGroupId::from(id), title: title.into(), members })
        });
        Ok(Configuration {
            title: title.into(),
            description: self.description.as_deref().unwrap_or_default().into(),
            mandatory: self.mandatory,
            groups: groups.collect::<Result<_, Problem>>()?,
            approvers: members(state, "approvers", &self.approvers)?,
            recurrence: self.recurrence_configuration.and_then(GivenRecurrence::recurrence),
            ..held.cloned().unwrap_or_default()
        })
    }
}

/// A configuration as the client reads it, without an id.
pub(super) fn configuration(
    state: &State,
    configuration: &Configuration,
    recurrence: Option<&Recurrence>,
) -> Map<String, Json> {
    let all = |given: &[Container]| -> Json {
        given.iter().map(|given| json!({ "usersContainer": container(state, given) })).collect()
    };
    let group = |group: &FeedbackGroup| json!({ "id": group.id.as_str(), "title": &*group.title, "users": all(&group.members) });
    let mut shown = Map::new();
    shown.insert("title".to_owned(), (&*configuration.title).into());
    shown.insert("description".to_owned(), (&*configuration.description).into());
    shown.insert("mandatory".to_owned(), configuration.mandatory.into());
    shown.insert("feedbackUsersGroups".to_owned(), configuration.groups.iter().map(group).collect());
    shown.insert("approvers".to_owned(), all(&configuration.approvers));
    if let Some(Recurrence { activated, days, weeks, months, years, reload }) = recurrence {
        let recurrence = json!({
            "activated": activated, "days": days, "weeks": weeks, "months": months, "years": years, "reloadConf": reload,
        });
        shown.insert("recurrenceConfiguration".to_owned(), recurrence);
    }
    shown
}

/// A users container on this wire.
pub(super) fn container(state: &State, container: &Container) -> Json {
    match container {
        Container::User(user) => json!({ "type": "user", "login": login(state, *user) }),
        Container::Group(group) => json!({ "type": "group", "groupName": group.as_str() }),
        Container::Role(role) => json!({ "type": "role", "roleId": role.as_str() }),
        Container::Key(key) => json!({ "type": "global-api-key", "globalAPIKeyId": key.to_string() }),
    }
}

/// The login, or the id of a person who has none any more, so that a configuration can be saved as it was read.
pub(super) fn login(state: &State, user: UserId) -> String {
    let has_login = |login: &String| state.access.logins.get(login.as_str()) == Some(&user);
    Some(people::login(state, user)).filter(has_login).unwrap_or_else(|| user.to_string())
}

/// Somebody as a container of one.
pub(super) fn principal(state: &State, principal: &Principal) -> Option<Json> {
    match principal {
        Principal::User(user) => Some(container(state, &Container::User(*user))),
        Principal::Key(key) => Some(container(state, &Container::Key(*key))),
        Principal::Node(_) | Principal::System => None,
    }
}
