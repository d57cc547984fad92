//! Collects the fields of a synced item, each within its bound.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;

use countersign_core::ids::{Digest, FieldId};
use countersign_core::sync::Measure;
use countersign_core::time::Timestamp;
use countersign_core::value::{LIST_VALUES_MAX, TEXT_BYTES_MAX, Value};
use serde_json::Map;

use super::{MEASURES_MAX, Untranslatable};
use crate::message::ContentDigest;

/// The fields so far; what is absent is left out, and thereby cleared.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(FieldId, Value)>);

impl Fields {
    pub(super) fn into_inner(self) -> Vec<(FieldId, Value)> {
        self.0
    }

    pub(super) fn text(&mut self, field: &'static str, text: Option<&Arc<str>>) -> Result<(), Untranslatable> {
        let Some(text) = text else { return Ok(()) };
        bounded(field, text)?;
        self.push(field, Value::Text(text.clone()));
        Ok(())
    }

    pub(super) fn texts(&mut self, field: &'static str, texts: &[Arc<str>]) -> Result<(), Untranslatable> {
        if texts.is_empty() {
            return Ok(());
        }
        if texts.len() > LIST_VALUES_MAX {
            return Err(too_long(field, texts.len(), "values", LIST_VALUES_MAX));
        }
        for text in texts {
            bounded(field, text)?;
        }
        self.push(field, Value::List(texts.iter().cloned().map(Value::Text).collect()));
        Ok(())
    }

    pub(super) fn flag(&mut self, field: &'static str, flag: bool) {
        self.push(field, Value::Boolean(flag));
    }

    pub(super) fn date(&mut self, field: &'static str, text: Option<&str>) -> Result<(), Untranslatable> {
        let Some(text) = text else { return Ok(()) };
        self.push(field, Value::Date(time(field, text)?));
        Ok(())
    }

    pub(super) fn json(
        &mut self,
        field: &'static str,
        object: Option<Map<String, serde_json::Value>>,
    ) -> Result<(), Untranslatable> {
        let Some(object) = object else { return Ok(()) };
        let text: Arc<str> = serde_json::Value::Object(object).to_string().into();
        bounded(field, &text)?;
        self.push(field, Value::Json(text));
        Ok(())
    }

    fn push(&mut self, field: &'static str, value: Value) {
        self.0.push((field.into(), value));
    }
}

/// A text within the bound of a text field.
pub(super) fn bounded(field: &str, text: &str) -> Result<(), Untranslatable> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(too_long(field, text.len(), "bytes", TEXT_BYTES_MAX));
    }
    Ok(())
}

/// An optional text within that bound.
pub(super) fn optional(field: &str, text: Option<&Arc<str>>) -> Result<Option<Arc<str>>, Untranslatable> {
    text.map(|text| bounded(field, text).map(|()| text.clone())).transpose()
}

pub(super) fn time(field: &str, text: &str) -> Result<Timestamp, Untranslatable> {
    text.parse().map_err(|error| Untranslatable::new("data_invalid", format!("{field}: {error}")))
}

pub(super) fn digest(digest: Option<&ContentDigest>) -> Result<Option<Digest>, Untranslatable> {
    let Some(digest) = digest else { return Ok(None) };
    let parsed = Digest::from_str(&digest.sha256);
    parsed.map(Some).map_err(|error| Untranslatable::new("data_invalid", format!("digest.sha256: {error}")))
}

pub(super) fn measures(name: &str, measures: BTreeMap<Arc<str>, f64>) -> Result<Vec<Measure>, Untranslatable> {
    if measures.len() > MEASURES_MAX {
        return Err(too_long(name, measures.len(), "entries", MEASURES_MAX));
    }
    measures.into_iter().map(|(metric, value)| super::key(name, &metric).map(|name| Measure { name, value })).collect()
}

pub(super) fn too_long(name: &str, length: usize, unit: &str, max: usize) -> Untranslatable {
    Untranslatable::new("field_too_long", format!("{name} has {length} {unit}; at most {max} are taken in"))
}
