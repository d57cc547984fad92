//! `0x06__`, comments aside. Since 0.1.

use super::super::macros::{events, frozen, words};
use super::super::wire::Ar;
use super::item::ChildrenRulesV1;
use super::value::FieldV1;
use crate::rules::{ChildDecision, Criteria, Decision, Event, Governing, Kind, Rule};

frozen! {
    /// What an item has to be.
    CriteriaV1 for Criteria { node: Option<String>, tag: Option<String>, folder: Option<String> }
    /// One rule.
    RuleV1 for Rule { governing: String, criteria: CriteriaV1, version: Option<String>, children: ChildrenRulesV1 }
    /// What happens to one kind of what lies in an item.
    ChildDecisionV1 for ChildDecision { kind: String, rule: RuleV1 }
    /// What a script decided about an item.
    DecisionV1 for Decision { rule: RuleV1, prefill: Vec<FieldV1>, attach_to: Option<Ar>, children: Vec<ChildDecisionV1> }
}

words! {
    Kind "a kind of governed item" {
        Project "PROJECT", Bundle "BUNDLE", Model "SAVED_MODEL", ModelVersion "SAVED_MODEL_VERSION",
    }
    Governing "a way of governing" {
        Automatic "AUTOMATIC", Recommended "RECOMMENDED", Nothing "NOTHING", Script "SCRIPT", Hide "HIDE",
        RecommendHide "RECOMMEND_HIDE",
    }
}

events! { Event in Rules;
    /// These rules govern a kind of synced item, in an instance or below a project or model.
    0x0602 1 GovernanceRuleSet => GovernanceRuleSetV1 { scope: Option<Ar>, kind: String, rules: Vec<RuleV1> }
    /// The instance's script is this, or there is none any more.
    0x060b 1 GovernanceScriptSet => GovernanceScriptSetV1 { script: Option<String> }
    /// The script decided what happens to a synced item and to what lies in it.
    0x060c 1 GovernanceDecided => GovernanceDecidedV1 { item: Ar, decision: DecisionV1 }
    /// The script failed, or what it said cannot be followed.
    0x060d 1 GovernanceUndecided => GovernanceUndecidedV1 { item: Ar, why: String }
}
