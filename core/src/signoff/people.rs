//! The people of a sign-off's stages, as they are now: for rules, for notifying, and for views.

use std::collections::BTreeSet;

use super::command::Notify;
use super::policy::{Actor, Right};
use super::rejection::Rejection;
use super::state::{Notified, Signoff, SignoffKey};
use crate::access::may::{Action, Subject, is_active, is_architect, is_in, may, members};
use crate::blueprint::{Configuration, Container};
use crate::context::Principal;
use crate::ids::{FeedbackGroupId, ItemId};
use crate::state::State;

/// Most people that one request names to be notified; keeps its event below the bound of all events.
pub const NOTIFIED_MAX: usize = 1_000;

/// Everyone who may review for a group now, delegates included.
#[must_use]
pub fn reviewers(state: &State, key: &SignoffKey, group: &FeedbackGroupId) -> BTreeSet<Principal> {
    let Some((signoff, configuration)) = look_up(state, key) else { return BTreeSet::new() };
    let found = configuration.groups.iter().find(|found| found.id == *group);
    found.map(|found| people(state, key.item, signoff, &found.members, Some(group))).unwrap_or_default()
}

/// Everyone who may approve now, delegates included, options aside.
#[must_use]
pub fn approvers(state: &State, key: &SignoffKey) -> BTreeSet<Principal> {
    let Some((signoff, configuration)) = look_up(state, key) else { return BTreeSet::new() };
    people(state, key.item, signoff, &configuration.approvers, None)
}

pub(super) fn look_up<'a>(state: &'a State, key: &SignoffKey) -> Option<(&'a Signoff, &'a Configuration)> {
    let signoff = state.signoffs.by_step.get(key)?;
    let configuration = state.templates.configurations.get(&signoff.configured_at)?;
    Some((signoff, configuration))
}

/// Gathers what the policy has to know of an actor.
pub(super) fn actor(
    state: &State,
    key: &SignoffKey,
    (signoff, configuration): (&Signoff, &Configuration),
    principal: &Principal,
    is_impersonated: bool,
) -> Actor {
    let item = key.item;
    let reviewer = configuration.groups.iter().map(|group| {
        let right = right(state, item, signoff, &group.members, Some(&group.id), principal);
        (group.id.clone(), right)
    });
    Actor {
        principal: principal.clone(),
        is_impersonated,
        delegates_always: is_architect(state, principal),
        can_write: may(state, principal, Action::Write, Subject::Item(item)).is_allowed,
        approver: right(state, item, signoff, &configuration.approvers, None, principal),
        reviewer: reviewer.collect(),
        is_needed: configuration
            .approval_needed_from
            .as_ref()
            .is_some_and(|container| is_in(state, container, principal, item)),
    }
}

/// Who is to be told that feedback is wanted.
pub(super) fn notified_of_feedback(
    state: &State,
    key: &SignoffKey,
    notify: &Notify,
) -> Result<Vec<Notified>, Rejection> {
    let Some((signoff, configuration)) = look_up(state, key) else { return Ok(Vec::new()) };
    let stage = configuration.groups.iter().flat_map(|group| {
        let people = people(state, key.item, signoff, &group.members, Some(&group.id));
        notifiable(people, Some(&group.id))
    });
    // A person who is named without a group is told for each of his groups.
    chosen(stage.collect(), notify, |named, found| named.group.is_none() || named.group == found.group)
}

/// Who is to be told that an approval is wanted.
pub(super) fn notified_of_approval(
    state: &State,
    key: &SignoffKey,
    notify: &Notify,
) -> Result<Vec<Notified>, Rejection> {
    chosen(notifiable(approvers(state, key), None), notify, |named, _| named.group.is_none())
}

fn notifiable(people: BTreeSet<Principal>, group: Option<&FeedbackGroupId>) -> Vec<Notified> {
    let users = people.into_iter().filter_map(|principal| match principal {
        Principal::User(user) => Some(Notified { user, group: group.cloned() }),
        _ => None,
    });
    users.collect()
}

fn chosen(
    mut stage: Vec<Notified>,
    notify: &Notify,
    is_meant: impl Fn(&Notified, &Notified) -> bool,
) -> Result<Vec<Notified>, Rejection> {
    if let Notify::These(named) = notify {
        stage.retain(|found| named.iter().any(|named| named.user == found.user && is_meant(named, found)));
    }
    if stage.len() > NOTIFIED_MAX {
        return Err(Rejection::TooManyToNotify { people: stage.len() });
    }
    Ok(stage)
}

fn people(
    state: &State,
    item: ItemId,
    signoff: &Signoff,
    containers: &[Container],
    group: Option<&FeedbackGroupId>,
) -> BTreeSet<Principal> {
    let delegates = delegations(signoff, group);
    let held = containers.iter().chain(delegates).flat_map(|container| members(state, container, item));
    held.filter(|principal| is_active(state, principal)).collect()
}

fn right(
    state: &State,
    item: ItemId,
    signoff: &Signoff,
    containers: &[Container],
    group: Option<&FeedbackGroupId>,
    principal: &Principal,
) -> Right {
    let holds = |container: &&Container| is_in(state, container, principal, item);
    let mut delegated: Vec<_> = delegations(signoff, group).filter(holds).cloned().collect();
    delegated.dedup();
    Right { own: containers.iter().filter(holds).cloned().collect(), delegated }
}

fn delegations<'a>(signoff: &'a Signoff, group: Option<&FeedbackGroupId>) -> impl Iterator<Item = &'a Container> {
    let group = group.cloned();
    signoff.delegations.iter().filter(move |found| found.group == group).map(|found| &found.to)
}
