//! Who gets which role on the items of a blueprint.
//!
//! What was sent is kept beside the rules made of it and comes back as it was, until the rules are set otherwise. The
//! log is no place for logins, so in what is kept people stand by their ids.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::get;
use countersign_core::State;
use countersign_core::access::may::{Action, Subject};
use countersign_core::access::{Assignment, Command, Criterion, EVERY_ROLE, Scope};
use countersign_core::ids::{BlueprintId, UserId};
use serde_json::{Map, Value as Json, json};

use super::call::{Call, Reply};
use super::containers::{self, GivenContainer};
use super::object::{Object, kept, keys, read};
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::app::App;
use crate::problem::Problem;

const RULES: &str = "roleAssignmentsRules";
const CONTAINERS: &str = "userContainers";
const FROM_BLUEPRINT: &str = "inheritBlueprintId";
const THROUGH_FIELD: &str = "inheritArtifactFieldId";
/// Stands for the login in what is kept.
const PERSON: &str = "userId";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/blueprint-role-assignments", get(list).post(create))
        .route("/admin/blueprint-role-assignments/{bp}", get(read_one).put(edit).delete(delete))
}

async fn list(call: Call) -> Reply {
    let ask = call.ask();
    ask.need(Action::Read, Subject::Design)?;
    let all = ask.state().access.assignments.iter();
    let shown: Json = all.map(|(blueprint, rules)| shape(ask.state(), blueprint, rules)).collect();
    Ok(ask.answer(shown))
}

fn wanted(ask: &Ask, bp: &str) -> Result<Json, Problem> {
    ask.need(Action::Read, Subject::Design)?;
    let found = ask.state().access.assignments.get(bp);
    let found = found.ok_or_else(|| ask.missing(format_args!("role assignments of {bp}")))?;
    Ok(shape(ask.state(), &BlueprintId::from(bp), found))
}

async fn read_one(Segments(bp): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(wanted(&ask, &bp)?))
}

async fn create(call: Call) -> Reply {
    let given = Object::body(call.object()?);
    let bp = given.needed("blueprintId")?.to_owned();
    set(&call, &bp, &given, true).await
}

async fn edit(Segments(bp): Segments<String>, call: Call) -> Reply {
    let given = Object::body(call.object()?);
    if given.text("blueprintId")?.is_some_and(|given| given != bp) {
        return Err(Problem::invalid_field("blueprintId", "id_fixed", "is not the blueprint of the path"));
    }
    set(&call, &bp, &given, false).await
}

async fn set(call: &Call, bp: &str, given: &Object, is_new: bool) -> Reply {
    let ask = call.ask();
    let assignments = assignments(ask.state(), given)?;
    let mut document = given.rest(&["blueprintId"]);
    swap_people(&mut document, |container| {
        let login = container.remove("login");
        let known = |login: &str| login.parse().ok().or_else(|| ask.state().access.logins.get(login).copied());
        let user: Option<UserId> = login.as_ref().and_then(Json::as_str).and_then(known);
        if let Some(user) = user {
            container.insert(PERSON.to_owned(), user.to_string().into());
        }
    });
    let on = Scope::Blueprint(BlueprintId::from(bp));
    call.submit(Command::SetAssignments { on, assignments, is_new, document: kept(&document) }, None).await?;
    let ask = call.ask();
    Ok(ask.answer(wanted(&ask, bp)?))
}

async fn delete(Segments(bp): Segments<String>, call: Call) -> Reply {
    call.submit(Command::RemoveAssignments { on: Scope::Blueprint(bp.into()) }, None).await?;
    Ok(call.ask().answer(json!({})))
}

