use crate::access::may::{Action, Subject, allows};
use crate::access::{Command, Edit, UserEdit};
use crate::context::Principal;
use crate::ids::CredentialId;
use crate::testing::{Spec, World};
use crate::time::Timestamp;

fn edit(world: &World, login: &str, edit: UserEdit) -> Command {
    let Principal::User(user) = world.principal(login) else { unreachable!("a person") };
    Command::EditUser { user, edit }
}

fn edit_group(group: &str, is_admin: Option<bool>) -> Command {
    Command::EditGroup { group: group.into(), description: None, is_admin, is_architect: None, document: Edit::Keep }
}

#[test]
fn an_edit_changes_what_it_names_and_nothing_else() {
    let mut world = World::bootstrapped();
    world.user_in("ana", &["risk"]);
    let named = |name: &str| UserEdit { display_name: Edit::Set(name.into()), ..UserEdit::default() };
    let wish = edit(&world, "ana", named("Ana"));
    let world = Spec::given(world).when(wish.clone()).then(&["UserEdited"]);
    let world = Spec::given(world).when(wish).then_already_so();
    let user = world.state.access.users.values().next().unwrap();
    assert_eq!(user.display_name.as_ref().and_then(|name| name.value()), Some("Ana"));
    assert!(user.groups.contains("risk") && user.is_enabled);
    let wish = edit(&world, "ana", UserEdit { groups: Some(vec!["nobody".into()]), ..UserEdit::default() });
    Spec::given(world).when(wish).then_rejected("group_unknown");
}

#[test]
fn a_disabled_person_can_be_enabled_again_and_a_deleted_one_not() {
    let mut world = World::bootstrapped();
    let user = world.user("ana");
    let enabled = |is_enabled| UserEdit { is_enabled: Some(is_enabled), ..UserEdit::default() };
    let wish = edit(&world, "ana", enabled(false));
    let world = Spec::given(world).when(wish).then(&["UserDisabled"]);
    let wish = edit(&world, "ana", enabled(true));
    let world = Spec::given(world).when(wish.clone()).then(&["UserEdited"]);
    let world = Spec::given(world).when(Command::DeleteUser { user }).then(&["UserDeleted"]);
    let world = Spec::given(world).when(Command::DeleteUser { user }).then_already_so();
    Spec::given(world.clone()).when(wish).then_rejected("user_deleted");
    Spec::given(world).as_user("ana").when(edit_group("risk", None)).then_rejected("actor_inactive");
}

#[test]
fn an_instance_keeps_an_administrator() {
    let mut world = World::bootstrapped();
    let Principal::Key(first) = world.admin() else { unreachable!("the first administrator is a key") };
    Spec::given(world.clone()).when(Command::RevokeKey { key: first }).then_rejected("last_administrator");
    let root = world.user_in("root", &["administrators"]);
    let world = Spec::given(world).when(Command::RevokeKey { key: first }).then(&["KeyRevoked"]);
    let no_groups = edit(&world, "root", UserEdit { groups: Some(Vec::new()), ..UserEdit::default() });
    let disabled = Command::DisableUser { user: root };
    let refused = [no_groups, disabled, Command::DeleteUser { user: root }, edit_group("administrators", Some(false))];
    for wish in refused {
        Spec::given(world.clone()).when(wish).then_rejected("last_administrator");
    }
}

#[test]
fn a_key_that_expired_administers_no_more() {
    let mut world = World::bootstrapped();
    let root = world.user_in("root", &["administrators"]);
    let Principal::Key(first) = world.admin() else { unreachable!("the first administrator is a key") };
    let at = |seconds: i64| Timestamp::from_millis(world.at.millis() + seconds * 1_000);
    let (credential, expires) = (CredentialId(uuid::Uuid::from_u128(9)), Some(at(60)));
    let (now, later) = (at(1), at(60));
    let short = Command::RotateKey { key: first, credential, expires };
    let world = Spec::given(world).at(now).when(short).then(&["KeyEdited"]);
    let disable = Command::DisableUser { user: root };
    Spec::given(world.clone()).at(now).when(disable.clone()).then(&["UserDisabled"]);
    Spec::given(world).at(later).when(disable).then_rejected("last_administrator");
}

#[test]
fn a_group_that_nothing_names_is_deleted_from_its_members_too() {
    let mut world = World::bootstrapped();
    world.user_in("ana", &["risk"]);
    let delete = |group: &str| Command::DeleteGroup { group: group.into() };
    Spec::given(world.clone()).when(delete("project_managers")).then_rejected("group_in_use");
    let world = Spec::given(world).when(delete("risk")).then(&["GroupDeleted"]);
    assert!(world.state.access.users.values().all(|user| user.groups.is_empty()));
    Spec::given(world).when(delete("risk")).then_rejected("not_found");
}

#[test]
fn a_group_becomes_an_administrating_one_and_no_longer() {
    let mut world = World::bootstrapped();
    world.user_in("ana", &["risk"]);
    let is_admin = |world: &World| allows(&world.state, &world.principal("ana"), Action::Admin, Subject::Instance);
    let world = Spec::given(world).when(edit_group("risk", Some(true))).then(&["GroupEdited"]);
    assert!(is_admin(&world));
    let world = Spec::given(world).when(edit_group("risk", Some(true))).then_already_so();
    let world = Spec::given(world).when(edit_group("risk", Some(false))).then(&["GroupEdited"]);
    assert!(!is_admin(&world));
}
