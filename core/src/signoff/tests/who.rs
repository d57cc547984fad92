//! The column *who* of the table.

use super::fixture::{
    ADMIN, APPROVER, APPROVER_KEY, EVERYTHING, ITEM, NOBODY, OTHER_REVIEWER, PROXY_KEY, REVIEWER, SECOND, THIRD,
    WRITER, approve, archive, brought_to, command, configuration, configured, does, edit_approval, finish, key,
    request_approval, request_feedback, review, signoff, when, world, world_at,
};
use crate::context::Principal;
use crate::ids::ReviewId;
use crate::signoff::Status::{Abandoned, Approved, NotStarted, Rejected, WaitingForApproval, WaitingForFeedback};
use crate::signoff::{Action, ApprovalStatus, ReviewStatus, Status, allowed};
use crate::testing::{Spec, World};

const ALL: [&str; 9] = [WRITER, REVIEWER, OTHER_REVIEWER, APPROVER, SECOND, THIRD, ADMIN, EVERYTHING, NOBODY];
const WRITERS: &[&str] = &[WRITER, ADMIN, EVERYTHING];
const APPROVERS: &[&str] = &[APPROVER, SECOND, THIRD, EVERYTHING];
const BOTH: &[&str] = &[WRITER, ADMIN, EVERYTHING, APPROVER, SECOND, THIRD];

/// Exactly these people are accepted; all others are refused with the code.
#[track_caller]
fn only(people: &[&str], world: &World, action: &Action, code: &str) {
    for login in ALL {
        eprintln!("{login} asks {action:?}");
        let asked = when(world.clone(), login, action.clone());
        if people.contains(&login) {
            let (happened, _) = asked.accepted();
            assert!(!happened.is_empty());
        } else {
            asked.then_rejected(code);
        }
    }
}

#[test]
fn requests_resets_and_schedules_need_write_on_the_item() {
    let needs_write = |world: &World, action: Action| only(WRITERS, world, &action, "forbidden");
    needs_write(&world(), request_feedback());
    needs_write(&world(), request_approval());
    needs_write(&world_at(WaitingForFeedback), request_approval());
    needs_write(&world_at(Rejected), Action::Reset { reload: true });
    needs_write(&world(), Action::ScheduleReset { recurrence: Some(super::fixture::months(1, true)) });
}

#[test]
fn going_back_abandoning_and_cancelling_are_for_writers_and_approvers() {
    let both = |world: &World, action: Action| only(BOTH, world, &action, "forbidden");
    both(&world_at(WaitingForApproval), Action::ReturnToFeedback);
    for status in [WaitingForFeedback, WaitingForApproval, Approved, Rejected] {
        both(&world_at(status), Action::Abandon { comment: None });
    }
    both(&world_at(Abandoned), Action::CancelAbandon);
}

#[test]
fn only_members_of_the_feedback_group_review_for_it() {
    let world = world_at(WaitingForFeedback);
    let business = review("business", ReviewStatus::Approved);
    only(&[REVIEWER, EVERYTHING], &world, &business, "not_in_feedback_group");
    only(&[OTHER_REVIEWER], &world, &review("risk", ReviewStatus::MajorIssue), "not_in_feedback_group");
}

#[test]
fn only_approvers_decide_and_an_administrators_rights_do_not_help() {
    let world = world_at(WaitingForApproval);
    only(APPROVERS, &world, &approve(), "not_an_approver");
    only(APPROVERS, &world, &super::fixture::reject(), "not_an_approver");
    only(APPROVERS, &world, &Action::AbandonAsApprover { comment: None }, "not_an_approver");
    let refused = when(world, ADMIN, approve()).rejection();
    assert_eq!(refused.kind(), crate::RejectionKind::Permission);
}

#[test]
fn a_key_can_be_an_approver() {
    let world = world_at(WaitingForApproval);
    let asked = Spec::given(world.clone()).as_key(APPROVER_KEY).when(command(approve()));
    let approved = asked.then(&["ApprovalSubmitted"]);
    let authors: Vec<_> = signoff(&approved).approvals.iter().map(|approval| approval.author.clone()).collect();
    assert_eq!(authors, [Principal::Key(APPROVER_KEY)]);
    Spec::given(world).as_key(PROXY_KEY).when(command(approve())).then_rejected("not_an_approver");
}

