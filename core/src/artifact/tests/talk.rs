//! Comments and pages.

use super::super::{COMMENT_BYTES_MAX, PAGE_BYTES_MAX, comments};
use super::*;
use crate::ids::CommentId;
use crate::testing::Spec;

fn comment(item: ItemId, step: Option<&str>, text: &str) -> Command {
    Command::Comment { item, step: step.map(Into::into), text: text.into() }
}

fn edit(item: ItemId, comment: u32, text: &str) -> Command {
    Command::EditComment { item, comment: CommentId(comment), text: text.into() }
}

fn delete(item: ItemId, comment: u32) -> Command {
    Command::DeleteComment { item, comment: CommentId(comment) }
}

fn page(item: ItemId, text: &str) -> Command {
    Command::SetPage { item, text: text.into() }
}

fn said(world: &World, item: ItemId) -> Vec<String> {
    comments(&world.state.items, item, None).map(|comment| comment.text.shown().to_owned()).collect()
}

/// A project that cora may write on, and about which she said something.
fn commented() -> (World, ItemId) {
    let mut world = world();
    let project = made_project(&mut world);
    let cora = world.principal("cora");
    world.run(&cora, comment(project, None, "hello"));
    (world, project)
}

#[test]
fn comments_are_bounded_and_belong_to_a_step_that_exists() {
    let mut world = world();
    let project = made_project(&mut world);
    let long = "x".repeat(COMMENT_BYTES_MAX + 1);
    let world = Spec::given(world).as_user("cora").when(comment(project, None, "hello\nyou")).then(&["CommentAdded"]);
    let step = Some("exploration");
    let world = Spec::given(world).as_user("cora").when(comment(project, step, "hello")).then(&["CommentAdded"]);
    assert_eq!(said(&world, project), ["hello\nyou", "hello"]);
    let world = Spec::given(world).as_user("cora").when(comment(project, None, &long)).then_rejected("text_too_long");
    let world = Spec::given(world).as_user("cora").when(comment(project, None, " ")).then_rejected("comment_empty");
    let spec = Spec::given(world).as_user("cora");
    let mut world = spec.when(comment(project, Some("nowhere"), "hello")).then_rejected("step_unknown");
    let source = tell(&mut world, project_key("FRAUD"));
    let world = Spec::given(world).as_user("rob").when(comment(source, None, "hello")).then_rejected("forbidden");
    let _ = Spec::given(world).as_user("cora").when(comment(source, None, "hello")).then(&["CommentAdded"]);
}

#[test]
fn its_author_changes_a_comment_and_the_log_keeps_what_it_was() {
    let (world, project) = commented();
    let world = Spec::given(world).as_user("cora").when(edit(project, 1, "good day")).then(&["CommentEdited"]);
    assert_eq!(said(&world, project), ["good day"]);
    let found = comments(&world.state.items, project, None).next().unwrap();
    assert!(found.edited_at > Some(found.at) && found.author == world.principal("cora"), "{found:?}");
    let added = world.log.iter().any(|recorded| format!("{:?}", recorded.event).contains("hello"));
    assert!(added, "the first text is not in the log");
    let world = Spec::given(world).as_user("cora").when(edit(project, 1, "good day")).then_already_so();
    let world = Spec::given(world).as_user("cora").when(edit(project, 1, "")).then_rejected("comment_empty");
    let _ = Spec::given(world).as_user("cora").when(edit(project, 2, "good day")).then_rejected("not_found");
}

#[test]
fn nobody_but_its_author_and_administrators_touches_a_comment() {
    let (world, project) = commented();
    let world = Spec::given(world).as_user("meg").when(edit(project, 1, "no")).then_rejected("comment_of_another");
    let world = Spec::given(world).as_user("meg").when(delete(project, 1)).then_rejected("comment_of_another");
    let admin = world.admin();
    let world = Spec::given(world).as_principal(admin.clone()).when(edit(project, 1, "hm")).then(&["CommentEdited"]);
    assert_eq!(comments(&world.state.items, project, None).next().unwrap().author, world.principal("cora"));
    let world = Spec::given(world).as_principal(admin).when(delete(project, 1)).then(&["CommentDeleted"]);
    assert!(said(&world, project).is_empty());
}

#[test]
fn a_deleted_comment_is_gone_and_its_id_is_not_given_again() {
    let (world, project) = commented();
    let world = Spec::given(world).as_user("cora").when(delete(project, 1)).then(&["CommentDeleted"]);
    let world = Spec::given(world).as_user("cora").when(delete(project, 1)).then_rejected("not_found");
    let world = Spec::given(world).as_user("cora").when(comment(project, None, "again")).then(&["CommentAdded"]);
    assert_eq!(comments(&world.state.items, project, None).next().unwrap().id, CommentId(2));
}

#[test]
fn a_page_is_written_rewritten_and_removed() {
    let (world, project) = commented();
    let world = Spec::given(world).as_user("cora").when(page(project, "# Why")).then(&["PageSet"]);
    let world = Spec::given(world).as_user("cora").when(page(project, "# Why")).then_already_so();
    let world = Spec::given(world).as_user("meg").when(page(project, "# Why not")).then(&["PageSet"]);
    let written = world.state.items.pages.get(&project).unwrap();
    assert_eq!((&*written.text, &written.author), ("# Why not", &world.principal("meg")));
    let remove = Command::RemovePage { item: project };
    let world = Spec::given(world).as_user("cora").when(remove.clone()).then(&["PageRemoved"]);
    let _ = Spec::given(world).as_user("cora").when(remove).then_already_so();
}

#[test]
fn a_page_is_bounded_and_needs_the_right_to_write() {
    let (world, project) = commented();
    let long = "x".repeat(PAGE_BYTES_MAX + 1);
    let world = Spec::given(world).as_user("cora").when(page(project, &long)).then_rejected("text_too_long");
    let world = Spec::given(world).as_user("cora").when(page(project, " \n")).then_rejected("page_empty");
    let world = Spec::given(world).as_user("rob").when(page(project, "# Why")).then_rejected("forbidden");
    let spec = Spec::given(world).as_user("rob");
    let world = spec.when(Command::RemovePage { item: project }).then_rejected("forbidden");
    let world = Spec::given(world).as_user("meg").when(Command::Archive { item: project }).then(&["ItemArchived"]);
    let _ = Spec::given(world).as_user("cora").when(page(project, "# Why")).then_rejected("item_archived");
}

#[test]
fn what_was_said_goes_with_its_item() {
    let (mut world, project) = commented();
    let (cora, admin) = (world.principal("cora"), world.admin());
    world.run(&cora, page(project, "# Why"));
    world.run(&admin, Command::Delete { item: project });
    assert!(world.state.items.pages.is_empty() && world.state.items.comments.is_empty());
}
