//! Stored JSON for readers outside: a field's value as plain JSON in place of its stored form.

use serde_json::{Map, Value as Json};

/// The same JSON with every stored value (`{kind, isList, texts}`) told plainly.
pub(super) fn plain(stored: Json) -> Json {
    match stored {
        Json::Array(entries) => entries.into_iter().map(plain).collect(),
        Json::Object(members) => value(&members)
            .unwrap_or_else(|| Json::Object(members.into_iter().map(|(name, member)| (name, plain(member))).collect())),
        scalar => scalar,
    }
}

/// The plain form, when these members are those of a stored value.
fn value(members: &Map<String, Json>) -> Option<Json> {
    let kind = members.get("kind")?.as_str()?;
    let is_list = members.get("isList")?.as_bool()?;
    let mut scalars = members.get("texts")?.as_array()?.iter().map(|text| scalar(kind, text));
    if is_list { Some(scalars.collect()) } else { scalars.next() }
}

/// What does not read as its kind is told as it stands.
fn scalar(kind: &str, text: &Json) -> Json {
    let parses = matches!(kind, "NUMBER" | "BOOLEAN" | "JSON");
    let parsed = text.as_str().filter(|_| parses).and_then(|text| serde_json::from_str(text).ok());
    parsed.unwrap_or_else(|| text.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::plain;

    #[test]
    fn a_change_of_a_field_is_told_in_plain_values() {
        let stored = json!({"changes": [{
            "field": "start_date",
            "old": {"kind": "NUMBER", "isList": false, "texts": ["1.5e-7"]},
            "new": {"kind": "TEXT", "isList": true, "texts": ["true", "b"]},
            "key": {"kind": "model_version", "path": ["FRAUD"]},
        }]});
        let told = json!({"changes": [{
            "field": "start_date",
            "old": 1.5e-7,
            "new": ["true", "b"],
            "key": {"kind": "model_version", "path": ["FRAUD"]},
        }]});
        assert_eq!(plain(stored), told);
    }

    #[test]
    fn booleans_and_opaque_json_keep_their_types() {
        let told = |kind: &str, text: &str| plain(json!({"kind": kind, "isList": false, "texts": [text]}));
        assert_eq!(told("BOOLEAN", "false"), json!(false));
        assert_eq!(told("JSON", r#"{"a":[1]}"#), json!({"a": [1]}));
        assert_eq!(told("TEXT", "false"), json!("false"));
    }
}
