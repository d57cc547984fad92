//! Which synced items are governed by themselves, and which are recommended.

use countersign_core::State;
use countersign_core::access::may::{Action, Subject};
use countersign_core::ids::{ItemId, NodeId, VersionId};
use countersign_core::rules::{Applying, Command, Criteria, Governing, Kind, Place, Rule, applying};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::governance_script::{DecisionShape, decision};
use super::governing::Children;
use super::params::Segments;
use super::shape::command::CommandShape;
use super::wish::{Wish, item_id};
use crate::problem::Problem;

/// The rules of each kind, in the order in which they are tried.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RulesBody {
    /// Of projects; left out, they stay as they are.
    project: Option<Vec<RuleBody>>,
    /// Of bundles.
    bundle: Option<Vec<RuleBody>>,
    /// Of saved models.
    saved_model: Option<Vec<RuleBody>>,
    /// Of versions of saved models.
    saved_model_version: Option<Vec<RuleBody>>,
}

/// One rule; it decides about what fits all of its criteria.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleBody {
    /// What happens.
    governing: Word,
    /// Items of this node.
    node: Option<String>,
    /// Items whose project has this tag.
    tag: Option<String>,
    /// Items whose project lies in this folder or below it.
    folder: Option<String>,
    /// The version of the govern blueprint; passed over while it is not active.
    template: Option<String>,
    /// What is governed below.
    #[serde(default)]
    children: Children,
}

/// What happens by itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Word {
    /// Governed, below governed parents only.
    Automatic,
    /// Listed as recommended.
    Recommended,
    /// Nothing.
    Nothing,
    /// What the instance's script says.
    Script,
    /// Hidden, unless a person shows it again.
    Hide,
    /// Listed as recommended to be hidden.
    RecommendHide,
}

/// The rules in one place.
#[derive(Debug, Serialize, ToSchema)]
pub struct RulesShape {
    /// The synced project or model that they hold for; null for the instance.
    scope: Option<String>,
    /// Empty where nothing is set.
    rules: RulesBody,
    /// The rule that decides about the item itself.
    applies: Option<AppliedRule>,
    /// What the instance's script said of the item, when the rule leaves it to that.
    decision: Option<DecisionShape>,
    /// The log position that it was answered from.
    position: u64,
}

/// A rule and where it was set.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppliedRule {
    /// A synced project or model; null for the instance.
    scope: Option<String>,
    /// The script set it, when it was asked about what it is set for.
    decided: bool,
    #[serde(flatten)]
    rule: RuleBody,
}

impl From<Governing> for Word {
    fn from(governing: Governing) -> Self {
        match governing {
            Governing::Automatic => Self::Automatic,
            Governing::Recommended => Self::Recommended,
            Governing::Nothing => Self::Nothing,
            Governing::Script => Self::Script,
            Governing::Hide => Self::Hide,
            Governing::RecommendHide => Self::RecommendHide,
        }
    }
}

impl From<&Rule> for RuleBody {
    fn from(rule: &Rule) -> Self {
        Self {
            governing: rule.governing.into(),
            node: rule.criteria.node.as_ref().map(ToString::to_string),
            tag: rule.criteria.tag.as_ref().map(ToString::to_string),
            folder: rule.criteria.folder.as_ref().map(ToString::to_string),
            template: rule.version.as_ref().map(ToString::to_string),
            children: rule.children.into(),
        }
    }
}

impl From<&RuleBody> for Rule {
    fn from(body: &RuleBody) -> Self {
        Self {
            governing: match body.governing {
                Word::Automatic => Governing::Automatic,
                Word::Recommended => Governing::Recommended,
                Word::Nothing => Governing::Nothing,
                Word::Script => Governing::Script,
                Word::Hide => Governing::Hide,
                Word::RecommendHide => Governing::RecommendHide,
            },
            criteria: Criteria {
                node: body.node.as_deref().map(NodeId::from),
                tag: body.tag.as_deref().map(Into::into),
                folder: body.folder.as_deref().map(Into::into),
            },
            version: body.template.as_deref().map(VersionId::from),
            children: body.children.into(),
        }
    }
}

