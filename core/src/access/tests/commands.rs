use std::sync::Arc;

use uuid::Uuid;

use crate::access::{Command, GROUP_BLUEPRINT, LABEL_BYTES_MAX, LOGIN_CHARS_MAX, USER_BLUEPRINT};
use crate::context::Principal;
use crate::ids::{CredentialId, KeyId, UserId};
use crate::testing::{Spec, World};
use crate::time::Timestamp;

fn create(login: &str) -> Command {
    create_in(login, &[])
}

fn create_in(login: &str, groups: &[&str]) -> Command {
    Command::CreateUser {
        login: login.into(),
        display_name: Some("Ana B".into()),
        email: Some("ana@example.org".into()),
        groups: groups.iter().map(|group| (*group).into()).collect(),
        profile: Some("READER".into()),
        credential: None,
        document: None,
        own_document: None,
    }
}

fn create_group(group: &str) -> Command {
    Command::CreateGroup {
        group: group.into(),
        description: "".into(),
        is_admin: false,
        is_architect: false,
        document: None,
    }
}

fn create_key(label: &str, groups: &[&str]) -> Command {
    let groups = groups.iter().map(|group| (*group).into()).collect();
    Command::CreateKey {
        label: label.into(),
        is_architect: false,
        is_admin: false,
        groups,
        credential: CredentialId(Uuid::from_u128(77)),
        expires: None,
        document: None,
        node: None,
    }
}

#[test]
fn a_person_is_created_with_an_item_that_tells_nothing_personal() {
    let mut world = World::bootstrapped();
    world.group("risk");
    let world = Spec::given(world).when(create_in("ana", &["risk", "risk"])).then(&["UserCreated"]);
    let access = &world.state.access;
    let user = access.users.get(access.logins.get("ana").unwrap()).unwrap();
    assert_eq!(user.groups.iter().map(ToString::to_string).collect::<Vec<_>>(), ["risk"]);
    let item = world.state.items.by_id.get(&user.item).unwrap();
    assert_eq!((item.template.blueprint.as_str(), &*item.name), (USER_BLUEPRINT, user.id.to_string().as_str()));
    assert_eq!(access.user_items.get(&user.item), Some(&user.id));
}

#[test]
fn logins_are_accepted_within_their_alphabet_and_length_only() {
    let world = World::bootstrapped();
    for login in ["a", "Ana.B_c-d@example.org", &"x".repeat(LOGIN_CHARS_MAX)] {
        Spec::given(world.clone()).when(create(login)).then(&["UserCreated"]);
    }
    for login in ["", "actions", "a b", "a/b", "ü", "a\n", &"x".repeat(LOGIN_CHARS_MAX + 1)] {
        Spec::given(world.clone()).when(create(login)).then_rejected("login_invalid");
    }
}

#[test]
fn a_login_is_taken_for_ever() {
    let mut world = World::bootstrapped();
    let user = world.user("ana");
    let world = Spec::given(world).when(create("ana")).then_rejected("login_taken");
    let world = Spec::given(world).when(Command::DisableUser { user }).then(&["UserDisabled"]);
    Spec::given(world).when(create("ana")).then_rejected("login_taken");
}

#[test]
fn a_person_cannot_be_in_a_group_that_does_not_exist() {
    Spec::given(World::bootstrapped()).when(create_in("ana", &["nobody"])).then_rejected("group_unknown");
}

#[test]
fn texts_about_a_person_are_bounded() {
    let text = |text: String| Command::CreateUser {
        login: "ana".into(),
        display_name: Some(text.into()),
        email: None,
        groups: Vec::new(),
        profile: None,
        credential: None,
        document: None,
        own_document: None,
    };
    let world = World::bootstrapped();
    Spec::given(world.clone()).when(text("x".repeat(LABEL_BYTES_MAX))).then(&["UserCreated"]);
    Spec::given(world.clone()).when(text("x".repeat(LABEL_BYTES_MAX + 1))).then_rejected("text_too_long");
    Spec::given(world).when(text("a\u{0}".to_owned())).then_rejected("name_invalid");
}

#[test]
fn a_disabled_person_can_do_nothing_and_is_disabled_once() {
    let mut world = World::bootstrapped();
    let user = world.user("ana");
    let world = Spec::given(world).when(Command::DisableUser { user }).then(&["UserDisabled"]);
    let world = Spec::given(world).when(Command::DisableUser { user }).then_already_so();
    Spec::given(world).as_user("ana").when(create("bo")).then_rejected("actor_inactive");
}

#[test]
fn nobody_unknown_is_disabled_or_revoked() {
    let world = World::bootstrapped();
    Spec::given(world.clone()).when(Command::DisableUser { user: UserId(99) }).then_rejected("not_found");
    Spec::given(world).when(Command::RevokeKey { key: KeyId(99) }).then_rejected("not_found");
}

