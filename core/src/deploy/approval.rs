//! Whether one synced item is approved, and what is missing when it is not.

use super::demand;
use super::gate::Unmet;
use super::stage::Effective;
use super::who::Next;
use crate::artifact::Item;
use crate::artifact::govern::{governing_item, sources};
use crate::ids::{BlueprintId, Digest, FeedbackGroupId, ItemId, StepId};
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
pub(super) fn unmet_of(state: &State, demands: &[Effective], subject: &SyncKey, digest: Option<Digest>) -> Vec<Unmet> {
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
        None => {
            let blueprint = subject.object.govern_blueprint().map(BlueprintId::from);
            let next = blueprint.map_or(Next::NodesWord, Next::Govern);
            unmet.push(Unmet { next, ..plain("not_governed", subject, "a govern item", "UNGOVERNED") });
        }
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
        unmet.push(Unmet { item: Some(govern_item.id), next: Next::Change(govern_item.id), ..missing });
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
        let next = if is_configured(state, govern_item, step) { Next::Change(govern_item.id) } else { Next::Configure };
        return Some(of_step(Unmet { next, ..plain("no_review_signoff", subject, &needs, "no sign-off") }));
    };
    let missing = if signoff.status == Status::Approved {
        stale_content(state, signoff, govern_item.id)?;
        plain("approval_stale", subject, "an approval of the present content", "approved other content")
    } else {
        plain("signoff_not_approved", subject, Status::Approved.word(), signoff.status.word())
    };
    let (next, groups) = next_step(state, key, signoff);
    Some(of_step(Unmet { next, groups, ..missing }))
}

fn is_configured(state: &State, govern_item: &Item, step: &StepId) -> bool {
    state.templates.version(&govern_item.template).is_some_and(|version| version.configured.contains_key(step))
}

/// The next step towards an approval, and the feedback groups to ask while feedback is to come.
fn next_step(state: &State, key: SignoffKey, signoff: &Signoff) -> (Next, Vec<FeedbackGroupId>) {
    let configuration = state.templates.configurations.get(&signoff.configured_at);
    let groups = || {
        let groups = configuration.into_iter().flat_map(|configuration| &configuration.groups);
        groups.map(|group| group.id.clone()).collect()
    };
    match signoff.status {
        Status::NotStarted => (Next::Change(key.item), groups()),
        Status::WaitingForFeedback => (Next::Feedback(key), groups()),
        Status::WaitingForApproval => (Next::Approve(key), Vec::new()),
        Status::Approved | Status::Rejected | Status::Abandoned => (Next::Change(key.item), Vec::new()),
    }
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
        next: Next::NodesWord,
        groups: Vec::new(),
        is_overridden: false,
    }
}
