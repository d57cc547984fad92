#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use super::{Command, FILE_BYTES_MAX, FILE_NAME_BYTES_MAX, POINT_BYTES_MAX, POINTS_MAX, Point};
use crate::ids::{Digest, FileId, SeriesId};
use crate::testing::{Spec, World};
use crate::time::Timestamp;

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

fn points(points: &[(i64, &str)]) -> Vec<Point> {
    let point = |(at, value): &(i64, &str)| Point { at: Timestamp::from_millis(*at), value: (*value).into() };
    points.iter().map(point).collect()
}

fn push(given: &[(i64, &str)], replaces: bool) -> Command {
    Command::PushPoints { series: SeriesId(1), points: points(given), replaces }
}

fn held(world: &World) -> Vec<(i64, String)> {
    let series = &world.state.files.series.get(&SeriesId(1)).unwrap();
    series.within(None, None).map(|(at, value)| (at.millis(), value.to_string())).collect()
}

fn delete(from: Option<i64>, to: Option<i64>) -> Command {
    let time = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    Command::DeletePoints { series: SeriesId(1), from: time(from), to: time(to) }
}

/// Ana has a series with points at 1, 2 and 3.
fn series() -> World {
    let mut world = World::bootstrapped();
    world.user("ana");
    world.user("bo");
    let make = Command::CreateSeries { points: points(&[(3, "c"), (1, "a"), (2, "b")]) };
    Spec::given(world).as_user("ana").when(make).then(&["SeriesCreated", "PointsPushed"])
}

#[test]
fn points_stand_in_the_order_of_time_and_pushing_them_again_changes_nothing() {
    let world = Spec::given(series()).as_user("ana").when(push(&[(1, "a"), (3, "c")], true)).then_already_so();
    assert_eq!(held(&world), [(1, "a".into()), (2, "b".into()), (3, "c".into())]);
    let empty = Command::CreateSeries { points: Vec::new() };
    let world = Spec::given(world).as_user("bo").when(empty).then(&["SeriesCreated"]);
    assert!(world.state.files.series.get(&SeriesId(2)).is_some_and(|made| made.points.is_empty()));
}

#[test]
fn a_push_replaces_what_is_there_or_keeps_it_as_it_is_told() {
    let world = Spec::given(series()).as_user("ana").when(push(&[(1, "x"), (4, "d"), (4, "e")], false));
    let world = world.then(&["PointsPushed"]);
    assert_eq!(held(&world), [(1, "a".into()), (2, "b".into()), (3, "c".into()), (4, "d".into())]);
    let world = Spec::given(world).as_user("ana").when(push(&[(1, "x"), (4, "f"), (4, "e")], true));
    let world = world.then(&["PointsPushed"]);
    assert_eq!(held(&world), [(1, "x".into()), (2, "b".into()), (3, "c".into()), (4, "e".into())]);
}

#[test]
fn points_are_deleted_between_two_times_both_included_and_the_series_stays() {
    let world = Spec::given(series()).as_user("ana").when(delete(Some(2), Some(3))).then(&["PointsDeleted"]);
    assert_eq!(held(&world), [(1, "a".into())]);
    let world = Spec::given(world).as_user("ana").when(delete(Some(2), None)).then_already_so();
    let world = Spec::given(world).as_user("ana").when(delete(None, None)).then(&["PointsDeleted"]);
    assert!(held(&world).is_empty());
    Spec::given(world).as_user("ana").when(delete(None, None)).then_already_so();
}

#[test]
fn a_series_that_no_item_holds_is_for_its_owner_and_for_architects() {
    let world = series();
    Spec::given(world.clone()).as_user("bo").when(push(&[(9, "x")], true)).then_rejected("not_found");
    Spec::given(world.clone()).as_user("bo").when(delete(None, None)).then_rejected("not_found");
    Spec::given(world.clone()).when(push(&[(9, "x")], true)).then(&["PointsPushed"]);
    let unknown = Command::PushPoints { series: SeriesId(7), points: Vec::new(), replaces: true };
    Spec::given(world).when(unknown).then_rejected("not_found");
}

#[test]
fn points_have_bounds_and_a_large_push_is_several_events() {
    let large = "x".repeat(POINT_BYTES_MAX);
    let many: Vec<_> = (0..20).map(|at| (at, large.as_str())).collect();
    let (events, world) = Spec::given(series()).as_user("ana").when(push(&many, true)).accepted();
    assert!(events.len() > 1 && held(&world).len() == 20, "{}", events.len());
    let too_large = format!("{large}x");
    Spec::given(series()).as_user("ana").when(push(&[(1, &too_large)], true)).then_rejected("point_too_large");
    let most: Vec<_> = (0..=POINTS_MAX as i64).map(|at| (at, "1")).collect();
    Spec::given(series()).as_user("ana").when(push(&most, true)).then_rejected("too_many_points");
}

#[test]
fn a_file_is_deleted_by_its_owner_once_and_not_by_others() {
    let mut world = World::bootstrapped();
    world.user("ana");
    world.user("bo");
    let world = Spec::given(world).as_user("ana").when(register("a.txt", 1)).then(&["FileUploaded"]);
    let delete = || Command::DeleteFile { file: FileId(1) };
    Spec::given(world.clone()).as_user("bo").when(delete()).then_rejected("not_found");
    let world = Spec::given(world).as_user("ana").when(delete()).then(&["FileDeleted"]);
    assert!(world.state.files.by_id.is_empty() && world.state.files.last_file == 1);
    Spec::given(world).as_user("ana").when(delete()).then_rejected("not_found");
}