/// What was kept of the rules; else what they say.
fn shape(state: &State, blueprint: &BlueprintId, rules: &[Assignment]) -> Json {
    let mut shown = keys(json!({ "blueprintId": blueprint.as_str() }));
    let Some(document) = state.access.assignment_documents.get(blueprint) else {
        shown.extend(derived(state, rules));
        return Json::Object(shown);
    };
    let mut document = read(Some(&**document));
    swap_people(&mut document, |container| {
        let id = container.remove(PERSON);
        let user = id.as_ref().and_then(Json::as_str).and_then(|id| id.parse::<UserId>().ok());
        if let Some(user) = user {
            container.insert("login".to_owned(), containers::login(state, user).into());
        }
    });
    shown.extend(document);
    shown.entry(RULES).or_insert_with(|| json!({}));
    Json::Object(shown)
}

/// Changes every container of a person in the rules of a document.
fn swap_people(document: &mut Map<String, Json>, mut swap: impl FnMut(&mut Map<String, Json>)) {
    let rules = document.get_mut(RULES).and_then(Json::as_object_mut).into_iter();
    let rules = rules.flat_map(Map::values_mut).filter_map(Json::as_array_mut).flatten();
    let containers = rules.filter_map(|rule| rule.get_mut(CONTAINERS)).filter_map(Json::as_array_mut).flatten();
    for container in containers.filter_map(Json::as_object_mut) {
        if container.get("type").and_then(Json::as_str) == Some("user") {
            swap(container);
        }
    }
}

fn derived(state: &State, rules: &[Assignment]) -> Map<String, Json> {
    let mut by_role: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    let (mut from, mut through) = (Vec::new(), Vec::new());
    for rule in rules {
        if rule.role.as_str() == EVERY_ROLE {
            from.extend(rule.inherited_from.as_ref().map(|from| Json::from(from.as_str())));
            through.extend(rule.inherited_through.as_ref().map(|field| Json::from(field.as_str())));
            continue;
        }
        let mut shown = keys(json!({
            "criteria": rule.criteria.iter().map(criterion).collect::<Vec<_>>(),
            CONTAINERS: rule.containers.iter().map(|one| containers::container(state, one)).collect::<Vec<_>>(),
            "fieldIds": rule.fields.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }));
        if let Some(from) = &rule.inherited_from {
            shown.insert(FROM_BLUEPRINT.to_owned(), from.as_str().into());
        }
        if let Some(field) = &rule.inherited_through {
            shown.insert(THROUGH_FIELD.to_owned(), field.as_str().into());
        }
        by_role.entry(rule.role.as_str()).or_default().push(Json::Object(shown));
    }
    let mut shown = keys(json!({ RULES: by_role }));
    for (key, mut values) in [(FROM_BLUEPRINT, from), (THROUGH_FIELD, through)] {
        match values.len() {
            0 => None,
            1 => shown.insert(key.to_owned(), values.remove(0)),
            _ => shown.insert(key.to_owned(), Json::Array(values)),
        };
    }
    shown
}

fn criterion(criterion: &Criterion) -> Json {
    match criterion {
        Criterion::Version(version) => json!({ "type": "blueprintVersion", "versionId": version.as_str() }),
        Criterion::Field { field, value, is_negated } => json!({
            "type": "field",
            "fieldId": field.as_str(),
            "conditionType": "EQUALS",
            "condition": &**value,
            "negateCondition": is_negated,
        }),
        Criterion::Step(step) => json!({ "type": "workflow", "stepId": step.as_str() }),
        Criterion::Exists => json!({ "type": "artifactExisting" }),
        Criterion::Deleted => json!({ "type": "artifactDeleted" }),
    }
}

fn assignments(state: &State, given: &Object) -> Result<Vec<Assignment>, Problem> {
    let mut made = Vec::new();
    for (role, rules) in given.object(RULES)?.into_iter().flatten() {
        let place = format!("{RULES}.{role}");
        let list = rules.as_array().ok_or_else(|| Problem::invalid_field(&place, "wrong_type", "is not a list"))?;
        for (number, rule) in list.iter().enumerate() {
            made.push(assignment(state, role, &format!("{place}[{number}]"), rule)?);
        }
    }
    for from in one_or_many(given.get(FROM_BLUEPRINT), FROM_BLUEPRINT)? {
        made.push(Assignment { inherited_from: Some(from.into()), ..Assignment::of(EVERY_ROLE) });
    }
    for field in one_or_many(given.get(THROUGH_FIELD), THROUGH_FIELD)? {
        made.push(Assignment { inherited_through: Some(field.into()), ..Assignment::of(EVERY_ROLE) });
    }
    Ok(made)
}

