use std::sync::Arc;

use super::Event;
use super::schedule::{expiry, next_due};
use super::state::{Approval, ApprovalStatus, Cycle, Delegation, GivenUp, Review, Signoff, SignoffKey, Status};
use crate::blueprint::Configuration;
use crate::ids::{ItemId, Position};
use crate::recorded::Recorded;
use crate::state::State;
use crate::time::Timestamp;
use crate::timer::Timer;

pub(crate) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    let (item, step) = event.step();
    let key = SignoffKey { item, step: step.clone() };
    if let Event::SignoffOpened { configured_at, .. } = event {
        open(state, key, *configured_at);
        return;
    }
    if let Event::ReviewSubmitted { review, .. } = event {
        state.signoffs.last_review = state.signoffs.last_review.max(review.0);
    }
    let Some(before) = state.signoffs.by_step.get(&key).cloned() else { return };
    let mut after = Signoff::clone(&before);
    let configured_at = match event {
        Event::SignoffReset { configured_at, .. } => *configured_at,
        _ => before.configured_at,
    };
    let configuration = state.templates.configurations.get(&configured_at).cloned().unwrap_or_default();
    apply(&mut after, recorded, event, &configuration);
    disarm(state, &key, &before);
    arm(state, &key, &after);
    state.signoffs.by_step.insert(key, Arc::new(after));
}

/// What is left of the sign-offs of an item that is deleted: nothing, and nothing falls due.
pub(crate) fn forget(state: &mut State, item: ItemId) {
    let keys: Vec<_> = super::of_item(state, item).map(|(key, _)| key.clone()).collect();
    for key in keys {
        if let Some(signoff) = state.signoffs.by_step.remove(&key) {
            disarm(state, &key, &signoff);
        }
    }
    let former: Vec<_> = super::former(state, item).map(|(key, _)| key.clone()).collect();
    for key in former {
        state.signoffs.former.remove(&key);
    }
}

/// The step left its item's template: what happened in its sign-off becomes history, and nothing falls due.
pub(crate) fn retire(state: &mut State, key: SignoffKey, at: Timestamp) {
    let Some(signoff) = state.signoffs.by_step.remove(&key) else { return };
    disarm(state, &key, &signoff);
    let mut history = signoff.history.clone();
    if signoff.status != Status::NotStarted || !signoff.reviews.is_empty() {
        history.push(Arc::new(Cycle {
            cycle: signoff.cycle,
            status: signoff.status,
            configured_at: signoff.configured_at,
            reviews: signoff.reviews.clone(),
            approvals: signoff.approvals.clone(),
            ended_at: at,
        }));
    }
    if !history.is_empty() {
        state.signoffs.former.insert(key, history);
    }
}

fn open(state: &mut State, key: SignoffKey, configured_at: Position) {
    if state.signoffs.by_step.contains_key(&key) {
        return;
    }
    let recurrence = state.templates.configurations.get(&configured_at).and_then(|found| found.recurrence);
    let history = state.signoffs.former.remove(&key).unwrap_or_default();
    let signoff = Signoff {
        status: Status::NotStarted,
        before_abandon: None,
        given_up: None,
        cycle: history.iter().map(|earlier| earlier.cycle).max().map_or(1, |last| last.saturating_add(1)),
        configured_at,
        requesters: Vec::new(),
        reviews: Vec::new(),
        approvals: Vec::new(),
        delegations: Vec::new(),
        recurrence,
        approved_at: None,
        reset_due: None,
        expires_at: None,
        history,
    };
    state.signoffs.by_step.insert(key, Arc::new(signoff));
}

