//! Sign-off configurations of templates: shown and read in the same shape.

use countersign_core::State;
use countersign_core::blueprint::{Configuration, Container, FeedbackGroup};
use countersign_core::ids::{FeedbackGroupId, GroupId, RoleId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::people;
use super::signoff::RecurrenceShape;
use crate::problem::Problem;

/// How a step is signed off.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SettingShape {
    title: String,
    description: String,
    /// The step cannot be finished without the approval.
    mandatory: bool,
    /// Who gives feedback; none makes it final-only.
    groups: Vec<GroupSetting>,
    /// Who approves.
    approvers: Vec<Who>,
    /// Resets by itself.
    recurrence: Option<RecurrenceShape>,
    /// Whoever requested anything in the cycle may not approve it.
    requester_may_not_approve: bool,
    /// Whoever reviewed in the cycle may not approve it.
    reviewer_may_not_approve: bool,
    /// Decisions in somebody else's name are refused.
    impersonation_refused: bool,
    /// How many approvers have to approve; 0 and 1 mean one.
    approvals_needed: u32,
    /// At least one approval from here.
    approval_needed_from: Option<Who>,
    /// The approval expires after this many milliseconds.
    expires_after_millis: Option<i64>,
}

/// A group of reviewers.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupSetting {
    /// Its id in this sign-off.
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    members: Vec<Who>,
}

/// Who is meant, whoever that is at the moment.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Who {
    kind: Kind,
    /// A login, a group's name, a role's or a key's id.
    id: String,
}

/// What kind of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One person.
    User,
    /// All of a group.
    Group,
    /// Whoever has a role on the item.
    Role,
    /// An API key.
    Key,
}

/// From a place in the body and who stands there to whom that is here; nobody when it is to fall away.
type Reader<'a> = dyn Fn(&str, &Who) -> Result<Option<Container>, Problem> + 'a;

/// As it is configured, persons by login.
#[must_use]
pub fn setting(state: &State, configuration: &Configuration) -> SettingShape {
    let who = |container: &Container| Who {
        kind: match container {
            Container::User(_) => Kind::User,
            Container::Group(_) => Kind::Group,
            Container::Role(_) => Kind::Role,
            Container::Key(_) => Kind::Key,
        },
        id: people::container(state, container).1,
    };
    let all = |containers: &[Container]| containers.iter().map(who).collect();
    let group = |group: &FeedbackGroup| GroupSetting {
        id: group.id.to_string(),
        title: group.title.to_string(),
        members: all(&group.members),
    };
    SettingShape {
        title: configuration.title.to_string(),
        description: configuration.description.to_string(),
        mandatory: configuration.mandatory,
        groups: configuration.groups.iter().map(group).collect(),
        approvers: all(&configuration.approvers),
        recurrence: configuration.recurrence.map(RecurrenceShape::from),
        requester_may_not_approve: configuration.requester_may_not_approve,
        reviewer_may_not_approve: configuration.reviewer_may_not_approve,
        impersonation_refused: configuration.impersonation_refused,
        approvals_needed: configuration.approvals_needed,
        approval_needed_from: configuration.approval_needed_from.as_ref().map(who),
        expires_after_millis: configuration.expires_after_millis,
    }
}

impl SettingShape {
    /// What the core is asked for; every login and key has to be one.
    pub fn configuration(&self, state: &State) -> Result<Configuration, Problem> {
        self.read(&|field, who| container(state, field, who).map(Some))
    }

    /// The same from another instance: its people, groups and keys are nobody here and fall away.
    pub fn imported(&self, state: &State) -> Result<Configuration, Problem> {
        self.read(&|field, who| match who.kind {
            Kind::Role => container(state, field, who).map(Some),
            Kind::User | Kind::Group | Kind::Key => Ok(None),
        })
    }

    fn read(&self, one: &Reader<'_>) -> Result<Configuration, Problem> {
        let all = |field: &str, given: &[Who]| -> Result<Vec<Container>, Problem> {
            let each = given.iter().enumerate();
            each.filter_map(|(n, who)| one(&format!("{field}[{n}]"), who).transpose()).collect()
        };
        let groups = self.groups.iter().enumerate().map(|(n, group)| {
            let members = all(&format!("groups[{n}].members"), &group.members)?;
            Ok(FeedbackGroup {
                id: FeedbackGroupId::from(group.id.as_str()),
                title: group.title.as_str().into(),
                members,
            })
        });
        let needed = self.approval_needed_from.as_ref();
        Ok(Configuration {
            title: self.title.as_str().into(),
            description: self.description.as_str().into(),
            mandatory: self.mandatory,
            groups: groups.collect::<Result<_, Problem>>()?,
            approvers: all("approvers", &self.approvers)?,
            recurrence: self.recurrence.map(Into::into),
            requester_may_not_approve: self.requester_may_not_approve,
            reviewer_may_not_approve: self.reviewer_may_not_approve,
            impersonation_refused: self.impersonation_refused,
            approvals_needed: self.approvals_needed,
            approval_needed_from: needed.and_then(|who| one("approvalNeededFrom", who).transpose()).transpose()?,
            expires_after_millis: self.expires_after_millis,
        })
    }
}

fn container(state: &State, field: &str, who: &Who) -> Result<Container, Problem> {
    let id = who.id.as_str();
    Ok(match who.kind {
        // An erased person has no login any more; what is shown then names nobody.
        Kind::User => Container::User(match id.parse::<UserId>() {
            Ok(user) => user,
            Err(_) => people::user(state, field, id)?,
        }),
        Kind::Group => Container::Group(GroupId::from(id)),
        Kind::Role => Container::Role(RoleId::from(id)),
        Kind::Key => {
            let wrong = |_| Problem::invalid_field(field, "unknown_key", format!("there is no key {id:?}"));
            Container::Key(id.parse().map_err(wrong)?)
        }
    })
}