fn assignment(state: &State, role: &str, place: &str, rule: &Json) -> Result<Assignment, Problem> {
    let keys = rule.as_object().ok_or_else(|| Problem::invalid_field(place, "wrong_type", "is not an object"))?;
    let rule = Object::body(keys.clone());
    let containers = rule.list(CONTAINERS)?.into_iter().flatten().enumerate();
    let containers = containers.map(|(n, one)| {
        let place = format!("{place}.{CONTAINERS}[{n}]");
        let wrong = |error: serde_json::Error| Problem::invalid_field(&place, "wrong_type", error.to_string());
        serde_json::from_value::<GivenContainer>(one.clone()).map_err(wrong)?.container(state, &place)
    });
    let criteria = rule.list("criteria")?.into_iter().flatten().enumerate();
    let criteria = criteria.map(|(n, one)| wanted_criterion(&format!("{place}.criteria[{n}]"), one));
    Ok(Assignment {
        criteria: criteria.collect::<Result<_, _>>()?,
        containers: containers.collect::<Result<_, _>>()?,
        fields: rule.names("fieldIds")?.unwrap_or_default().into_iter().map(Into::into).collect(),
        inherited_from: rule.text(FROM_BLUEPRINT)?.map(Into::into),
        inherited_through: rule.text(THROUGH_FIELD)?.map(Into::into),
        ..Assignment::of(role)
    })
}

fn wanted_criterion(place: &str, given: &Json) -> Result<Criterion, Problem> {
    let text = |key: &str| given.get(key).and_then(Json::as_str);
    let needed = |key: &str| {
        text(key).ok_or_else(|| Problem::invalid_field(format!("{place}.{key}"), "missing_field", "is needed"))
    };
    match needed("type")? {
        "blueprintVersion" => {
            let nested = given.get("blueprintVersionId").and_then(|id| id.get("versionId")).and_then(Json::as_str);
            Ok(Criterion::Version(nested.map_or_else(|| needed("versionId"), Ok)?.into()))
        }
        "field" => {
            if text("conditionType").is_some_and(|kind| kind != "EQUALS") {
                let place = format!("{place}.conditionType");
                return Err(Problem::invalid_field(
                    place,
                    "unknown_value",
                    "of a rule's criteria only EQUALS is there",
                ));
            }
            let value = given.get("condition").filter(|value| !value.is_null());
            let value = value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            let value = value.map_or_else(|| needed("condition").map(str::to_owned), Ok)?;
            let is_negated = given.get("negateCondition").and_then(Json::as_bool).unwrap_or_default();
            Ok(Criterion::Field { field: needed("fieldId")?.into(), value: value.into(), is_negated })
        }
        "workflow" => Ok(Criterion::Step(needed("stepId")?.into())),
        "artifactExisting" => Ok(Criterion::Exists),
        "artifactDeleted" => Ok(Criterion::Deleted),
        other => {
            let types = "blueprintVersion, field, workflow, artifactExisting, artifactDeleted";
            let message = format!("unknown type {other:?}; the types are {types}");
            Err(Problem::invalid_field(format!("{place}.type"), "unknown_value", message))
        }
    }
}

/// Older releases inherit from one place, newer ones from several.
fn one_or_many(given: Option<&Json>, key: &str) -> Result<Vec<String>, Problem> {
    let wrong = || Problem::invalid_field(key, "wrong_type", "is neither a text nor a list of texts");
    let text = |value: &Json| value.as_str().map(str::to_owned).ok_or_else(wrong);
    match given {
        None => Ok(Vec::new()),
        Some(Json::Array(list)) => list.iter().map(text).collect(),
        Some(one) => Ok(vec![text(one)?]),
    }
}
