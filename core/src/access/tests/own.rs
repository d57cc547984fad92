use uuid::Uuid;

use crate::access::may::{acts_as, is_active};
use crate::access::{Command, OWN_KEYS_MAX};
use crate::context::Principal;
use crate::ids::{CredentialId, KeyId};
use crate::testing::{Spec, World};

fn credential(n: usize) -> CredentialId {
    CredentialId(Uuid::from_u128(u128::try_from(n).unwrap_or_default() + 70))
}

fn own_key(n: usize) -> Command {
    Command::CreateOwnKey { label: "laptop".into(), credential: credential(n), expires: None }
}

fn with_password(login: &str) -> World {
    let world = World::bootstrapped();
    let create = Command::CreateUser {
        login: login.into(),
        display_name: None,
        email: None,
        groups: Vec::new(),
        profile: None,
        credential: Some(credential(0)),
        document: None,
        own_document: None,
    };
    Spec::given(world).when(create).then(&["UserCreated"])
}

#[test]
fn another_password_signs_out_and_an_edit_of_something_else_does_not() {
    let world = with_password("ana");
    let signed_out = |world: &World| {
        let user = world.state.access.logins.get("ana").and_then(|user| world.state.access.users.get(user));
        user.map(|user| user.signed_out)
    };
    let Principal::User(user) = world.principal("ana") else { unreachable!("a person") };
    let before = signed_out(&world);
    let edit = crate::access::UserEdit { groups: Some(vec!["administrators".into()]), ..Default::default() };
    let world = Spec::given(world).when(Command::EditUser { user, edit }).then(&["UserEdited"]);
    assert_eq!(signed_out(&world), before);
    let change = Command::ChangeOwnPassword { credential: credential(1) };
    let world = Spec::given(world).as_user("ana").when(change.clone()).then(&["UserEdited"]);
    assert_eq!(signed_out(&world), Some(world.state.head));
    let world = Spec::given(world).as_user("ana").when(change).then_already_so();
    let world = Spec::given(world).when(Command::DisableUser { user }).then(&["UserDisabled"]);
    assert_eq!(signed_out(&world), Some(world.state.head));
}

#[test]
fn only_the_person_himself_changes_his_password_or_makes_keys_that_act_as_him() {
    let mut world = with_password("ana");
    world.user("oidc");
    let change = Command::ChangeOwnPassword { credential: credential(1) };
    for wish in [change.clone(), own_key(1)] {
        Spec::given(world.clone()).as_key(KeyId(1)).when(wish.clone()).then_rejected("forbidden");
        Spec::given(world.clone()).as_user("ana").via(KeyId(1)).when(wish.clone()).then_rejected("forbidden");
        Spec::given(world.clone()).as_system().when(wish).then_rejected("forbidden");
    }
    Spec::given(world).as_user("oidc").when(change).then_rejected("no_password");
}

#[test]
fn a_key_of_ones_own_acts_as_its_person_stops_with_him_and_is_revoked_by_him() {
    let mut world = with_password("ana");
    world.user("eve");
    let world = Spec::given(world).as_user("ana").when(own_key(1)).then(&["KeyCreated"]);
    let (key, ana) = (KeyId(2), world.principal("ana"));
    assert_eq!(acts_as(&world.state, key), ana);
    let world = Spec::given(world).as_user("ana").when(own_key(1)).then_already_so();
    Spec::given(world.clone()).as_user("ana").via(key).when(own_key(2)).then_rejected("forbidden");
    let revoke = Command::RevokeKey { key };
    Spec::given(world.clone()).as_user("eve").when(revoke.clone()).then_rejected("forbidden");
    Spec::given(world.clone()).as_key(KeyId(1)).when(revoke.clone()).then(&["KeyRevoked"]);
    let revoked = Spec::given(world.clone()).as_user("ana").when(revoke).then(&["KeyRevoked"]);
    Spec::given(revoked).as_user("ana").via(key).when(own_key(2)).then_rejected("actor_inactive");
    let Principal::User(user) = ana else { unreachable!("a person") };
    let world = Spec::given(world).when(Command::DisableUser { user }).then(&["UserDisabled"]);
    assert!(!is_active(&world.state, &Principal::Key(key)));
}

#[test]
fn keys_of_ones_own_are_bounded_and_a_revoked_one_leaves_room() {
    let mut world = with_password("ana");
    for n in 1..=OWN_KEYS_MAX {
        world = Spec::given(world).as_user("ana").when(own_key(n)).then(&["KeyCreated"]);
    }
    let world = Spec::given(world).as_user("ana").when(own_key(OWN_KEYS_MAX + 1)).then_rejected("too_many_own_keys");
    let world = Spec::given(world).as_user("ana").when(Command::RevokeKey { key: KeyId(2) }).then(&["KeyRevoked"]);
    Spec::given(world).as_user("ana").when(own_key(OWN_KEYS_MAX + 1)).then(&["KeyCreated"]);
}

#[test]
fn a_key_of_a_node_acts_as_the_node_and_has_no_rights_of_its_own() {
    let create = |is_admin| Command::CreateKey {
        label: "deployer".into(),
        is_admin,
        is_architect: false,
        groups: Vec::new(),
        credential: credential(1),
        expires: None,
        document: None,
        node: Some("deployer-1".into()),
    };
    let world = World::bootstrapped();
    Spec::given(world.clone()).when(create(true)).then_rejected("key_stands_for_another");
    let world = Spec::given(world).when(create(false)).then(&["KeyCreated"]);
    assert_eq!(acts_as(&world.state, KeyId(2)), Principal::Node("deployer-1".into()));
}