fn apply(signoff: &mut Signoff, recorded: &Recorded, event: &Event, configuration: &Configuration) {
    let at = recorded.recorded_at;
    match event {
        Event::SignoffOpened { .. } => {}
        Event::FeedbackRequested { .. } => request(signoff, recorded, Status::WaitingForFeedback),
        Event::ApprovalRequested { .. } => request(signoff, recorded, Status::WaitingForApproval),
        Event::ReviewSubmitted { .. } | Event::ReviewEdited { .. } | Event::ReviewDeleted { .. } => {
            apply_review(signoff, recorded, event);
        }
        Event::ReviewDelegated { group, to, .. } => {
            let group = Some(group.clone());
            signoff.delegations.push(Delegation { group, to: to.clone(), by: recorded.actor.clone() });
        }
        Event::ApprovalDelegated { to, .. } => {
            signoff.delegations.push(Delegation { group: None, to: to.clone(), by: recorded.actor.clone() });
        }
        Event::ReturnedToFeedback { .. } => {
            set_approvals_aside(signoff, at);
            signoff.status = Status::WaitingForFeedback;
        }
        Event::ApprovalSubmitted { is_settled, .. }
        | Event::ApprovalEdited { is_settled, .. }
        | Event::ApprovalWithdrawn { is_settled, .. } => {
            apply_approval(signoff, recorded, event);
            settle(signoff, *is_settled, at, configuration);
        }
        Event::ApprovalExpired { .. } => {
            set_approvals_aside(signoff, at);
            settle(signoff, false, at, configuration);
        }
        Event::SignoffAbandoned { comment, is_decision, .. } => {
            if signoff.status != Status::Abandoned {
                signoff.before_abandon = Some(signoff.status);
                signoff.status = Status::Abandoned;
                let (author, comment) = (recorded.actor.clone(), comment.clone());
                signoff.given_up = is_decision.then_some(GivenUp { author, comment, at });
            }
        }
        Event::AbandonCancelled { .. } => {
            signoff.given_up = None;
            signoff.status = signoff.before_abandon.take().unwrap_or(signoff.status);
            // What fell due while the sign-off was not approved is dropped.
            signoff.reset_due = signoff.reset_due.filter(|due| *due > at);
        }
        Event::SignoffReset { is_reloaded, configured_at, .. } => {
            reset(signoff, *is_reloaded, *configured_at, at, configuration);
        }
        Event::ResetScheduled { recurrence, .. } => {
            signoff.recurrence = *recurrence;
            signoff.reset_due = reset_due(signoff);
        }
    }
}

fn request(signoff: &mut Signoff, recorded: &Recorded, status: Status) {
    signoff.status = status;
    if !signoff.requesters.contains(&recorded.actor) {
        signoff.requesters.push(recorded.actor.clone());
    }
}

fn apply_review(signoff: &mut Signoff, recorded: &Recorded, event: &Event) {
    let at = recorded.recorded_at;
    match event {
        Event::ReviewSubmitted { review, group, status, comment, .. } => signoff.reviews.push(Review {
            id: *review,
            group: group.clone(),
            author: recorded.actor.clone(),
            via: recorded.via,
            status: *status,
            comment: comment.clone(),
            at,
        }),
        Event::ReviewEdited { review, status, comment, .. } => {
            if let Some(found) = signoff.reviews.iter_mut().find(|found| found.id == *review) {
                found.status = *status;
                found.comment.clone_from(comment);
                found.via = recorded.via;
                found.at = at;
            }
        }
        Event::ReviewDeleted { review, .. } => signoff.reviews.retain(|found| found.id != *review),
        _ => {}
    }
}

fn apply_approval(signoff: &mut Signoff, recorded: &Recorded, event: &Event) {
    let at = recorded.recorded_at;
    match event {
        Event::ApprovalSubmitted { status, comment, through, digest, .. } => {
            signoff.approvals.retain(|found| found.author != recorded.actor);
            signoff.approvals.push(Approval {
                author: recorded.actor.clone(),
                via: recorded.via,
                status: *status,
                comment: comment.clone(),
                at,
                digest: *digest,
                through: through.clone(),
            });
        }
        Event::ApprovalEdited { status, comment, digest, .. } => {
            if let Some(found) = signoff.approvals.iter_mut().find(|found| found.author == recorded.actor) {
                found.status = *status;
                found.comment.clone_from(comment);
                found.digest = *digest;
                found.via = recorded.via;
                found.at = at;
            }
        }
        Event::ApprovalWithdrawn { .. } => signoff.approvals.retain(|found| found.author != recorded.actor),
        _ => {}
    }
}

