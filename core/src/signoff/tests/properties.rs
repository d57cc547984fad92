//! What holds after any sequence of wishes of anybody.

use proptest::prelude::*;

use super::fixture::{
    ADMIN, APPROVER, EVERYTHING, NOBODY, REVIEWER, SECOND, WRITER, command, configuration, configured, key, months,
    signoff,
};
use crate::context::Principal;
use crate::decide::handle;
use crate::evolve::evolve;
use crate::ids::ReviewId;
use crate::signoff::{Action, ApprovalStatus, Notify, ReviewStatus, Signoff, Status, allowed};
use crate::testing::World;

const WISHES_MAX: usize = 40;

fn actions() -> impl Strategy<Value = Action> {
    let review = prop_oneof![Just(ReviewStatus::Approved), Just(ReviewStatus::MajorIssue)];
    let approval = || prop_oneof![3 => Just(ApprovalStatus::Approved), 1 => Just(ApprovalStatus::Rejected)];
    let comment = || prop_oneof![Just(None), Just(Some("a".into()))];
    prop_oneof![
        1 => Just(Action::RequestFeedback { notify: Notify::Stage }),
        3 => Just(Action::RequestApproval { notify: Notify::Stage }),
        1 => (review.clone(), comment()).prop_map(|(status, comment)| Action::SubmitReview {
            group: "business".into(),
            status,
            comment
        }),
        1 => (1..4_u32, review).prop_map(|(id, status)| Action::EditReview { review: ReviewId(id), status, comment: None }),
        1 => (1..4_u32).prop_map(|id| Action::DeleteReview { review: ReviewId(id) }),
        1 => (any::<bool>(), 1..10_u32).prop_map(|(of_review, to)| Action::Delegate {
            group: of_review.then(|| "business".into()),
            to: crate::ids::UserId(to)
        }),
        1 => Just(Action::ReturnToFeedback),
        4 => (approval(), comment()).prop_map(|(status, comment)| Action::SubmitApproval { status, comment }),
        1 => Just(Action::AbandonAsApprover { comment: None }),
        2 => (approval(), comment()).prop_map(|(status, comment)| Action::EditApproval { status, comment }),
        1 => Just(Action::WithdrawApproval),
        1 => Just(Action::Abandon { comment: None }),
        2 => Just(Action::CancelAbandon),
        1 => any::<bool>().prop_map(|reload| Action::Reset { reload }),
        1 => Just(Action::ScheduleReset { recurrence: Some(months(1, true)) }),
    ]
}

fn wishes() -> impl Strategy<Value = Vec<(&'static str, Action)>> {
    let people = prop::sample::select(vec![
        WRITER, REVIEWER, APPROVER, SECOND, ADMIN, EVERYTHING, EVERYTHING, EVERYTHING, NOBODY,
    ]);
    prop::collection::vec((people, actions()), 1..WISHES_MAX)
}

fn world(approvals_needed: u32) -> World {
    let mut configuration = configuration();
    configuration.approvals_needed = approvals_needed;
    configuration.recurrence = Some(months(1, false));
    configuration.expires_after_millis = Some(i64::from(u32::MAX));
    configured(configuration)
}

/// Fails unless a step from `before` to `after` is one that the table has.
fn check_step(before: &Signoff, after: &Signoff) -> Result<(), TestCaseError> {
    let is_waiting = matches!(before.status, Status::WaitingForFeedback | Status::WaitingForApproval);
    prop_assert!(!(is_waiting && after.status == Status::NotStarted), "waiting never goes back to not started");
    prop_assert!(
        after.cycle == before.cycle || (after.cycle == before.cycle + 1 && after.status == Status::NotStarted)
    );
    prop_assert!(after.history.len() >= before.history.len(), "history is never lost");
    Ok(())
}

