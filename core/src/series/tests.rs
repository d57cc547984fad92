use super::{Command, FILE_BYTES_MAX, FILE_NAME_BYTES_MAX};
use crate::ids::{Digest, FileId};
use crate::testing::{Spec, World};

fn register(name: &str, size_bytes: u64) -> Command {
    Command::RegisterFile {
        name: name.into(),
        size_bytes,
        media_type: Some("text/plain".into()),
        digest: Digest::of(b""),
    }
}

#[test]
fn a_file_gets_the_next_id_and_belongs_to_who_uploaded_it() {
    let mut world = World::bootstrapped();
    world.user("ana");
    let ana = world.principal("ana");
    let world = Spec::given(world).as_user("ana").when(register("a.txt", 1)).then(&["FileUploaded"]);
    let world = Spec::given(world).as_user("ana").when(register("a.txt", 1)).then(&["FileUploaded"]);
    let files = &world.state.files.by_id;
    assert_eq!(files.keys().copied().collect::<Vec<_>>(), [FileId(1), FileId(2)]);
    assert!(files.values().all(|file| file.owner == ana));
}

#[test]
fn a_file_is_registered_up_to_its_bounds_and_not_beyond() {
    let world = World::bootstrapped();
    let longest = "a".repeat(FILE_NAME_BYTES_MAX);
    Spec::given(world.clone()).when(register(&longest, FILE_BYTES_MAX)).then(&["FileUploaded"]);
    Spec::given(world.clone()).when(register(&format!("{longest}a"), 1)).then_rejected("text_too_long");
    Spec::given(world.clone()).when(register("a", FILE_BYTES_MAX + 1)).then_rejected("file_too_large");
    Spec::given(world.clone()).when(register("a\u{7}b", 1)).then_rejected("name_invalid");
    Spec::given(world).when(register(" ", 1)).then_rejected("name_invalid");
}
