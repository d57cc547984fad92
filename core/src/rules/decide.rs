//! Decides wishes about rules.

use super::state::{Kind, Place, Rule};
use super::{Command, Event, judge};
use crate::access::may::{Action, Subject, allows};
use crate::access::require::require;
use crate::artifact::{ChildRule, ChildrenRules};
use crate::draft::Draft;
use crate::ids::{BlueprintId, ItemId, VersionId};
use crate::rejection::common;
use crate::sync::SyncObject;

/// Most rules of one kind in one place.
pub const RULES_MAX: usize = 50;
/// Longest tag or folder, in bytes.
pub const CRITERION_BYTES_MAX: usize = 512;

crate::rejections! {
    /// Each place has a bounded number of rules per kind.
    Input TooManyRules { count: usize, max: usize } = "too_many_rules", "{count} rules are too many; at most {max} are allowed";
    /// A kind is given once in one wish.
    Input KindGivenTwice = "kind_given_twice", "the rules of one kind are given twice";
    /// A rule governs only the kinds of children that there are.
    Input RuleChildrenNotPossible = "rule_children_not_possible", "what the rule is for has no such children";
    /// A rule names a version that its blueprint has, active or not.
    Input RuleVersionUnknown { version: VersionId } = "rule_version_unknown", "there is no version {version} of the blueprint that governs such items";
    /// Rules are overridden on synced projects and models, for what they are and hold.
    Input RuleScopeNotPossible { item: ItemId } = "rule_scope_not_possible", "{item} is no synced project or model, or has nothing of the kind";
    /// A script decides on what there is now; when that changed while it ran, it is asked again.
    State JudgementOutdated { item: ItemId } = "judgement_outdated", "{item} is not what the script was asked about, or it is not asked any more";
    /// A script names a template of the blueprint that governs such items.
    Input DecisionTemplateWrong { blueprint: &'static str, template: String } = "decision_template_wrong", "{template} is no template of {blueprint}, which governs such items";
    /// What a script wants prefilled is bounded.
    Input PrefillTooLong { length_bytes: usize, max_bytes: usize } = "prefill_too_long", "what is to be prefilled has {length_bytes} bytes; at most {max_bytes} are allowed";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    let (scope, rules) = match command {
        Command::SetGovernanceRules { scope, rules } => (scope, rules),
        Command::SetScript { script } => return judge::set_script(draft, script.as_ref()),
        Command::Judge { item, since, said } => {
            return judge::judge(draft, *item, *since, said.as_ref().map(Box::as_ref));
        }
    };
    for (number, (kind, of_kind)) in rules.iter().enumerate() {
        if rules.iter().take(number).any(|(other, _)| other == kind) {
            return Err(Rejection::KindGivenTwice.into());
        }
        check_right(draft, *scope, *kind)?;
        check_scope(draft, *scope, *kind)?;
        check_rules(draft, *kind, of_kind)?;
    }
    for (kind, of_kind) in rules {
        let place = Place { scope: *scope, kind: *kind };
        let held = draft.state().rules.by_place.get(&place);
        if held.map_or(&[][..], |held| held) != of_kind.as_slice() {
            draft.emit(Event::GovernanceRuleSet { scope: *scope, kind: *kind, rules: of_kind.clone() });
        }
    }
    Ok(())
}

// The instance is for architects and administrators; below one project it is enough to administrate what governs such items.
fn check_right(draft: &Draft<'_>, scope: Option<ItemId>, kind: Kind) -> Result<(), crate::Rejection> {
    let (state, principal) = (draft.state(), &draft.context().caller.principal);
    if let Some(item) = scope.filter(|item| !allows(state, principal, Action::Read, Subject::Item(*item))) {
        return Err(common::Rejection::NotFound { what: item.to_string() }.into());
    }
    let blueprint = BlueprintId::from(kind.govern_blueprint());
    let subject = if scope.is_some() { Subject::Blueprint(&blueprint) } else { Subject::Design };
    require(draft, Action::Admin, subject)
}

fn check_scope(draft: &Draft<'_>, scope: Option<ItemId>, kind: Kind) -> Result<(), Rejection> {
    let Some(item) = scope else { return Ok(()) };
    let source = draft.state().items.by_id.get(&item).and_then(|item| item.source.as_ref());
    let is_possible = match source.map(|source| &source.key.object) {
        Some(SyncObject::Project { .. }) => true,
        Some(SyncObject::SavedModel { .. }) => matches!(kind, Kind::Model | Kind::ModelVersion),
        _ => false,
    };
    if is_possible { Ok(()) } else { Err(Rejection::RuleScopeNotPossible { item }) }
}

fn check_rules(draft: &Draft<'_>, kind: Kind, rules: &[Rule]) -> Result<(), crate::Rejection> {
    if rules.len() > RULES_MAX {
        return Err(Rejection::TooManyRules { count: rules.len(), max: RULES_MAX }.into());
    }
    let blueprint = draft.state().templates.blueprint(&kind.govern_blueprint().into());
    for rule in rules {
        let ChildrenRules { bundles, models, model_versions } = rule.children;
        let is_project = kind == Kind::Project;
        let kinds = [(bundles, is_project), (models, is_project), (model_versions, is_project || kind == Kind::Model)];
        if kinds.iter().any(|(child, is_possible)| *child != ChildRule::None && !is_possible) {
            return Err(Rejection::RuleChildrenNotPossible.into());
        }
        let unknown = |version: &&VersionId| blueprint.is_none_or(|found| !found.versions.contains_key(*version));
        if let Some(version) = rule.version.as_ref().filter(unknown) {
            return Err(Rejection::RuleVersionUnknown { version: version.clone() }.into());
        }
        let node = rule.criteria.node.as_ref().map(|node| ("the node", node.as_str()));
        let tag = rule.criteria.tag.as_deref().map(|tag| ("the tag", tag));
        let folder = rule.criteria.folder.as_deref().map(|folder| ("the folder", folder));
        for (what, text) in [node, tag, folder].into_iter().flatten() {
            check_text(what, text)?;
        }
    }
    Ok(())
}

fn check_text(what: &'static str, text: &str) -> Result<(), common::Rejection> {
    if text.is_empty() || text.contains(char::is_control) {
        return Err(common::Rejection::NameInvalid { what });
    }
    if text.len() > CRITERION_BYTES_MAX {
        let (length_bytes, max_bytes) = (text.len(), CRITERION_BYTES_MAX);
        return Err(common::Rejection::TextTooLong { what, length_bytes, max_bytes });
    }
    Ok(())
}
