//! Search over artifacts: sources and filters narrow, a sort orders, the id of the last hit is the cursor.
//!
//! Only what the reader may read is found, and only by fields that he may read. A hit that was deleted since still
//! serves as a cursor: scripts delete what they found and go on.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use countersign_core::artifact::{self, Item};
use countersign_core::ids::{FieldId, ItemId, StepId};
use countersign_core::value::Value;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::artifacts::{self, GivenTemplate};
use super::call::{Call, Reply};
use super::filter::{Filter, Narrowed};
use super::{blueprints, signoffs};
use crate::api::ask::Ask;
use crate::api::shape::people;
use crate::app::App;
use crate::problem::Problem;

/// Hits of a page unless told otherwise.
const PAGE_SIZE: i64 = 20;
/// Most hits of a page.
const PAGE_SIZE_MAX: i64 = 1_000;
/// Most filters of a search.
const FILTERS_MAX: usize = 100;
/// How much of a text takes part in sorting; what is equal so far is sorted by id.
const KEY_CHARS_MAX: usize = 128;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/artifacts/search", post(search))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Search {
    artifact_search_source: Option<Source>,
    #[serde(default)]
    artifact_filters: Vec<Filter>,
    artifact_search_sort: Option<Sort>,
    #[serde(default)]
    artifact_search_pagination: Pagination,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Source {
    All,
    Blueprints { blueprint_ids: Vec<String> },
    BlueprintVersions { blueprint_version_ids: Vec<GivenTemplate> },
    Artifacts { artifact_ids: Vec<String> },
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Pagination {
    page_size: Option<i64>,
    last_artifact_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Sort {
    #[serde(default)]
    direction: Direction,
    column: Column,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Direction {
    #[default]
    Asc,
    Desc,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Column {
    Name,
    Workflow,
    Field { fields: Vec<SortField> },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SortField {
    blueprint_id: String,
    field_id: String,
}

/// What an artifact is sorted by; what has no such value comes first.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Key {
    Nothing,
    Number(f64),
    Text(Arc<str>),
}

impl Search {
    fn narrowed(&mut self) -> Result<Narrowed, Problem> {
        let source = match self.artifact_search_source.take() {
            None | Some(Source::All) => None,
            Some(Source::Blueprints { blueprint_ids }) => Some(Filter::Blueprints { blueprint_ids }),
            Some(Source::BlueprintVersions { blueprint_version_ids }) => {
                Some(Filter::BlueprintVersions { blueprint_version_ids })
            }
            Some(Source::Artifacts { artifact_ids }) => Some(Filter::Artifacts { artifact_ids }),
        };
        let filters = std::mem::take(&mut self.artifact_filters);
        if filters.len() > FILTERS_MAX {
            let message = format!("at most {FILTERS_MAX} filters are allowed");
            return Err(Problem::invalid_field("artifactFilters", "too_many_values", message));
        }
        Narrowed::of(source.into_iter().chain(filters))
    }

    fn page_size(&self) -> Result<usize, Problem> {
        let wanted = self.artifact_search_pagination.page_size.unwrap_or(PAGE_SIZE);
        let wrong = || {
            let path = "artifactSearchPagination.pageSize";
            Problem::invalid_field(path, "limit_out_of_range", format!("1 to {PAGE_SIZE_MAX}"))
        };
        let is_good = (1..=PAGE_SIZE_MAX).contains(&wanted);
        is_good.then(|| usize::try_from(wanted).ok()).flatten().ok_or_else(wrong)
    }

    fn after(&self) -> Result<Option<ItemId>, Problem> {
        let wrong = |_| {
            let path = "artifactSearchPagination.lastArtifactId";
            Problem::invalid_field(path, "cursor_invalid", "not the id of an artifact")
        };
        self.artifact_search_pagination.last_artifact_id.as_ref().map(|id| id.parse().map_err(wrong)).transpose()
    }
}

async fn search(call: Call) -> Reply {
    let mut search: Search = call.read_object()?;
    let (narrowed, page_size, after) = (search.narrowed()?, search.page_size()?, search.after()?);
    // A search can look at every item there is: that is not for the threads that serve the others.
    let shown = tokio::task::spawn_blocking(move || {
        let ask = call.ask();
        let found = match &search.artifact_search_sort {
            None => in_order_of_making(&ask, &narrowed, after, page_size),
            Some(sort) => sorted(&ask, &narrowed, sort, after, page_size)?,
        };
        let has_next = found.len() > page_size;
        let hits: Vec<_> = found.into_iter().take(page_size).map(|item| hit(&ask, item)).collect();
        Ok(ask.answer(json!({ "uiArtifacts": hits, "hasNextPage": has_next })))
    });
    shown.await.map_err(|error| Problem::internal(&error))?
}

/// What the blueprints and artifacts named leave, from an id on, in order of making.
fn candidates<'a>(ask: &'a Ask, narrowed: &Narrowed, first: ItemId) -> Box<dyn Iterator<Item = &'a Arc<Item>> + 'a> {
    let items = &ask.state().items;
    let item = move |id: ItemId| items.by_id.get(&id);
    if let Some(artifacts) = narrowed.artifacts() {
        return Box::new(artifacts.into_iter().filter(move |id| *id >= first).filter_map(item));
    }
    let Some(blueprints) = narrowed.blueprints() else {
        return Box::new(items.by_id.range(first..).map(|(_, item)| item));
    };
    let mut sets = blueprints.iter().filter_map(|blueprint| items.by_blueprint.get(blueprint));
    if blueprints.len() == 1 {
        return Box::new(sets.next().into_iter().flat_map(move |ids| ids.range(first..)).copied().filter_map(item));
    }
    let merged: BTreeSet<ItemId> = sets.flat_map(|ids| ids.range(first..)).copied().collect();
    Box::new(merged.into_iter().filter_map(item))
}

/// The item of a deleted person stays for what refers to it, and is found no more.
fn is_there(ask: &Ask, item: &Item) -> bool {
    let access = &ask.state().access;
    let user = access.user_items.get(&item.id).and_then(|user| access.users.get(user));
    user.is_none_or(|user| !user.is_deleted)
}

fn in_order_of_making<'a>(
    ask: &'a Ask,
    narrowed: &Narrowed,
    after: Option<ItemId>,
    page_size: usize,
) -> Vec<&'a Arc<Item>> {
    let first = ItemId(after.map_or(0, |last| last.0.saturating_add(1)));
    let is_hit = |item: &&Arc<Item>| is_there(ask, item) && narrowed.matches(ask, item) && ask.may_read(item.id);
    candidates(ask, narrowed, first).filter(is_hit).take(page_size.saturating_add(1)).collect()
}

fn sorted<'a>(
    ask: &'a Ask,
    narrowed: &Narrowed,
    sort: &Sort,
    after: Option<ItemId>,
    page_size: usize,
) -> Result<Vec<&'a Arc<Item>>, Problem> {
    let state = ask.state();
    let last = after.map(|id| {
        let found = state.items.by_id.get(&id).or_else(|| state.access.buried.get(&id));
        let unknown = || {
            let path = "artifactSearchPagination.lastArtifactId";
            Problem::invalid_field(path, "cursor_invalid", format!("there is no artifact {id}"))
        };
        found.map(|item| (key(ask, &sort.column, item), id)).ok_or_else(unknown)
    });
    let last = last.transpose()?;
    let by_id = &state.items.by_id;
    let keyed = candidates(ask, narrowed, ItemId(0))
        .filter(|item| is_there(ask, item) && narrowed.matches(ask, item))
        .map(|item| (key(ask, &sort.column, item), item.id));
    let is_after = |row: &(Key, ItemId)| last.as_ref().is_none_or(|last| order(sort, row, last).is_gt());
    let mut rows: Vec<_> = keyed.filter(is_after).collect();
    rows.sort_unstable_by(|a, b| order(sort, a, b));
    let readable = rows.into_iter().filter(|(_, id)| ask.may_read(*id)).filter_map(|(_, id)| by_id.get(&id));
    Ok(readable.take(page_size.saturating_add(1)).collect())
}

