//! Field values: as JSON to clients, and from JSON as unchecked input. What a value must be is checked by the core.

use countersign_core::ids::FieldId;
use countersign_core::input::Input;
use countersign_core::value::Value;
use serde_json::{Map, Number, Value as Json};

/// Integers up to here are exact in a finite f64.
const EXACT_INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// As JSON: references, files and series by their ids, dates in RFC 3339.
#[must_use]
pub fn json(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::Category(text) => Json::from(&**text),
        Value::Number(number) => self::number(*number),
        Value::Boolean(is_so) => Json::from(*is_so),
        Value::Date(time) => Json::from(time.to_string()),
        Value::Reference(item) => Json::from(item.to_string()),
        Value::File(file) => Json::from(file.to_string()),
        Value::Series(series) => Json::from(series.to_string()),
        Value::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| Json::from(&**text)),
        Value::List(values) => values.iter().map(json).collect(),
    }
}

/// Whole numbers without a fraction: `80`, not `80.0`.
#[must_use]
pub fn number(number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() <= EXACT_INTEGER_MAX {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
        return Json::from(number as i64);
    }
    Number::from_f64(number).map_or(Json::Null, Json::Number)
}

/// The fields of a body, unchecked.
#[must_use]
pub fn inputs(fields: &Map<String, Json>) -> Vec<(FieldId, Input)> {
    fields.iter().map(|(field, value)| (FieldId::from(field.as_str()), input(value))).collect()
}

fn input(value: &Json) -> Input {
    match value {
        Json::Null => Input::Null,
        Json::Bool(is_so) => Input::Boolean(*is_so),
        // A number that no f64 holds is given on as text: wrong for a number field, and named so.
        Json::Number(number) => number.as_f64().map_or_else(|| Input::Text(number.to_string().into()), Input::Number),
        Json::String(text) => Input::Text(text.as_str().into()),
        Json::Array(values) => Input::List(values.iter().map(input).collect()),
        Json::Object(_) => {
            Input::Object(serde_json_canonicalizer::to_string(value).unwrap_or_else(|_| value.to_string()).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_has_no_fraction_and_another_keeps_its_own() {
        assert_eq!(number(80.0).to_string(), "80");
        assert_eq!(number(-0.06).to_string(), "-0.06");
        assert_eq!(number(1e300).to_string(), "1e+300");
    }

    #[test]
    fn an_object_comes_in_as_canonical_json() {
        let value = serde_json::json!({"b": 1, "a": [true]});
        assert_eq!(input(&value), Input::Object(r#"{"a":[true],"b":1}"#.into()));
    }
}
