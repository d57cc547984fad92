use super::super::{FIELD_JSON_BYTES_MAX, NAME_BYTES_MAX, field_value};
use super::*;
use crate::ids::{Digest, FileId, SeriesId};
use crate::rejection::Rejection;
use crate::series;
use crate::testing::Spec;
use crate::value::{LIST_VALUES_MAX, TEXT_BYTES_MAX};

const KINDS: &str = "bp.kinds";
const KINDS_DOCUMENT: &str = r#"{"fieldDefinitions": {
    "text": {"fieldType": "TEXT", "required": true},
    "texts": {"fieldType": "TEXT", "listConfig": {"cardinalityMin": 2, "cardinalityMax": 3}},
    "number": {"fieldType": "NUMBER", "min": 0, "max": 10},
    "boolean": {"fieldType": "BOOLEAN"},
    "date": {"fieldType": "DATE"},
    "risk": {"fieldType": "CATEGORY", "categories": ["Low", "High"]},
    "any": {"fieldType": "REFERENCE"},
    "initiative": {"fieldType": "REFERENCE", "allowedBlueprints": ["bp.system.business_initiative"]},
    "file": {"fieldType": "UPLOADED_FILE"},
    "series": {"fieldType": "TIME_SERIES"},
    "json": {"fieldType": "JSON"},
    "many": {"fieldType": "TEXT", "listConfig": {}},
    "children": {"fieldType": "REFERENCE", "sourceType": "COMPUTE", "listConfig": {},
        "computation": {"type": "BACK_REFERENCE", "blueprintId": "bp.kinds", "fieldId": "any"}}
}}"#;

fn kinds() -> (World, ItemId) {
    let mut world = world();
    template(&mut world, KINDS, KINDS_DOCUMENT);
    let admin = world.admin();
    world.run(&admin, create(KINDS, &[("text", text("there"))]));
    let made = last(&world);
    (world, made)
}

/// The field and code of every problem.
#[track_caller]
fn problems(fields: &[(&str, Input)]) -> Vec<(String, &'static str)> {
    let (world, made) = kinds();
    let admin = world.admin();
    let rejection = Spec::given(world).as_principal(admin).when(fill(made, fields)).rejection();
    assert_eq!(rejection.code(), "fields_invalid", "{rejection}");
    rejection.fields().iter().map(|problem| (problem.field.to_string(), problem.code)).collect()
}

#[track_caller]
fn assert_problem(field: &str, input: Input, code: &'static str) {
    assert_eq!(problems(&[(field, input)]), [(field.to_owned(), code)]);
}

#[track_caller]
fn assert_kept(field: &str, input: Input, value: Value) {
    let (world, made) = kinds();
    let admin = world.admin();
    let save = fill(made, &[(field, input)]);
    let world = Spec::given(world).as_principal(admin.clone()).when(save.clone()).then(&["FieldsEdited"]);
    assert_eq!(item(&world, made).fields.get(field), Some(&value));
    Spec::given(world).as_principal(admin).when(save).then_already_so();
}

