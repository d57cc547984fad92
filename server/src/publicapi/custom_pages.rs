//! Custom pages: documents that are kept with all their keys, in an order of their own. The standard ones come with the
//! product: they can be hidden and renamed, not made or deleted.
//!
//! Each is a setting of the instance, named after its id; so is the order.

use std::collections::BTreeSet;

use axum::Router;
use axum::routing::get;
use countersign_core::State;
use countersign_core::access::may::is_architect;
use countersign_core::settings::{Command, PAGE_ORDER, PAGE_PREFIX};
use serde_json::{Map, Value as Json, json};

use super::call::{Call, Reply};
use super::designer::{design, new_id};
use super::object::read as object;
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::app::App;
use crate::problem::Problem;

/// The type of the pages that come with the product.
const STANDARD_TYPE: &str = "standard-page";
/// Those pages: id, name, icon.
const STANDARD: [(&str, &str, &str); 5] = [
    ("cp.system.governable-items", "Governable items", "inbox"),
    ("cp.system.model-registry", "Model registry", "model_training"),
    ("cp.system.bundle-registry", "Bundle registry", "inventory_2"),
    ("cp.system.business-initiatives", "Business initiatives", "flag"),
    ("cp.system.governed-projects", "Governed projects", "folder_managed"),
];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/custom-pages", get(list))
        .route("/custom-page/{cp}", get(show))
        .route("/admin/custom-pages", get(list_all).post(create))
        .route("/admin/custom-pages/order", get(order).put(set_order))
        .route("/admin/custom-page/{cp}", get(show_any).put(save).delete(delete))
}

async fn list(call: Call) -> Reply {
    let ask = call.ask();
    let all = ordered(ask.state()).into_iter().filter_map(|id| page(ask.state(), &id));
    let sees_all = is_architect(ask.state(), &ask.who.principal);
    let shown: Json = all.filter(|page| sees_all || is_visible(page)).map(Json::Object).collect();
    Ok(ask.answer(shown))
}

async fn show(Segments(cp): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    let sees_all = is_architect(ask.state(), &ask.who.principal);
    let found = page(ask.state(), &cp).filter(|page| sees_all || is_visible(page));
    let found = found.ok_or_else(|| missing(&ask, &cp))?;
    Ok(ask.answer(Json::Object(found)))
}

async fn list_all(call: Call) -> Reply {
    let ask = design(&call)?;
    let all = ordered(ask.state());
    let shown: Json = all.iter().filter_map(|id| page(ask.state(), id)).map(Json::Object).collect();
    Ok(ask.answer(shown))
}

async fn show_any(Segments(cp): Segments<String>, call: Call) -> Reply {
    shown(&design(&call)?, &cp)
}

async fn create(call: Call) -> Reply {
    let ask = design(&call)?;
    let id = new_id(&call, "cp.")?;
    let given = call.object()?;
    if given.contains_key("id") {
        return Err(Problem::invalid_field("id", "unknown_field", "customPage.id must not be set in creation"));
    }
    if page(ask.state(), &id).is_some() {
        return Err(Problem::conflict("page_exists", format!("{id} exists already")));
    }
    if is_standard(&given) {
        return Err(Problem::invalid_field("type", "page_standard", "a standard page cannot be created"));
    }
    keep(&call, &id, &given).await
}

async fn save(Segments(cp): Segments<String>, call: Call) -> Reply {
    let ask = design(&call)?;
    let held = page(ask.state(), &cp).ok_or_else(|| missing(&ask, &cp))?;
    let mut given = call.object()?;
    if given.remove("id").is_some_and(|id| id.as_str() != Some(&cp)) {
        return Err(Problem::invalid("ids_differ", "Custom page IDs do not match"));
    }
    if is_standard(&held) != is_standard(&given) {
        let message = "which pages are standard is the product's to say";
        return Err(Problem::invalid_field("type", "page_standard", message));
    }
    keep(&call, &cp, &given).await
}

