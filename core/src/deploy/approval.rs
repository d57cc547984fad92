//! Whether one synced item is approved, and what is missing when it is not.

use super::demand::{self, Demand};
use super::gate::Unmet;
use crate::artifact::Item;
use crate::artifact::govern::{governing_item, sources};
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
    /// Of the review's sign-off; none when ungoverned, NOT_STARTED when governed without a sign-off.
    pub status: Option<Status>,
    /// Of the sign-off; 0 without one.
    pub cycle: u32,
    /// What the verdict is about: the approved content while approved, else what is synced now.
    pub digest: Option<Digest>,
    /// Approved, and other content is synced by now.
    pub is_stale: bool,
}

/// The verdict on a synced item as it stands.
#[must_use]
pub fn verdict_of(state: &State, synced: ItemId) -> ApprovalVerdict {
    let govern_item = governing_item(state, synced);
    let signoff = govern_item.and_then(|item| state.signoffs.by_step.get(&review_of(item)));
    let stale = govern_item.zip(signoff).and_then(|(item, signoff)| stale_content(state, signoff, item));
    ApprovalVerdict {
        item: synced,
        govern_item,
        status: govern_item.map(|_| signoff.map_or(Status::NotStarted, |signoff| signoff.status)),
        cycle: signoff.map_or(0, |signoff| signoff.cycle),
        digest: stale.unwrap_or_else(|| source_digest(state, synced)),
        is_stale: stale.is_some(),
    }
}

/// The content that was approved, when the one synced by now is another: an approval stays bound to what was approved,
/// whatever the node has made of it since, so that nobody takes new content for approved.
fn stale_content(state: &State, signoff: &Signoff, govern_item: ItemId) -> Option<Option<Digest>> {
    if signoff.status != Status::Approved {
        return None;
    }
    let now = content_digest(state, govern_item);
    let approved = signoff.approvals.iter().filter(|approval| approval.status == ApprovalStatus::Approved);
    let stale = approved.map(|approval| approval.digest).find(|digest| *digest != now)?;
    // Of several sources together, one digest says nothing about each.
    let sources = state.items.by_id.get(&govern_item).map_or(0, |item| sources(item).count());
    Some(stale.filter(|_| sources == 1))
}

/// Everything that keeps one subject from being approved.
pub(super) fn unmet_of(state: &State, demands: &[Demand], subject: &SyncKey, digest: Option<Digest>) -> Vec<Unmet> {
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
    if let Some(synced) = state.items.by_id.get(&synced) {
        unmet.extend(demand::unmet_of(state, demands, synced, govern_item.map(|item| &**item)));
    }
    unmet
}

fn unmet_review(state: &State, subject: &SyncKey, govern_item: &Item) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    if govern_item.is_archived {
        let missing = plain("item_archived", subject, "a govern item that is not archived", "archived");
        unmet.push(Unmet { item: Some(govern_item.id), ..missing });
    }
    unmet.extend(unmet_signoff(state, subject, govern_item, &StepId::from(GATE_STEP)));
    unmet
}

/// What keeps the sign-off of one step from being an approval of the present content.
pub(super) fn unmet_signoff(state: &State, subject: &SyncKey, govern_item: &Item, step: &StepId) -> Option<Unmet> {
    let of_step = |unmet: Unmet| Unmet { item: Some(govern_item.id), step: Some(step.clone()), ..unmet };
    let key = SignoffKey { item: govern_item.id, step: step.clone() };
    let Some(signoff) = state.signoffs.by_step.get(&key) else {
        let needs = format!("a sign-off of the step {step}");
        return Some(of_step(plain("no_review_signoff", subject, &needs, "no sign-off")));
    };
    if signoff.status != Status::Approved {
        let missing = plain("signoff_not_approved", subject, Status::Approved.word(), signoff.status.word());
        return Some(with_people(state, signoff, of_step(missing)));
    }
    stale_content(state, signoff, govern_item.id)?;
    let missing = plain("approval_stale", subject, "an approval of the present content", "approved other content");
    Some(with_people(state, signoff, of_step(missing)))
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

pub(super) fn plain(code: &'static str, subject: &SyncKey, needs: &str, have: &str) -> Unmet {
    Unmet {
        code,
        subject: subject.clone(),
        item: None,
        step: None,
        needs: needs.into(),
        have: have.into(),
        who_can: Vec::new(),
        groups: Vec::new(),
        is_overridden: false,
    }
}
