//! What a field of an item can hold.

use std::sync::Arc;

use crate::ids::{Digest, FieldId, FileId, ItemId, SeriesId};
use crate::time::Timestamp;

/// Longest text of one field, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Most values in one list field.
pub const LIST_VALUES_MAX: usize = 1_000;
/// An old value above this is kept in `FieldsEdited` as digest and length only.
pub const OLD_VALUE_BYTES_MAX: usize = 4 * 1024;

/// A checked value of a field; a list field holds [`Value::List`] of scalars.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Free text.
    Text(Arc<str>),
    /// A finite number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// An instant.
    Date(Timestamp),
    /// One of the field's categories.
    Category(Arc<str>),
    /// Another item.
    Reference(ItemId),
    /// An uploaded file.
    File(FileId),
    /// A time series.
    Series(SeriesId),
    /// Opaque JSON, as the text that was given.
    Json(Arc<str>),
    /// Several scalars of one kind, in the order given.
    List(Arc<[Value]>),
}

impl Value {
    /// The scalars in it: itself, or the entries of the list.
    pub fn scalars(&self) -> impl Iterator<Item = &Self> {
        match self {
            Self::List(values) => values.iter(),
            scalar => std::slice::from_ref(scalar).iter(),
        }
    }

    /// The items it refers to.
    pub fn references(&self) -> impl Iterator<Item = ItemId> {
        self.scalars().filter_map(|value| match value {
            Self::Reference(item) => Some(*item),
            _ => None,
        })
    }

    /// Its text, when it is text or a category.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Category(text) => Some(text),
            _ => None,
        }
    }
}

impl Value {
    /// The value as it stands on every JSON wire: ids and times as text, a JSON field as the JSON it holds.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) | Self::Category(text) => serde_json::Value::from(&**text),
            Self::Number(number) => number_json(*number),
            Self::Boolean(is) => serde_json::Value::from(*is),
            Self::Date(at) => serde_json::Value::from(at.to_string()),
            Self::Reference(item) => serde_json::Value::from(item.to_string()),
            Self::File(file) => serde_json::Value::from(file.to_string()),
            Self::Series(series) => serde_json::Value::from(series.to_string()),
            Self::Json(text) => serde_json::from_str(text).unwrap_or_default(),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
        }
    }

    /// What a condition compares with: texts as they are, everything else as JSON text.
    #[must_use]
    pub fn text_form(&self) -> String {
        match self.to_json() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        }
    }
}

// Whole numbers are written without a fraction, as clients send them.
fn number_json(number: f64) -> serde_json::Value {
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < WHOLE_MAX {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return serde_json::Value::from(number as i64);
    }
    serde_json::Value::from(number)
}

impl OldValue {
    /// What a change keeps of what was there.
    #[must_use]
    pub fn of(value: Option<&Value>) -> Self {
        let Some(value) = value else { return Self::Absent };
        let json = value.to_json().to_string();
        if json.len() <= OLD_VALUE_BYTES_MAX {
            return Self::Value(value.clone());
        }
        let length_bytes = u64::try_from(json.len()).unwrap_or(u64::MAX);
        Self::Large { digest: Digest::of(json.as_bytes()), length_bytes }
    }
}

/// What a field held before a change.
#[derive(Debug, Clone, PartialEq)]
pub enum OldValue {
    /// Nothing.
    Absent,
    /// This.
    Value(Value),
    /// Something above [`OLD_VALUE_BYTES_MAX`], by the digest and length of its JSON.
    Large {
        /// SHA-256 of the value's JSON.
        digest: Digest,
        /// Length of the value's JSON.
        length_bytes: u64,
    },
}

/// One field's change from an old to a new value.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// Which field.
    pub field: FieldId,
    /// What it held.
    pub old: OldValue,
    /// What it holds now; nothing when it was cleared.
    pub new: Option<Value>,
}
