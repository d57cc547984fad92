//! Reads a version document (the `blueprintVersion` of Dataiku's public API) into a [`Definition`].
//!
//! Parts that mean nothing here (views, hooks, icons) are not looked at; they survive in [`Definition::document`].

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::condition;
use super::state::{Definition, FieldDefinition, FieldKind, FieldSource, ListBounds, StepDefinition};
use crate::ids::{BlueprintId, FieldId, NAMED_ID_BYTES_MAX, StepId};

/// Longest version document, in bytes: it has to fit into one event.
pub const DOCUMENT_BYTES_MAX: usize = 48 * 1024;
/// Most fields of a template.
pub const FIELDS_MAX: usize = 500;
/// Most steps of a workflow.
pub const STEPS_MAX: usize = 100;

/// A version document that cannot be a template, and where it goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct DefinitionError {
    /// The place in the document, keys joined by dots.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

impl DefinitionError {
    pub(super) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }
}

type Parsed<T> = Result<T, DefinitionError>;

impl Definition {
    /// From a version document as JSON text.
    pub fn parse(document: &str) -> Parsed<Self> {
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(DefinitionError::new("document", format!("is longer than {DOCUMENT_BYTES_MAX} bytes")));
        }
        let json: Json = serde_json::from_str(document).map_err(|e| DefinitionError::new("document", e.to_string()))?;
        Self::read(&json, document.into())
    }

    pub(super) fn from_json(json: &Json) -> Parsed<Self> {
        Self::read(json, json.to_string().into())
    }

    fn read(json: &Json, document: Arc<str>) -> Parsed<Self> {
        let root = json.as_object().ok_or_else(|| DefinitionError::new("document", "is not an object"))?;
        let fields = fields(root)?;
        let steps = steps(root, &fields)?;
        let parent_field = optional_text(root, "hierarchicalParentFieldId", "")?.map(FieldId::new);
        if let Some(parent) = &parent_field {
            let is_reference =
                |field: &&FieldDefinition| field.id == *parent && matches!(field.kind, FieldKind::Reference { .. });
            if !fields.iter().any(|field| is_reference(&field)) {
                return Err(DefinitionError::new(
                    "hierarchicalParentFieldId",
                    format!("{parent} is no reference field"),
                ));
            }
        }
        for field in &fields {
            check_source(field, &fields)?;
        }
        let name = optional_text(root, "name", "")?.unwrap_or_default();
        Ok(Self { name, parent_field, fields, steps, document })
    }
}

fn fields(root: &Map<String, Json>) -> Parsed<Vec<FieldDefinition>> {
    let Some(json) = root.get("fieldDefinitions") else { return Ok(Vec::new()) };
    let map = json.as_object().ok_or_else(|| DefinitionError::new("fieldDefinitions", "is not an object"))?;
    if map.len() > FIELDS_MAX {
        return Err(DefinitionError::new("fieldDefinitions", format!("has more than {FIELDS_MAX} fields")));
    }
    map.iter().map(|(id, json)| field(id, json)).collect()
}

fn field(id: &str, json: &Json) -> Parsed<FieldDefinition> {
    let path = format!("fieldDefinitions.{id}");
    check_id(id, &path)?;
    let map = json.as_object().ok_or_else(|| DefinitionError::new(&path, "is not an object"))?;
    let required = optional_boolean(map, "required", &path)?.unwrap_or(false);
    Ok(FieldDefinition {
        id: FieldId::from(id),
        label: optional_text(map, "label", &path)?.unwrap_or_else(|| id.into()),
        kind: kind(map, &path)?,
        required,
        list: list(map, &path)?,
        source: source(map, &path)?,
    })
}