#[test]
fn a_value_of_each_kind_is_kept_and_repeating_it_changes_nothing() {
    assert_kept("text", text("new"), Value::Text("new".into()));
    assert_kept("number", Input::Number(10.0), Value::Number(10.0));
    assert_kept("boolean", Input::Boolean(false), Value::Boolean(false));
    assert_kept("date", text("2026-06-01T02:00:00+02:00"), Value::Date("2026-06-01T00:00:00Z".parse().unwrap()));
    assert_kept("risk", text("High"), Value::Category("High".into()));
    assert_kept("json", Input::Object(r#"{"a":1}"#.into()), Value::Json(r#"{"a":1}"#.into()));
    assert_kept("json", Input::List(vec![Input::Number(1.0)]), Value::Json("[1]".into()));
    let two = Value::List(Arc::from([Value::Text("a".into()), Value::Text("b".into())]));
    assert_kept("texts", texts(&["a", "b"]), two);
}

#[test]
fn every_wrong_field_of_a_save_is_named_and_nothing_is_saved() {
    let (world, made) = kinds();
    let admin = world.admin();
    let save = fill(made, &[("risk", text("Middle")), ("nowhere", text("x")), ("boolean", Input::Boolean(true))]);
    let rejection = Spec::given(world.clone()).as_principal(admin.clone()).when(save.clone()).rejection();
    let codes: Vec<_> = rejection.fields().iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["unknown_category", "unknown_field"]);
    let world = Spec::given(world).as_principal(admin).when(save).then_rejected("fields_invalid");
    assert_eq!(item(&world, made).fields.len(), 1);
}

#[test]
fn each_kind_of_wrong_input_has_its_code() {
    assert_problem("nowhere", text("x"), "unknown_field");
    assert_problem("children", texts(&[]), "computed");
    assert_problem("text", Input::Number(1.0), "wrong_type");
    assert_problem("number", text("1"), "wrong_type");
    assert_problem("text", texts(&["x"]), "not_a_list");
    assert_problem("texts", text("x"), "list_expected");
    assert_problem("texts", texts(&["x"]), "too_few_values");
    assert_problem("texts", texts(&["a", "b", "c", "d"]), "too_many_values");
    assert_problem("many", Input::List(vec![text("x"); LIST_VALUES_MAX + 1]), "too_many_values");
    assert_problem("number", Input::Number(10.5), "out_of_range");
    assert_problem("number", Input::Number(f64::NAN), "not_finite");
    assert_problem("date", text("2026-06-01"), "date_invalid");
    assert_problem("risk", text("high"), "unknown_category");
    assert_problem("text", text(&"x".repeat(TEXT_BYTES_MAX + 1)), "too_long");
    assert_problem("many", Input::List(vec![text(&"x".repeat(FIELD_JSON_BYTES_MAX / 3)); 4]), "too_long");
    assert_problem("file", text("uf.1"), "file_unknown");
    assert_problem("series", text("ts.1"), "dangling_reference");
    assert_problem("any", text("ar.999"), "dangling_reference");
    assert_problem("any", text("meg"), "dangling_reference");
    assert_problem("initiative", text("ar.1"), "forbidden_reference");
    assert_problem("text", Input::Null, "required");
}

#[test]
fn a_field_given_twice_and_a_reference_to_oneself_are_refused() {
    let twice = [("boolean", Input::Boolean(true)), ("boolean", Input::Boolean(false))];
    assert_eq!(problems(&twice), [("boolean".to_owned(), "given_twice")]);
    let (world, made) = kinds();
    assert_problem("any", text(&made.to_string()), "forbidden_reference");
    drop(world);
}

#[test]
fn a_required_field_has_to_be_there_when_an_item_is_made() {
    let (world, _) = kinds();
    let admin = world.admin();
    let rejection = Spec::given(world).as_principal(admin).when(create(KINDS, &[])).rejection();
    assert_eq!(rejection.fields()[0].code, "required");
}

#[test]
fn null_and_the_empty_list_clear_a_field() {
    let (mut world, made) = kinds();
    let admin = world.admin();
    world.run(&admin, fill(made, &[("boolean", Input::Boolean(true)), ("many", texts(&["x"]))]));
    let clear = fill(made, &[("boolean", Input::Null), ("many", texts(&[]))]);
    let world = Spec::given(world).as_principal(admin.clone()).when(clear.clone()).then(&["FieldsEdited"]);
    assert_eq!(item(&world, made).fields.len(), 1);
    Spec::given(world).as_principal(admin).when(clear).then_already_so();
}

#[test]
fn a_change_tells_old_and_new_and_a_long_old_value_by_its_digest() {
    let (mut world, made) = kinds();
    let admin = world.admin();
    let long = "x".repeat(5_000);
    world.run(&admin, fill(made, &[("text", text(&long))]));
    let (events, _) = Spec::given(world).as_principal(admin).when(fill(made, &[("text", text("short"))])).accepted();
    let crate::Event::Item(super::super::Event::FieldsEdited { changes, .. }) = &events[0].event else {
        panic!("{events:?}")
    };
    let digest = Digest::of(format!("\"{long}\"").as_bytes());
    assert_eq!(changes[0].old, OldValue::Large { digest, length_bytes: 5_002 });
    assert_eq!(changes[0].new, Some(Value::Text("short".into())));
}

#[test]
fn a_save_that_is_too_large_for_one_event_makes_several() {
    let mut world = world();
    let project = made_project(&mut world);
    let long = text(&"x".repeat(TEXT_BYTES_MAX));
    let notes = ["exploration_notes", "qualification_notes", "progress_notes", "rollout_notes", "delivery_notes"];
    let fields = notes.map(|field| (field, long.clone()));
    let spec = Spec::given(world).as_user("cora");
    let world = spec.when(fill(project, &fields)).then(&["FieldsEdited", "FieldsEdited", "FieldsEdited"]);
    assert_eq!(item(&world, project).fields.len(), 5);
}

#[test]
fn a_file_can_be_attached_by_whoever_uploaded_it_and_kept_by_others() {
    let mut world = world();
    let project = made_project(&mut world);
    let meg = world.principal("meg");
    let file = series::Event::FileUploaded {
        file: FileId(1),
        name: "requirements.pdf".into(),
        size_bytes: 3,
        media_type: None,
        digest: Digest::of(b"abc"),
    };
    world.happened(&meg, file);
    let attach = fill(project, &[("exploration_docs", texts(&["uf.1"]))]);
    let world = Spec::given(world).as_user("cora").when(attach.clone()).then_rejected("fields_invalid");
    let world = Spec::given(world).as_user("meg").when(attach).then(&["FieldsEdited"]);
    let moved = fill(project, &[("exploration_docs", Input::Null), ("related_docs", texts(&["uf.1"]))]);
    let _ = Spec::given(world).as_user("cora").when(moved).then(&["FieldsEdited"]);
}

#[test]
fn a_time_series_has_to_be_known() {
    let (mut world, made) = kinds();
    let admin = world.admin();
    world.state.nodes.series.insert(SeriesId(4), made);
    let spec = Spec::given(world).as_principal(admin);
    let _ = spec.when(fill(made, &[("series", text("ts.4"))])).then(&["FieldsEdited"]);
}

#[test]
fn ratings_are_scored_and_scores_cannot_be_typed_in() {
    let mut world = world();
    let project = made_project(&mut world);
    let cora = world.principal("cora");
    let score = |world: &World, field: &str| field_value(&world.state, &item(world, project), &field.into());
    assert_eq!(score(&world, "qualification_value_score"), None);
    for (rating, value) in [("Low", 20.0), ("Medium low", 40.0), ("Medium high", 60.0), ("High", 80.0)] {
        let ratings = [("qualification_value_rating", text(rating)), ("qualification_risk_rating", text(rating))];
        world.run(&cora, fill(project, &ratings));
        assert_eq!(score(&world, "qualification_value_score"), Some(Value::Number(value)));
        assert_eq!(score(&world, "qualification_risk_score"), Some(Value::Number(100.0 - value)));
    }
    let typed = fill(project, &[("qualification_value_score", Input::Number(80.0))]);
    let rejection: Rejection = Spec::given(world).as_user("cora").when(typed).rejection();
    assert_eq!(rejection.fields()[0].code, "computed");
}

#[test]
fn back_references_follow_the_forward_ones() {
    let (mut world, parent) = kinds();
    let admin = world.admin();
    let children = |world: &World| field_value(&world.state, &item(world, parent), &"children".into());
    assert_eq!(children(&world), None);
    world.run(&admin, create(KINDS, &[("text", text("c")), ("any", text(&parent.to_string()))]));
    let child = last(&world);
    assert_eq!(children(&world), Some(Value::List(Arc::from([Value::Reference(child)]))));
    world.run(&admin, fill(child, &[("any", Input::Null)]));
    assert_eq!(children(&world), None);
}

#[test]
fn a_name_is_printable_and_bounded() {
    let mut world = world();
    let project = made_project(&mut world);
    let world = Spec::given(world).as_user("cora").when(rename(project, " ")).then_rejected("name_invalid");
    let world = Spec::given(world).as_user("cora").when(rename(project, "a\nb")).then_rejected("name_invalid");
    let long = "x".repeat(NAME_BYTES_MAX + 1);
    let world = Spec::given(world).as_user("cora").when(rename(project, &long)).then_rejected("text_too_long");
    let world = Spec::given(world).as_user("cora").when(rename(project, "Fraud")).then(&["ItemRenamed"]);
    Spec::given(world).as_user("cora").when(rename(project, "Fraud")).then_already_so();
}
