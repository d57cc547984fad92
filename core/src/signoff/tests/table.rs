//! The whole table: every action in every status, asked by somebody who holds every right.

use super::fixture::{
    EVERYTHING, NOBODY, STEP, approve, brought_to, command, does, edit_approval, finish, request_approval,
    request_feedback, review, signoff, status, when, world, world_at,
};
use crate::artifact::{self, StepStatus};
use crate::context::Principal;
use crate::ids::ReviewId;
use crate::signoff::Status::{Abandoned, Approved, NotStarted, Rejected, WaitingForApproval, WaitingForFeedback};
use crate::signoff::{Action, ApprovalStatus, ReviewStatus, Status};
use crate::testing::World;

/// What shall come of a wish.
#[derive(Debug, Clone, Copy)]
enum Come {
    /// These events, and this status.
    Done(&'static [&'static str], Status),
    AlreadySo,
    Refused(&'static str),
}

use Come::{AlreadySo, Done, Refused};

const FORBIDDEN: Come = Refused("signoff_transition_forbidden");
const LOCKED: Come = Refused("signoff_abandoned");

/// NOT_STARTED, WAITING_FOR_FEEDBACK, WAITING_FOR_APPROVAL, APPROVED, REJECTED, ABANDONED.
type Row = (&'static str, fn(&World) -> Action, [Come; 6]);

const REVIEW: fn(&World) -> Action = |_| review("business", ReviewStatus::MinorIssue);

/// There is a review to edit in every status; it has its author's rights.
fn own_review(world: &World) -> ReviewId {
    signoff(world).reviews.first().map_or(ReviewId(1), |review| review.id)
}

fn table() -> Vec<Row> {
    let same = |status| Done(&["ReviewSubmitted"], status);
    vec![
        (
            "request feedback",
            |_| request_feedback(),
            [Done(&["FeedbackRequested"], WaitingForFeedback), AlreadySo, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN],
        ),
        (
            "request approval",
            |_| request_approval(),
            [
                Done(&["ApprovalRequested"], WaitingForApproval),
                Done(&["ApprovalRequested"], WaitingForApproval),
                AlreadySo,
                FORBIDDEN,
                FORBIDDEN,
                FORBIDDEN,
            ],
        ),
        ("submit a review", REVIEW, [FORBIDDEN, same(WaitingForFeedback), FORBIDDEN, FORBIDDEN, FORBIDDEN, LOCKED]),
        (
            "edit a review",
            |world| Action::EditReview { review: own_review(world), status: ReviewStatus::MajorIssue, comment: None },
            [
                Refused("review_not_found"),
                Done(&["ReviewEdited"], WaitingForFeedback),
                FORBIDDEN,
                FORBIDDEN,
                FORBIDDEN,
                LOCKED,
            ],
        ),
        (
            "delete a review",
            |world| Action::DeleteReview { review: own_review(world) },
            [
                Refused("review_not_found"),
                Done(&["ReviewDeleted"], WaitingForFeedback),
                FORBIDDEN,
                FORBIDDEN,
                FORBIDDEN,
                LOCKED,
            ],
        ),
        (
            "delegate a review",
            |world| delegation(world, Some("business")),
            [FORBIDDEN, Done(&["ReviewDelegated"], WaitingForFeedback), FORBIDDEN, FORBIDDEN, FORBIDDEN, LOCKED],
        ),
        (
            "delegate the approval",
            |world| delegation(world, None),
            [FORBIDDEN, FORBIDDEN, Done(&["ApprovalDelegated"], WaitingForApproval), FORBIDDEN, FORBIDDEN, LOCKED],
        ),
        (
            "go back to feedback",
            |_| Action::ReturnToFeedback,
            [FORBIDDEN, AlreadySo, Done(&["ReturnedToFeedback"], WaitingForFeedback), FORBIDDEN, FORBIDDEN, FORBIDDEN],
        ),
        (
            "submit the approval",
            |_| approve(),
            [FORBIDDEN, FORBIDDEN, Done(&["ApprovalSubmitted"], Approved), AlreadySo, FORBIDDEN, LOCKED],
        ),
        (
            "reject",
            |_| Action::SubmitApproval { status: ApprovalStatus::Rejected, comment: None },
            [FORBIDDEN, FORBIDDEN, Done(&["ApprovalSubmitted"], Rejected), FORBIDDEN, FORBIDDEN, LOCKED],
        ),
        (
            "give up as an approver",
            |_| Action::AbandonAsApprover { comment: None },
            [
                FORBIDDEN,
                FORBIDDEN,
                Done(&["SignoffAbandoned"], Abandoned),
                Done(&["SignoffAbandoned"], Abandoned),
                Done(&["SignoffAbandoned"], Abandoned),
                AlreadySo,
            ],
        ),
        (
            "edit to rejected",
            |_| Action::EditApproval { status: ApprovalStatus::Rejected, comment: Some("no".into()) },
            [
                FORBIDDEN,
                FORBIDDEN,
                Refused("approval_not_found"),
                Done(&["ApprovalEdited"], Rejected),
                AlreadySo,
                LOCKED,
            ],
        ),
        (
            "edit to approved",
            |_| edit_approval(ApprovalStatus::Approved),
            [
                FORBIDDEN,
                FORBIDDEN,
                Refused("approval_not_found"),
                AlreadySo,
                Done(&["ApprovalEdited"], Approved),
                LOCKED,
            ],
        ),
        (
            "withdraw the approval",
            |_| Action::WithdrawApproval,
            [
                FORBIDDEN,
                FORBIDDEN,
                AlreadySo,
                Done(&["ApprovalWithdrawn"], WaitingForApproval),
                Done(&["ApprovalWithdrawn"], WaitingForApproval),
                LOCKED,
            ],
        ),
        (
            "abandon",
            |_| Action::Abandon { comment: None },
            [
                FORBIDDEN,
                Done(&["SignoffAbandoned"], Abandoned),
                Done(&["SignoffAbandoned"], Abandoned),
                Done(&["SignoffAbandoned"], Abandoned),
                Done(&["SignoffAbandoned"], Abandoned),
                AlreadySo,
            ],
        ),
        (
            "cancel abandon",
            |_| Action::CancelAbandon,
            [AlreadySo, AlreadySo, AlreadySo, AlreadySo, AlreadySo, Done(&["AbandonCancelled"], WaitingForFeedback)],
        ),
        (
            "reset",
            |_| Action::Reset { reload: false },
            [
                AlreadySo,
                FORBIDDEN,
                FORBIDDEN,
                Done(&["SignoffReset"], NotStarted),
                Done(&["SignoffReset"], NotStarted),
                Done(&["SignoffReset"], NotStarted),
            ],
        ),
        (
            "reset and reload",
            |_| Action::Reset { reload: true },
            [
                AlreadySo,
                FORBIDDEN,
                FORBIDDEN,
                Done(&["SignoffReset"], NotStarted),
                Done(&["SignoffReset"], NotStarted),
                Done(&["SignoffReset"], NotStarted),
            ],
        ),
        (
            "schedule a reset",
            |_| Action::ScheduleReset { recurrence: Some(super::fixture::months(1, false)) },
            [
                Done(&["ResetScheduled"], NotStarted),
                Done(&["ResetScheduled"], WaitingForFeedback),
                Done(&["ResetScheduled"], WaitingForApproval),
                Done(&["ResetScheduled"], Approved),
                Done(&["ResetScheduled"], Rejected),
                Done(&["ResetScheduled"], Abandoned),
            ],
        ),
        ("stop the resets", |_| Action::ScheduleReset { recurrence: None }, [AlreadySo; 6]),
        ("create", |_| Action::Create, [AlreadySo; 6]),
    ]
}

fn delegation(world: &World, group: Option<&str>) -> Action {
    let Principal::User(to) = world.principal(NOBODY) else { panic!("{NOBODY} is a person") };
    Action::Delegate { group: group.map(Into::into), to }
}

/// The sign-off stands there with a review in it, wherever there can be one.
fn reviewed_at(status: Status) -> World {
    if status == NotStarted {
        return world();
    }
    let mut world = world_at(WaitingForFeedback);
    does(&mut world, EVERYTHING, review("business", ReviewStatus::Approved));
    match status {
        Abandoned => {
            does(&mut world, EVERYTHING, Action::Abandon { comment: None });
            world
        }
        WaitingForFeedback => world,
        later => brought_to(world, later, EVERYTHING),
    }
}

#[test]
fn every_action_in_every_status_does_what_the_table_says() {
    for (name, action, row) in table() {
        for (from, expected) in Status::ALL.into_iter().zip(row) {
            let world = reviewed_at(from);
            assert_eq!(status(&world), from);
            eprintln!("{name} from {}: {expected:?}", from.word());
            let action = action(&world);
            let asked = when(world, EVERYTHING, action);
            match expected {
                Done(events, to) => assert_eq!(status(&asked.then(events)), to),
                AlreadySo => assert_eq!(status(&asked.then_already_so()), from),
                Refused(code) => assert_eq!(status(&asked.then_rejected(code)), from),
            }
        }
    }
}

#[test]
fn a_forbidden_transition_says_from_where_and_what_was_wished() {
    let rejection = when(world_at(WaitingForFeedback), EVERYTHING, Action::Reset { reload: false }).rejection();
    assert_eq!(rejection.to_string(), "a sign-off that is WAITING_FOR_FEEDBACK does not allow to reset it");
}

/// What is allowed although the step is not ongoing, per status of the step.
fn is_allowed_on(name: &str, step: StepStatus) -> bool {
    matches!(name, "cancel abandon" | "schedule a reset")
        || (matches!(name, "reset" | "reset and reload" | "abandon") && step == StepStatus::Finished)
}

#[test]
fn nothing_happens_while_the_step_is_not_ongoing_but_for_the_named_exceptions() {
    let step = || STEP.into();
    let closings = [
        (StepStatus::Finished, artifact::Event::StepFinished { item: super::fixture::ITEM, step: step() }),
        (StepStatus::Skipped, artifact::Event::StepSkipped { item: super::fixture::ITEM, step: step() }),
        (
            StepStatus::NotStarted,
            artifact::Event::StepReopened { item: super::fixture::ITEM, step: step(), is_ongoing: false },
        ),
    ];
    for (name, action, row) in table() {
        for (from, expected) in Status::ALL.into_iter().zip(row) {
            let Done(events, _) = expected else { continue };
            for (closed, closing) in &closings {
                eprintln!("{name} from {} on a step that is {closed:?}", from.word());
                let mut world = reviewed_at(from);
                let action = action(&world);
                world.happened(&Principal::System, closing.clone());
                let asked = when(world, EVERYTHING, action);
                if is_allowed_on(name, *closed) {
                    let (happened, _) = asked.accepted();
                    let first = happened.first().unwrap_or_else(|| panic!("nothing happened"));
                    assert_eq!([crate::testing::name(&first.event)], events);
                } else {
                    asked.then_rejected("step_not_ongoing");
                }
            }
        }
    }
}

#[test]
fn nothing_happens_on_an_archived_item() {
    for (name, action, row) in table() {
        for (from, expected) in Status::ALL.into_iter().zip(row) {
            let Done(..) = expected else { continue };
            eprintln!("{name} from {}", from.word());
            let mut world = reviewed_at(from);
            let action = action(&world);
            super::fixture::archive(&mut world);
            when(world, EVERYTHING, action).then_rejected("item_archived");
        }
    }
}

#[test]
fn repeating_an_accepted_command_adds_nothing() {
    for (name, action, row) in table() {
        for (from, expected) in Status::ALL.into_iter().zip(row) {
            // One more review with the same words is one more review; a deleted one is gone.
            if !matches!(expected, Done(..)) || matches!(name, "submit a review" | "delete a review") {
                continue;
            }
            eprintln!("{name} from {}", from.word());
            let mut world = reviewed_at(from);
            let action = action(&world);
            does(&mut world, EVERYTHING, action.clone());
            when(world, EVERYTHING, action).then_already_so();
        }
    }
}

#[test]
fn an_unknown_item_and_a_step_without_a_signoff_are_missing() {
    let asks = |item, step: &str, code| {
        let wish = crate::signoff::Command { item, step: step.into(), ..command(request_feedback()) };
        crate::testing::Spec::given(world()).as_user(EVERYTHING).when(wish).then_rejected(code);
    };
    asks(crate::ids::ItemId(999), STEP, "not_found");
    asks(super::fixture::ITEM, "development", "signoff_not_found");
    asks(super::fixture::ITEM, "no such step", "signoff_not_found");
}

#[test]
fn reset_and_abandon_of_a_finished_step_work_and_other_closed_steps_refuse_them() {
    let mut world = world_at(Approved);
    finish(&mut world);
    let world = when(world, EVERYTHING, Action::Abandon { comment: None }).then(&["SignoffAbandoned"]);
    let world = when(world, EVERYTHING, Action::Reset { reload: false }).then(&["SignoffReset", "StepReopened"]);
    let item = world.state.items.by_id.get(&super::fixture::ITEM).map(|item| item.steps.clone()).unwrap_or_default();
    assert!(item.iter().any(|step| step.id.as_str() == STEP && step.status == StepStatus::Ongoing));
}