fn order(sort: &Sort, a: &(Key, ItemId), b: &(Key, ItemId)) -> Ordering {
    // Numbers in fields are finite, so that all keys compare.
    let ascending = a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then(a.1.cmp(&b.1));
    if sort.direction == Direction::Desc { ascending.reverse() } else { ascending }
}

fn key(ask: &Ask, column: &Column, item: &Item) -> Key {
    match column {
        Column::Name => match ask.snapshot.views.items.get(item.id) {
            Some(row) => text(&row.name_key),
            None => text(&item.name.to_lowercase().into()),
        },
        Column::Workflow => {
            let current = artifact::workflow::legacy_step_id(ask.state(), item);
            let place = |step: StepId| item.steps.iter().position(|at| at.id == step);
            let place = current.and_then(place).and_then(|place| u32::try_from(place).ok());
            place.map_or(Key::Nothing, |place| Key::Number(place.into()))
        }
        Column::Field { fields } => {
            let of = |field: &&SortField| field.blueprint_id == item.template.blueprint.as_str();
            let held = fields
                .iter()
                .filter(of)
                .find_map(|field| artifacts::held(ask, item, &FieldId::from(field.field_id.as_str())));
            held.map_or(Key::Nothing, |held| value_key(&held))
        }
    }
}

fn value_key(held: &Value) -> Key {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this calendar are below 2^53")]
    match held {
        Value::Number(number) => Key::Number(*number),
        Value::Boolean(is) => Key::Number(f64::from(u8::from(*is))),
        Value::Date(at) => Key::Number(at.millis() as f64),
        other => text(&other.text_form().to_lowercase().into()),
    }
}

fn text(whole: &Arc<str>) -> Key {
    let is_short = whole.len() <= KEY_CHARS_MAX;
    Key::Text(if is_short { whole.clone() } else { whole.chars().take(KEY_CHARS_MAX).collect::<String>().into() })
}

fn hit(ask: &Ask, item: &Item) -> Json {
    let mut shown = Map::new();
    shown.insert("artifact".to_owned(), artifacts::shape(ask, item));
    if let Some(blueprint) = ask.state().templates.blueprint(&item.template.blueprint) {
        shown.insert("blueprint".to_owned(), blueprints::bare(blueprint));
    }
    if let Some(version) = ask.state().templates.version(&item.template) {
        let version = json!({ "id": blueprints::id(&item.template), "name": &*version.definition.name });
        shown.insert("blueprintVersion".to_owned(), version);
    }
    shown.insert("signoffs".to_owned(), signoffs::all(ask.state(), item.id));
    if let Some(user) = ask.state().access.user_items.get(&item.id) {
        let details = json!({ "user": { "login": people::login(ask.state(), *user) } });
        shown.insert("uiArtifactDetails".to_owned(), details);
    }
    Json::Object(shown)
}
