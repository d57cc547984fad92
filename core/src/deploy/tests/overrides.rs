use super::gate::{ask, bundle_key, codes, question, version_key, world};
use super::infra;
use crate::deploy::Command;
use crate::deploy::gate::{Decision, answer};
use crate::testing::{Spec, World};
use crate::time::Timestamp;

fn after(world: &World, days: i64) -> Timestamp {
    Timestamp::from_millis(world.at.millis() + days * 24 * 60 * 60 * 1_000)
}

fn grant(until: Timestamp) -> Command {
    Command::GrantOverride { infra: infra("prod"), subject: bundle_key(), reason: "a fix is due".into(), until }
}

fn revoke() -> Command {
    Command::RevokeOverride { infra: infra("prod"), subject: bundle_key() }
}

#[test]
fn an_override_lets_pass_one_subject_at_one_gate_and_what_is_missing_stays_listed() {
    let mut world = world();
    world.bundle("b1");
    let admin = world.admin();
    let until = after(&world, 7);
    let world = Spec::given(world).as_principal(admin.clone()).when(grant(until)).then(&["OverrideGranted"]);
    let passed = ask(&world, "prod");
    assert_eq!((passed.decision, codes(&passed)), (Decision::Allow, vec!["not_governed"]));
    assert!(passed.unmet.iter().all(|unmet| unmet.is_overridden));
    let [lets_pass] = &passed.overrides[..] else { panic!("{:?}", passed.overrides) };
    assert_eq!((lets_pass.reason.shown(), lets_pass.until, &lets_pass.by), ("a fix is due", until, &admin));
    assert_eq!((ask(&world, "warn").decision, ask(&world, "warn").overrides.len()), (Decision::Warn, 0));
    Spec::given(world).as_principal(admin).when(grant(until)).then_already_so();
}

#[test]
fn an_override_ends_by_the_time_of_the_question() {
    let mut world = world();
    world.bundle("b1");
    let (admin, until) = (world.admin(), after(&world, 7));
    world.run(&admin, grant(until));
    let decided = |at| answer(&world.state, &question("prod", &[bundle_key()]), at).unwrap().decision;
    assert_eq!(decided(Timestamp::from_millis(until.millis() - 1)), Decision::Allow);
    assert_eq!(decided(until), Decision::Deny);
}

#[test]
fn an_override_that_is_revoked_or_replaced_counts_no_more() {
    let mut world = world();
    world.bundle("b1");
    let (admin, until) = (world.admin(), after(&world, 7));
    world.run(&admin, grant(until));
    let later = after(&world, 9);
    let admins = |world: World| Spec::given(world).as_principal(admin.clone());
    let world = admins(world).when(grant(later)).then(&["OverrideGranted"]);
    assert_eq!(ask(&world, "prod").overrides.first().unwrap().until, later);
    let world = admins(world).when(revoke()).then(&["OverrideRevoked"]);
    assert_eq!(ask(&world, "prod").decision, Decision::Deny);
    admins(world).when(revoke()).then_already_so();
}

#[test]
fn overrides_are_for_administrators_known_things_and_ends_to_come() {
    let mut world = world();
    world.user("cy");
    let (admin, until) = (world.admin(), after(&world, 7));
    let admins = |world: World| Spec::given(world).as_principal(admin.clone());
    Spec::given(world.clone()).as_user("cy").when(grant(until)).then_rejected("forbidden");
    admins(world.clone()).when(grant(until)).then_rejected("subject_unknown");
    world.bundle("b1");
    Spec::given(world.clone()).as_user("cy").when(revoke()).then_rejected("forbidden");
    admins(world.clone()).when(grant(world.at)).then_rejected("override_end_past");
    let reason = |reason: &str| Command::GrantOverride {
        infra: infra("prod"),
        subject: bundle_key(),
        reason: reason.into(),
        until,
    };
    admins(world.clone()).when(reason(" ")).then_rejected("name_invalid");
    let elsewhere = |name, subject| Command::GrantOverride { infra: infra(name), subject, reason: "r".into(), until };
    admins(world.clone()).when(elsewhere("nowhere", bundle_key())).then_rejected("infrastructure_unknown");
    admins(world).when(elsewhere("prod", version_key("v1"))).then_rejected("subjects_invalid");
}