#[test]
fn a_group_is_created_once_with_an_item() {
    let world = Spec::given(World::bootstrapped()).when(create_group("risk")).then(&["GroupCreated"]);
    let item = world.state.access.groups.get("risk").unwrap().item;
    let found = world.state.items.by_id.get(&item).unwrap();
    assert_eq!((found.template.blueprint.as_str(), &*found.name), (GROUP_BLUEPRINT, "risk"));
    Spec::given(world).when(create_group("risk")).then_rejected("group_exists");
}

#[test]
fn group_names_that_break_paths_are_refused() {
    for name in ["", " ", "a/b", "a?b", "a#b", "..", "a..b", "a\tb", &"x".repeat(129)] {
        Spec::given(World::bootstrapped()).when(create_group(name)).then_rejected("group_name_invalid");
    }
}

#[test]
fn a_key_is_created_once_per_credential_and_revoked_once() {
    let world = Spec::given(World::bootstrapped()).when(create_key("ci", &[])).then(&["KeyCreated"]);
    let world = Spec::given(world).when(create_key("ci", &[])).then_already_so();
    let key = KeyId(world.state.access.last_key);
    let world = Spec::given(world).when(Command::RevokeKey { key }).then(&["KeyRevoked"]);
    let world = Spec::given(world).when(Command::RevokeKey { key }).then_already_so();
    Spec::given(world).as_key(key).when(create("bo")).then_rejected("actor_inactive");
}

#[test]
fn a_key_needs_a_label_and_groups_that_exist() {
    let world = World::bootstrapped();
    Spec::given(world.clone()).when(create_key("", &[])).then_rejected("name_invalid");
    Spec::given(world).when(create_key("ci", &["nobody"])).then_rejected("group_unknown");
}

#[test]
fn only_administrators_decide_who_there_is() {
    let mut world = World::bootstrapped();
    let admin = world.admin();
    let user = world.user("ana");
    world.key("second", true, &[]);
    let Principal::Key(key) = admin else { unreachable!("the first administrator is a key") };
    let label: Arc<str> = "ci".into();
    let commands = [
        create("bo"),
        Command::DisableUser { user },
        create_group("g"),
        create_key(&label, &[]),
        Command::RevokeKey { key },
    ];
    for command in commands {
        Spec::given(world.clone()).as_user("ana").when(command.clone()).then_rejected("forbidden");
        Spec::given(world.clone())
            .as_principal(Principal::Node("design-1".into()))
            .when(command.clone())
            .then_rejected("forbidden");
        Spec::given(world.clone()).as_key(key).when(command).accepted();
    }
}

#[test]
fn a_rotated_key_is_found_by_its_new_secret_only() {
    let world = Spec::given(World::bootstrapped()).when(create_key("script", &[])).then(&["KeyCreated"]);
    let (key, old, new) = (KeyId(2), CredentialId(Uuid::from_u128(77)), CredentialId(Uuid::from_u128(78)));
    let rotate = Command::RotateKey { key, credential: new, expires: None };
    let world = Spec::given(world).when(rotate.clone()).then(&["KeyEdited"]);
    assert_eq!(world.state.access.credentials.get(&new), Some(&key));
    assert_eq!(world.state.access.credentials.get(&old), None);
    let world = Spec::given(world).when(rotate.clone()).then_already_so();
    let unknown = Command::RotateKey { key: KeyId(9), credential: old, expires: None };
    Spec::given(world.clone()).when(unknown).then_rejected("not_found");
    let world = Spec::given(world).when(Command::RevokeKey { key }).then(&["KeyRevoked"]);
    Spec::given(world).when(Command::RotateKey { key, credential: old, expires: None }).then_rejected("key_revoked");
}

#[test]
fn a_key_acts_until_it_expires_and_again_after_a_rotation_that_says_how_long() {
    let world = World::bootstrapped();
    let (now, later) = (world.state.head_at, |seconds: i64| Timestamp::from_millis(seconds * 1_000));
    let at = |seconds| Timestamp::from_millis(now.millis() + later(seconds).millis());
    let (key, credential) = (KeyId(2), CredentialId(Uuid::from_u128(77)));
    let create = |expires| Command::CreateKey {
        label: "short".into(),
        is_admin: true,
        is_architect: false,
        groups: Vec::new(),
        credential,
        expires: Some(expires),
        document: None,
        node: None,
    };
    Spec::given(world.clone()).at(at(60)).when(create(at(60))).then_rejected("expiry_past");
    let world = Spec::given(world).at(at(1)).when(create(at(60))).then(&["KeyCreated", "KeyEdited"]);
    let world = Spec::given(world).as_key(key).at(at(59)).when(create_group("a")).then(&["GroupCreated"]);
    let world = Spec::given(world).as_key(key).at(at(60)).when(create_group("b")).then_rejected("actor_inactive");
    let other = CredentialId(Uuid::from_u128(78));
    let rotate = |expires| Command::RotateKey { key, credential: other, expires };
    Spec::given(world.clone()).at(at(61)).when(rotate(None)).then_rejected("expiry_past");
    let world = Spec::given(world).at(at(61)).when(rotate(Some(at(120)))).then(&["KeyEdited"]);
    Spec::given(world).as_key(key).at(at(62)).when(create_group("b")).then(&["GroupCreated"]);
}
