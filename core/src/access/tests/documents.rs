use super::super::documents::{DOCUMENT_BYTES_MAX, RULES_DOCUMENT_BYTES_MAX};
use crate::access::{Command, Edit, KeyEdit, Permissions, Scope, UserEdit};
use crate::context::Principal;
use crate::ids::{CredentialId, KeyId};
use crate::testing::{Spec, World};
use crate::time::Timestamp;

const PROJECT: &str = "bp.system.govern_project";
const KEPT: &str = r#"{"theme":"dark"}"#;
const OTHER: &str = r#"{"theme":"light"}"#;

fn user_edit(world: &World, edit: UserEdit) -> Command {
    let Principal::User(user) = world.principal("ana") else { unreachable!("a person") };
    Command::EditUser { user, edit }
}

#[test]
fn a_person_changes_what_he_keeps_with_himself_and_never_what_administrators_keep() {
    let mut world = World::bootstrapped();
    world.user("ana");
    let both =
        UserEdit { document: Edit::Set(KEPT.into()), own_document: Edit::Set(KEPT.into()), ..UserEdit::default() };
    let wish = user_edit(&world, both);
    let world = Spec::given(world).when(wish.clone()).then(&["UserEdited"]);
    let world = Spec::given(world).when(wish.clone()).then_already_so();
    let own = Command::EditOneself { own_document: Edit::Set(OTHER.into()) };
    Spec::given(world.clone()).as_key(KeyId(1)).when(own.clone()).then_rejected("forbidden");
    Spec::given(world.clone()).as_user("ana").when(wish).then_rejected("forbidden");
    let world = Spec::given(world).as_user("ana").when(own.clone()).then(&["UserEdited"]);
    let world = Spec::given(world).as_user("ana").when(own).then_already_so();
    let user = world.state.access.users.values().next().unwrap();
    let kept = |document: &Option<crate::personal::Personal>| document.as_ref().map(|it| it.shown().to_owned());
    assert_eq!((kept(&user.document).as_deref(), kept(&user.own_document).as_deref()), (Some(KEPT), Some(OTHER)));
}

