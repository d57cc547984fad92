//! What a message may hold at most. A message beyond it is refused whole and goes to the dead letters.

use super::Rejection;
use super::command::Sync;
use super::state::{Active, Measure, SyncKey, SyncObject};
use crate::rejection::common;
use crate::value::{LIST_VALUES_MAX, TEXT_BYTES_MAX, Value};

/// Longest part of a key of a node's object, in bytes.
pub const KEY_PART_BYTES_MAX: usize = 255;
/// Longest name of a synced item, in bytes.
pub const NAME_BYTES_MAX: usize = 1024;
/// Longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 2048;
/// Most fields of one message.
pub const FIELDS_MAX: usize = 100;
/// Most metrics of one version or evaluation.
pub const METRICS_MAX: usize = 200;
/// Longest name of a metric, in bytes.
pub const METRIC_NAME_BYTES_MAX: usize = 128;
/// Most model versions in one bundle or deployment.
pub const MODEL_VERSIONS_MAX: usize = 1_000;

pub(super) fn check(sync: &Sync) -> Result<(), crate::Rejection> {
    check_key(&sync.key)?;
    check_text("name", &sync.name, NAME_BYTES_MAX)?;
    check_url(sync.url.as_deref())?;
    check_count("fields", sync.fields.len(), FIELDS_MAX)?;
    for (field, value) in &sync.fields {
        check_value(field.as_str(), value)?;
    }
    check_active(&sync.key.object, sync.active.as_ref())?;
    check_measures("metrics", &sync.metrics)?;
    check_count("model versions", sync.model_versions.len(), MODEL_VERSIONS_MAX)?;
    sync.model_versions.iter().try_for_each(check_key)
}

pub(super) fn check_key(key: &SyncKey) -> Result<(), crate::Rejection> {
    check_text("node", key.node.as_str(), KEY_PART_BYTES_MAX)?;
    check_text("key", key.object.own_key(), KEY_PART_BYTES_MAX)?;
    key.object.parent().map_or(Ok(()), |parent| check_key(&SyncKey { node: key.node.clone(), object: parent }))
}

pub(super) fn check_text(what: &'static str, text: &str, max_bytes: usize) -> Result<(), crate::Rejection> {
    if text.len() > max_bytes {
        return Err(common::Rejection::TextTooLong { what, length_bytes: text.len(), max_bytes }.into());
    }
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err(common::Rejection::NameInvalid { what }.into());
    }
    Ok(())
}

pub(super) fn check_url(url: Option<&str>) -> Result<(), crate::Rejection> {
    url.map_or(Ok(()), |url| check_text("url", url, URL_BYTES_MAX))
}

pub(super) fn check_measures(what: &'static str, measures: &[Measure]) -> Result<(), crate::Rejection> {
    check_count(what, measures.len(), METRICS_MAX)?;
    let mut names = std::collections::BTreeSet::new();
    for measure in measures {
        check_text("metric name", &measure.name, METRIC_NAME_BYTES_MAX)?;
        if !measure.value.is_finite() {
            return Err(Rejection::MetricNotFinite { metric: measure.name.to_string() }.into());
        }
        if !names.insert(&measure.name) {
            return Err(Rejection::MetricGivenTwice { metric: measure.name.to_string() }.into());
        }
    }
    Ok(())
}

fn check_count(what: &'static str, count: usize, max: usize) -> Result<(), crate::Rejection> {
    if count > max { Err(Rejection::TooMany { what, count, max }.into()) } else { Ok(()) }
}

fn check_active(object: &SyncObject, active: Option<&Active>) -> Result<(), crate::Rejection> {
    match (object, active) {
        (_, None)
        | (SyncObject::SavedModel { .. }, Some(Active::Version(_)))
        | (SyncObject::ModelVersion { .. }, Some(Active::Itself(_))) => Ok(()),
        _ => Err(Rejection::ActiveMisplaced.into()),
    }
}

fn check_value(field: &str, value: &Value) -> Result<(), crate::Rejection> {
    if let Value::List(values) = value {
        check_count("values of a list", values.len(), LIST_VALUES_MAX)?;
    }
    for scalar in value.scalars() {
        let is_fine = match scalar {
            Value::Text(text) | Value::Category(text) | Value::Json(text) => {
                if text.len() > TEXT_BYTES_MAX {
                    let (length_bytes, max_bytes) = (text.len(), TEXT_BYTES_MAX);
                    return Err(common::Rejection::TextTooLong { what: "field", length_bytes, max_bytes }.into());
                }
                true
            }
            Value::Number(number) => number.is_finite(),
            Value::Boolean(_) | Value::Date(_) => true,
            // What an item, file or series id stands for is ours to say, not a node's.
            Value::Reference(_) | Value::File(_) | Value::Series(_) | Value::List(_) => false,
        };
        if !is_fine {
            return Err(Rejection::FieldInvalid { field: field.to_owned() }.into());
        }
    }
    Ok(())
}
