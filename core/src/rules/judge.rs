//! Decides what is done with what the instance's script said.

use std::sync::Arc;

use super::Event;
use super::decide::Rejection;
use super::decision::{ChildDecision, Decision, Said};
use super::state::{Criteria, Governing, Kind, Rule};
use crate::access::may::{Action, Subject};
use crate::access::require::{require, require_system};
use crate::artifact::{ChildrenRules, govern};
use crate::draft::Draft;
use crate::ids::{ItemId, Position, TemplateId, VersionId};
use crate::rejection::common;

/// Longest script, in bytes.
pub const SCRIPT_BYTES_MAX: usize = 48 * 1024;
/// The same with everything escaped that an event as JSON escapes in it.
pub const SCRIPT_ESCAPED_BYTES_MAX: usize = 60 * 1024;
/// Longest account of why there is no decision, in bytes; more is cut off.
pub const WHY_BYTES_MAX: usize = 2_000;

pub(super) fn set_script(draft: &mut Draft<'_>, script: Option<&Arc<str>>) -> Result<(), crate::Rejection> {
    require(draft, Action::Admin, Subject::Design)?;
    let script = script.filter(|script| !script.trim().is_empty());
    let escaped = script.map_or(0, |script| serde_json::to_string(&**script).map_or(usize::MAX, |text| text.len()));
    let length = script.map_or(0, |script| script.len());
    for (what, length_bytes, max_bytes) in
        [("the script", length, SCRIPT_BYTES_MAX), ("the script, escaped,", escaped, SCRIPT_ESCAPED_BYTES_MAX)]
    {
        if length_bytes > max_bytes {
            return Err(common::Rejection::TextTooLong { what, length_bytes, max_bytes }.into());
        }
    }
    if draft.state().rules.script.as_ref() != script {
        draft.emit(Event::GovernanceScriptSet { script: script.cloned() });
    }
    Ok(())
}

/// `since` is the event since which the script was to be asked: whatever it looked at has not changed after that.
pub(super) fn judge(
    draft: &mut Draft<'_>,
    item: ItemId,
    since: Position,
    said: Result<&Said, &Arc<str>>,
) -> Result<(), crate::Rejection> {
    require_system(draft)?;
    if draft.state().rules.awaiting.get(&item) != Some(&since) {
        return Err(Rejection::JudgementOutdated { item }.into());
    }
    match said {
        Ok(said) => {
            let decision = check(draft, item, said)?;
            draft.emit(Event::GovernanceDecided { item, decision });
            govern::turn(draft, item);
            govern::govern_upcoming(draft, item);
        }
        Err(why) => draft.emit(Event::GovernanceUndecided { item, why: cut(why) }),
    }
    Ok(())
}

fn check(draft: &Draft<'_>, item: ItemId, said: &Said) -> Result<Decision, crate::Rejection> {
    let state = draft.state();
    let source = state.items.by_id.get(&item).and_then(|item| item.source.as_ref());
    let kind = source.and_then(|source| Kind::of(&source.key.object));
    let kind = kind.ok_or(Rejection::JudgementOutdated { item })?;
    let mut children: Vec<ChildDecision> = Vec::new();
    for (below, governing, template) in &said.children {
        if !kind.below().contains(below) || *governing == Governing::Script {
            return Err(Rejection::RuleChildrenNotPossible.into());
        }
        if children.iter().any(|child| child.kind == *below) {
            return Err(Rejection::KindGivenTwice.into());
        }
        let version = version_for(*below, governing.governs().then_some(template.as_ref()).flatten())?;
        if let Some(version) = &version {
            govern::active_version(state, *below, Some(version))?;
        }
        children.push(ChildDecision { kind: *below, rule: rule(*governing, version) });
    }
    if !said.governing.governs() {
        let rule = rule(said.governing, None);
        return Ok(Decision { rule, prefill: Vec::new(), attach_to: None, children });
    }
    let version = version_for(kind, said.template.as_ref())?;
    let wanted = govern::check_wanted(draft, item, kind, version, said)?;
    let rule = rule(said.governing, wanted.version);
    Ok(Decision { rule, prefill: wanted.prefill, attach_to: said.attach_to, children })
}

fn rule(governing: Governing, version: Option<VersionId>) -> Rule {
    Rule { governing, criteria: Criteria::default(), version, children: ChildrenRules::default() }
}

fn version_for(kind: Kind, template: Option<&TemplateId>) -> Result<Option<VersionId>, Rejection> {
    match template {
        Some(template) if template.blueprint.as_str() != kind.govern_blueprint() => {
            Err(Rejection::DecisionTemplateWrong { blueprint: kind.govern_blueprint(), template: template.to_string() })
        }
        template => Ok(template.map(|template| template.version.clone())),
    }
}

fn cut(why: &Arc<str>) -> Arc<str> {
    why.get(..why.floor_char_boundary(WHY_BYTES_MAX)).map_or_else(|| why.clone(), Into::into)
}