fn check_approval(signoff: &Signoff, needed: u32) -> Result<(), TestCaseError> {
    let rejections = signoff.approvals.iter().filter(|found| found.status == ApprovalStatus::Rejected).count();
    let approvals = signoff.approvals.len() - rejections;
    match signoff.status {
        Status::Approved => {
            prop_assert!(rejections == 0 && approvals >= needed as usize, "approved by enough");
            prop_assert!(signoff.approvals.iter().all(|approval| !approval.through.is_empty()), "by the entitled");
        }
        Status::Rejected => prop_assert!(rejections > 0),
        Status::WaitingForApproval => prop_assert!(rejections == 0 && approvals < needed as usize),
        Status::NotStarted => prop_assert!(signoff.reviews.is_empty() && signoff.approvals.is_empty()),
        Status::WaitingForFeedback => prop_assert!(signoff.approvals.is_empty()),
        Status::Abandoned => prop_assert!(signoff.before_abandon.is_some_and(|before| before != Status::Abandoned)),
    }
    let mut authors: Vec<_> = signoff.approvals.iter().map(|approval| &approval.author).collect();
    authors.sort();
    authors.dedup();
    prop_assert_eq!(authors.len(), signoff.approvals.len(), "one approval each");
    Ok(())
}

const fn is_repeatable(action: &Action) -> bool {
    !matches!(action, Action::SubmitReview { .. } | Action::DeleteReview { .. })
}

proptest! {
    #[test]
    fn any_wishes_keep_the_rules(wishes in wishes(), needed in 1..3_u32) {
        let mut world = world(needed);
        for (login, action) in wishes {
            let before = signoff(&world);
            let state = world.state.clone();
            let principal = world.principal(login);
            let wish = command(action.clone()).into();
            let Ok(outcome) = world.handle(&principal, None, &wish) else {
                prop_assert_eq!(&*signoff(&world), &*before, "a refusal changes nothing");
                continue;
            };
            let after = signoff(&world);
            check_step(&before, &after)?;
            check_approval(&after, needed)?;
            prop_assert_eq!(world.state.timers.next().is_some(), after.status == Status::Approved);
            // What is recorded folds to what was decided on.
            let mut folded = state;
            for recorded in &outcome.events {
                evolve(&mut folded, recorded);
            }
            prop_assert_eq!(folded.signoffs.by_step.get(&key()), Some(&after));
            // Once withdrawn, an approval cannot be told from one that never was while others still settle the sign-off.
            let is_settled_by_others = matches!(action, Action::WithdrawApproval) && !outcome.events.is_empty()
                && after.status != Status::WaitingForApproval;
            if is_repeatable(&action) && !is_settled_by_others {
                let again = world.clone().handle(&principal, None, &wish);
                prop_assert!(again.is_ok_and(|again| again.events.is_empty()), "{:?} again", action);
            }
        }
    }

    #[test]
    fn cancelling_an_abandonment_restores_exactly_what_was_before(wishes in wishes(), needed in 1..3_u32) {
        let mut world = world(needed);
        for (login, action) in wishes {
            let principal = world.principal(login);
            let _ = world.handle(&principal, None, &command(action).into());
            let before = signoff(&world);
            let mut tried = world.clone();
            let writer = tried.principal(WRITER);
            if tried.handle(&writer, None, &command(Action::Abandon { comment: None }).into()).is_err()
                || before.status == Status::Abandoned
            {
                continue;
            }
            prop_assert_eq!(tried.state.timers.next(), None);
            tried.run(&writer, command(Action::CancelAbandon));
            prop_assert_eq!(&*signoff(&tried), &*before);
            prop_assert_eq!(tried.state.timers.next(), world.state.timers.next());
        }
    }

    #[test]
    fn a_command_decides_the_same_every_time(wishes in wishes()) {
        let mut world = world(1);
        for (login, action) in wishes {
            let principal = world.principal(login);
            let context = crate::context::Context {
                caller: crate::context::Caller::new(
                    principal.clone(),
                    crate::context::Channel::Http,
                    crate::ids::CorrelationId(uuid::Uuid::nil()),
                ),
                at: world.at,
                seed: [7; 32],
            };
            let wish = command(action).into();
            let events = |state| handle(state, &wish, &context).map(|outcome| outcome.events);
            prop_assert_eq!(events(&world.state), events(&world.state));
            let _ = world.handle(&principal, None, &wish);
            let words = allowed(&world.state, &key(), &Principal::System);
            prop_assert!(!words.contains(&"submit_approval") && !words.contains(&"submit_review"));
        }
    }
}
