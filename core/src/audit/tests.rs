use super::{
    Command, ENTRY_NAME_BYTES_MAX, ENTRY_PARAMS_BYTES_MAX, Entry, EntryKind, Event, FURTHER_ADDRESSES, FailedSignIn,
    KEY_ADDRESSES_MAX, Method, REFUSED_MAX, Refused,
};
use crate::access;
use crate::context::Principal;
use crate::ids::{Digest, FileId, KeyId, UserId};
use crate::series;
use crate::testing::{Spec, World};
use crate::time::Timestamp;

fn refused(times: u32) -> Refused {
    let (who, since) = (Principal::User(UserId(1)), Timestamp::from_millis(0));
    Refused { who, via: None, code: "forbidden".into(), times, since }
}

fn count(refused: Vec<Refused>) -> Command {
    Command::CountRefusals { refused }
}

#[test]
fn counts_are_told_one_by_one_and_none_for_nothing() {
    let world = World::bootstrapped();
    let told = Spec::given(world).as_system().when(count(vec![refused(3), refused(0), refused(1)]));
    let world = told.then(&["RefusalsCounted", "RefusalsCounted"]);
    Spec::given(world.clone()).as_system().when(count(vec![refused(0)])).then_already_so();
    Spec::given(world).as_system().when(count(Vec::new())).then_already_so();
}

#[test]
fn only_the_system_tells_and_not_without_bound() {
    let world = World::bootstrapped();
    let asked = Spec::given(world.clone()).as_key(KeyId(1)).when(count(vec![refused(1)]));
    asked.then_rejected("forbidden");
    let many = vec![refused(1); REFUSED_MAX + 1];
    Spec::given(world).as_system().when(count(many)).then_rejected("too_many_counts");
}

fn custom(name: &str, params: &str) -> Command {
    Command::Add { entry: Entry::Custom { name: name.into(), params: params.into() } }
}

