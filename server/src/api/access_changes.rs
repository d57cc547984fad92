//! What changed in who may do what between two positions: for recertification.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::State;
use countersign_core::access::may::{Action, Subject, allows, is_active};
use countersign_core::access::{Assignment, Key, Permissions, User};
use countersign_core::artifact::Item;
use countersign_core::context::Principal;
use countersign_core::ids::{BlueprintId, ItemId, Position};
use countersign_core::time::Timestamp;
use countersign_core::value::Value;
use countersign_projections::Snapshot;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::params::{Page, Params, cursor};
use super::shape::{List, people, rules};
use crate::problem::Problem;

/// Most pairs of a person or key and a blueprint that are judged for one answer; more is refused.
pub const PAIRS_MAX: usize = 200_000;
const ACTIONS: [Action; 5] = [Action::Read, Action::Write, Action::Create, Action::Delete, Action::Admin];

/// Between when and when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Between {
    /// A log position, or an instant (RFC 3339).
    from: String,
    /// The same; not before `from`.
    to: String,
}

/// One thing that is not as it was.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeShape {
    /// `rights` (what somebody may do with all items of a blueprint), `person`, `key`, `group`, `permissions`,
    /// `assignments` (of a blueprint or an item), or `people` (those in a field that gives roles).
    what: &'static str,
    /// Of whom or what: a login, a key, a group, a blueprint, an item and its field.
    subject: String,
    /// Of `rights`: the blueprint.
    blueprint: Option<String>,
    /// Null when there was nothing.
    #[schema(value_type = Object)]
    before: Json,
    /// Null when there is nothing any more.
    #[schema(value_type = Object)]
    after: Json,
}

/// Differences of rights between two positions or instants, for administrators: effective ones first, then their causes.
#[utoipa::path(get, path = "/reports/access-changes", tag = "reports", params(Between, Page),
    responses((status = 200, description = "One page of differences", body = List<ChangeShape>)))]
pub async fn list(
    ask: Ask,
    Params(between): Params<Between>,
    Params(page): Params<Page>,
) -> Result<Answer<List<ChangeShape>>, Problem> {
    ask.need_admin_today()?;
    let (limit, after) = (page.limit()?, page.after::<usize>()?.unwrap_or(0));
    // One after the other: each may be a fold, and only two are done at once.
    let before = at(&ask, "from", &between.from).await?;
    let then = at(&ask, "to", &between.to).await?;
    if then.position() < before.position() {
        return Err(Problem::invalid_field("to", "parameter_invalid", "not before from"));
    }
    let position = then.position();
    let judged = tokio::task::spawn_blocking(move || changes(&before.state, &then.state));
    let all = judged.await.map_err(|error| Problem::internal(&error))?;
    let all = all.ok_or_else(|| {
        Problem::invalid("too_much_to_compare", format!("more than {PAIRS_MAX} pairs of a person and a blueprint"))
    })?;
    let count = all.len();
    let items: Vec<ChangeShape> = all.into_iter().skip(after).take(limit).collect();
    let end = after.saturating_add(items.len());
    let next_cursor = (end < count).then(|| cursor(end));
    Ok(ask.answer(List { items, next_cursor, position: position.0 }))
}

async fn at(ask: &Ask, name: &str, text: &str) -> Result<Arc<Snapshot>, Problem> {
    if let Ok(position) = text.parse() {
        return Ok(ask.app.snapshots.at(Position(position)).await?);
    }
    let wrong = |_| Problem::invalid_field(name, "parameter_invalid", "neither a position nor an RFC 3339 time");
    let time: Timestamp = text.parse().map_err(wrong)?;
    Ok(ask.app.snapshots.at_time(time).await?)
}

/// All differences, in an order that the two states alone decide; nothing when there is too much to judge.
fn changes(before: &State, after: &State) -> Option<Vec<ChangeShape>> {
    let mut found = Vec::new();
    effective(before, after, &mut found)?;
    let (old, new) = (&before.access, &after.access);
    let users: BTreeSet<_> = old.users.keys().chain(new.users.keys()).collect();
    for user in users {
        let told = |state: &State| state.access.users.get(user).map(|found| person(found));
        push(&mut found, "person", people::login(after, *user), told(before), told(after));
    }
    let keys: BTreeSet<_> = old.keys.keys().chain(new.keys.keys()).collect();
    for key in keys {
        let told = |state: &State| state.access.keys.get(key).map(|found| self::key(found));
        push(&mut found, "key", key.to_string(), told(before), told(after));
    }
    let groups: BTreeSet<_> = old.groups.keys().chain(new.groups.keys()).collect();
    for group in groups {
        let told = |state: &State| {
            let found = state.access.groups.get(group)?;
            Some(json!({"admin": found.is_admin, "architect": found.is_architect}))
        };
        push(&mut found, "group", group.to_string(), told(before), told(after));
    }
    let blueprints: BTreeSet<_> = old.permissions.keys().chain(new.permissions.keys()).collect();
    let permissions = |held: &Permissions| json!(rules::permissions(held));
    let standard = |state: &State| Some(permissions(&state.access.default_permissions));
    push(&mut found, "permissions", "default".to_owned(), standard(before), standard(after));
    for blueprint in blueprints {
        let told = |state: &State| state.access.permissions.get(blueprint).map(|held| permissions(held));
        push(&mut found, "permissions", blueprint.to_string(), told(before), told(after));
    }
    let blueprints: BTreeSet<_> = old.assignments.keys().chain(new.assignments.keys()).collect();
    for blueprint in blueprints {
        let told = |state: &State| state.access.assignments.get(blueprint).map(|held| assignments(state, held));
        push(&mut found, "assignments", blueprint.to_string(), told(before), told(after));
    }
    let items: BTreeSet<_> = old.item_assignments.keys().chain(new.item_assignments.keys()).collect();
    for item in items {
        let told = |state: &State| state.access.item_assignments.get(item).map(|held| assignments(state, held));
        push(&mut found, "assignments", item.to_string(), told(before), told(after));
    }
    in_fields(before, after, &mut found);
    Some(found)
}

