//! What is to be told to whom by mail: derived from each event and from who was subscribed when it happened. Whether
//! it has been told is not known here: delivery keeps cursors of its own, so that a rebuild repeats no mail.

use std::ops::Bound;
use std::sync::Arc;

use countersign_core::access::may::{Action, Subject, allows};
use countersign_core::blueprint::Container;
use countersign_core::ids::{Digest, ItemId, Position, UserId};
use countersign_core::signoff::Event as Signoff;
use countersign_core::subscription::subscribers;
use countersign_core::{Event, Principal, Recorded, State};
use imbl::OrdMap;

use crate::projection::{Projection, Rows};

/// Who is told of which event.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    letters: OrdMap<Position, Arc<[UserId]>>,
}

impl Outbox {
    /// The first event after a position that is told to anybody, and to whom.
    #[must_use]
    pub fn next_after(&self, position: Position) -> Option<(Position, &Arc<[UserId]>)> {
        let after = (Bound::Excluded(position), Bound::Unbounded);
        self.letters.range(after).next().map(|(position, to)| (*position, to))
    }
}

/// Who is told of an event by mail, `state` being the state after it: in order, each once, never the one who did it,
/// and only people who may read the item.
#[must_use]
pub fn addressees(recorded: &Recorded, state: &State) -> Vec<UserId> {
    let Event::Signoff(event) = &recorded.event else { return Vec::new() };
    let item = event.step().0;
    let mut told = meant(event, item, state);
    told.sort_unstable();
    told.dedup();
    told.retain(|user| recorded.actor != Principal::User(*user) && may_be_told(state, *user, item));
    told
}

/// Whether mail about an item may go to a person: enabled, and allowed to read it.
#[must_use]
pub fn may_be_told(state: &State, user: UserId, item: ItemId) -> bool {
    allows(state, &Principal::User(user), Action::Read, Subject::Item(item))
}

fn meant(event: &Signoff, item: ItemId, state: &State) -> Vec<UserId> {
    match event {
        Signoff::FeedbackRequested { notify, .. } | Signoff::ApprovalRequested { notify, .. } => {
            notify.iter().map(|notified| notified.user).collect()
        }
        Signoff::ReviewDelegated { to, .. } | Signoff::ApprovalDelegated { to, .. } => match to {
            Container::User(user) => vec![*user],
            Container::Group(_) | Container::Role(_) | Container::Key(_) => Vec::new(),
        },
        // Another comment alone is no news.
        Signoff::ReviewEdited { old_status, status, .. } if old_status == status => Vec::new(),
        Signoff::ApprovalEdited { old_status, status, .. } if old_status == status => Vec::new(),
        Signoff::ReviewSubmitted { .. }
        | Signoff::ReviewEdited { .. }
        | Signoff::ApprovalSubmitted { .. }
        | Signoff::ApprovalEdited { .. }
        | Signoff::ApprovalWithdrawn { .. }
        | Signoff::SignoffAbandoned { .. }
        | Signoff::AbandonCancelled { .. }
        | Signoff::SignoffReset { .. }
        | Signoff::ResetScheduled { .. } => subscribers(state, item),
        Signoff::SignoffOpened { .. }
        | Signoff::ReviewDeleted { .. }
        | Signoff::ReturnedToFeedback { .. }
        | Signoff::ApprovalExpired { .. } => Vec::new(),
    }
}

impl Projection for Outbox {
    const NAME: &'static str = "outbox";
    const REVISION: u32 = 1;

