//! A JSON object of a body, read key by key: what is known is checked, the rest comes back as it was.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::problem::Problem;

/// An object, and where it stands in the body.
#[derive(Debug)]
pub(super) struct Object {
    keys: Map<String, Json>,
    place: String,
}

impl Object {
    /// The body itself.
    pub(super) fn body(keys: Map<String, Json>) -> Self {
        Self { keys, place: String::new() }
    }

    /// An entry of a list that the body is.
    pub(super) fn entry(number: usize, value: Json) -> Result<Self, Problem> {
        match value {
            Json::Object(keys) => Ok(Self { keys, place: format!("[{number}].") }),
            _ => Err(Problem::invalid_field(format!("[{number}]"), "wrong_type", "is not an object")),
        }
    }

    fn wrong(&self, key: &str, what: &str) -> Problem {
        Problem::invalid_field(format!("{}{key}", self.place), "wrong_type", what)
    }

    /// What stands under a key; null is as good as nothing.
    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        self.keys.get(key).filter(|value| !value.is_null())
    }

    /// Whether the key is there, be it with null.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, Problem> {
        self.get(key).map(|value| value.as_str().ok_or_else(|| self.wrong(key, "is not a text"))).transpose()
    }

    /// A text that has to be there.
    pub(super) fn needed(&self, key: &str) -> Result<&str, Problem> {
        let place = || format!("{}{key}", self.place);
        let missing = || Problem::invalid_field(place(), "missing_field", "is needed");
        self.text(key)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Problem> {
        self.get(key)
            .map(|value| value.as_bool().ok_or_else(|| self.wrong(key, "is neither true nor false")))
            .transpose()
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<i64>, Problem> {
        self.get(key).map(|value| value.as_i64().ok_or_else(|| self.wrong(key, "is not a whole number"))).transpose()
    }

    pub(super) fn object(&self, key: &str) -> Result<Option<&Map<String, Json>>, Problem> {
        self.get(key).map(|value| value.as_object().ok_or_else(|| self.wrong(key, "is not an object"))).transpose()
    }

    pub(super) fn list(&self, key: &str) -> Result<Option<&Vec<Json>>, Problem> {
        self.get(key).map(|value| value.as_array().ok_or_else(|| self.wrong(key, "is not a list"))).transpose()
    }

    pub(super) fn names(&self, key: &str) -> Result<Option<Vec<String>>, Problem> {
        let Some(list) = self.list(key)? else { return Ok(None) };
        let each =
            |value: &Json| value.as_str().map(str::to_owned).ok_or_else(|| self.wrong(key, "is not a list of texts"));
        list.iter().map(each).collect::<Result<_, _>>().map(Some)
    }

    /// The keys that are not among these.
    pub(super) fn rest(&self, known: &[&str]) -> Map<String, Json> {
        let is_rest = |(key, _): &(&String, &Json)| !known.contains(&key.as_str());
        self.keys.iter().filter(is_rest).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// All keys.
    pub(super) fn keys(&self) -> &Map<String, Json> {
        &self.keys
    }
}

/// A document as it is kept; nothing of an empty one.
pub(super) fn kept(document: &Map<String, Json>) -> Option<Arc<str>> {
    (!document.is_empty()).then(|| serde_json::to_string(document).unwrap_or_default().into())
}

/// A document that was kept.
pub(super) fn read(document: Option<&str>) -> Map<String, Json> {
    document.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// What is known, and beside it what was kept under other keys.
pub(super) fn beside(mut known: Map<String, Json>, kept: Map<String, Json>) -> Json {
    for (key, value) in kept {
        known.entry(key).or_insert(value);
    }
    Json::Object(known)
}

/// The keys of a `json!` object.
pub(super) fn keys(value: Json) -> Map<String, Json> {
    if let Json::Object(keys) = value { keys } else { Map::new() }
}
