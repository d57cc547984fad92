//! Why somebody may do something, or what is missing: the same judgement as `may`, told in full.

use super::may::{Action, Ground, Lack, Subject, judge, permissions_of};
use super::roles::{Asker, Rule, for_each_rule, gives, living_or_buried, people};
use crate::blueprint::Container;
use crate::context::Principal;
use crate::ids::{BlueprintId, ItemId, RoleId};
use crate::state::State;

/// A judgement with the rules behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether.
    pub is_allowed: bool,
    /// In one sentence.
    pub because: String,
    /// The rules that give what is asked for; of all that would do, not only the first.
    pub granted_by: Vec<RuleTold>,
    /// When refused: the rules that would give it, to others.
    pub would_be_granted_by: Vec<RuleTold>,
}

/// An assignment rule of a role that is permitted the action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTold {
    /// The role.
    pub role: RoleId,
    /// Where the rule stands: `rule 1 of bp.system.govern_project`. None: no rule gives this role there.
    pub rule: Option<String>,
    /// The item whose fields it looks at.
    pub at: Option<ItemId>,
    /// To whom it gives the role.
    pub to: Vec<Container>,
}

/// Why may this principal do this there, or why not?
#[must_use]
pub fn why(state: &State, principal: &Principal, action: Action, on: Subject<'_>) -> Explanation {
    let judged = judge(state, principal, action, on);
    let (mut granted_by, mut would_be_granted_by) = (Vec::new(), Vec::new());
    if let (Subject::Item(item), Ok(Ground::Role(_)) | Err(Lack::Right)) = (on, &judged) {
        for role in permitted(state, action, item) {
            let told = rules_of(state, principal, role, item);
            granted_by.extend(told.iter().filter(|(is_theirs, _)| *is_theirs).map(|(_, rule)| rule.clone()));
            would_be_granted_by.extend(told.into_iter().filter(|(is_theirs, _)| !is_theirs).map(|(_, rule)| rule));
        }
    }
    let is_allowed = judged.is_ok();
    if is_allowed {
        would_be_granted_by.clear();
    }
    let because = match judged {
        Ok(ground) => ground.to_string(),
        Err(lack) => lack.tell(action),
    };
    Explanation { is_allowed, because, granted_by, would_be_granted_by }
}

/// The rules by which somebody has a role on an item, and whom each gives it.
#[must_use]
pub fn rules_giving(state: &State, role: &RoleId, item: ItemId) -> Vec<RuleTold> {
    rules_of(state, &Principal::System, role, item).into_iter().map(|(_, told)| told).collect()
}

/// What a refusal says is needed: the right, the roles that give it, and who can give those. Asked only about what the
/// refused one may read.
#[must_use]
pub fn needs(state: &State, action: Action, on: Subject<'_>) -> String {
    let (place, blueprint) = match on {
        Subject::Instance => return "an administrator".to_owned(),
        Subject::Design => return "an architect or administrator".to_owned(),
        Subject::Blueprint(blueprint) => (blueprint.to_string(), Some(blueprint)),
        Subject::Item(item) => (item.to_string(), living_or_buried(state, item).map(|found| &found.template.blueprint)),
    };
    let roles: Vec<&str> = blueprint
        .map(|blueprint| permitted_in(state, action, blueprint))
        .into_iter()
        .flatten()
        .map(RoleId::as_str)
        .collect();
    let right = format!("the right {} on {place}", action.word());
    match roles.as_slice() {
        [] => format!("{right}, which no role gives; an architect can let one give it"),
        roles => {
            let roles = roles.join(" or ");
            format!("{right}, as {roles} gives it; whoever administers it, or an architect, can give such a role")
        }
    }
}

/// The roles that are permitted this on the item.
fn permitted(state: &State, action: Action, item: ItemId) -> Vec<&RoleId> {
    living_or_buried(state, item).map_or_else(Vec::new, |found| permitted_in(state, action, &found.template.blueprint))
}

fn permitted_in<'a>(state: &'a State, action: Action, blueprint: &BlueprintId) -> Vec<&'a RoleId> {
    let permissions = permissions_of(state, blueprint);
    permissions.roles.iter().filter(|(_, rights)| action.is_within(*rights)).map(|(role, _)| role).collect()
}

fn rules_of(state: &State, principal: &Principal, role: &RoleId, item: ItemId) -> Vec<(bool, RuleTold)> {
    let asker = Asker::of(state, principal);
    let mut told = Vec::new();
    for_each_rule(state, role, item, |rule| {
        // A rule that only passes on gives nothing by itself; what it leads to is visited after it.
        let to = holders(state, rule);
        if !to.is_empty() {
            let place = rule.blueprint.map_or_else(|| rule.at.id.to_string(), ToString::to_string);
            let place = Some(format!("rule {} of {place}", rule.number + 1));
            let one = RuleTold { role: role.clone(), rule: place, at: Some(rule.at.id), to };
            told.push((gives(state, rule, &asker), one));
        }
        false
    });
    if told.is_empty() {
        told.push((false, RuleTold { role: role.clone(), rule: None, at: None, to: Vec::new() }));
    }
    told
}

fn holders(state: &State, rule: &Rule<'_>) -> Vec<Container> {
    let named = rule.assignment.containers.iter().cloned();
    named.chain(people(state, rule.at, &rule.assignment.fields)).collect()
}
