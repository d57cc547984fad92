//! The filters of a search; all of them have to hold.

use std::collections::BTreeSet;

use countersign_core::artifact::Item;
use countersign_core::ids::{BlueprintId, FieldId, ItemId, TemplateId};
use serde::Deserialize;

use super::artifacts::{self, GivenTemplate};
use crate::api::ask::Ask;
use crate::problem::Problem;

/// A filter of a body.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Filter {
    Blueprints {
        blueprint_ids: Vec<String>,
    },
    BlueprintVersions {
        blueprint_version_ids: Vec<GivenTemplate>,
    },
    Artifacts {
        artifact_ids: Vec<String>,
    },
    /// Without a field it is about the name.
    Field {
        condition_type: ConditionType,
        condition: Option<String>,
        field_id: Option<String>,
        #[serde(default)]
        negate_condition: bool,
        #[serde(default)]
        case_sensitive: bool,
    },
    Archived {
        is_archived: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ConditionType {
    Equals,
    Contains,
    StartWith,
    EndWith,
}

/// All filters, read once.
#[derive(Debug)]
pub(super) struct Narrowed(Vec<Test>);

#[derive(Debug)]
enum Test {
    Blueprints(BTreeSet<BlueprintId>),
    Versions(BTreeSet<TemplateId>),
    Artifacts(BTreeSet<ItemId>),
    NotArchived,
    Field(Condition),
}

#[derive(Debug)]
struct Condition {
    kind: ConditionType,
    /// None asks for what holds nothing.
    wanted: Option<String>,
    field: Option<FieldId>,
    is_negated: bool,
    is_exact: bool,
}

impl Narrowed {
    /// What the filters ask for. An id that is none finds nothing.
    pub(super) fn of(filters: impl Iterator<Item = Filter>) -> Result<Self, Problem> {
        let mut tests = Vec::new();
        for filter in filters {
            tests.push(match filter {
                Filter::Blueprints { blueprint_ids } => {
                    Test::Blueprints(blueprint_ids.iter().map(|id| BlueprintId::from(id.as_str())).collect())
                }
                Filter::BlueprintVersions { blueprint_version_ids } => {
                    Test::Versions(blueprint_version_ids.iter().map(GivenTemplate::id).collect())
                }
                Filter::Artifacts { artifact_ids } => {
                    Test::Artifacts(artifact_ids.iter().filter_map(|id| id.parse().ok()).collect())
                }
                Filter::Archived { is_archived: false } => Test::NotArchived,
                // With archived ones: all.
                Filter::Archived { is_archived: true } => continue,
                Filter::Field { condition_type: kind, condition, field_id, negate_condition, case_sensitive } => {
                    if condition.is_none() && kind != ConditionType::Equals {
                        let message = "is needed but for EQUALS, which without it asks for what is empty";
                        return Err(Problem::invalid_field("artifactFilters.condition", "missing_field", message));
                    }
                    let is_exact = case_sensitive;
                    let wanted = condition.map(|text| if is_exact { text } else { text.to_lowercase() });
                    let field = field_id.map(FieldId::from);
                    Test::Field(Condition { kind, wanted, field, is_negated: negate_condition, is_exact })
                }
            });
        }
        Ok(Self(tests))
    }

    /// The artifacts that a filter names.
    pub(super) fn artifacts(&self) -> Option<BTreeSet<ItemId>> {
        self.0.iter().find_map(|test| if let Test::Artifacts(ids) = test { Some(ids.clone()) } else { None })
    }

    /// The blueprints that a filter names, itself or by versions of them.
    pub(super) fn blueprints(&self) -> Option<BTreeSet<BlueprintId>> {
        self.0.iter().find_map(|test| match test {
            Test::Blueprints(ids) => Some(ids.clone()),
            Test::Versions(ids) => Some(ids.iter().map(|id| id.blueprint.clone()).collect()),
            _ => None,
        })
    }

    /// Whether all filters let it through; what the reader may not see of it is as if it were not there.
    pub(super) fn matches(&self, ask: &Ask, item: &Item) -> bool {
        self.0.iter().all(|test| match test {
            Test::Blueprints(ids) => ids.contains(&item.template.blueprint),
            Test::Versions(ids) => ids.contains(&item.template),
            Test::Artifacts(ids) => ids.contains(&item.id),
            Test::NotArchived => !item.is_archived,
            Test::Field(condition) => condition.holds(ask, item) != condition.is_negated,
        })
    }
}

impl Condition {
    fn holds(&self, ask: &Ask, item: &Item) -> bool {
        let Some(field) = &self.field else { return self.is_met_by(&item.name) };
        let Some(held) = artifacts::held(ask, item, field) else { return self.wanted.is_none() };
        self.wanted.is_some() && held.scalars().any(|scalar| self.is_met_by(&scalar.text_form()))
    }

    fn is_met_by(&self, text: &str) -> bool {
        let Some(wanted) = &self.wanted else { return false };
        let lower;
        let text = if self.is_exact {
            text
        } else {
            lower = text.to_lowercase();
            &lower
        };
        match self.kind {
            ConditionType::Equals => text == wanted,
            ConditionType::Contains => text.contains(wanted.as_str()),
            ConditionType::StartWith => text.starts_with(wanted.as_str()),
            ConditionType::EndWith => text.ends_with(wanted.as_str()),
        }
    }
}
