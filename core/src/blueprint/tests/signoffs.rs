//! Sign-off configurations of steps: set, changed, removed, imported.

use super::super::{APPROVALS_NEEDED_MAX, CONTAINERS_MAX, Recurrence};
use super::*;
use crate::ids::{KeyId, UserId};
use crate::signoff::{self, Action, SignoffKey};

fn group(id: &str) -> FeedbackGroup {
    FeedbackGroup { id: id.into(), title: id.into(), members: vec![Container::Group("approvers".into())] }
}

fn every(days: u32) -> Recurrence {
    Recurrence { activated: true, days, weeks: 0, months: 0, years: 0, reload: false }
}

/// With every option set.
fn full(world: &World) -> Configuration {
    let bo = world.state.access.logins["bo"];
    Configuration {
        title: "Review".into(),
        description: "Two of them, one from the approvers".into(),
        mandatory: true,
        groups: vec![group("business"), group("risk")],
        approvers: vec![Container::User(bo), Container::Role("ro.final_approver".into()), Container::Key(KeyId(1))],
        recurrence: Some(every(90)),
        requester_may_not_approve: true,
        reviewer_may_not_approve: true,
        impersonation_refused: true,
        approvals_needed: 2,
        approval_needed_from: Some(Container::Group("approvers".into())),
        expires_after_millis: Some(1),
    }
}

#[test]
fn a_step_is_configured_with_every_option_and_once() {
    let world = world();
    let all = full(&world);
    let world = as_admin(world).when(configure("bv.one", "drive", all.clone())).then(&["SignoffConfigured"]);
    let at = version(&world, "bv.one").configured["drive"];
    assert_eq!(**world.state.templates.configuration(at).unwrap(), all);
    let world = as_admin(world).when(configure("bv.one", "drive", all.clone())).then_already_so();
    let _ = as_admin(world).when(configure("bv.one", "nowhere", all)).then_rejected("template_step_unknown");
}

#[test]
fn a_configuration_names_only_what_exists_and_is_bounded() {
    let world = world();
    let good = full(&world);
    let with = |change: &dyn Fn(&mut Configuration)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    let invalid = "signoff_configuration_invalid";
    let cases = [
        (with(&|c| c.approvers = vec![Container::User(UserId(99))]), invalid),
        (with(&|c| c.approvers = vec![Container::Group("nobody".into())]), invalid),
        (with(&|c| c.approvers = vec![Container::Role("ro.nothing".into())]), invalid),
        (with(&|c| c.approvers = vec![Container::Key(KeyId(99))]), invalid),
        (with(&|c| c.approval_needed_from = Some(Container::Group("nobody".into()))), invalid),
        (with(&|c| c.groups[0].members = vec![Container::Group("nobody".into())]), invalid),
        (with(&|c| c.groups[1].id = "business".into()), invalid),
        (with(&|c| c.groups[1].id = " ".into()), invalid),
        (with(&|c| c.approvers = vec![Container::Key(KeyId(1)); CONTAINERS_MAX + 1]), invalid),
        (with(&|c| c.approvals_needed = APPROVALS_NEEDED_MAX + 1), invalid),
        (with(&|c| c.expires_after_millis = Some(0)), invalid),
        (with(&|c| c.recurrence = Some(every(0))), "recurrence_empty"),
        (with(&|c| c.recurrence = Some(every(u32::MAX))), "recurrence_too_long"),
        (with(&|c| c.title = "x".repeat(2_000).into()), "text_too_long"),
        (with(&|c| c.description = "x".repeat(10_000).into()), "text_too_long"),
    ];
    for (n, (wrong, code)) in cases.into_iter().enumerate() {
        let rejection = as_admin(world.clone()).when(configure("bv.one", "drive", wrong)).rejection();
        assert_eq!(rejection.code(), code, "case {n}: {rejection}");
    }
}

#[test]
fn a_new_configuration_reaches_existing_items_by_create_and_by_reload_only() {
    let mut world = world();
    let admin = world.admin();
    let item = made(&mut world, &[]);
    let key = |step: &str| SignoffKey { item, step: step.into() };
    let before = world.state.signoffs.by_step[&key("review")].configured_at;
    world.run(&admin, configure("bv.one", "review", Configuration { title: "Other".into(), ..by_approvers() }));
    world.run(&admin, configure("bv.one", "build", Configuration { mandatory: false, ..by_approvers() }));
    assert_eq!(world.state.signoffs.by_step[&key("review")].configured_at, before);
    assert!(!world.state.signoffs.by_step.contains_key(&key("build")));
    world.run(&admin, artifact::Command::StartStep { item, step: "build".into() });
    let create = signoff::Command { item, step: "build".into(), action: Action::Create };
    let world = as_admin(world).when(create.clone()).then(&["SignoffOpened"]);
    let mut world = as_admin(world).when(create).then_already_so();
    world.run(&admin, artifact::Command::FinishStep { item, step: "build".into() });
    for action in [Action::RequestApproval { notify: signoff::Notify::Stage }, Action::Abandon { comment: None }] {
        world.run(&admin, signoff::Command { item, step: "review".into(), action });
    }
    let reload = signoff::Command { item, step: "review".into(), action: Action::Reset { reload: true } };
    let world = as_admin(world).when(reload).then(&["SignoffReset"]);
    assert!(world.state.signoffs.by_step[&key("review")].configured_at > before);
}

#[test]
fn a_removed_configuration_is_not_that_of_new_items_and_stays_that_of_old_ones() {
    let mut world = world();
    let old = made(&mut world, &[]);
    let remove = Command::RemoveSignoff { template: template("bv.one"), step: "review".into() };
    let world = as_admin(world).when(remove.clone()).then(&["SignoffConfigurationRemoved"]);
    let mut world = as_admin(world).when(remove).then_already_so();
    let new = made(&mut world, &[]);
    assert_eq!((signoff::of_item(&world.state, old).count(), signoff::of_item(&world.state, new).count()), (1, 0));
    let wish = Command::RemoveSignoff { template: template("bv.one"), step: "nowhere".into() };
    let _ = as_admin(world).when(wish).then_rejected("template_step_unknown");
}

#[test]
fn an_imported_template_is_a_draft_and_keeps_roles_but_no_people() {
    let world = world();
    let mut given = full(&world);
    given.approvers.push(Container::Role("ro.elsewhere".into()));
    let import = |step: &str| Command::ImportVersion {
        template: template("bv.two"),
        document: FIELDS.into(),
        signoffs: vec![(step.into(), given.clone())],
    };
    let world = as_admin(world).when(import("nowhere")).then_rejected("template_step_unknown");
    let world = as_admin(world).when(import("review")).then(&["VersionCreated", "SignoffConfigured"]);
    let imported = version(&world, "bv.two");
    assert_eq!(imported.status, VersionStatus::Draft);
    let held = world.state.templates.configuration(imported.configured["review"]).unwrap();
    let groups = given.groups.iter().map(|group| FeedbackGroup { members: Vec::new(), ..group.clone() }).collect();
    let approvers = vec![Container::Role("ro.final_approver".into())];
    assert_eq!(**held, Configuration { groups, approvers, approval_needed_from: None, ..given.clone() });
    let _ = as_admin(world).when(import("review")).then_rejected("version_exists");
}
