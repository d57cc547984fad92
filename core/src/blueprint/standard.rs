//! What exists from the first start: standard templates, sign-off configurations, groups, roles, rights.
//!
//! All of it is data, embedded from `templates/`. At run time only the log counts: an upgrade appends events.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;

use super::Event;
use super::definition::DefinitionError;
use super::state::{Configuration, Container, Definition, FeedbackGroup, VersionStatus};
use crate::access::{self, Assignment, Permissions, Rights};
use crate::ids::{BlueprintId, FieldId, GroupId, RoleId, StepId, TemplateId, VersionId};

/// The version of every standard template.
pub const STANDARD_VERSION: &str = "bv.system.default";

const TEMPLATES: &[(&str, &str)] = &[
    ("user", include_str!("templates/user.json")),
    ("group", include_str!("templates/group.json")),
    ("business_initiative", include_str!("templates/business_initiative.json")),
    ("govern_project", include_str!("templates/govern_project.json")),
    ("govern_model", include_str!("templates/govern_model.json")),
    ("govern_model_version", include_str!("templates/govern_model_version.json")),
    ("govern_bundle", include_str!("templates/govern_bundle.json")),
    ("dataiku_project", include_str!("templates/dataiku_project.json")),
    ("dataiku_saved_model", include_str!("templates/dataiku_saved_model.json")),
    ("dataiku_saved_model_version", include_str!("templates/dataiku_saved_model_version.json")),
    ("dataiku_bundle", include_str!("templates/dataiku_bundle.json")),
    ("dataiku_dataset", include_str!("templates/dataiku_dataset.json")),
    ("project_deployer_deployment", include_str!("templates/project_deployer_deployment.json")),
    ("project_deployer_infra", include_str!("templates/project_deployer_infra.json")),
    ("api_deployer_deployment", include_str!("templates/api_deployer_deployment.json")),
    ("api_deployer_infra", include_str!("templates/api_deployer_infra.json")),
];
const SIGNOFFS: &str = include_str!("templates/signoffs.json");
const ACCESS: &str = include_str!("templates/access.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TemplateFile {
    blueprint: BlueprintPart,
    locked: bool,
    blueprint_version: Json,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BlueprintPart {
    id: String,
    name: String,
    icon: String,
    color: String,
    background_color: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignoffsFile {
    steps: Vec<StepPart>,
    configuration: ConfigurationPart,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StepPart {
    blueprint_id: String,
    step_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConfigurationPart {
    title: String,
    description: String,
    mandatory: bool,
    feedback_users_groups: Vec<FeedbackPart>,
    approvers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FeedbackPart {
    id: String,
    title: String,
    roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccessFile {
    groups: Vec<GroupPart>,
    roles: Vec<RolePart>,
    assignments: serde_json::Map<String, Json>,
    default_permissions: PermissionsPart,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupPart {
    name: String,
    description: String,
    #[serde(default)]
    is_admin: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RolePart {
    id: String,
    label: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AssignmentPart {
    role: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    inherited_through: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PermissionsPart {
    everyone: Vec<Right>,
    roles: Vec<RightsPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RightsPart {
    role: String,
    rights: Vec<Right>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Right {
    Read,
    Write,
    Create,
    Delete,
    Admin,
}

/// A group of the first start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandardGroup {
    /// Its name.
    pub group: GroupId,
    /// What it is for.
    pub description: Arc<str>,
    /// Its members administer the instance.
    pub is_admin: bool,
}

/// The events that make the standard templates: each created, activated, its sign-offs configured.
pub fn templates() -> Result<Vec<Event>, DefinitionError> {
    let mut events = Vec::new();
    for (name, text) in TEMPLATES {
        template(name, text, &mut events)?;
    }
    let file: SignoffsFile = read("signoffs", SIGNOFFS)?;
    let configuration = Arc::new(configuration(file.configuration));
    for StepPart { blueprint_id, step_id } in file.steps {
        let template = TemplateId { blueprint: blueprint_id.into(), version: STANDARD_VERSION.into() };
        let step = StepId::from(step_id);
        events.push(Event::SignoffConfigured { template, step, configuration: configuration.clone() });
    }
    Ok(events)
}

/// The groups of the first start.
pub fn groups() -> Result<Vec<StandardGroup>, DefinitionError> {
    let file: AccessFile = read("access", ACCESS)?;
    let group = |part: GroupPart| StandardGroup {
        group: part.name.into(),
        description: part.description.into(),
        is_admin: part.is_admin,
    };
    Ok(file.groups.into_iter().map(group).collect())
}

/// The events that make the standard roles, give them to people, and say what they may do.
pub fn roles() -> Result<Vec<access::Event>, DefinitionError> {
    let file: AccessFile = read("access", ACCESS)?;
    let mut events = Vec::new();
    for RolePart { id, label, description } in file.roles {
        let role = RoleId::from(id);
        events.push(access::Event::RoleCreated { role, label: label.into(), description: description.into() });
    }
    for (blueprint, json) in file.assignments {
        let parts: Vec<AssignmentPart> = serde_json::from_value(json).map_err(|e| bad("access", &e))?;
        let assignments = parts.into_iter().map(assignment).collect();
        events.push(access::Event::AssignmentsSet {
            blueprint: BlueprintId::from(blueprint),
            assignments,
            item: None,
            document: None,
        });
    }
    let permissions = Permissions {
        everyone: rights(&file.default_permissions.everyone),
        roles: file
            .default_permissions
            .roles
            .into_iter()
            .map(|part| (part.role.into(), rights(&part.rights)))
            .collect(),
        fields: Vec::new(),
    };
    events.push(access::Event::PermissionsSet { blueprint: None, permissions, document: None });
    Ok(events)
}

fn template(name: &str, text: &str, events: &mut Vec<Event>) -> Result<(), DefinitionError> {
    let file: TemplateFile = read(name, text)?;
    let BlueprintPart { id, name, icon, color, background_color } = file.blueprint;
    let document = serde_json::json!({ "icon": icon, "color": color, "backgroundColor": background_color });
    let blueprint = BlueprintId::from(id);
    let template = TemplateId { blueprint: blueprint.clone(), version: VersionId::from(STANDARD_VERSION) };
    let definition = Arc::new(Definition::from_json(&file.blueprint_version)?);
    events.push(Event::BlueprintCreated {
        blueprint,
        name: name.into(),
        locked: file.locked,
        document: document.to_string().into(),
    });
    events.push(Event::VersionCreated { template: template.clone(), origin: None, definition });
    events.push(Event::VersionStatusChanged { template, status: VersionStatus::Active });
    Ok(())
}

fn configuration(part: ConfigurationPart) -> Configuration {
    let containers = |roles: Vec<String>| roles.into_iter().map(|role| Container::Role(role.into())).collect();
    let group = |part: FeedbackPart| FeedbackGroup {
        id: part.id.into(),
        title: part.title.into(),
        members: containers(part.roles),
    };
    Configuration {
        title: part.title.into(),
        description: part.description.into(),
        mandatory: part.mandatory,
        groups: part.feedback_users_groups.into_iter().map(group).collect(),
        approvers: containers(part.approvers),
        ..Configuration::default()
    }
}

fn assignment(part: AssignmentPart) -> Assignment {
    let role = RoleId::from(part.role);
    Assignment {
        containers: part.groups.into_iter().map(|group| Container::Group(group.into())).collect(),
        fields: part.fields.into_iter().map(FieldId::from).collect(),
        inherited_through: part.inherited_through.map(FieldId::from),
        ..Assignment::of(role)
    }
}

fn rights(words: &[Right]) -> Rights {
    let has = |right| words.contains(&right);
    Rights {
        read: has(Right::Read),
        write: has(Right::Write),
        create: has(Right::Create),
        delete: has(Right::Delete),
        admin: has(Right::Admin),
    }
}

fn read<'a, T: Deserialize<'a>>(name: &str, text: &'a str) -> Result<T, DefinitionError> {
    serde_json::from_str(text).map_err(|e| bad(name, &e))
}

fn bad(name: &str, error: &serde_json::Error) -> DefinitionError {
    DefinitionError::new(format!("templates/{name}.json"), error.to_string())
}
