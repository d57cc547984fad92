//! Whether one synced item is approved, and what is missing when it is not.

use super::gate::Unmet;
use crate::artifact::Item;
use crate::artifact::govern::governing_item;
use crate::blueprint::Container;
use crate::ids::{Digest, FeedbackGroupId, ItemId, StepId};
use crate::signoff::{ApprovalStatus, Signoff, SignoffKey, Status, content_digest};
use crate::state::State;
use crate::sync::SyncKey;

/// The step whose sign-off approves for deployment.
pub const GATE_STEP: &str = "review";

/// Where the approval of a synced item stands: what deployers hear and the registry shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalVerdict {
    /// The synced item.
    pub item: ItemId,
    /// Its govern item; none means UNGOVERNED.
    pub govern_item: Option<ItemId>,
    /// Of the review's sign-off; none without a sign-off.
    pub status: Option<Status>,
    /// Of the sign-off; 0 without one.
    pub cycle: u32,
    /// What is synced now.
    pub digest: Option<Digest>,
}

/// The verdict on a synced item as it stands.
#[must_use]
pub fn verdict_of(state: &State, synced: ItemId) -> ApprovalVerdict {
    let govern_item = governing_item(state, synced);
    let signoff = govern_item.and_then(|item| state.signoffs.by_step.get(&review_of(item)));
    ApprovalVerdict {
        item: synced,
        govern_item,
        status: signoff.map(|signoff| signoff.status),
        cycle: signoff.map_or(0, |signoff| signoff.cycle),
        digest: source_digest(state, synced),
    }
}

/// Everything that keeps one subject from being approved.
pub(super) fn unmet_of(state: &State, subject: &SyncKey, digest: Option<Digest>) -> Vec<Unmet> {
    let Some(synced) = state.nodes.items.get(subject).copied() else {
        return vec![plain("not_synced", subject, "that its node tells of it", "nothing is known of it")];
    };
    let mut unmet = Vec::new();
    if let Some(asked) = digest
        && let held = source_digest(state, synced)
        && held != Some(asked)
    {
        let have = held.map_or_else(|| "no digest".to_owned(), |held| held.to_string());
        unmet.push(plain("digest_mismatch", subject, &format!("the content {asked}"), &have));
    }
    let govern_item = governing_item(state, synced).and_then(|item| state.items.by_id.get(&item));
    match govern_item {
        Some(govern_item) => unmet.extend(unmet_review(state, subject, govern_item)),
        None => unmet.push(plain("not_governed", subject, "a govern item", "UNGOVERNED")),
    }
    unmet
}

fn unmet_review(state: &State, subject: &SyncKey, govern_item: &Item) -> Vec<Unmet> {
    let key = review_of(govern_item.id);
    let of_item = |unmet: Unmet| Unmet { item: Some(govern_item.id), ..unmet };
    let of_step = |unmet: Unmet| Unmet { step: Some(key.step.clone()), ..of_item(unmet) };
    let mut unmet = Vec::new();
    if govern_item.is_archived {
        unmet.push(of_item(plain("item_archived", subject, "a govern item that is not archived", "archived")));
    }
    let Some(signoff) = state.signoffs.by_step.get(&key) else {
        unmet.push(of_step(plain("no_review_signoff", subject, "a sign-off of the review", "no sign-off")));
        return unmet;
    };
    if signoff.status != Status::Approved {
        let missing = plain("signoff_not_approved", subject, Status::Approved.word(), signoff.status.word());
        unmet.push(with_people(state, signoff, of_step(missing)));
    } else if is_stale(state, signoff, govern_item.id) {
        let missing = plain("approval_stale", subject, "an approval of the present content", "approved other content");
        unmet.push(with_people(state, signoff, of_step(missing)));
    }
    unmet
}

/// An approval is bound to the content that was there when it was given; other content is not approved.
fn is_stale(state: &State, signoff: &Signoff, govern_item: ItemId) -> bool {
    let now = content_digest(state, govern_item);
    let mut approved = signoff.approvals.iter().filter(|approval| approval.status == ApprovalStatus::Approved);
    approved.any(|approval| approval.digest != now)
}

fn with_people(state: &State, signoff: &Signoff, unmet: Unmet) -> Unmet {
    let (who_can, groups) = who_is_next(state, signoff);
    Unmet { who_can, groups, ..unmet }
}

/// Who is entitled to the next step towards an approval, and the feedback groups among them.
fn who_is_next(state: &State, signoff: &Signoff) -> (Vec<Container>, Vec<FeedbackGroupId>) {
    let Some(configuration) = state.templates.configurations.get(&signoff.configured_at) else {
        return (Vec::new(), Vec::new());
    };
    let is_feedback_next =
        matches!(signoff.status, Status::NotStarted | Status::WaitingForFeedback) && !configuration.groups.is_empty();
    let delegated = signoff.delegations.iter().filter(|delegation| delegation.group.is_some() == is_feedback_next);
    let delegated = delegated.map(|delegation| delegation.to.clone());
    let (configured, groups): (Vec<Container>, _) = if is_feedback_next {
        let members = configuration.groups.iter().flat_map(|group| group.members.iter().cloned());
        (members.collect(), configuration.groups.iter().map(|group| group.id.clone()).collect())
    } else {
        (configuration.approvers.clone(), Vec::new())
    };
    let mut who_can: Vec<Container> = Vec::new();
    for container in configured.into_iter().chain(delegated) {
        if !who_can.contains(&container) {
            who_can.push(container);
        }
    }
    (who_can, groups)
}

fn review_of(govern_item: ItemId) -> SignoffKey {
    SignoffKey { item: govern_item, step: StepId::from(GATE_STEP) }
}

fn source_digest(state: &State, synced: ItemId) -> Option<Digest> {
    state.items.by_id.get(&synced)?.source.as_ref()?.digest
}

fn plain(code: &'static str, subject: &SyncKey, needs: &str, have: &str) -> Unmet {
    Unmet {
        code,
        subject: subject.clone(),
        item: None,
        step: None,
        needs: needs.into(),
        have: have.into(),
        who_can: Vec::new(),
        groups: Vec::new(),
    }
}