#[test]
fn anybody_active_notes_an_entry_of_his_own_kind_and_no_machine_does() {
    let mut world = World::bootstrapped();
    let user = world.user("ana");
    let wish = custom("model-review", r#"{"outcome":"ok"}"#);
    let told = Spec::given(world.clone()).as_user("ana").when(wish.clone());
    let (events, world) = told.accepted();
    let expected = Event::AuditEntryAdded {
        kind: EntryKind::Custom,
        name: "model-review".into(),
        params: r#"{"outcome":"ok"}"#.into(),
        address: None,
    };
    assert_eq!(events.first().map(|told| &told.event), Some(&expected.into()));
    Spec::given(world.clone()).as_key(KeyId(1)).when(wish.clone()).then(&["AuditEntryAdded"]);
    Spec::given(world.clone()).as_system().when(wish.clone()).then_rejected("forbidden");
    let world = Spec::given(world).when(access::Command::DisableUser { user }).then(&["UserDisabled"]);
    Spec::given(world).as_user("ana").when(wish).then_rejected("actor_inactive");
}

#[test]
fn an_entry_of_ones_own_is_bounded_and_says_an_object() {
    let world = World::bootstrapped();
    let refused = |wish, code| Spec::given(world.clone()).as_key(KeyId(1)).when(wish).then_rejected(code);
    refused(custom("", "{}"), "name_invalid");
    refused(custom("a\nb", "{}"), "name_invalid");
    refused(custom(&"x".repeat(ENTRY_NAME_BYTES_MAX + 1), "{}"), "text_too_long");
    for params in ["", "[]", "null", "{", "\"x\""] {
        refused(custom("a", params), "entry_params_invalid");
    }
    let text = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    refused(custom("a", &text(ENTRY_PARAMS_BYTES_MAX + 1)), "text_too_long");
    let whole = custom("a", &text(ENTRY_PARAMS_BYTES_MAX));
    Spec::given(world.clone()).as_key(KeyId(1)).when(whole).then(&["AuditEntryAdded"]);
}

#[test]
fn a_download_is_of_a_file_that_exists_or_did() {
    let mut world = World::bootstrapped();
    let (admin, digest) = (world.admin(), Digest::of(b"a"));
    let register = series::Command::RegisterFile { name: "a".into(), size_bytes: 1, media_type: None, digest };
    world.run(&admin, register);
    let wish = |file| Command::Add { entry: Entry::Download { file: FileId(file) } };
    for file in [0, 2, 7] {
        Spec::given(world.clone()).as_key(KeyId(1)).when(wish(file)).then_rejected("not_found");
    }
    world.run(&admin, series::Command::DeleteFile { file: FileId(1) });
    // As time travel gives it out.
    Spec::given(world).as_key(KeyId(1)).when(wish(1)).then(&["AuditEntryAdded"]);
}

#[test]
fn each_address_of_a_key_is_told_once_and_beyond_the_bound_all_others_at_once() {
    let mut world = World::bootstrapped();
    let note = |n: usize| Command::NoteKey { key: KeyId(1), address: format!("10.0.0.{n}").into() };
    Spec::given(world.clone()).as_key(KeyId(1)).when(note(0)).then_rejected("forbidden");
    for n in 0..KEY_ADDRESSES_MAX {
        world = Spec::given(world).when(note(n)).then(&["AuditEntryAdded"]);
        world = Spec::given(world).when(note(n)).then_already_so();
    }
    let (events, world) = Spec::given(world).when(note(KEY_ADDRESSES_MAX)).accepted();
    let told = events.first().map(|told| &told.event);
    assert!(matches!(told, Some(crate::Event::Audit(Event::AuditEntryAdded { address: None, .. }))), "{told:?}");
    Spec::given(world.clone()).when(note(KEY_ADDRESSES_MAX + 1)).then_already_so();
    let unknown = Command::NoteKey { key: KeyId(9), address: "10.0.0.1".into() };
    Spec::given(world.clone()).when(unknown).then_rejected("not_found");
    let wrong = Command::NoteKey { key: KeyId(1), address: FURTHER_ADDRESSES.into() };
    Spec::given(world).when(wrong).then_rejected("address_invalid");
}

#[test]
fn only_a_person_signs_in_and_out_and_a_disabled_one_does_not() {
    let mut world = World::bootstrapped();
    let user = world.user("ana");
    let sign_in = Command::SignIn { method: Method::Password, address: Some("::1".into()) };
    let world = Spec::given(world).as_user("ana").when(sign_in.clone()).then(&["SignedIn"]);
    let world = Spec::given(world).as_user("ana").when(Command::SignOut).then(&["SignedOut"]);
    Spec::given(world.clone()).as_key(KeyId(1)).when(sign_in.clone()).then_rejected("forbidden");
    let world = Spec::given(world).when(access::Command::DisableUser { user }).then(&["UserDisabled"]);
    Spec::given(world).as_user("ana").when(sign_in).then_rejected("actor_inactive");
}

#[test]
fn failures_to_sign_in_are_told_as_counts_by_the_system() {
    let world = World::bootstrapped();
    let (user, since) = (None, Timestamp::from_millis(0));
    let one = FailedSignIn { user, code: "sign_in_refused".into(), times: 9, since };
    let count = |failed| Command::CountFailedSignIns { failed };
    Spec::given(world.clone()).when(count(vec![one.clone()])).then(&["SignInFailed"]);
    Spec::given(world.clone()).as_key(KeyId(1)).when(count(vec![one.clone()])).then_rejected("forbidden");
    Spec::given(world).when(count(vec![one; REFUSED_MAX + 1])).then_rejected("too_many_counts");
}

#[test]
fn the_last_time_that_a_person_came_went_or_was_not_let_in_is_remembered() {
    let mut world = World::bootstrapped();
    let user = world.user("ana");
    assert!(world.state.access.activity.get(&user).is_none());
    let of = |world: &World| world.state.access.activity.get(&user).copied().unwrap_or_default();
    let sign_in = Command::SignIn { method: Method::Password, address: None };
    let world = Spec::given(world).as_user("ana").when(sign_in).then(&["SignedIn"]);
    let came = Some(world.state.head_at);
    assert_eq!((of(&world).signed_in, of(&world).seen, of(&world).failed), (came, came, None));
    let later = Timestamp::from_millis(world.at.millis() + 60_000);
    let world = Spec::given(world).at(later).as_user("ana").when(Command::SignOut).then(&["SignedOut"]);
    assert_eq!((of(&world).signed_in, of(&world).seen, of(&world).failed), (came, Some(later), None));
    let one = FailedSignIn { user: Some(user), code: "sign_in_refused".into(), times: 2, since: later };
    let count = Command::CountFailedSignIns { failed: vec![one] };
    let world = Spec::given(world).at(later).when(count).then(&["SignInFailed"]);
    assert_eq!((of(&world).signed_in, of(&world).failed), (came, Some(later)));
}