impl RulesBody {
    fn of(state: &State, scope: Option<ItemId>) -> Self {
        let of = |kind| {
            let held = state.rules.by_place.get(&Place { scope, kind });
            Some(held.into_iter().flat_map(|rules| rules.iter().map(RuleBody::from)).collect())
        };
        Self {
            project: of(Kind::Project),
            bundle: of(Kind::Bundle),
            saved_model: of(Kind::Model),
            saved_model_version: of(Kind::ModelVersion),
        }
    }

    fn command(&self, scope: Option<ItemId>) -> Command {
        let kinds = [
            (Kind::Project, &self.project),
            (Kind::Bundle, &self.bundle),
            (Kind::Model, &self.saved_model),
            (Kind::ModelVersion, &self.saved_model_version),
        ];
        let given = kinds.into_iter().filter_map(|(kind, rules)| Some((kind, rules.as_ref()?)));
        let rules = given.map(|(kind, rules)| (kind, rules.iter().map(Rule::from).collect())).collect();
        Command::SetGovernanceRules { scope, rules }
    }
}

/// The rule that decides about a synced item.
pub(super) fn applied(state: &State, item: ItemId) -> Option<AppliedRule> {
    let Applying { place, rule, is_decided } = applying(state, item)?;
    Some(AppliedRule { scope: place.scope.map(|scope| scope.to_string()), decided: is_decided, rule: rule.into() })
}

/// The rules of the instance; for administrators.
#[utoipa::path(get, path = "/governance-rules", tag = "governing",
    responses((status = 200, description = "The rules", body = RulesShape)))]
pub async fn read(ask: Ask) -> Result<Answer<RulesShape>, Problem> {
    ask.need(Action::Read, Subject::Design)?;
    let rules = RulesBody::of(ask.state(), None);
    Ok(ask.answer(RulesShape { scope: None, rules, applies: None, decision: None, position: ask.position().0 }))
}

/// Sets the rules of the instance. What fits an automatic rule is governed right after it, in portions.
#[utoipa::path(put, path = "/governance-rules", tag = "governing", request_body = RulesBody,
    responses((status = 200, description = "Set", body = CommandShape)))]
pub async fn set(wish: Wish<RulesBody>) -> Result<Answer<CommandShape>, Problem> {
    Ok(wish.submit(wish.body.command(None), None).await?.answer())
}

/// What overrides the rules of the instance for a synced project or model, and which rule decides about the item.
#[utoipa::path(get, path = "/items/{ar}/governance-rules", tag = "governing",
    params(("ar" = String, Path, description = "The synced item")),
    responses((status = 200, description = "Its rules", body = RulesShape)))]
pub async fn read_of(ask: Ask, Segments(ar): Segments<String>) -> Result<Answer<RulesShape>, Problem> {
    let item = ask.item(&ar)?.id;
    let (state, position) = (ask.state(), ask.position().0);
    let rules = RulesBody::of(state, Some(item));
    let (applies, decision) = (applied(state, item), decision(&ask, item));
    let shape = RulesShape { scope: Some(item.to_string()), rules, applies, decision, position };
    Ok(ask.answer(shape))
}

/// Overrides the rules of the instance for a synced project or model and all that lies in it; `[]` takes it away.
#[utoipa::path(put, path = "/items/{ar}/governance-rules", tag = "governing", request_body = RulesBody,
    params(("ar" = String, Path, description = "The synced project or model")),
    responses((status = 200, description = "Set", body = CommandShape)))]
pub async fn set_of(Segments(ar): Segments<String>, wish: Wish<RulesBody>) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    Ok(wish.submit(wish.body.command(Some(item)), Some(item)).await?.answer())
}