#[test]
fn what_is_kept_is_a_bounded_object() {
    let mut world = World::bootstrapped();
    world.user("ana");
    let refused = |document: &str, code| {
        let edit = UserEdit { document: Edit::Set(document.into()), ..UserEdit::default() };
        Spec::given(world.clone()).when(user_edit(&world, edit)).then_rejected(code);
        let own = Command::EditOneself { own_document: Edit::Set(document.into()) };
        Spec::given(world.clone()).as_user("ana").when(own).then_rejected(code);
        let group = Command::CreateGroup {
            group: "readers".into(),
            description: "".into(),
            is_admin: false,
            is_architect: false,
            document: Some(document.into()),
        };
        Spec::given(world.clone()).when(group).then_rejected(code);
    };
    refused("[]", "document_invalid");
    refused("{", "document_invalid");
    refused(&format!(r#"{{"a":"{}"}}"#, "x".repeat(DOCUMENT_BYTES_MAX)), "text_too_long");
}

#[test]
fn a_group_a_role_and_a_key_are_made_with_what_is_kept_and_an_edit_of_something_else_leaves_it() {
    let world = World::bootstrapped();
    let (group, description, document) = ("readers".into(), "".into(), Some(KEPT.into()));
    let make = Command::CreateGroup { group, description, is_admin: false, is_architect: false, document };
    let world = Spec::given(world).when(make).then(&["GroupCreated", "GroupEdited"]);
    let (group, description, document) = ("readers".into(), Some("Who reads".into()), Edit::Keep);
    let edit = Command::EditGroup { group, description, is_admin: None, is_architect: None, document };
    let world = Spec::given(world).when(edit).then(&["GroupEdited"]);
    assert_eq!(world.state.access.groups.get("readers").unwrap().document.as_deref(), Some(KEPT));

    let (role, label) = ("ro.reader_of_all", "Reader");
    let (description, document) = ("".into(), Some(KEPT.into()));
    let make = Command::CreateRole { role: role.into(), label: label.into(), description, document };
    let world = Spec::given(world).when(make).then(&["RoleCreated", "RoleEdited"]);
    let (description, document) = ("Reads".into(), Edit::Set(OTHER.into()));
    let edit = Command::EditRole { role: role.into(), label: label.into(), description, document };
    let world = Spec::given(world).when(edit.clone()).then(&["RoleEdited"]);
    let world = Spec::given(world).when(edit).then_already_so();
    assert_eq!(world.state.access.roles.get(role).unwrap().document.as_deref(), Some(OTHER));
}

#[test]
fn an_edit_of_a_key_keeps_its_secret_and_refuses_an_end_that_has_passed() {
    let world = World::bootstrapped();
    let credential = CredentialId(uuid::Uuid::from_u128(7));
    let (label, groups, document) = ("ci".into(), Vec::new(), Some(KEPT.into()));
    let (is_admin, is_architect, expires) = (false, false, None);
    let make = Command::CreateKey { label, is_admin, is_architect, groups, credential, expires, document, node: None };
    let world = Spec::given(world).when(make).then(&["KeyCreated", "KeyEdited"]);
    let key = KeyId(2);
    let change = |edit: KeyEdit| Command::EditKey { key, edit };
    let named = KeyEdit { label: Some("cd".into()), groups: Some(vec!["risk".into()]), ..KeyEdit::default() };
    Spec::given(world.clone()).as_key(key).when(change(named.clone())).then_rejected("forbidden");
    Spec::given(world.clone()).when(change(named)).then_rejected("group_unknown");
    let later = Timestamp::from_millis(world.at.millis() + 60_000);
    let edit = KeyEdit { label: Some("cd".into()), expires: Edit::Set(later), ..KeyEdit::default() };
    let world = Spec::given(world).when(change(edit.clone())).then(&["KeyEdited"]);
    let world = Spec::given(world).when(change(edit)).then_already_so();
    let found = world.state.access.keys.get(&key).unwrap().clone();
    assert_eq!((&*found.label, found.expires, found.credential), ("cd", Some(later), credential));
    assert_eq!(found.document.as_deref(), Some(KEPT));
    let past = KeyEdit { expires: Edit::Set(world.at), ..KeyEdit::default() };
    Spec::given(world.clone()).when(change(past)).then_rejected("expiry_past");
    let world =
        Spec::given(world).when(change(KeyEdit { expires: Edit::Clear, ..KeyEdit::default() })).then(&["KeyEdited"]);
    let world = Spec::given(world).when(Command::RevokeKey { key }).then(&["KeyRevoked"]);
    Spec::given(world).when(change(KeyEdit::default())).then_rejected("key_revoked");
}

#[test]
fn an_edit_of_the_last_administrators_key_leaves_it_one() {
    let world = World::bootstrapped();
    let edit = KeyEdit { is_admin: Some(false), ..KeyEdit::default() };
    Spec::given(world).when(Command::EditKey { key: KeyId(1), edit }).then_rejected("last_administrator");
}

#[test]
fn what_is_kept_with_rules_goes_with_them() {
    let world = World::bootstrapped();
    let blueprint: crate::ids::BlueprintId = PROJECT.into();
    let set = |document: Option<&str>| Command::SetPermissions {
        blueprint: Some(PROJECT.into()),
        permissions: Permissions::default(),
        is_new: false,
        document: document.map(Into::into),
    };
    let world = Spec::given(world).when(set(Some(KEPT))).then(&["PermissionsSet"]);
    let world = Spec::given(world).when(set(Some(KEPT))).then_already_so();
    assert_eq!(world.state.access.permission_documents.get(&Some(blueprint.clone())).map(|it| &**it), Some(KEPT));
    let remove = Command::RemovePermissions { blueprint: blueprint.clone() };
    let world = Spec::given(world).when(remove).then(&["PermissionsRemoved"]);
    assert!(world.state.access.permission_documents.is_empty());

    let assign = |document: Option<String>| Command::SetAssignments {
        on: Scope::Blueprint(PROJECT.into()),
        assignments: Vec::new(),
        is_new: false,
        document: document.map(Into::into),
    };
    let world = Spec::given(world).when(assign(Some(KEPT.to_owned()))).then(&["AssignmentsSet"]);
    assert_eq!(world.state.access.assignment_documents.get(&blueprint).map(|it| &**it), Some(KEPT));
    let world = Spec::given(world).when(assign(None)).then(&["AssignmentsSet"]);
    assert!(world.state.access.assignment_documents.is_empty());
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(RULES_DOCUMENT_BYTES_MAX));
    Spec::given(world).when(assign(Some(long))).then_rejected("text_too_long");
}
