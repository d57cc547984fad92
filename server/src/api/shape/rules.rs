//! Assignment rules and permissions on the wire, and back.

use countersign_core::State;
use countersign_core::access::{Assignment, Criterion, FieldRule, Permissions, Rights};
use countersign_core::blueprint::Container;
use countersign_core::ids::{GroupId, RoleId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::people;
use crate::problem::Problem;

/// A rule that gives a role.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssignmentShape {
    /// The role; `*` in a rule that only inherits.
    role: String,
    /// Only where all of these hold.
    #[serde(default)]
    criteria: Vec<CriterionShape>,
    /// To these.
    #[serde(default)]
    to: Vec<HolderShape>,
    /// To the people and groups in these fields of the item.
    #[serde(default)]
    fields: Vec<String>,
    /// To whoever has it on the item that this field refers to.
    #[serde(default)]
    inherited_through: Option<String>,
    /// To whom the rules without criteria of this blueprint would give it.
    #[serde(default)]
    inherited_from: Option<String>,
}

/// What has to hold for a rule to count.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum CriterionShape {
    /// The item is of this version of its blueprint.
    Version {
        /// Which.
        version: String,
    },
    /// The field holds this value, or does not.
    Field {
        /// Which.
        field: String,
        /// As text.
        value: String,
        /// It must not hold it.
        #[serde(default)]
        negated: bool,
    },
    /// The workflow is at this step.
    Step {
        /// Which.
        step: String,
    },
    /// The item exists.
    Exists,
    /// The item was deleted.
    Deleted,
}

/// A person by login, a group by name, a key by its id.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderShape {
    /// `user`, `group` or `key`.
    r#type: String,
    /// A login, a group's name, a key's id.
    id: String,
}

/// What everybody and each role may do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PermissionsShape {
    /// Everybody who is enabled.
    #[serde(default)]
    everyone: RightsShape,
    /// Holders of a role, beyond that.
    #[serde(default)]
    roles: Vec<RoleRightsShape>,
    /// What they may do with fields, where that differs from the item.
    #[serde(default)]
    fields: Vec<FieldRuleShape>,
}

/// What may be done with an item.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RightsShape {
    read: bool,
    write: bool,
    create: bool,
    delete: bool,
    admin: bool,
}

/// What holders of a role may do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleRightsShape {
    role: String,
    rights: RightsShape,
}

/// What everybody, or a role, may do with one field, or with all that have no rule of their own.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldRuleShape {
    /// Everybody when left out.
    #[serde(default)]
    role: Option<String>,
    /// All others when left out.
    #[serde(default)]
    field: Option<String>,
    #[serde(default)]
    read: bool,
    #[serde(default)]
    write: bool,
}

pub(crate) fn holder(state: &State, container: &Container) -> HolderShape {
    let (kind, id) = people::container(state, container);
    HolderShape { r#type: kind.to_owned(), id }
}

pub(crate) fn assignment(state: &State, rule: &Assignment) -> AssignmentShape {
    AssignmentShape {
        role: rule.role.to_string(),
        criteria: rule.criteria.iter().map(criterion).collect(),
        to: rule.containers.iter().map(|container| holder(state, container)).collect(),
        fields: rule.fields.iter().map(ToString::to_string).collect(),
        inherited_through: rule.inherited_through.as_ref().map(ToString::to_string),
        inherited_from: rule.inherited_from.as_ref().map(ToString::to_string),
    }
}

fn criterion(criterion: &Criterion) -> CriterionShape {
    match criterion {
        Criterion::Version(version) => CriterionShape::Version { version: version.to_string() },
        Criterion::Field { field, value, is_negated } => {
            CriterionShape::Field { field: field.to_string(), value: value.to_string(), negated: *is_negated }
        }
        Criterion::Step(step) => CriterionShape::Step { step: step.to_string() },
        Criterion::Exists => CriterionShape::Exists,
        Criterion::Deleted => CriterionShape::Deleted,
    }
}

/// The rules of a body.
pub(crate) fn assignments(state: &State, shapes: &[AssignmentShape]) -> Result<Vec<Assignment>, Problem> {
    let each = |(n, shape): (usize, &AssignmentShape)| {
        let to = shape.to.iter().enumerate();
        let to = to.map(|(m, to)| container(state, &format!("assignments[{n}].to[{m}]"), to));
        Ok(Assignment {
            role: RoleId::from(shape.role.as_str()),
            criteria: shape.criteria.iter().map(wanted).collect(),
            containers: to.collect::<Result<_, Problem>>()?,
            fields: shape.fields.iter().map(|field| field.as_str().into()).collect(),
            inherited_through: shape.inherited_through.as_deref().map(Into::into),
            inherited_from: shape.inherited_from.as_deref().map(Into::into),
        })
    };
    shapes.iter().enumerate().map(each).collect()
}

fn container(state: &State, field: &str, holder: &HolderShape) -> Result<Container, Problem> {
    match holder.r#type.as_str() {
        "user" => people::user(state, field, &holder.id).map(Container::User),
        "group" => Ok(Container::Group(GroupId::from(holder.id.as_str()))),
        "key" => holder
            .id
            .parse()
            .map(Container::Key)
            .map_err(|_| Problem::invalid_field(field, "unknown_key", "not a key's id")),
        _ => Err(Problem::invalid_field(format!("{field}.type"), "unknown_value", "user, group or key")),
    }
}

fn wanted(shape: &CriterionShape) -> Criterion {
    match shape {
        CriterionShape::Version { version } => Criterion::Version(version.as_str().into()),
        CriterionShape::Field { field, value, negated } => {
            Criterion::Field { field: field.as_str().into(), value: value.as_str().into(), is_negated: *negated }
        }
        CriterionShape::Step { step } => Criterion::Step(step.as_str().into()),
        CriterionShape::Exists => Criterion::Exists,
        CriterionShape::Deleted => Criterion::Deleted,
    }
}

pub(crate) fn permissions(permissions: &Permissions) -> PermissionsShape {
    let rights = |rights: Rights| {
        let Rights { read, write, create, delete, admin } = rights;
        RightsShape { read, write, create, delete, admin }
    };
    let role = |(role, given): &(RoleId, Rights)| RoleRightsShape { role: role.to_string(), rights: rights(*given) };
    let field = |rule: &FieldRule| FieldRuleShape {
        role: rule.role.as_ref().map(ToString::to_string),
        field: rule.field.as_ref().map(ToString::to_string),
        read: rule.read,
        write: rule.write,
    };
    PermissionsShape {
        everyone: rights(permissions.everyone),
        roles: permissions.roles.iter().map(role).collect(),
        fields: permissions.fields.iter().map(field).collect(),
    }
}

/// The permissions of a body.
pub(crate) fn wanted_permissions(shape: &PermissionsShape) -> Permissions {
    let rights = |shape: RightsShape| {
        let RightsShape { read, write, create, delete, admin } = shape;
        Rights { read, write, create, delete, admin }
    };
    let role = |shape: &RoleRightsShape| (RoleId::from(shape.role.as_str()), rights(shape.rights));
    let field = |shape: &FieldRuleShape| FieldRule {
        role: shape.role.as_deref().map(Into::into),
        field: shape.field.as_deref().map(Into::into),
        read: shape.read,
        write: shape.write,
    };
    Permissions {
        everyone: rights(shape.everyone),
        roles: shape.roles.iter().map(role).collect(),
        fields: shape.fields.iter().map(field).collect(),
    }
}
