//! Sign-offs.

use super::Source;
use crate::event::Event;
use crate::ids::{ItemId, Position, ReviewId, UserId};
use crate::signoff::{ApprovalStatus, Event as Signoff, Notified, ReviewStatus};

const REVIEWS: [ReviewStatus; 3] = [ReviewStatus::Approved, ReviewStatus::MinorIssue, ReviewStatus::MajorIssue];
const APPROVALS: [ApprovalStatus; 2] = [ApprovalStatus::Approved, ApprovalStatus::Rejected];

fn notified(s: &mut Source) -> Notified {
    Notified { user: UserId(s.u32()), group: s.opt(Source::id) }
}

pub(super) fn event(number: u16, s: &mut Source) -> Event {
    let item = ItemId(s.u32());
    let step = s.id();
    Event::Signoff(match number {
        0x0301 => Signoff::SignoffOpened { item, step, configured_at: Position(s.u64()) },
        0x0302 => Signoff::FeedbackRequested { item, step, notify: s.vec(notified) },
        0x0303 => Signoff::ReviewSubmitted {
            item,
            step,
            review: ReviewId(s.u32()),
            group: s.id(),
            status: s.one_of(&REVIEWS),
            comment: s.opt(Source::personal),
            through: s.vec(Source::container),
        },
        0x0304 => Signoff::ReviewEdited {
            item,
            step,
            review: ReviewId(s.u32()),
            old_status: s.one_of(&REVIEWS),
            status: s.one_of(&REVIEWS),
            comment: s.opt(Source::personal),
        },
        0x0305 => Signoff::ReviewDeleted { item, step, review: ReviewId(s.u32()) },
        0x0306 => Signoff::ReviewDelegated { item, step, group: s.id(), to: s.container() },
        0x0307 => Signoff::ApprovalRequested { item, step, notify: s.vec(notified) },
        0x0308 => Signoff::ReturnedToFeedback { item, step },
        0x0309 => Signoff::ApprovalSubmitted {
            item,
            step,
            status: s.one_of(&APPROVALS),
            comment: s.opt(Source::personal),
            through: s.vec(Source::container),
            digest: s.opt(Source::digest),
            is_settled: s.bool(),
        },
        0x030a => Signoff::ApprovalEdited {
            item,
            step,
            old_status: s.one_of(&APPROVALS),
            status: s.one_of(&APPROVALS),
            comment: s.opt(Source::personal),
            digest: s.opt(Source::digest),
            is_settled: s.bool(),
        },
        0x030b => Signoff::ApprovalWithdrawn { item, step, is_settled: s.bool() },
        0x030c => Signoff::ApprovalExpired { item, step, due: s.time() },
        0x030d => Signoff::ApprovalDelegated { item, step, to: s.container() },
        0x030e => Signoff::SignoffAbandoned { item, step, comment: s.opt(Source::personal), is_decision: s.bool() },
        0x030f => Signoff::AbandonCancelled { item, step },
        0x0310 => Signoff::SignoffReset {
            item,
            step,
            is_reloaded: s.bool(),
            configured_at: Position(s.u64()),
            due: s.opt(Source::time),
        },
        0x0311 => Signoff::ResetScheduled { item, step, recurrence: s.opt(Source::recurrence) },
        _ => panic!("no sample of event {number:#06x}"),
    })
}
