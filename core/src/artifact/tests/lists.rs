//! Every type of field as a list.

use super::*;
use crate::ids::{Digest, FileId, SeriesId};
use crate::series;
use crate::testing::Spec;

const LISTS: &str = "bp.lists";

/// A type, more of its definition, two good values, one that is none of the type, and what is kept of the good ones.
type Case = (&'static str, &'static str, [Input; 2], Input, [Value; 2]);

/// The nine types.
fn types() -> Vec<Case> {
    let date = |text: &str| Value::Date(text.parse().unwrap());
    let days = ["2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z"];
    let item = |n: u32| Value::Reference(ItemId(n));
    let json = |json: &str| Value::Json(json.into());
    vec![
        ("TEXT", "", [text("a"), text("b")], Input::Boolean(true), [Value::Text("a".into()), Value::Text("b".into())]),
        (
            "NUMBER",
            r#", "max": 9"#,
            [Input::Number(1.0), Input::Number(9.0)],
            Input::Number(10.0),
            [Value::Number(1.0), Value::Number(9.0)],
        ),
        (
            "BOOLEAN",
            "",
            [Input::Boolean(true), Input::Boolean(false)],
            text("true"),
            [Value::Boolean(true), Value::Boolean(false)],
        ),
        ("DATE", "", days.map(text), text("yesterday"), days.map(date)),
        (
            "CATEGORY",
            r#", "categories": ["Low", "High"]"#,
            [text("High"), text("Low")],
            text("Middle"),
            [Value::Category("High".into()), Value::Category("Low".into())],
        ),
        (
            "REFERENCE",
            r#", "allowedBlueprints": ["bp.target"]"#,
            [text("ar.101"), text("ar.102")],
            text("ar.103"),
            [item(101), item(102)],
        ),
        ("UPLOADED_FILE", "", [text("uf.1"), text("uf.2")], text("uf.3"), [FileId(1), FileId(2)].map(Value::File)),
        ("TIME_SERIES", "", [text("ts.1"), text("ts.2")], text("ts.3"), [SeriesId(1), SeriesId(2)].map(Value::Series)),
        (
            "JSON",
            "",
            [Input::Object(r#"{"a":1}"#.into()), text("x")],
            Input::Number(f64::NAN),
            [json(r#"{"a":1}"#), json(r#""x""#)],
        ),
    ]
}

/// One item with a list field of each type; what they may refer to is there.
fn lists() -> (World, ItemId) {
    let mut world = world();
    let admin = world.admin();
    let fields = types().into_iter().map(|(kind, more, ..)| {
        format!(
            r#""{kind}": {{"fieldType": "{kind}"{more}, "listConfig": {{"cardinalityMin": 1, "cardinalityMax": 2}}}}"#
        )
    });
    let fields = fields.collect::<Vec<_>>().join(",");
    template(&mut world, "bp.target", "{}");
    template(&mut world, "bp.other", "{}");
    template(&mut world, LISTS, &format!(r#"{{"fieldDefinitions": {{{fields}}}}}"#));
    for (n, blueprint) in [(101, "bp.target"), (102, "bp.target"), (103, "bp.other")] {
        let template = TemplateId { blueprint: blueprint.into(), version: "bv.v1".into() };
        let made = super::super::Event::ItemCreated { item: ItemId(n), template, name: "x".into(), fields: Vec::new() };
        world.happened(&admin, made);
    }
    for n in [1, 2] {
        let (name, digest) = ("x".into(), Digest::of(b"x"));
        let file = series::Event::FileUploaded { file: FileId(n), name, size_bytes: 1, media_type: None, digest };
        world.happened(&admin, file);
        world.state.nodes.series.insert(SeriesId(n), ItemId(101));
    }
    world.run(&admin, create(LISTS, &[]));
    let made = last(&world);
    (world, made)
}

#[test]
fn a_list_of_each_type_is_kept_in_its_order_and_cleared() {
    let (world, made) = lists();
    for (kind, _, given, _, kept) in types() {
        let admin = world.admin();
        let save = fill(made, &[(kind, Input::List(given.to_vec()))]);
        let after = Spec::given(world.clone()).as_principal(admin.clone()).when(save.clone()).then(&["FieldsEdited"]);
        assert_eq!(item(&after, made).fields.get(kind), Some(&Value::List(Arc::from(kept))), "{kind}");
        let after = Spec::given(after).as_principal(admin.clone()).when(save).then_already_so();
        let after =
            Spec::given(after).as_principal(admin).when(fill(made, &[(kind, Input::Null)])).then(&["FieldsEdited"]);
        assert!(item(&after, made).fields.is_empty(), "{kind}");
    }
}

#[test]
fn a_list_of_each_type_refuses_a_single_value_a_wrong_one_and_too_many() {
    let (world, made) = lists();
    let code = |kind: &str, input: Input| {
        let admin = world.admin();
        let rejection = Spec::given(world.clone()).as_principal(admin).when(fill(made, &[(kind, input)])).rejection();
        rejection.fields()[0].code
    };
    for (kind, _, given, wrong, _) in types() {
        assert_eq!(code(kind, given[0].clone()), "list_expected", "{kind}");
        let three = [given.to_vec(), given.to_vec()].concat();
        assert_eq!(code(kind, Input::List(three)), "too_many_values", "{kind}");
        let expected = match kind {
            "TEXT" | "BOOLEAN" => "wrong_type",
            "NUMBER" => "out_of_range",
            "DATE" => "date_invalid",
            "CATEGORY" => "unknown_category",
            "REFERENCE" => "forbidden_reference",
            "UPLOADED_FILE" => "file_unknown",
            "TIME_SERIES" => "dangling_reference",
            _ => "not_finite",
        };
        assert_eq!(code(kind, Input::List(vec![given[0].clone(), wrong])), expected, "{kind}");
    }
}
