//! What waits for whom: sign-offs in which somebody's review or approval is asked for.

use countersign_core::access::may::is_in;
use countersign_core::artifact::Event as ItemEvent;
use countersign_core::blueprint::Container;
use countersign_core::ids::{Digest, FeedbackGroupId, ItemId, Position};
use countersign_core::signoff::{Signoff, SignoffKey, Status};
use countersign_core::{Event, Principal, Recorded, State};
use imbl::{OrdMap, OrdSet};

use crate::projection::{Projection, Rows};
use crate::readable::Plan;

/// Every sign-off that waits, and since when. Who it waits for is asked of the state, since membership changes
/// without any event of the sign-off.
#[derive(Debug, Clone, Default)]
pub struct Inbox {
    waiting: OrdMap<SignoffKey, Waiting>,
    by_age: OrdSet<(Position, SignoffKey)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Waiting {
    status: Status,
    since: Position,
}

/// One thing that waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub signoff: SignoffKey,
    /// For what.
    pub ask: Ask,
    /// The event that asked.
    pub since: Position,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A review, in these groups; those in which one has reviewed already are left out.
    Feedback(Vec<FeedbackGroupId>),
    /// The final approval.
    Approval,
}

impl Inbox {
    /// What waits for a principal, longest waiting first.
    #[must_use]
    pub fn of(&self, state: &State, principal: &Principal) -> Vec<Entry> {
        self.waiting_for(state, principal, None, Position::ZERO).collect()
    }

    /// What waits for a principal since after a position, longest waiting first; the plan is the principal's own and
    /// spares most of the looking.
    pub fn waiting_for<'a>(
        &'a self,
        state: &'a State,
        principal: &'a Principal,
        plan: Option<&'a Plan>,
        after: Position,
    ) -> impl Iterator<Item = Entry> + 'a {
        let first = SignoffKey { item: ItemId(0), step: "".into() };
        self.by_age.range((after.next(), first)..).filter_map(move |(since, key)| {
            let item = state.items.by_id.get(&key.item).filter(|item| !item.is_archived)?;
            plan.is_none_or(|plan| plan.could_be_asked(item.id, &item.template.blueprint)).then_some(())?;
            let signoff = state.signoffs.by_step.get(key)?;
            let ask = ask(state, signoff, self.waiting.get(key)?.status, principal, item.id)?;
            Some(Entry { signoff: key.clone(), ask, since: *since })
        })
    }

    /// How many sign-offs wait, whoever for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits for anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

fn ask(state: &State, signoff: &Signoff, status: Status, principal: &Principal, item: ItemId) -> Option<Ask> {
    let configuration = state.templates.configurations.get(&signoff.configured_at)?;
    let holds = |container: &Container| is_in(state, container, principal, item);
    let is_delegated = |group: Option<&FeedbackGroupId>| {
        signoff.delegations.iter().any(|delegation| delegation.group.as_ref() == group && holds(&delegation.to))
    };
    if status == Status::WaitingForFeedback {
        let groups: Vec<FeedbackGroupId> = configuration
            .groups
            .iter()
            .filter(|group| group.members.iter().any(holds) || is_delegated(Some(&group.id)))
            .filter(|group| {
                !signoff.reviews.iter().any(|review| review.group == group.id && review.author == *principal)
            })
            .map(|group| group.id.clone())
            .collect();
        return (!groups.is_empty()).then_some(Ask::Feedback(groups));
    }
    let may_approve = configuration.approvers.iter().any(holds) || is_delegated(None);
    let has_approved = signoff.approvals.iter().any(|approval| approval.author == *principal);
    (may_approve && !has_approved).then_some(Ask::Approval)
}

impl Projection for Inbox {
    const NAME: &'static str = "inbox";
    const REVISION: u32 = 1;

    fn apply(&mut self, event: &Recorded, state: &State) {
        match &event.event {
            Event::Signoff(signoff) => {
                let (item, step) = signoff.step();
                let key = SignoffKey { item, step: step.clone() };
                self.refresh(key, event.position, state);
            }
            // With an item go its sign-offs, with another template some of them.
            Event::Item(ItemEvent::ItemDeleted { item } | ItemEvent::ItemMigrated { item, .. }) => {
                let gone: Vec<SignoffKey> = self.waiting.keys().filter(|key| key.item == *item).cloned().collect();
                for key in gone {
                    self.refresh(key, event.position, state);
                }
            }
            _ => {}
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for row in &self.waiting {
            rows.row(&row);
        }
        rows.digest()
    }
}

impl Inbox {
    fn refresh(&mut self, key: SignoffKey, position: Position, state: &State) {
        let status = state
            .signoffs
            .by_step
            .get(&key)
            .map(|signoff| signoff.status)
            .filter(|status| matches!(status, Status::WaitingForFeedback | Status::WaitingForApproval))
            .filter(|_| state.items.by_id.contains_key(&key.item));
        let before = self.waiting.get(&key).copied();
        if before.map(|before| before.status) == status {
            return;
        }
        if let Some(before) = before {
            self.by_age.remove(&(before.since, key.clone()));
        }
        match status {
            None => drop(self.waiting.remove(&key)),
            Some(status) => {
                self.by_age.insert((position, key.clone()));
                self.waiting.insert(key, Waiting { status, since: position });
            }
        }
    }
}