    fn apply(&mut self, event: &Recorded, state: &State) {
        let told = addressees(event, state);
        if !told.is_empty() {
            self.letters.insert(event.position, told.into());
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for row in &self.letters {
            rows.row(&row);
        }
        rows.digest()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use countersign_core::signoff::{Action, ApprovalStatus, Notified, Notify, ReviewStatus};
    use countersign_core::testing::World;
    use countersign_core::{access, subscription};

    use super::*;
    use crate::story::{Cast, act, last, states, story};

    /// Whom the last event of that name is told to, by login.
    fn told(world: &World, name: &str) -> Vec<String> {
        let position = last(world, name);
        let mut outbox = Outbox::default();
        for (event, state) in states(&world.log) {
            outbox.apply(&event, &state);
        }
        let before = Position(position.0 - 1);
        let letter = outbox.next_after(before).filter(|(at, _)| *at == position);
        let people = letter.map(|(_, to)| to.to_vec()).unwrap_or_default();
        people.iter().map(|user| world.state.access.users.get(user).unwrap().login.shown().to_owned()).collect()
    }

    /// The story after another reset: `ana` reviewed and `bo` decided in earlier cycles, so both are subscribed.
    fn again() -> (World, Cast) {
        let (mut world, cast) = story();
        let admin = world.admin();
        act(&mut world, cast.govern_v2, &admin, Action::Abandon { comment: None });
        act(&mut world, cast.govern_v2, &admin, Action::Reset { reload: false });
        (world, cast)
    }

    #[test]
    fn a_request_is_told_to_those_whom_it_names_and_to_nobody_when_it_names_nobody() {
        let (mut world, cast) = again();
        let (admin, ana) = (world.admin(), world.user("ana"));
        let named = vec![Notified { user: ana, group: Some("business".into()) }];
        let notify = Notify::These(named);
        act(&mut world, cast.govern_v2, &admin, Action::RequestFeedback { notify });
        assert_eq!(told(&world, "FeedbackRequested"), ["ana"]);
        act(&mut world, cast.govern_v2, &admin, Action::RequestApproval { notify: Notify::These(Vec::new()) });
        assert!(told(&world, "ApprovalRequested").is_empty());
    }

    #[test]
    fn what_happens_is_told_to_subscribers_but_not_to_who_did_it() {
        let (mut world, cast) = again();
        assert_eq!(told(&world, "SignoffReset"), ["ana", "bo"]);
        assert_eq!(told(&world, "SignoffAbandoned"), ["ana", "bo"]);
        let (admin, bo) = (world.admin(), world.principal("bo"));
        act(&mut world, cast.govern_v2, &admin, Action::RequestApproval { notify: Notify::Stage });
        assert_eq!(told(&world, "ApprovalRequested"), ["bo"]);
        let decide = Action::SubmitApproval { status: ApprovalStatus::Rejected, comment: None };
        act(&mut world, cast.govern_v2, &bo, decide);
        assert_eq!(told(&world, "ApprovalSubmitted"), ["ana"]);
        act(&mut world, cast.govern_v2, &bo, Action::WithdrawApproval);
        assert_eq!(told(&world, "ApprovalWithdrawn"), ["ana"]);
    }

    #[test]
    fn an_edit_is_told_only_when_the_status_changes() {
        let (mut world, cast) = again();
        let (admin, ana, bo) = (world.admin(), world.principal("ana"), world.principal("bo"));
        act(&mut world, cast.govern_v2, &admin, Action::RequestFeedback { notify: Notify::Stage });
        let submit = Action::SubmitReview { group: "business".into(), status: ReviewStatus::MinorIssue, comment: None };
        act(&mut world, cast.govern_v2, &ana, submit);
        assert_eq!(told(&world, "ReviewSubmitted"), ["bo"]);
        let review = countersign_core::ids::ReviewId(world.state.signoffs.last_review);
        let edit = |status, comment: &str| Action::EditReview { review, status, comment: Some(comment.into()) };
        act(&mut world, cast.govern_v2, &ana, edit(ReviewStatus::MinorIssue, "a word more"));
        assert!(told(&world, "ReviewEdited").is_empty());
        act(&mut world, cast.govern_v2, &ana, edit(ReviewStatus::Approved, "solved"));
        assert_eq!(told(&world, "ReviewEdited"), ["bo"]);
        act(&mut world, cast.govern_v2, &admin, Action::RequestApproval { notify: Notify::Stage });
        let status = ApprovalStatus::Rejected;
        act(&mut world, cast.govern_v2, &bo, Action::SubmitApproval { status, comment: None });
        act(&mut world, cast.govern_v2, &bo, Action::EditApproval { status, comment: Some("why".into()) });
        assert!(told(&world, "ApprovalEdited").is_empty());
    }

    #[test]
    fn a_delegation_is_told_to_whom_it_names_and_never_to_the_disabled_or_unsubscribed() {
        let (mut world, cast) = again();
        let (admin, bo, cy) = (world.admin(), world.principal("bo"), world.user("cy"));
        act(&mut world, cast.govern_v2, &admin, Action::RequestApproval { notify: Notify::Stage });
        act(&mut world, cast.govern_v2, &bo, Action::Delegate { group: None, to: cy });
        assert_eq!(told(&world, "ApprovalDelegated"), ["cy"]);
        let ana = world.user("ana");
        world.run(&admin, access::Command::DisableUser { user: ana });
        world.run(&bo, subscription::Command::Unsubscribe { item: cast.govern_v2 });
        act(&mut world, cast.govern_v2, &admin, Action::Abandon { comment: None });
        assert!(told(&world, "SignoffAbandoned").is_empty());
    }
}