/// One rejection rejects; else what stands approves when it is enough, and waits when it is not.
fn settle(signoff: &mut Signoff, is_settled: bool, at: Timestamp, configuration: &Configuration) {
    let is_rejected = signoff.approvals.iter().any(|approval| approval.status == ApprovalStatus::Rejected);
    let status = match (is_settled, is_rejected) {
        (false, _) => Status::WaitingForApproval,
        (true, true) => Status::Rejected,
        (true, false) => Status::Approved,
    };
    // A changed comment does not prolong an approval.
    let is_still_approved = status == Status::Approved && signoff.status == Status::Approved;
    signoff.status = status;
    if is_still_approved {
        return;
    }
    signoff.approved_at = (status == Status::Approved).then_some(at);
    signoff.reset_due = reset_due(signoff);
    signoff.expires_at = signoff.approved_at.and_then(|from| expiry(from, configuration.expires_after_millis));
}

fn reset_due(signoff: &Signoff) -> Option<Timestamp> {
    signoff.approved_at.zip(signoff.recurrence.as_ref()).and_then(|(from, recurrence)| next_due(from, recurrence))
}

/// Partial, and expired, approvals leave the cycle but stay readable.
fn set_approvals_aside(signoff: &mut Signoff, at: Timestamp) {
    if signoff.approvals.is_empty() {
        return;
    }
    let cycle = Cycle {
        cycle: signoff.cycle,
        status: signoff.status,
        configured_at: signoff.configured_at,
        reviews: Vec::new(),
        approvals: std::mem::take(&mut signoff.approvals),
        ended_at: at,
    };
    signoff.history.push(Arc::new(cycle));
}

fn reset(signoff: &mut Signoff, is_reloaded: bool, configured_at: Position, at: Timestamp, fresh: &Configuration) {
    let cycle = Cycle {
        cycle: signoff.cycle,
        status: signoff.status,
        configured_at: signoff.configured_at,
        reviews: std::mem::take(&mut signoff.reviews),
        approvals: std::mem::take(&mut signoff.approvals),
        ended_at: at,
    };
    signoff.history.push(Arc::new(cycle));
    signoff.status = Status::NotStarted;
    signoff.before_abandon = None;
    signoff.given_up = None;
    signoff.cycle = signoff.cycle.saturating_add(1);
    signoff.configured_at = configured_at;
    signoff.requesters.clear();
    signoff.approved_at = None;
    signoff.reset_due = None;
    signoff.expires_at = None;
    if is_reloaded {
        signoff.delegations.clear();
        // A recurrence that was scheduled by hand and reloads would otherwise end itself at its first turn.
        signoff.recurrence = fresh.recurrence.or(signoff.recurrence);
    }
}

// INVARIANT (armed-while-approved): a timer exists exactly while its sign-off is approved and the due time stands in
// it. Withdrawing, reset and abandon thereby cancel timers, and cancelling an abandonment brings them back.
fn armed(key: &SignoffKey, signoff: &Signoff) -> impl Iterator<Item = (Timestamp, Timer)> {
    let is_approved = signoff.status == Status::Approved;
    let reset = signoff.reset_due.map(|due| (due, Timer::Reset(key.clone())));
    let expiry = signoff.expires_at.map(|due| (due, Timer::Expiry(key.clone())));
    [reset, expiry].into_iter().flatten().filter(move |_| is_approved)
}

fn arm(state: &mut State, key: &SignoffKey, signoff: &Signoff) {
    for (due, timer) in armed(key, signoff) {
        state.timers.set(due, timer);
    }
}

fn disarm(state: &mut State, key: &SignoffKey, signoff: &Signoff) {
    for (due, timer) in armed(key, signoff) {
        state.timers.cancel(due, timer);
    }
}