fn push(found: &mut Vec<ChangeShape>, what: &'static str, subject: String, before: Option<Json>, after: Option<Json>) {
    if before != after {
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        found.push(ChangeShape { what, subject, blueprint: None, before, after });
    }
}

fn person(user: &User) -> Json {
    let groups: Vec<&str> = user.groups.iter().map(|group| group.as_str()).collect();
    json!({"enabled": user.is_enabled, "deleted": user.is_deleted, "groups": groups})
}

fn key(key: &Key) -> Json {
    let groups: Vec<&str> = key.groups.iter().map(|group| group.as_str()).collect();
    let expires = key.expires.map(|at| at.to_string());
    json!({"label": &*key.label, "admin": key.is_admin, "architect": key.is_architect, "revoked": key.is_revoked,
        "expiresAt": expires, "groups": groups})
}

fn assignments(state: &State, held: &[Assignment]) -> Json {
    held.iter().map(|rule| json!(rules::assignment(state, rule))).collect()
}

/// What each person and key may do with all items of each blueprint.
fn effective(before: &State, after: &State, found: &mut Vec<ChangeShape>) -> Option<()> {
    let of = |state: &State| -> Vec<Principal> {
        let users = state.access.users.keys().map(|user| Principal::User(*user));
        users.chain(state.access.keys.keys().map(|key| Principal::Key(*key))).collect()
    };
    let principals: BTreeSet<Principal> = of(before).into_iter().chain(of(after)).collect();
    let known = before.templates.blueprints.keys().chain(after.templates.blueprints.keys());
    let blueprints: BTreeSet<&BlueprintId> = known.collect();
    if principals.len().saturating_mul(blueprints.len()) > PAIRS_MAX {
        return None;
    }
    for principal in &principals {
        for blueprint in &blueprints {
            let words = |state: &State| -> Vec<&'static str> {
                let exists = state.templates.blueprints.contains_key(*blueprint) && is_active(state, principal);
                let may =
                    |action: &&Action| exists && allows(state, principal, **action, Subject::Blueprint(blueprint));
                ACTIONS.iter().filter(may).map(|action| action.word()).collect()
            };
            let (had, has) = (words(before), words(after));
            if had != has {
                let subject = people::name(after, principal);
                let blueprint = Some(blueprint.to_string());
                found.push(ChangeShape { what: "rights", subject, blueprint, before: json!(had), after: json!(has) });
            }
        }
    }
    Some(())
}

/// Whoever was put into a field that gives a role, or taken out of one.
fn in_fields(before: &State, after: &State, found: &mut Vec<ChangeShape>) {
    let ids: BTreeSet<&ItemId> = before.items.by_id.keys().chain(after.items.by_id.keys()).collect();
    for id in ids {
        let (old, new) = (before.items.by_id.get(id), after.items.by_id.get(id));
        let is_same = matches!((old, new), (Some(old), Some(new)) if Arc::ptr_eq(old, new));
        if is_same {
            continue;
        }
        let of = |state: &State, item: Option<&Arc<Item>>| {
            let rules = item.and_then(|item| state.access.assignments.get(&item.template.blueprint)).cloned();
            let rules = rules.map(|rules| rules.iter().flat_map(|rule| rule.fields.clone()).collect::<BTreeSet<_>>());
            rules.unwrap_or_default()
        };
        let fields: BTreeSet<_> = of(before, old).into_iter().chain(of(after, new)).collect();
        for field in fields {
            let told = |state: &State, item: Option<&Arc<Item>>| {
                let held = item?.fields.get(&field)?;
                Some(names(state, held))
            };
            let subject = format!("{id} {field}");
            push(found, "people", subject, told(before, old), told(after, new));
        }
    }
}

fn names(state: &State, held: &Value) -> Json {
    let name = |item: ItemId| {
        let user = state.access.user_items.get(&item).map(|user| people::login(state, *user));
        user.or_else(|| state.access.group_items.get(&item).map(ToString::to_string))
    };
    held.references().filter_map(name).collect::<Vec<_>>().into()
}
