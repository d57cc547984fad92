//! Asking for feedback and giving it.

use super::fixture::{
    APPROVER, EVERYTHING, REVIEWER, SECOND, WRITER, approve, command, configuration, configured, does,
    request_approval, request_feedback, review, signoff, status, when, world, world_at,
};
use crate::blueprint::Container;
use crate::context::Principal;
use crate::event::Event;
use crate::ids::ReviewId;
use crate::signoff::{self, Action, COMMENT_BYTES_MAX, ReviewStatus, Status};
use crate::testing::Spec;

#[test]
fn feedback_without_groups_is_refused_and_the_approval_can_be_requested_at_once() {
    let mut configuration = configuration();
    configuration.groups.clear();
    let world = configured(configuration);
    let world = when(world, WRITER, request_feedback()).then_rejected("no_feedback_groups");
    let world = when(world, WRITER, request_approval()).then(&["ApprovalRequested"]);
    when(world, APPROVER, Action::ReturnToFeedback).then_rejected("no_feedback_groups");
}

#[test]
fn feedback_is_optional() {
    let mut world = world();
    does(&mut world, WRITER, request_approval());
    when(world, APPROVER, approve()).then(&["ApprovalSubmitted"]);
}

#[test]
fn several_reviews_per_person_and_group_are_allowed() {
    let mut world = world_at(Status::WaitingForFeedback);
    for status in [ReviewStatus::MajorIssue, ReviewStatus::MinorIssue, ReviewStatus::MinorIssue] {
        does(&mut world, REVIEWER, review("business", status));
    }
    let ids: Vec<_> = signoff(&world).reviews.iter().map(|review| review.id).collect();
    assert_eq!(ids, [ReviewId(1), ReviewId(2), ReviewId(3)]);
}

#[test]
fn review_ids_are_never_reused() {
    let mut world = world_at(Status::WaitingForFeedback);
    does(&mut world, REVIEWER, review("business", ReviewStatus::Approved));
    does(&mut world, REVIEWER, Action::DeleteReview { review: ReviewId(1) });
    does(&mut world, REVIEWER, review("business", ReviewStatus::Approved));
    assert_eq!(signoff(&world).reviews.first().map(|review| review.id), Some(ReviewId(2)));
}

#[test]
fn a_review_tells_what_entitled_its_author_and_in_which_groups_he_was() {
    let (happened, _) =
        when(world_at(Status::WaitingForFeedback), REVIEWER, review("business", ReviewStatus::MinorIssue)).accepted();
    let [recorded] = happened.as_slice() else { panic!("one event") };
    assert_eq!(recorded.groups, ["business".into()]);
    let Event::Signoff(signoff::Event::ReviewSubmitted { through, comment, status, .. }) = &recorded.event else {
        panic!("a review");
    };
    assert_eq!(*through, [Container::Group("business".into())]);
    assert_eq!(comment.as_ref().and_then(|comment| comment.value()), Some("seen"));
    assert_eq!(*status, ReviewStatus::MinorIssue);
}

#[test]
fn membership_is_evaluated_when_the_action_happens() {
    let mut configuration = configuration();
    if let Some(business) = configuration.groups.first_mut() {
        business.members = vec![Container::Role("ro.writer".into())];
    }
    let mut world = super::fixture::brought_to(configured(configuration), Status::WaitingForFeedback, APPROVER);
    when(world.clone(), WRITER, review("business", ReviewStatus::Approved)).then(&["ReviewSubmitted"]);
    let assignments = Vec::new();
    let blueprint = super::fixture::template().blueprint;
    world.happened(
        &Principal::System,
        crate::access::Event::AssignmentsSet { blueprint, item: None, assignments, document: None },
    );
    when(world, WRITER, review("business", ReviewStatus::Approved)).then_rejected("not_in_feedback_group");
}

#[test]
fn an_unknown_feedback_group_is_named() {
    let world = world_at(Status::WaitingForFeedback);
    let refused = when(world.clone(), REVIEWER, review("sales", ReviewStatus::Approved)).rejection();
    assert_eq!((refused.code(), refused.kind()), ("feedback_group_unknown", crate::RejectionKind::Input));
    let Principal::User(to) = world.principal(SECOND) else { panic!("a person") };
    when(world, REVIEWER, Action::Delegate { group: Some("sales".into()), to }).then_rejected("feedback_group_unknown");
}