fn kind(map: &Map<String, Json>, path: &str) -> Parsed<FieldKind> {
    let word = text(map, "fieldType", path)?;
    Ok(match &*word {
        "TEXT" => FieldKind::Text,
        "NUMBER" => {
            let (min, max) = (optional_number(map, "min", path)?, optional_number(map, "max", path)?);
            if let (Some(min), Some(max)) = (min, max)
                && min > max
            {
                return Err(DefinitionError::new(path, "has a min above its max"));
            }
            FieldKind::Number { min, max }
        }
        "BOOLEAN" => FieldKind::Boolean,
        "DATE" => FieldKind::Date,
        "CATEGORY" => {
            let categories = texts(map, "categories", path)?
                .filter(|categories| !categories.is_empty())
                .ok_or_else(|| DefinitionError::new(format!("{path}.categories"), "is missing or empty"))?;
            FieldKind::Category { categories }
        }
        "REFERENCE" => {
            let allowed = texts(map, "allowedBlueprints", path)?.unwrap_or_default();
            FieldKind::Reference { blueprints: allowed.into_iter().map(BlueprintId::new).collect() }
        }
        "UPLOADED_FILE" => FieldKind::UploadedFile,
        "TIME_SERIES" => FieldKind::TimeSeries,
        "JSON" => FieldKind::Json,
        other => return Err(DefinitionError::new(format!("{path}.fieldType"), format!("{other:?} is no field type"))),
    })
}

fn list(map: &Map<String, Json>, path: &str) -> Parsed<Option<ListBounds>> {
    let path = format!("{path}.listConfig");
    let config = match map.get("listConfig") {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Object(config)) => config,
        Some(_) => return Err(DefinitionError::new(path, "is not an object")),
    };
    let bound = |key: &str| match config.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(json) => {
            let number = json.as_u64().and_then(|number| u32::try_from(number).ok());
            number.map(Some).ok_or_else(|| DefinitionError::new(format!("{path}.{key}"), "is not a small whole number"))
        }
    };
    let (min, max) = (bound("cardinalityMin")?.unwrap_or(0), bound("cardinalityMax")?);
    if max.is_some_and(|max| max < min) {
        return Err(DefinitionError::new(path, "has a cardinalityMin above its cardinalityMax"));
    }
    Ok(Some(ListBounds { min, max }))
}

fn source(map: &Map<String, Json>, path: &str) -> Parsed<FieldSource> {
    match &*optional_text(map, "sourceType", path)?.unwrap_or_else(|| "STORE".into()) {
        "STORE" => Ok(FieldSource::Stored),
        "COMPUTE" => {
            let path = format!("{path}.computation");
            let computation = map.get("computation").and_then(Json::as_object);
            let computation = computation.ok_or_else(|| DefinitionError::new(&path, "is missing"))?;
            let field = FieldId::new(text(computation, "fieldId", &path)?);
            match &*text(computation, "type", &path)? {
                "BACK_REFERENCE" => {
                    let blueprint = BlueprintId::new(text(computation, "blueprintId", &path)?);
                    Ok(FieldSource::BackReference { blueprint, field })
                }
                "RATING_SCORE" => {
                    let inverted = optional_boolean(computation, "inverted", &path)?.unwrap_or(false);
                    Ok(FieldSource::RatingScore { field, inverted })
                }
                other => Err(DefinitionError::new(format!("{path}.type"), format!("{other:?} is no computation"))),
            }
        }
        other => {
            Err(DefinitionError::new(format!("{path}.sourceType"), format!("{other:?} is neither STORE nor COMPUTE")))
        }
    }
}

// A computed field has to be able to hold what is computed; a score needs its rating beside it.
fn check_source(field: &FieldDefinition, fields: &[FieldDefinition]) -> Parsed<()> {
    let problem = match &field.source {
        FieldSource::Stored => return Ok(()),
        FieldSource::BackReference { .. } if matches!(field.kind, FieldKind::Reference { .. }) => return Ok(()),
        FieldSource::BackReference { .. } => "a back-reference needs the type REFERENCE".to_owned(),
        FieldSource::RatingScore { field: rating, .. } => {
            let is_rating = |field: &FieldDefinition| {
                field.id == *rating && field.list.is_none() && matches!(field.kind, FieldKind::Category { .. })
            };
            match (&field.kind, field.list) {
                (FieldKind::Number { .. }, None) if fields.iter().any(is_rating) => return Ok(()),
                (FieldKind::Number { .. }, None) => format!("{rating} is no category field"),
                _ => "a score needs the type NUMBER".to_owned(),
            }
        }
    };
    Err(DefinitionError::new(format!("fieldDefinitions.{}.computation", field.id), problem))
}