#[test]
fn the_system_neither_reviews_nor_approves() {
    Spec::given(world_at(WaitingForApproval)).as_system().when(command(approve())).then_rejected("not_an_approver");
    let wish = command(review("business", ReviewStatus::Approved));
    Spec::given(world_at(WaitingForFeedback)).as_system().when(wish).then_rejected("not_in_feedback_group");
}

#[test]
fn only_the_author_edits_and_deletes_a_review() {
    let mut world = world_at(WaitingForFeedback);
    does(&mut world, REVIEWER, review("business", ReviewStatus::Approved));
    let review = ReviewId(1);
    let edit = Action::EditReview { review, status: ReviewStatus::MajorIssue, comment: None };
    only(&[REVIEWER], &world, &edit, "not_the_author");
    only(&[REVIEWER], &world, &Action::DeleteReview { review }, "not_the_author");
}

#[test]
fn only_the_author_edits_and_withdraws_an_approval() {
    let world = brought_to(world(), Approved, APPROVER);
    for (action, others) in
        [(edit_approval(ApprovalStatus::Rejected), "not_the_author"), (Action::WithdrawApproval, "not_the_author")]
    {
        let _ = when(world.clone(), APPROVER, action.clone()).accepted();
        for login in [SECOND, THIRD, EVERYTHING] {
            when(world.clone(), login, action.clone()).then_rejected(others);
        }
        for login in [WRITER, ADMIN, NOBODY, REVIEWER] {
            when(world.clone(), login, action.clone()).then_rejected("not_an_approver");
        }
    }
}

#[test]
fn reading_comes_before_anything_else_so_that_what_one_may_not_see_does_not_exist() {
    let mut world = world_at(WaitingForFeedback);
    let nobody = crate::access::Permissions::default();
    let hidden = crate::access::Event::PermissionsSet { blueprint: None, permissions: nobody, document: None };
    world.happened(&Principal::System, hidden);
    for action in [request_approval(), Action::Create, review("business", ReviewStatus::Approved)] {
        when(world.clone(), NOBODY, action).then_rejected("not_found");
    }
    when(world.clone(), NOBODY, Action::Abandon { comment: None }).then_rejected("not_found");
    // Members of the groups and approvers may always read the item, and so do their part.
    when(world.clone(), REVIEWER, review("business", ReviewStatus::Approved)).then(&["ReviewSubmitted"]);
    when(world, APPROVER, Action::Abandon { comment: None }).then(&["SignoffAbandoned"]);
}

#[test]
fn impersonated_decisions_name_the_key_and_an_option_refuses_them() {
    let decide = |world: &World, login: &str, action: Action| {
        Spec::given(world.clone()).as_user(login).via(PROXY_KEY).when(command(action))
    };
    let mut lenient = world_at(WaitingForFeedback);
    let reviewed = decide(&lenient, REVIEWER, review("business", ReviewStatus::Approved)).then(&["ReviewSubmitted"]);
    assert_eq!(signoff(&reviewed).reviews.first().and_then(|review| review.via), Some(PROXY_KEY));
    does(&mut lenient, WRITER, request_approval());
    let approved = decide(&lenient, APPROVER, approve()).then(&["ApprovalSubmitted"]);
    assert_eq!(signoff(&approved).approvals.first().and_then(|approval| approval.via), Some(PROXY_KEY));

    let mut option = configuration();
    option.impersonation_refused = true;
    let refuses = |world: &World, login: &str, action: Action| {
        decide(world, login, action).then_rejected("impersonation_refused");
    };
    let mut strict = brought_to(configured(option), WaitingForFeedback, APPROVER);
    refuses(&strict, REVIEWER, review("business", ReviewStatus::Approved));
    does(&mut strict, REVIEWER, review("business", ReviewStatus::Approved));
    let review = ReviewId(1);
    refuses(&strict, REVIEWER, Action::EditReview { review, status: ReviewStatus::MajorIssue, comment: None });
    refuses(&strict, REVIEWER, Action::DeleteReview { review });
    does(&mut strict, WRITER, request_approval());
    refuses(&strict, APPROVER, approve());
    refuses(&strict, APPROVER, Action::AbandonAsApprover { comment: None });
    does(&mut strict, APPROVER, approve());
    refuses(&strict, APPROVER, edit_approval(ApprovalStatus::Rejected));
    refuses(&strict, APPROVER, Action::WithdrawApproval);
    decide(&strict, WRITER, Action::Abandon { comment: None }).then(&["SignoffAbandoned"]);
}

