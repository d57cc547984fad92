//! Unchecked input for a field: JSON without a JSON library in the domain.

use std::sync::Arc;

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
