#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test should panic")]

use super::{Command, DOCUMENT_BYTES_MAX, DOCUMENT_ESCAPED_BYTES_MAX, PAGE_ORDER, PAGE_PREFIX};
use crate::access;
use crate::ids::CredentialId;
use crate::testing::{Spec, World};

fn set(name: &str, document: Option<&str>) -> Command {
    Command::Set { name: name.into(), document: document.map(Into::into) }
}

#[test]
fn a_setting_is_what_was_last_set_and_remembers_since_when_there_is_one() {
    let world = Spec::given(World::bootstrapped()).when(set("a", Some("{}"))).then(&["SettingsChanged"]);
    let created = world.state.head;
    let world = Spec::given(world).when(set("a", Some("{}"))).then_already_so();
    let world = Spec::given(world).when(set("a", Some(r#"{"b":1}"#))).then(&["SettingsChanged"]);
    let found = world.state.settings.by_name.get("a");
    assert!(found.is_some_and(|found| found.created == created && found.changed == world.state.head));
    let world = Spec::given(world).when(set("a", None)).then(&["SettingsChanged"]);
    assert!(world.state.settings.by_name.is_empty());
    Spec::given(world).when(set("a", None)).then_already_so();
}

#[test]
fn only_administrators_set_and_only_bounded_objects_with_names() {
    let mut world = World::bootstrapped();
    world.user("ana");
    Spec::given(world.clone()).as_user("ana").when(set("a", Some("{}"))).then_rejected("forbidden");
    Spec::given(world.clone()).when(set("a", Some("[]"))).then_rejected("setting_invalid");
    Spec::given(world.clone()).when(set(" ", Some("{}"))).then_rejected("name_invalid");
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(DOCUMENT_BYTES_MAX));
    Spec::given(world).when(set("a", Some(&long))).then_rejected("text_too_long");
}

#[test]
fn architects_set_pages_and_their_order_and_nothing_else() {
    let mut world = World::bootstrapped();
    let credential = CredentialId(uuid::Uuid::from_u128(77));
    let admin = world.admin();
    let command = access::Command::CreateKey {
        label: "architect".into(),
        is_admin: false,
        is_architect: true,
        groups: Vec::new(),
        credential,
        expires: None,
        document: None,
        node: None,
    };
    world.run(&admin, command);
    world.user("ana");
    let architect = world.state.access.credentials[&credential];
    for name in [&*format!("{PAGE_PREFIX}cp.risk"), PAGE_ORDER] {
        Spec::given(world.clone()).as_key(architect).when(set(name, Some("{}"))).then(&["SettingsChanged"]);
        Spec::given(world.clone()).as_user("ana").when(set(name, Some("{}"))).then_rejected("forbidden");
    }
    for name in ["a", "dataiku.general-settings", "dataiku.custom-pages-orders", "dataiku.custom-page"] {
        Spec::given(world.clone()).as_key(architect).when(set(name, Some("{}"))).then_rejected("forbidden");
    }
}

#[test]
fn the_largest_setting_still_fits_into_an_event_whatever_is_escaped_in_it() {
    let world = World::bootstrapped();
    // Each of these is two bytes here and four in the event.
    let quotes = |count: usize| format!(r#"{{"a":"{}"}}"#, r#"\""#.repeat(count));
    let escaped = |count: usize| serde_json::to_string(&quotes(count)).unwrap().len();
    let fitting = (DOCUMENT_ESCAPED_BYTES_MAX - escaped(0)) / 4;
    assert!(escaped(fitting) <= DOCUMENT_ESCAPED_BYTES_MAX && escaped(fitting + 1) > DOCUMENT_ESCAPED_BYTES_MAX);
    let name = "n".repeat(super::NAME_BYTES_MAX);
    let (events, world) = Spec::given(world).when(set(&name, Some(&quotes(fitting)))).accepted();
    let log = world.state.log.unwrap();
    assert!(crate::schema::encode(&events[0], log).is_ok());
    Spec::given(world).when(set(&name, Some(&quotes(fitting + 1)))).then_rejected("text_too_long");
}