#[test]
fn an_edit_replaces_status_and_comment_and_an_identical_one_is_already_so() {
    let mut world = world_at(Status::WaitingForFeedback);
    does(&mut world, REVIEWER, review("business", ReviewStatus::MinorIssue));
    let edit = |status, comment: Option<&str>| Action::EditReview {
        review: ReviewId(1),
        status,
        comment: comment.map(Into::into),
    };
    when(world.clone(), REVIEWER, edit(ReviewStatus::MinorIssue, Some("seen"))).then_already_so();
    when(world.clone(), REVIEWER, edit(ReviewStatus::MinorIssue, Some("other"))).then(&["ReviewEdited"]);
    let world = when(world, REVIEWER, edit(ReviewStatus::MajorIssue, None)).then(&["ReviewEdited"]);
    let found = signoff(&world);
    let Some(review) = found.reviews.first() else { panic!("the review") };
    assert_eq!((review.status, review.comment.clone()), (ReviewStatus::MajorIssue, None));
}

#[test]
fn an_empty_comment_is_none_and_a_long_one_is_refused() {
    let submit = |comment: String| Action::SubmitReview {
        group: "business".into(),
        status: ReviewStatus::Approved,
        comment: Some(comment.into()),
    };
    let world = world_at(Status::WaitingForFeedback);
    let empty = when(world.clone(), REVIEWER, submit(String::new())).then(&["ReviewSubmitted"]);
    assert_eq!(signoff(&empty).reviews.first().and_then(|review| review.comment.clone()), None);
    when(world.clone(), REVIEWER, submit("x".repeat(COMMENT_BYTES_MAX))).then(&["ReviewSubmitted"]);
    when(world, REVIEWER, submit("x".repeat(COMMENT_BYTES_MAX + 1))).then_rejected("text_too_long");
}

#[test]
fn a_review_of_another_signoff_or_of_none_is_missing() {
    let world = world_at(Status::WaitingForFeedback);
    when(world, REVIEWER, Action::DeleteReview { review: ReviewId(9) }).then_rejected("review_not_found");
}

#[test]
fn a_deleted_review_leaves_the_current_state_and_stays_in_the_log() {
    let mut world = world_at(Status::WaitingForFeedback);
    does(&mut world, REVIEWER, review("business", ReviewStatus::MajorIssue));
    let world = when(world, REVIEWER, Action::DeleteReview { review: ReviewId(1) }).then(&["ReviewDeleted"]);
    assert!(signoff(&world).reviews.is_empty());
    let stays = world.log.iter().any(|recorded| crate::testing::name(&recorded.event) == "ReviewSubmitted");
    assert!(stays);
}

#[test]
fn feedback_is_frozen_while_the_approval_is_awaited_and_open_again_after_going_back() {
    let mut world = world_at(Status::WaitingForFeedback);
    does(&mut world, REVIEWER, review("business", ReviewStatus::MajorIssue));
    does(&mut world, WRITER, request_approval());
    let delete = || Action::DeleteReview { review: ReviewId(1) };
    let world = when(world, REVIEWER, delete()).then_rejected("signoff_transition_forbidden");
    let world = when(world, APPROVER, Action::ReturnToFeedback).then(&["ReturnedToFeedback"]);
    assert_eq!(status(&world), Status::WaitingForFeedback);
    assert_eq!(signoff(&world).reviews.len(), 1);
    when(world, REVIEWER, delete()).then(&["ReviewDeleted"]);
}

#[test]
fn requesters_are_all_who_requested_anything_in_the_cycle() {
    let mut world = world();
    does(&mut world, WRITER, request_feedback());
    does(&mut world, EVERYTHING, request_approval());
    does(&mut world, APPROVER, Action::ReturnToFeedback);
    does(&mut world, WRITER, request_approval());
    let expected = [world.principal(WRITER), world.principal(EVERYTHING)];
    assert_eq!(signoff(&world).requesters, expected);
    // Asking for what is there already is no request.
    let world = Spec::given(world).as_user(super::fixture::ADMIN).when(command(request_approval())).then_already_so();
    assert_eq!(signoff(&world).requesters, expected);
}
