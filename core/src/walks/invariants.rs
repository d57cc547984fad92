//! What holds in every state that commands lead to.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::access::may::{is_admin, is_in};
use crate::access::{EVERY_ROLE, GROUP_BLUEPRINT, USER_BLUEPRINT};
use crate::artifact::field_value;
use crate::artifact::govern::{SOURCE_FIELD, governing_item, source_parent, sources};
use crate::blueprint::{Container, FieldSource};
use crate::context::Principal;
use crate::event::Event;
use crate::ids::{ItemId, RoleId};
use crate::recorded::Recorded;
use crate::signoff::{self, ApprovalStatus, SignoffKey, Status};
use crate::state::State;

type Held = Result<(), TestCaseError>;

/// Whoever decided was entitled to in the state he decided in, by what is recorded with his decision.
pub(super) fn entitled(before: &State, events: &[Recorded]) -> Held {
    for recorded in events {
        let Event::Signoff(signoff::Event::ApprovalSubmitted { item, step, through, .. }) = &recorded.event else {
            continue;
        };
        let signoff = &before.signoffs.by_step[&SignoffKey { item: *item, step: step.clone() }];
        let configuration = &before.templates.configurations[&signoff.configured_at];
        let delegated = signoff.delegations.iter().filter(|passed| passed.group.is_none()).map(|passed| &passed.to);
        let rights: Vec<&Container> = configuration.approvers.iter().chain(delegated).collect();
        let counts =
            |container: &Container| rights.contains(&container) && is_in(before, container, &recorded.actor, *item);
        prop_assert!(through.iter().any(counts), "{:?} was not entitled to approve {}", recorded.actor, item);
    }
    Ok(())
}

pub(super) fn hold(state: &State) -> Held {
    indexes(state)?;
    back_references(state)?;
    governed(state)?;
    prop_assert!(crate::rules::is_kept_track_of(state), "{:?}", state.rules);
    workflows(state)?;
    signoffs(state)?;
    timers(state)?;
    people(state)
}

fn indexes(state: &State) -> Held {
    let items = &state.items;
    let mut forward = BTreeSet::new();
    for (id, item) in &items.by_id {
        prop_assert!(items.by_blueprint[&item.template.blueprint].contains(id));
        for (field, value) in &item.fields {
            for to in value.references() {
                prop_assert!(items.by_id.contains_key(&to), "{} refers to {}, which is not there", id, to);
                forward.insert((to, field.clone(), *id));
            }
        }
        if let Some(source) = &item.source {
            prop_assert_eq!(state.nodes.items.get(&source.key), Some(id), "{} by its key", id);
        }
    }
    let indexed = items.referrers.iter().flat_map(|(to, from)| from.iter().map(|(f, i)| (*to, f.clone(), *i)));
    prop_assert_eq!(indexed.collect::<BTreeSet<_>>(), forward);
    let listed: usize = items.by_blueprint.values().map(imbl::OrdSet::len).sum();
    prop_assert_eq!(listed, items.by_id.len());
    Ok(())
}

fn back_references(state: &State) -> Held {
    for (id, item) in &state.items.by_id {
        let Some(version) = state.templates.version(&item.template) else {
            return Err(TestCaseError::fail(format!("the template of {id} is gone")));
        };
        for field in &version.definition.fields {
            let FieldSource::BackReference { blueprint, field: through } = &field.source else { continue };
            let value = field_value(state, item, &field.id);
            let back: BTreeSet<ItemId> = value.iter().flat_map(crate::value::Value::references).collect();
            let forward = state.items.by_id.values().filter(|from| from.template.blueprint == *blueprint);
            let forward = forward
                .filter(|from| from.fields.get(through).is_some_and(|held| held.references().any(|to| to == *id)));
            prop_assert_eq!(back, forward.map(|from| from.id).collect::<BTreeSet<_>>(), "{} of {}", field.id, id);
        }
    }
    Ok(())
}

/// A synced item has one govern item at most, and one that is governed lies in one that is.
fn governed(state: &State) -> Held {
    for item in state.items.by_id.values() {
        for source in sources(item) {
            prop_assert_eq!(governing_item(state, source), Some(item.id), "{} is governed twice", source);
            let key = state.items.by_id[&source].source.as_ref().map(|source| &source.key.object);
            let blueprint = key.and_then(|object| object.govern_blueprint());
            prop_assert_eq!(blueprint, Some(item.template.blueprint.as_str()), "{} governs {}", item.id, source);
            if let Some(parent) = source_parent(state, source) {
                prop_assert!(
                    governing_item(state, parent).is_some(),
                    "{} is governed, its parent {} is not",
                    source,
                    parent
                );
            }
        }
        prop_assert!(item.fields.get(SOURCE_FIELD).is_none_or(|value| value.references().next().is_some()));
    }
    Ok(())
}

