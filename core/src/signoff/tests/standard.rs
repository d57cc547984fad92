//! The standard review sign-off, on a bootstrapped world: its people come from the fields of the govern project.

use crate::artifact;
use crate::context::Principal;
use crate::ids::ItemId;
use crate::signoff::{
    Action, ApprovalStatus, Command, Notify, ReviewStatus, SignoffKey, Status, allowed, approvers, content_digest,
    reviewers,
};
use crate::testing::{Spec, World};

fn review_of(item: ItemId, action: Action) -> Command {
    Command { item, step: "review".into(), action }
}

fn request(feedback: bool) -> Action {
    let notify = Notify::Stage;
    if feedback { Action::RequestFeedback { notify } } else { Action::RequestApproval { notify } }
}

/// A governed bundle whose review is ongoing, and its govern project.
fn under_review() -> (World, ItemId, ItemId) {
    let mut world = World::bootstrapped();
    let project = world.project();
    let bundle = world.bundle("b1");
    let govern_bundle = world.govern(bundle);
    let govern_project = world.state.nodes.items.values().copied().find(|item| *item == project);
    let govern_project = govern_project.and_then(|project| governed_by(&world, project));
    let Some(govern_project) = govern_project else { panic!("the project is governed with its bundle") };
    let admin = world.admin();
    world.run(&admin, artifact::Command::FinishStep { item: govern_bundle, step: "development".into() });
    (world, govern_project, govern_bundle)
}

fn governed_by(world: &World, source: ItemId) -> Option<ItemId> {
    let referrers = world.state.items.referrers.get(&source)?;
    referrers.iter().find(|(field, _)| field.as_str() == "dataiku_item").map(|(_, item)| *item)
}

#[test]
fn a_governed_bundle_has_a_mandatory_review_with_the_three_standard_groups() {
    let (world, _, bundle) = under_review();
    let key = SignoffKey { item: bundle, step: "review".into() };
    let Some(signoff) = world.state.signoffs.by_step.get(&key) else { panic!("no sign-off") };
    let configuration = world.state.templates.configurations.get(&signoff.configured_at).cloned().unwrap_or_default();
    let groups: Vec<_> = configuration.groups.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(groups, ["business", "it_operations", "risk_compliance"]);
    assert!(configuration.mandatory);
    assert_eq!(signoff.status, Status::NotStarted);
}

#[test]
fn reviewers_and_approvers_are_the_people_in_the_fields_of_the_govern_project_now() {
    let (mut world, project, bundle) = under_review();
    let key = SignoffKey { item: bundle, step: "review".into() };
    assert!(approvers(&world.state, &key).is_empty());
    world.set_people(project, "business_reviewers", &["ana"]);
    world.set_people(project, "final_approvers", &["bo"]);
    assert!(approvers(&world.state, &key).contains(&world.principal("bo")));
    assert!(reviewers(&world.state, &key, &"business".into()).contains(&world.principal("ana")));
    assert!(reviewers(&world.state, &key, &"risk_compliance".into()).is_empty());
    world.set_people(project, "final_approvers", &["cy"]);
    assert!(!approvers(&world.state, &key).contains(&world.principal("bo")));
}

#[test]
fn a_whole_review_with_real_people_approves_the_content_of_the_bundle() {
    let (mut world, project, bundle) = under_review();
    world.set_people(project, "business_reviewers", &["ana"]);
    world.set_people(project, "final_approvers", &["bo"]);
    let admin = world.admin();
    world.run(&admin, review_of(bundle, request(true)));
    let review = Action::SubmitReview { group: "business".into(), status: ReviewStatus::MinorIssue, comment: None };
    let world = Spec::given(world).as_user("ana").when(review_of(bundle, review)).then(&["ReviewSubmitted"]);
    let wish = review_of(bundle, request(false));
    let world = Spec::given(world).as_principal(admin.clone()).when(wish).then(&["ApprovalRequested"]);
    let approve = || Action::SubmitApproval { status: ApprovalStatus::Approved, comment: None };
    let asked = Spec::given(world.clone()).as_principal(admin.clone()).when(review_of(bundle, approve()));
    asked.then_rejected("not_an_approver");
    let finish = || artifact::Command::FinishStep { item: bundle, step: "review".into() };
    let asked = Spec::given(world.clone()).as_principal(admin.clone()).when(finish());
    asked.then_rejected("signoff_not_approved");

    let world = Spec::given(world).as_user("bo").when(review_of(bundle, approve())).then(&["ApprovalSubmitted"]);
    let key = SignoffKey { item: bundle, step: "review".into() };
    let digest = world.state.signoffs.by_step.get(&key).and_then(|found| found.approvals.first()?.digest);
    assert!(digest.is_some());
    assert_eq!(digest, content_digest(&world.state, bundle));
    let mut world = world;
    world.run(&admin, finish());
    let words = allowed(&world.state, &key, &admin);
    assert_eq!(words, ["abandon", "reset", "schedule_reset"]);
    let bo = world.principal("bo");
    assert!(matches!(bo, Principal::User(_)));
    assert_eq!(allowed(&world.state, &key, &bo), ["abandon"]);
}
