//! Checks what was given for the fields of an item. A save is checked whole: every field that is wrong is named.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::state::Item;
use crate::access::FieldAccess;
use crate::access::may::{Action, Subject, allows, is_admin};
use crate::blueprint::{Definition, FieldDefinition, FieldKind, FieldSource};
use crate::context::Principal;
use crate::ids::{BlueprintId, FieldId, FileId, ItemId, SeriesId};
use crate::input::Input;
use crate::rejection::FieldProblem;
use crate::state::State;
use crate::time::Timestamp;
use crate::value::{FieldChange, LIST_VALUES_MAX, OldValue, TEXT_BYTES_MAX, Value};

/// Longest value of one field as JSON, in bytes, lists included: several of them have to fit into an event.
pub const FIELD_JSON_BYTES_MAX: usize = 32 * 1024;

const USER_BLUEPRINT: &str = "bp.system.user";
const GROUP_BLUEPRINT: &str = "bp.system.group";

/// One save that is being checked.
pub(super) struct Save<'a> {
    pub(super) state: &'a State,
    pub(super) principal: &'a Principal,
    pub(super) definition: &'a Definition,
    /// The item as it is; nothing when it is being made.
    pub(super) item: Option<&'a Item>,
    /// What the principal may do with its fields.
    pub(super) access: &'a FieldAccess<'a>,
}

type Problem = (&'static str, String);

/// The required fields that hold nothing. What the actor may not see is not asked of him: he could not fill it in.
pub(super) fn missing<'a>(
    definition: &'a Definition,
    item: Option<&'a Item>,
    access: &'a FieldAccess<'a>,
) -> impl Iterator<Item = FieldProblem> + 'a {
    let is_empty = move |field: &&FieldDefinition| item.is_none_or(|item| !item.fields.contains_key(&field.id));
    let required = definition.fields.iter().filter(|field| field.required && field.source == FieldSource::Stored);
    required.filter(is_empty).filter(|field| access.reads(&field.id)).map(|field| {
        let message = "is required".to_owned();
        FieldProblem { field: field.id.clone(), code: "required", message }
    })
}