fn steps(root: &Map<String, Json>, fields: &[FieldDefinition]) -> Parsed<Vec<StepDefinition>> {
    let path = "workflowDefinition.stepDefinitions";
    let json = match root.get("workflowDefinition") {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(workflow) => workflow.get("stepDefinitions").unwrap_or(&Json::Null),
    };
    let entries = match json {
        Json::Null => return Ok(Vec::new()),
        json => json.as_array().ok_or_else(|| DefinitionError::new(path, "is not an array"))?,
    };
    if entries.len() > STEPS_MAX {
        return Err(DefinitionError::new(path, format!("has more than {STEPS_MAX} steps")));
    }
    let mut ids = BTreeSet::new();
    entries.iter().enumerate().map(|(n, json)| step(&format!("{path}.{n}"), json, fields, &mut ids)).collect()
}

fn step(path: &str, json: &Json, fields: &[FieldDefinition], ids: &mut BTreeSet<Arc<str>>) -> Parsed<StepDefinition> {
    let map = json.as_object().ok_or_else(|| DefinitionError::new(path, "is not an object"))?;
    let id = text(map, "id", path)?;
    check_id(&id, path)?;
    if !ids.insert(id.clone()) {
        return Err(DefinitionError::new(path, format!("the step {id} is there twice")));
    }
    let name = optional_text(map, "name", path)?.unwrap_or_else(|| id.clone());
    let visible_when = match map.get("visibilityCondition") {
        None | Some(Json::Null) => None,
        Some(json) => Some(condition::parse(json, &format!("{path}.visibilityCondition"), fields)?),
    };
    Ok(StepDefinition { id: StepId::new(id), name, visible_when })
}

fn check_id(id: &str, path: &str) -> Parsed<()> {
    let is_good = !id.is_empty() && id.len() <= NAMED_ID_BYTES_MAX && !id.contains(|c: char| c.is_control());
    is_good.then_some(()).ok_or_else(|| DefinitionError::new(path, "its id is empty, too long or not printable"))
}

pub(super) fn text(map: &Map<String, Json>, key: &str, path: &str) -> Parsed<Arc<str>> {
    optional_text(map, key, path)?.ok_or_else(|| DefinitionError::new(below(path, key), "is missing"))
}

fn optional_text(map: &Map<String, Json>, key: &str, path: &str) -> Parsed<Option<Arc<str>>> {
    match map.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.as_str().into())),
        Some(_) => Err(DefinitionError::new(below(path, key), "is not a string")),
    }
}

pub(super) fn optional_boolean(map: &Map<String, Json>, key: &str, path: &str) -> Parsed<Option<bool>> {
    match map.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Bool(is)) => Ok(Some(*is)),
        Some(_) => Err(DefinitionError::new(below(path, key), "is neither true nor false")),
    }
}

fn optional_number(map: &Map<String, Json>, key: &str, path: &str) -> Parsed<Option<f64>> {
    match map.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(json) => match json.as_f64().filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(DefinitionError::new(below(path, key), "is not a number")),
        },
    }
}

fn texts(map: &Map<String, Json>, key: &str, path: &str) -> Parsed<Option<Vec<Arc<str>>>> {
    let path = below(path, key);
    let entries = match map.get(key) {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Array(entries)) => entries,
        Some(_) => return Err(DefinitionError::new(path, "is not an array")),
    };
    let texts = entries.iter().map(|entry| {
        entry.as_str().map(Arc::from).ok_or_else(|| DefinitionError::new(&path, "has an entry that is not a string"))
    });
    texts.collect::<Parsed<Vec<_>>>().map(Some)
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