/// An item has the steps of its template, in their order.
fn workflows(state: &State) -> Held {
    for item in state.items.by_id.values() {
        let version = state.templates.version(&item.template);
        let wanted: Vec<_> =
            version.iter().flat_map(|version| &version.definition.steps).map(|step| &step.id).collect();
        let steps: Vec<_> = item.steps.iter().map(|step| &step.id).collect();
        prop_assert_eq!(steps, wanted, "the steps of {}", item.id);
        let known: BTreeSet<_> =
            version.iter().flat_map(|version| &version.definition.fields).map(|field| &field.id).collect();
        let is_known = item.source.is_some() || item.fields.keys().all(|field| known.contains(field));
        prop_assert!(is_known, "{} has fields that its template has not", item.id);
    }
    Ok(())
}

fn signoffs(state: &State) -> Held {
    for (key, signoff) in &state.signoffs.by_step {
        let Some(item) = state.items.by_id.get(&key.item) else {
            return Err(TestCaseError::fail(format!("a sign-off without its item {}", key.item)));
        };
        prop_assert!(item.steps.iter().any(|step| step.id == key.step), "a sign-off without its step: {:?}", key);
        let Some(configuration) = state.templates.configurations.get(&signoff.configured_at) else {
            return Err(TestCaseError::fail(format!("a sign-off without configuration: {key:?}")));
        };
        let rejected = signoff.approvals.iter().filter(|found| found.status == ApprovalStatus::Rejected).count();
        let approved = signoff.approvals.len() - rejected;
        let needed = configuration.approvals_needed.max(1) as usize;
        match signoff.status {
            Status::Approved => {
                prop_assert!(
                    rejected == 0 && approved >= needed,
                    "{:?} is approved by {} of {}",
                    key,
                    approved,
                    needed
                );
                prop_assert!(signoff.approvals.iter().all(|approval| !approval.through.is_empty()));
            }
            Status::Rejected => prop_assert!(rejected > 0),
            Status::WaitingForApproval => prop_assert!(rejected == 0 && approved < needed),
            Status::NotStarted => prop_assert!(signoff.reviews.is_empty() && signoff.approvals.is_empty()),
            Status::WaitingForFeedback => prop_assert!(signoff.approvals.is_empty()),
            Status::Abandoned => prop_assert!(signoff.before_abandon.is_some_and(|was| was != Status::Abandoned)),
        }
        // Of this cycle: none of them is one of an earlier cycle.
        let earlier = signoff.history.iter().filter(|cycle| cycle.cycle < signoff.cycle);
        for cycle in earlier {
            let is_old = |approval: &signoff::Approval| approval.at < cycle.ended_at;
            prop_assert!(!signoff.approvals.iter().any(is_old), "{:?} keeps an approval of cycle {}", key, cycle.cycle);
        }
        let mut authors: Vec<&Principal> = signoff.approvals.iter().map(|approval| &approval.author).collect();
        authors.sort();
        authors.dedup();
        prop_assert_eq!(authors.len(), signoff.approvals.len(), "one approval each");
    }
    Ok(())
}

/// Something is due exactly while a sign-off is approved and has something that falls due.
fn timers(state: &State) -> Held {
    let due = state.signoffs.by_step.values().filter(|signoff| signoff.status == Status::Approved);
    let due = due.flat_map(|signoff| [signoff.reset_due, signoff.expires_at]).flatten().min();
    prop_assert_eq!(state.timers.next().map(|(at, _)| *at), due, "the next thing that is due");
    Ok(())
}

fn people(state: &State) -> Held {
    let access = &state.access;
    let has_role = |role: &RoleId| role.as_str() == EVERY_ROLE || access.roles.contains_key(role);
    let has = |container: &Container| match container {
        Container::User(user) => access.users.contains_key(user),
        Container::Group(group) => access.groups.contains_key(group),
        Container::Role(role) => has_role(role),
        Container::Key(key) => access.keys.contains_key(key),
    };
    let rules = access.assignments.values().chain(access.item_assignments.values()).flat_map(|rules| rules.iter());
    for rule in rules {
        prop_assert!(has_role(&rule.role), "a rule gives {}, which is not there", rule.role);
        prop_assert!(rule.containers.iter().all(has), "a rule names somebody who is not there");
    }
    let permissions = access.permissions.values().chain([&access.default_permissions]);
    for (role, _) in permissions.flat_map(|permissions| &permissions.roles) {
        prop_assert!(has_role(role), "permissions name {}, which is not there", role);
    }
    let mut items = BTreeMap::new();
    for user in access.users.values() {
        prop_assert!(user.groups.iter().all(|group| access.groups.contains_key(group)));
        prop_assert!(!(user.is_deleted && user.is_enabled));
        items.insert(user.item, USER_BLUEPRINT);
    }
    items.extend(access.groups.values().map(|group| (group.item, GROUP_BLUEPRINT)));
    for (item, blueprint) in items {
        let found = state.items.by_id.get(&item).map(|item| item.template.blueprint.as_str());
        prop_assert!(found.is_none_or(|found| found == blueprint), "{} stands for somebody", item);
    }
    let admins = access.users.keys().map(|user| Principal::User(*user));
    let mut admins = admins.chain(access.keys.keys().map(|key| Principal::Key(*key)));
    prop_assert!(admins.any(|one| is_admin(state, &one)), "nobody administrates");
    Ok(())
}