#[test]
fn a_disabled_person_can_do_nothing() {
    let mut world = world_at(WaitingForApproval);
    let Principal::User(user) = world.principal(APPROVER) else { panic!("a person") };
    world.happened(&Principal::System, crate::access::Event::UserDisabled { user });
    when(world.clone(), APPROVER, approve()).then_rejected("actor_inactive");
    assert!(allowed(&world.state, &key(), &world.principal(APPROVER)).is_empty());
}

fn allowed_to(world: &World, login: &str) -> Vec<&'static str> {
    allowed(&world.state, &key(), &world.principal(login))
}

#[test]
fn the_allowed_words_are_what_the_commands_would_accept() {
    assert_eq!(allowed_to(&world(), WRITER), ["request_feedback", "request_approval", "schedule_reset"]);
    let feedback = world_at(WaitingForFeedback);
    assert_eq!(allowed_to(&feedback, WRITER), ["request_approval", "abandon", "schedule_reset"]);
    assert_eq!(allowed_to(&feedback, REVIEWER), ["submit_review", "delegate_review"]);
    assert_eq!(allowed_to(&feedback, APPROVER), ["abandon"]);
    assert_eq!(allowed_to(&feedback, NOBODY), [""; 0]);
    let approval = world_at(WaitingForApproval);
    let approver = ["return_to_feedback", "submit_approval", "delegate_approval", "abandon"];
    assert_eq!(allowed_to(&approval, APPROVER), approver);
    let admin = ["return_to_feedback", "delegate_approval", "abandon", "schedule_reset"];
    assert_eq!(allowed_to(&approval, ADMIN), admin);
    let approved = brought_to(world(), Approved, APPROVER);
    assert_eq!(allowed_to(&approved, APPROVER), ["edit_approval", "withdraw_approval", "abandon"]);
    assert_eq!(allowed_to(&approved, SECOND), ["abandon"]);
    assert_eq!(allowed_to(&world_at(Abandoned), WRITER), ["cancel_abandon", "reset", "schedule_reset"]);
    assert_eq!(allowed_to(&world_at(Abandoned), APPROVER), ["cancel_abandon"]);
}

#[test]
fn the_allowed_words_know_the_step_and_the_archive() {
    let mut finished = world_at(Approved);
    finish(&mut finished);
    assert_eq!(allowed_to(&finished, WRITER), ["abandon", "reset", "schedule_reset"]);
    archive(&mut finished);
    assert_eq!(allowed_to(&finished, WRITER), [""; 0]);
    let gone = crate::signoff::SignoffKey { item: ITEM, step: "development".into() };
    let world = world_at(NotStarted);
    assert!(allowed(&world.state, &gone, &world.principal(WRITER)).is_empty());
}

#[test]
fn the_allowed_words_and_the_commands_agree_in_every_status_for_everybody() {
    let words = [
        ("request_feedback", request_feedback()),
        ("request_approval", request_approval()),
        ("submit_review", review("business", ReviewStatus::Approved)),
        ("return_to_feedback", Action::ReturnToFeedback),
        ("submit_approval", approve()),
        ("abandon", Action::Abandon { comment: None }),
        ("cancel_abandon", Action::CancelAbandon),
        ("reset", Action::Reset { reload: false }),
    ];
    for status in Status::ALL {
        let world = world_at(status);
        for login in ALL.into_iter().filter(|login| *login != OTHER_REVIEWER) {
            let allowed = allowed_to(&world, login);
            for (word, action) in &words {
                let mut tried = world.clone();
                let principal = tried.principal(login);
                let outcome = tried.handle(&principal, None, &command(action.clone()).into());
                let happens = outcome.is_ok_and(|outcome| !outcome.events.is_empty());
                assert_eq!(allowed.contains(word), happens, "{word} of {login} in {}", status.word());
            }
        }
    }
}
