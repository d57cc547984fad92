//! The policy as a value, without a store.

use super::fixture::{configuration, group};
use crate::artifact::StepStatus;
use crate::blueprint::{Configuration, Container};
use crate::context::Principal;
use crate::ids::{FeedbackGroupId, ItemId, Position, StepId, UserId};
use crate::signoff::policy::{Actor, Policy, Right, Wish, is_settled};
use crate::signoff::{ApprovalStatus, Signoff, Status};

const APPROVED: ApprovalStatus = ApprovalStatus::Approved;
const REJECTED: ApprovalStatus = ApprovalStatus::Rejected;

fn needing(approvals_needed: u32, approval_needed_from: Option<Container>) -> Configuration {
    Configuration { approvals_needed, approval_needed_from, ..configuration() }
}

#[test]
fn a_quorum_counts_approvals_and_looks_for_the_needed_group() {
    let plain: &[Container] = &[group("approvers")];
    let legal: &[Container] = &[group("approvers"), group("legal")];
    let settled = |needed, from: Option<&str>, approvals: &[(ApprovalStatus, &[Container])]| {
        is_settled(&needing(needed, from.map(group)), approvals.iter().copied())
    };
    assert!(!settled(0, None, &[]));
    assert!(settled(0, None, &[(APPROVED, plain)]));
    assert!(settled(1, None, &[(APPROVED, plain)]));
    assert!(!settled(2, None, &[(APPROVED, plain)]));
    assert!(settled(2, None, &[(APPROVED, plain), (APPROVED, plain)]));
    assert!(settled(3, Some("legal"), &[(REJECTED, plain)]));
    assert!(settled(3, Some("legal"), &[(APPROVED, plain), (REJECTED, plain)]));
    assert!(!settled(1, Some("legal"), &[(APPROVED, plain)]));
    assert!(settled(1, Some("legal"), &[(APPROVED, legal)]));
    assert!(!settled(2, Some("legal"), &[(APPROVED, legal)]));
    assert!(settled(2, Some("legal"), &[(APPROVED, plain), (APPROVED, legal)]));
}

fn somebody() -> Actor {
    Actor {
        principal: Principal::User(UserId(1)),
        is_impersonated: false,
        delegates_always: false,
        can_write: false,
        approver: Right::default(),
        reviewer: vec![("business".into(), Right::default()), ("risk".into(), Right::default())],
        is_needed: false,
    }
}

fn signoff(status: Status) -> Signoff {
    Signoff {
        status,
        before_abandon: None,
        given_up: None,
        cycle: 1,
        configured_at: Position(1),
        requesters: Vec::new(),
        reviews: Vec::new(),
        approvals: Vec::new(),
        delegations: Vec::new(),
        recurrence: None,
        approved_at: None,
        reset_due: None,
        expires_at: None,
        history: Vec::new(),
    }
}

/// The code of the refusal, or `ok`.
fn ask(actor: &Actor, status: Status, wish: Wish<'_>) -> &'static str {
    let (signoff, configuration, step) = (signoff(status), configuration(), StepId::from("review"));
    let policy = Policy {
        actor,
        item: ItemId(1),
        step: &step,
        signoff: &signoff,
        configuration: &configuration,
        step_status: Some(StepStatus::Ongoing),
        is_archived: false,
    };
    policy.may_ask(wish).and_then(|()| policy.can_happen(wish)).map_or_else(|refused| refused.code(), |()| "ok")
}

#[test]
fn rights_of_one_kind_help_with_no_other() {
    let business = FeedbackGroupId::from("business");
    let own = || Right { own: vec![group("g")], delegated: Vec::new() };
    let writer = Actor { can_write: true, delegates_always: true, ..somebody() };
    let reviewer = Actor { reviewer: vec![(business.clone(), own())], ..somebody() };
    let approver = Actor { approver: own(), ..somebody() };
    let rows = [
        (Status::NotStarted, Wish::RequestFeedback, ["ok", "forbidden", "forbidden"]),
        (
            Status::WaitingForFeedback,
            Wish::SubmitReview(&business),
            ["not_in_feedback_group", "ok", "not_in_feedback_group"],
        ),
        (Status::WaitingForApproval, Wish::SubmitApproval, ["not_an_approver", "not_an_approver", "ok"]),
        (Status::WaitingForApproval, Wish::AbandonAsApprover, ["not_an_approver", "not_an_approver", "ok"]),
        (Status::WaitingForApproval, Wish::ReturnToFeedback, ["ok", "forbidden", "ok"]),
        (Status::Approved, Wish::Abandon, ["ok", "forbidden", "ok"]),
        (Status::Approved, Wish::Reset, ["ok", "forbidden", "forbidden"]),
    ];
    for (status, wish, expected) in rows {
        let came = [&writer, &reviewer, &approver].map(|actor| ask(actor, status, wish));
        assert_eq!(came, expected, "{wish:?}");
    }
}

#[test]
fn a_right_that_was_only_delegated_decides_but_is_not_passed_on() {
    let delegated = Right { own: Vec::new(), delegated: vec![Container::User(UserId(1))] };
    let delegate = Actor { approver: delegated, ..somebody() };
    assert_eq!(ask(&delegate, Status::WaitingForApproval, Wish::SubmitApproval), "ok");
    assert_eq!(ask(&delegate, Status::WaitingForApproval, Wish::DelegateApproval), "no_redelegation");
    let administrator = Actor { delegates_always: true, ..delegate };
    assert_eq!(ask(&administrator, Status::WaitingForApproval, Wish::DelegateApproval), "ok");
}
