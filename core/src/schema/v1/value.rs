//! Values of fields and their changes. Since 0.1.

use serde::{Deserialize, Serialize};

use super::super::error::{DecodeError, EncodeError};
use super::super::wire::{Freezing, Hash, Thawing, Whole, Wire};
use crate::ids::FieldId;
use crate::value::{FieldChange, OldValue, Value};

/// A value: its kind in the words of field types, and each scalar as text. One text unless it is a list; the kind of an
/// empty list is empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ValueV1 {
    pub(crate) kind: String,
    pub(crate) is_list: bool,
    pub(crate) texts: Vec<String>,
}

/// A field and what it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FieldV1 {
    pub(crate) field: String,
    pub(crate) value: ValueV1,
}

/// A field's change. `old` and `old_large` are both absent when it held nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FieldChangeV1 {
    pub(crate) field: String,
    pub(crate) old: Option<ValueV1>,
    pub(crate) old_large: Option<LargeV1>,
    pub(crate) new: Option<ValueV1>,
}

/// A value by the digest and length of its JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LargeV1 {
    pub(crate) digest: Hash,
    pub(crate) length_bytes: Whole,
}

impl Wire<Value> for ValueV1 {
    fn freeze(domain: &Value, out: &mut Freezing) -> Self {
        let (is_list, scalars) = match domain {
            Value::List(values) => (true, &**values),
            scalar => (false, std::slice::from_ref(scalar)),
        };
        let kind = scalars.first().map_or("", kind);
        if scalars.iter().any(|scalar| self::kind(scalar) != kind || matches!(scalar, Value::List(_))) {
            out.problem.get_or_insert(EncodeError::MixedList);
        }
        let texts = scalars.iter().map(|scalar| text(scalar, out)).collect();
        Self { kind: kind.to_owned(), is_list, texts }
    }

    fn thaw(self, _: &mut Thawing) -> Result<Value, DecodeError> {
        let mut scalars = self.texts.iter().map(|text| scalar(&self.kind, text));
        if self.is_list {
            return scalars.collect::<Result<_, _>>().map(Value::List);
        }
        match (scalars.next(), scalars.next()) {
            (Some(scalar), None) => scalar,
            _ => Err(DecodeError::unexpected(&self.kind, "a value of exactly one text")),
        }
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "TEXT",
        Value::Number(_) => "NUMBER",
        Value::Boolean(_) => "BOOLEAN",
        Value::Date(_) => "DATE",
        Value::Category(_) => "CATEGORY",
        Value::Reference(_) => "REFERENCE",
        Value::File(_) => "UPLOADED_FILE",
        Value::Series(_) => "TIME_SERIES",
        Value::Json(_) => "JSON",
        Value::List(_) => "LIST",
    }
}

fn text(value: &Value, out: &mut Freezing) -> String {
    match value {
        Value::Text(text) | Value::Category(text) | Value::Json(text) => text.as_ref().to_owned(),
        Value::Number(number) => {
            if !number.is_finite() {
                out.problem.get_or_insert(EncodeError::NotFinite);
            }
            // The shortest text that reads back as the same number, with an exponent where that is short.
            format!("{number:?}")
        }
        Value::Boolean(is_true) => is_true.to_string(),
        Value::Date(time) => time.to_string(),
        Value::Reference(item) => item.to_string(),
        Value::File(file) => file.to_string(),
        Value::Series(series) => series.to_string(),
        Value::List(_) => String::new(),
    }
}

fn scalar(kind: &str, text: &str) -> Result<Value, DecodeError> {
    let value = match kind {
        "TEXT" => Some(Value::Text(text.into())),
        "NUMBER" => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number),
        "BOOLEAN" => text.parse().ok().map(Value::Boolean),
        "DATE" => text.parse().ok().map(Value::Date),
        "CATEGORY" => Some(Value::Category(text.into())),
        "REFERENCE" => text.parse().ok().map(Value::Reference),
        "UPLOADED_FILE" => text.parse().ok().map(Value::File),
        "TIME_SERIES" => text.parse().ok().map(Value::Series),
        "JSON" => Some(Value::Json(text.into())),
        _ => return Err(DecodeError::unexpected(kind, "a kind of value")),
    };
    value.ok_or_else(|| DecodeError::unexpected(text, "a value of its kind"))
}

impl Wire<(FieldId, Value)> for FieldV1 {
    fn freeze((field, value): &(FieldId, Value), out: &mut Freezing) -> Self {
        Self { field: Wire::freeze(field, out), value: Wire::freeze(value, out) }
    }

    fn thaw(self, from: &mut Thawing) -> Result<(FieldId, Value), DecodeError> {
        Ok((Wire::thaw(self.field, from)?, Wire::thaw(self.value, from)?))
    }
}

impl Wire<FieldChange> for FieldChangeV1 {
    fn freeze(domain: &FieldChange, out: &mut Freezing) -> Self {
        let FieldChange { field, old, new } = domain;
        let (old, old_large) = match old {
            OldValue::Absent => (None, None),
            OldValue::Value(value) => (Some(Wire::freeze(value, out)), None),
            OldValue::Large { digest, length_bytes } => {
                let digest = Wire::freeze(digest, out);
                (None, Some(LargeV1 { digest, length_bytes: Wire::freeze(length_bytes, out) }))
            }
        };
        Self { field: Wire::freeze(field, out), old, old_large, new: Wire::freeze(new, out) }
    }

    fn thaw(self, from: &mut Thawing) -> Result<FieldChange, DecodeError> {
        let old = match (self.old, self.old_large) {
            (None, None) => OldValue::Absent,
            (Some(value), None) => OldValue::Value(Wire::thaw(value, from)?),
            (None, Some(LargeV1 { digest, length_bytes })) => {
                OldValue::Large { digest: Wire::thaw(digest, from)?, length_bytes: Wire::thaw(length_bytes, from)? }
            }
            (Some(_), Some(_)) => return Err(DecodeError::unexpected(&self.field, "a field with one old value")),
        };
        Ok(FieldChange { field: Wire::thaw(self.field, from)?, old, new: Wire::thaw(self.new, from)? })
    }
}
