//! Unchecked input for a field: JSON without a JSON library in the domain.

use std::sync::Arc;

use crate::value::Value;

/// What a shell was given for a field; checked against the field's definition by `decide`.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Clears the field.
    Null,
    /// `true`, `false`.
    Boolean(bool),
    /// A finite number.
    Number(f64),
    /// A string.
    Text(Arc<str>),
    /// An array.
    List(Vec<Input>),
    /// An object, as canonical JSON: for JSON fields only.
    Object(Arc<str>),
}

impl From<&Value> for Input {
    /// As somebody would give it who had it from us.
    fn from(value: &Value) -> Self {
        match value {
            Value::Text(text) | Value::Category(text) => Self::Text(text.clone()),
            Value::Number(number) => Self::Number(*number),
            Value::Boolean(is) => Self::Boolean(*is),
            Value::Date(at) => Self::Text(at.to_string().into()),
            Value::Reference(item) => Self::Text(item.to_string().into()),
            Value::File(file) => Self::Text(file.to_string().into()),
            Value::Series(series) => Self::Text(series.to_string().into()),
            Value::Json(text) => Self::Object(text.clone()),
            Value::List(values) => Self::List(values.iter().map(Self::from).collect()),
        }
    }
}
