//! When a step shows: `visibilityCondition`, in the words of the public API's artifact filters.
//!
//! `{"type":"field","conditionType":"EQUALS","fieldId":…,"condition":…,"negateCondition":…}`, and with
//! `{"type":"and"|"or","conditions":[…]}` several of them.

use serde_json::Value as Json;

use super::definition::{DefinitionError, optional_boolean, text};
use super::state::{Condition, FieldDefinition};
use crate::ids::FieldId;

/// How deeply conditions may nest.
pub const CONDITION_DEPTH_MAX: usize = 8;

pub(super) fn parse(json: &Json, path: &str, fields: &[FieldDefinition]) -> Result<Condition, DefinitionError> {
    parse_at(json, path, fields, 0)
}

fn parse_at(json: &Json, path: &str, fields: &[FieldDefinition], depth: usize) -> Result<Condition, DefinitionError> {
    if depth > CONDITION_DEPTH_MAX {
        return Err(DefinitionError::new(path, "nests too deeply"));
    }
    let map = json.as_object().ok_or_else(|| DefinitionError::new(path, "is not an object"))?;
    let several = || {
        let path = format!("{path}.conditions");
        let entries = map.get("conditions").and_then(Json::as_array);
        let entries = entries.ok_or_else(|| DefinitionError::new(&path, "is not an array"))?;
        let parsed =
            entries.iter().enumerate().map(|(n, entry)| parse_at(entry, &format!("{path}.{n}"), fields, depth + 1));
        parsed.collect::<Result<Vec<_>, _>>()
    };
    match &*text(map, "type", path)? {
        "and" => several().map(Condition::All),
        "or" => several().map(Condition::Any),
        "field" => {
            let kind = text(map, "conditionType", path)?;
            if &*kind != "EQUALS" {
                return Err(DefinitionError::new(
                    format!("{path}.conditionType"),
                    format!("{kind:?} is not supported"),
                ));
            }
            let field = FieldId::new(text(map, "fieldId", path)?);
            if !fields.iter().any(|known| known.id == field) {
                return Err(DefinitionError::new(format!("{path}.fieldId"), format!("there is no field {field}")));
            }
            let equals = Condition::FieldEquals { field, value: text(map, "condition", path)? };
            let is_negated = optional_boolean(map, "negateCondition", path)?.unwrap_or(false);
            Ok(if is_negated { Condition::Not(Box::new(equals)) } else { equals })
        }
        other => Err(DefinitionError::new(format!("{path}.type"), format!("{other:?} is no condition"))),
    }
}
