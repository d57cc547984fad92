//! `CloudEvents` 1.0 on NATS: structured mode (the whole event is JSON) and binary mode (attributes in `ce-*` headers).

use async_nats::HeaderMap;
use bytes::Bytes;
use countersign_core::time::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use crate::translate::Untranslatable;

/// The content type of structured mode.
pub const STRUCTURED: &str = "application/cloudevents+json";

/// The attributes that mean something here, and the data.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudEvent {
    /// Unique within its source.
    pub id: String,
    /// `/nodes/<node>`.
    pub source: String,
    /// `org.countersign.sync.<kind>.v1`.
    pub kind: String,
    /// When it happened on the node.
    pub time: Option<Timestamp>,
    /// What the message tells.
    pub data: Value,
}

#[derive(Deserialize)]
struct Structured {
    specversion: String,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    time: Option<String>,
    data: Option<Value>,
}

/// Reads either mode; header names count whatever their case.
pub fn read(headers: Option<&HeaderMap>, payload: &Bytes) -> Result<CloudEvent, Untranslatable> {
    let is_structured = header(headers, "content-type").is_some_and(|value| value.starts_with(STRUCTURED));
    // Without any attribute in the headers, only structured mode can be meant.
    if is_structured || header(headers, "ce-specversion").is_none() {
        structured(payload)
    } else {
        binary(headers, payload)
    }
}

fn structured(payload: &Bytes) -> Result<CloudEvent, Untranslatable> {
    let event: Structured =
        serde_json::from_slice(payload).map_err(|error| invalid(format!("not a structured CloudEvent: {error}")))?;
    let data = event.data.ok_or_else(|| invalid("the attribute data is missing".to_owned()))?;
    checked(&event.specversion, event.id, event.source, event.kind, event.time.as_deref(), data)
}

fn binary(headers: Option<&HeaderMap>, payload: &Bytes) -> Result<CloudEvent, Untranslatable> {
    let attribute = |name: &str| -> Result<Option<String>, Untranslatable> {
        let Some(value) = header(headers, name) else { return Ok(None) };
        let decoded = percent_decode_str(value).decode_utf8();
        decoded.map(|text| Some(text.into_owned())).map_err(|_| invalid(format!("the header {name} is not UTF-8")))
    };
    let required = |name: &str| attribute(name)?.ok_or_else(|| invalid(format!("the header {name} is missing")));
    let time = attribute("ce-time")?;
    let data = serde_json::from_slice(payload)
        .map_err(|error| Untranslatable::new("data_invalid", format!("the data is not JSON: {error}")))?;
    checked(
        &required("ce-specversion")?,
        required("ce-id")?,
        required("ce-source")?,
        required("ce-type")?,
        time.as_deref(),
        data,
    )
}

fn checked(
    version: &str,
    id: String,
    source: String,
    kind: String,
    time: Option<&str>,
    data: Value,
) -> Result<CloudEvent, Untranslatable> {
    if version != "1.0" {
        return Err(invalid(format!("specversion is {version:?}, not \"1.0\"")));
    }
    for (name, value) in [("id", &id), ("source", &source), ("type", &kind)] {
        if value.is_empty() {
            return Err(invalid(format!("the attribute {name} is empty")));
        }
    }
    let time = time.map(str::parse).transpose().map_err(|error| invalid(format!("the attribute time: {error}")))?;
    Ok(CloudEvent { id, source, kind, time, data })
}

fn header<'a>(headers: Option<&'a HeaderMap>, name: &str) -> Option<&'a str> {
    let found = headers?.iter().find(|(key, _)| AsRef::<str>::as_ref(*key).eq_ignore_ascii_case(name));
    found.and_then(|(_, values)| values.last()).map(async_nats::HeaderValue::as_str)
}

fn invalid(detail: String) -> Untranslatable {
    Untranslatable::new("cloudevent_invalid", detail)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), (*value).parse().unwrap())).collect()
    }

    const BINARY: [(&str, &str); 4] = [
        ("CE-SpecVersion", "1.0"),
        ("Ce-Id", "e%201"),
        ("ce-source", "/nodes/d"),
        ("ce-type", "org.countersign.sync.project.v1"),
    ];

    #[test]
    fn binary_mode_reads_headers_of_any_case_and_decodes_them() {
        let event = read(Some(&headers(&BINARY)), &Bytes::from_static(b"{}")).unwrap();
        assert_eq!(event.id, "e 1");
        assert_eq!(event.source, "/nodes/d");
        assert_eq!(event.data, serde_json::json!({}));
    }

    #[test]
    fn structured_mode_takes_the_data_as_it_stands() {
        let payload = br#"{"specversion":"1.0","id":"e1","source":"/nodes/d","type":"t","time":"2026-01-02T03:04:05Z","data": {"a": 1.50} }"#;
        let content_type = headers(&[("content-type", "application/cloudevents+json; charset=utf-8")]);
        let event = read(Some(&content_type), &Bytes::from_static(payload)).unwrap();
        assert_eq!(event.data, serde_json::json!({"a": 1.5}));
        assert_eq!(event.time.unwrap().to_string(), "2026-01-02T03:04:05.000Z");
    }

    #[test]
    fn what_is_no_cloudevent_says_what_is_missing() {
        for lacking in ["ce-id", "ce-source", "ce-type"] {
            let rest: Vec<_> = BINARY.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case(lacking)).collect();
            let refused = read(Some(&headers(&rest)), &Bytes::from_static(b"{}")).unwrap_err();
            assert_eq!(refused.reason, "cloudevent_invalid");
            assert!(refused.detail.contains(lacking), "{}", refused.detail);
        }
        for payload in ["", "[]", "not json", r#"{"specversion":"0.3","id":"e","source":"s","type":"t","data":{}}"#] {
            assert_eq!(read(None, &Bytes::from(payload)).unwrap_err().reason, "cloudevent_invalid", "{payload}");
        }
    }
}