async fn keep(call: &Call, id: &str, given: &Map<String, Json>) -> Reply {
    let document = serde_json::to_string(given).unwrap_or_default();
    call.submit(Command::Set { name: setting(id).into(), document: Some(document.into()) }, None).await?;
    shown(&call.ask(), id)
}

async fn delete(Segments(cp): Segments<String>, call: Call) -> Reply {
    let ask = design(&call)?;
    page(ask.state(), &cp).ok_or_else(|| missing(&ask, &cp))?;
    if standard(&cp).is_some() {
        let detail = format!("{cp} is a standard page: it cannot be deleted, only hidden");
        return Err(Problem::conflict("page_standard", detail));
    }
    let done = call.submit(Command::Set { name: setting(&cp).into(), document: None }, None).await?;
    Ok(done.answer_as(|_| json!({})))
}

async fn order(call: Call) -> Reply {
    let ask = design(&call)?;
    let order = ordered(ask.state());
    Ok(ask.answer(json!(order)))
}

async fn set_order(call: Call) -> Reply {
    let ask = design(&call)?;
    let given: Vec<String> = call.read()?;
    let wanted: BTreeSet<&String> = given.iter().collect();
    let known = ordered(ask.state());
    if wanted.len() != given.len() || wanted != known.iter().collect() {
        let message = format!("has to hold the ids of all custom pages, each once: {}", known.join(", "));
        return Err(Problem::invalid_field("body", "order_incomplete", message));
    }
    let document = json!({ "order": given }).to_string();
    call.submit(Command::Set { name: PAGE_ORDER.into(), document: Some(document.into()) }, None).await?;
    order(call).await
}

/// All pages' ids: first as they were ordered, then the standard ones, then the others by id.
fn ordered(state: &State) -> Vec<String> {
    let settings = &state.settings.by_name;
    let own = settings.keys().filter_map(|name| name.strip_prefix(PAGE_PREFIX)).map(str::to_owned);
    let mut others: BTreeSet<String> = own.filter(|id| standard(id).is_none()).collect();
    let mut all: Vec<String> = STANDARD.iter().map(|(id, ..)| (*id).to_owned()).collect();
    let kept = settings.get(PAGE_ORDER).map(|kept| object(Some(&*kept.document))).unwrap_or_default();
    let order = kept.get("order").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let mut first: Vec<String> = Vec::new();
    for id in order {
        if others.remove(id) || all.iter().any(|known| known == id) {
            all.retain(|known| known != id);
            first.push(id.to_owned());
        }
    }
    first.into_iter().chain(all).chain(others).collect()
}

fn standard(id: &str) -> Option<Map<String, Json>> {
    let (id, name, icon) = STANDARD.iter().find(|(known, ..)| *known == id)?;
    let page = json!({ "id": id, "type": STANDARD_TYPE, "name": name, "icon": icon, "visible": true });
    page.as_object().cloned()
}

fn is_standard(page: &Map<String, Json>) -> bool {
    page.get("type").and_then(Json::as_str) == Some(STANDARD_TYPE)
}

/// A page with its id; a standard one without a setting is as it comes.
fn page(state: &State, id: &str) -> Option<Map<String, Json>> {
    let Some(kept) = state.settings.by_name.get(setting(id).as_str()) else { return standard(id) };
    let mut shown = Map::new();
    shown.insert("id".to_owned(), id.into());
    shown.extend(object(Some(&*kept.document)));
    Some(shown)
}

fn is_visible(page: &Map<String, Json>) -> bool {
    page.get("visible").and_then(Json::as_bool).unwrap_or(true)
}

fn shown(ask: &Ask, id: &str) -> Reply {
    let found = page(ask.state(), id).ok_or_else(|| missing(ask, id))?;
    Ok(ask.answer(Json::Object(found)))
}

fn missing(ask: &Ask, id: &str) -> Problem {
    ask.missing(format_args!("the custom page {id}"))
}

fn setting(id: &str) -> String {
    format!("{PAGE_PREFIX}{id}")
}