impl Save<'_> {
    /// The fields that change, in the order given; or everything that is wrong, required fields that are missing too.
    pub(super) fn check(&self, given: &[(FieldId, Input)]) -> Result<Vec<FieldChange>, Vec<FieldProblem>> {
        let checked = self.check_given(given);
        let is_given = |problem: &FieldProblem| given.iter().any(|(field, _)| *field == problem.field);
        let missing: Vec<_> = missing(self.definition, self.item, self.access).filter(|it| !is_given(it)).collect();
        match checked {
            Ok(changes) if missing.is_empty() => Ok(changes),
            checked => Err(checked.err().into_iter().flatten().chain(missing).collect()),
        }
    }

    /// The same of what is given alone.
    pub(super) fn check_given(&self, given: &[(FieldId, Input)]) -> Result<Vec<FieldChange>, Vec<FieldProblem>> {
        let mut changes = Vec::new();
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for (field, input) in given {
            let checked = if seen.insert(field) {
                self.field(field, input)
            } else {
                Err(("given_twice", "is given twice".to_owned()))
            };
            match checked {
                Ok(new) => changes.extend(self.change(field, new)),
                Err((code, message)) => problems.push(FieldProblem { field: field.clone(), code, message }),
            }
        }
        if problems.is_empty() { Ok(changes) } else { Err(problems) }
    }

    fn old(&self, field: &FieldId) -> Option<&Value> {
        self.item.and_then(|item| item.fields.get(field))
    }

    fn change(&self, field: &FieldId, new: Option<Value>) -> Option<FieldChange> {
        let old = self.old(field);
        (old != new.as_ref()).then(|| FieldChange { field: field.clone(), old: OldValue::of(old), new })
    }

    fn field(&self, id: &FieldId, input: &Input) -> Result<Option<Value>, Problem> {
        let Some(field) = self.definition.field(id) else {
            return Err(("unknown_field", "is not a field of this template".to_owned()));
        };
        if field.source != FieldSource::Stored {
            return Err(("computed", "is computed and cannot be set".to_owned()));
        }
        let value = match (input, &field.list) {
            (Input::Null, _) => None,
            (Input::List(inputs), Some(_)) => Some(inputs).filter(|inputs| !inputs.is_empty()),
            (Input::List(_), None) if field.kind != FieldKind::Json => {
                return Err(("not_a_list", "holds one value, not a list".to_owned()));
            }
            (_, Some(_)) => return Err(("list_expected", "holds a list".to_owned())),
            (input, None) => return self.bounded(self.scalar(field, input)?).map(Some),
        };
        let value = match value {
            Some(inputs) => Some(self.list(field, inputs)?),
            None => None,
        };
        let value = self.with_unseen(field, value)?;
        self.check_count(field, value.as_ref())?;
        Ok(value)
    }

    // What does not exist for somebody, he neither sends nor takes away: it stays, after what he gives.
    fn with_unseen(&self, field: &FieldDefinition, value: Option<Value>) -> Result<Option<Value>, Problem> {
        let is_unseen = |value: &&Value| matches!(value, Value::Reference(id) if !self.may_see(*id));
        let unseen: Vec<Value> = self.held(field).filter(is_unseen).cloned().collect();
        match (value, &field.list) {
            (value, _) if unseen.is_empty() => Ok(value),
            (None, None) => Ok(unseen.into_iter().next()),
            (value, None) => Ok(value),
            (value, Some(_)) => {
                let given = || value.iter().flat_map(Value::scalars);
                if self.held(field).filter(|value| !is_unseen(value)).eq(given()) {
                    return Ok(self.old(&field.id).cloned());
                }
                let given = given().cloned();
                self.bounded(Value::List(given.chain(unseen).collect())).map(Some)
            }
        }
    }

    fn may_see(&self, item: ItemId) -> bool {
        allows(self.state, self.principal, Action::Read, Subject::Item(item))
    }

    fn list(&self, field: &FieldDefinition, inputs: &[Input]) -> Result<Value, Problem> {
        if inputs.len() > LIST_VALUES_MAX {
            return Err(("too_many_values", format!("has {} values; at most {LIST_VALUES_MAX}", inputs.len())));
        }
        let values = inputs.iter().map(|input| self.scalar(field, input)).collect::<Result<Vec<_>, _>>()?;
        self.bounded(Value::List(values.into()))
    }

    fn check_count(&self, field: &FieldDefinition, value: Option<&Value>) -> Result<(), Problem> {
        let count = value.map_or(0, |value| value.scalars().count());
        let bounds = field.list.unwrap_or_default();
        if field.required && value.is_none() {
            return Err(("required", "is required".to_owned()));
        }
        if count > 0 && count < bounds.min as usize {
            return Err(("too_few_values", format!("has {count} values; at least {} are needed", bounds.min)));
        }
        match bounds.max {
            Some(max) if count > max as usize => {
                Err(("too_many_values", format!("has {count} values; at most {max} are allowed")))
            }
            _ => Ok(()),
        }
    }

    fn bounded(&self, value: Value) -> Result<Value, Problem> {
        let length = json_bytes(&value);
        if length > FIELD_JSON_BYTES_MAX {
            return Err((
                "too_long",
                format!("has {length} bytes as JSON; at most {FIELD_JSON_BYTES_MAX} are allowed"),
            ));
        }
        Ok(value)
    }

    fn scalar(&self, field: &FieldDefinition, input: &Input) -> Result<Value, Problem> {
        match (&field.kind, input) {
            (FieldKind::Text, Input::Text(text)) => short(text).map(Value::Text),
            (FieldKind::Number { min, max }, Input::Number(number)) => number_in(*number, *min, *max),
            (FieldKind::Boolean, Input::Boolean(is)) => Ok(Value::Boolean(*is)),
            (FieldKind::Date, Input::Text(text)) => date(text),
            (FieldKind::Category { categories }, Input::Text(text)) => category(categories, text),
            (FieldKind::Reference { blueprints }, Input::Text(text)) => self.reference(field, blueprints, text),
            (FieldKind::UploadedFile, Input::Text(text)) => self.file(field, text),
            (FieldKind::TimeSeries, Input::Text(text)) => self.series(field, text),
            (FieldKind::Json, input) => json(input),
            (kind, _) => Err(("wrong_type", format!("holds {}", words(kind)))),
        }
    }

    fn held<'v>(&'v self, field: &FieldDefinition) -> impl Iterator<Item = &'v Value> {
        self.old(&field.id).into_iter().flat_map(Value::scalars)
    }

    fn reference(&self, field: &FieldDefinition, allowed: &[BlueprintId], text: &str) -> Result<Value, Problem> {
        let known = text.parse::<ItemId>().ok().or_else(|| self.person(allowed, text));
        let dangling = || ("dangling_reference", format!("{text:?} does not exist"));
        let id = known.ok_or_else(dangling)?;
        let found = self.state.items.by_id.get(&id).filter(|_| self.may_see(id)).ok_or_else(dangling)?;
        if self.held(field).any(|value| *value == Value::Reference(id)) {
            return Ok(Value::Reference(id));
        }
        let blueprint = &found.template.blueprint;
        if !allowed.is_empty() && !allowed.contains(blueprint) {
            return Err(("forbidden_reference", format!("{id} is a {blueprint}, which this field does not take")));
        }
        if self.item.is_some_and(|item| item.id == id) {
            return Err(("forbidden_reference", "refers to its own item".to_owned()));
        }
        Ok(Value::Reference(id))
    }

    // Logins and group names count only where nothing but people can stand.
    fn person(&self, allowed: &[BlueprintId], text: &str) -> Option<ItemId> {
        let takes = |blueprint: &str| allowed.iter().any(|allowed| allowed.as_str() == blueprint);
        let (users, groups) = (takes(USER_BLUEPRINT), takes(GROUP_BLUEPRINT));
        if allowed.len() != usize::from(users) + usize::from(groups) {
            return None;
        }
        let access = &self.state.access;
        let user = access.logins.get(text).and_then(|user| access.users.get(user)).map(|user| user.item);
        let group = access.groups.get(text).map(|group| group.item);
        user.filter(|_| users).or(group.filter(|_| groups))
    }

    // A file is its uploader's until an item refers to it; else anybody could attach, and so read, anybody's upload.
    fn file(&self, field: &FieldDefinition, text: &str) -> Result<Value, Problem> {
        let unknown = || ("file_unknown", format!("{text:?} is not a file of yours"));
        let id = text.parse::<FileId>().map_err(|_| unknown())?;
        if self.held(field).any(|value| *value == Value::File(id)) {
            return Ok(Value::File(id));
        }
        let found = self.state.files.by_id.get(&id).ok_or_else(unknown)?;
        let is_held = || {
            let fields = self.item.into_iter().flat_map(|item| &item.fields).filter(|(id, _)| self.access.reads(id));
            fields.flat_map(|(_, value)| value.scalars()).any(|value| *value == Value::File(id))
        };
        if found.owner == *self.principal || is_admin(self.state, self.principal) || is_held() {
            return Ok(Value::File(id));
        }
        Err(unknown())
    }

    // As with files. A series of an evaluation is its item's.
    fn series(&self, field: &FieldDefinition, text: &str) -> Result<Value, Problem> {
        let dangling = || ("dangling_reference", format!("{text:?} is not a time series of yours"));
        let id = text.parse::<SeriesId>().map_err(|_| dangling())?;
        if self.held(field).any(|value| *value == Value::Series(id)) {
            return Ok(Value::Series(id));
        }
        let is_own = match self.state.files.series.get(&id) {
            Some(found) => found.owner == *self.principal || is_admin(self.state, self.principal),
            None => self.state.nodes.series.get(&id).is_some_and(|item| self.may_see(*item)),
        };
        is_own.then_some(Value::Series(id)).ok_or_else(dangling)
    }
}

