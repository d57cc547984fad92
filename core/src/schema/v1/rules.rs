//! `0x06__`, comments aside. Since 0.1.

use super::super::macros::{events, frozen, words};
use super::super::wire::Ar;
use super::item::ChildrenRulesV1;
use crate::rules::{Criteria, Event, Governing, Kind, Rule};

frozen! {
    /// What an item has to be.
    CriteriaV1 for Criteria { node: Option<String>, tag: Option<String>, folder: Option<String> }
    /// One rule.
    RuleV1 for Rule { governing: String, criteria: CriteriaV1, version: Option<String>, children: ChildrenRulesV1 }
}

words! {
    Kind "a kind of governed item" {
        Project "PROJECT", Bundle "BUNDLE", Model "SAVED_MODEL", ModelVersion "SAVED_MODEL_VERSION",
    }
    Governing "a way of governing" { Automatic "AUTOMATIC", Recommended "RECOMMENDED", Nothing "NOTHING" }
}

events! { Event in Rules;
    /// These rules govern a kind of synced item, in an instance or below a project or model.
    0x0602 1 GovernanceRuleSet => GovernanceRuleSetV1 { scope: Option<Ar>, kind: String, rules: Vec<RuleV1> }
}