/// How much room a value takes in an event: opaque JSON stands there as text.
pub(super) fn json_bytes(value: &Value) -> usize {
    match value {
        Value::Json(text) => serde_json::Value::from(&**text).to_string().len(),
        Value::List(values) => values.iter().map(json_bytes).fold(2, |sum, bytes| sum + bytes + 1),
        scalar => scalar.to_json().to_string().len(),
    }
}

fn short(text: &Arc<str>) -> Result<Arc<str>, Problem> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(("too_long", format!("has {} bytes; at most {TEXT_BYTES_MAX} are allowed", text.len())));
    }
    Ok(text.clone())
}

fn number_in(number: f64, min: Option<f64>, max: Option<f64>) -> Result<Value, Problem> {
    if !number.is_finite() {
        return Err(("not_finite", "is not a finite number".to_owned()));
    }
    if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
        let end = |end: Option<f64>| end.map_or("…".to_owned(), |end| end.to_string());
        return Err(("out_of_range", format!("{number} is not within {} to {}", end(min), end(max))));
    }
    Ok(Value::Number(number))
}

fn date(text: &str) -> Result<Value, Problem> {
    let parsed = text.parse::<Timestamp>();
    parsed.map(Value::Date).map_err(|_| ("date_invalid", format!("{text:?} is not an RFC 3339 time with a zone")))
}

fn category(categories: &[Arc<str>], text: &str) -> Result<Value, Problem> {
    let found = categories.iter().find(|category| ***category == *text);
    let message = || format!("{text:?} is none of {}", categories.join(", "));
    found.cloned().map(Value::Category).ok_or_else(|| ("unknown_category", message()))
}

fn json(input: &Input) -> Result<Value, Problem> {
    let json = input_json(input).ok_or(("not_finite", "holds a number that is not finite".to_owned()))?;
    Ok(Value::Json(json.to_string().into()))
}

fn input_json(input: &Input) -> Option<serde_json::Value> {
    Some(match input {
        Input::Null => serde_json::Value::Null,
        Input::Boolean(is) => (*is).into(),
        Input::Number(number) if number.is_finite() => Value::Number(*number).to_json(),
        Input::Number(_) => return None,
        Input::Text(text) => (&**text).into(),
        Input::List(inputs) => inputs.iter().map(input_json).collect::<Option<Vec<_>>>()?.into(),
        Input::Object(text) => serde_json::from_str(text).ok()?,
    })
}

const fn words(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::Number { .. } => "a number",
        FieldKind::Boolean => "true or false",
        FieldKind::Date => "a time as text",
        FieldKind::Category { .. } => "one of its categories as text",
        FieldKind::Reference { .. } => "an item id as text",
        FieldKind::UploadedFile => "a file id as text",
        FieldKind::TimeSeries => "a time series id as text",
        FieldKind::Json => "JSON",
    }
}
