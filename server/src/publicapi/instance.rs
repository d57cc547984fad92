//! The instance: what it is, how it is used, who may do what on it, what it noted.

use axum::Router;
use axum::routing::{get, post};
use countersign_core::access::may::{Action, Subject, allows, is_admin, is_architect};
use countersign_core::audit;
use countersign_core::context::Principal;
use countersign_core::ids::Position;
use serde_json::{Map, Value as Json, json};

use super::call::{Call, Reply};
use super::users::living;
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::app::App;
use crate::event_json::event_json;

/// The one log that can be read here: the newest events, one JSON object a line.
const AUDIT_LOG: &str = "audit.log";
/// Most events in it; all of them are told by `GET /api/v1/events`.
const LOG_EVENTS_MAX: u64 = 5_000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/instance-info", get(about))
        .route("/admin/licensing/status", get(licence))
        .route("/admin/licensing/license", post(set_licence))
        .route("/admin/logs", get(logs))
        .route("/admin/logs/{name}", get(log))
        .route("/admin/audit/custom/{type}", post(note))
        .route("/admin/authorization-matrix", get(matrix))
        .route("/admin/monitoring/global-usage-summary", get(usage))
}

async fn about(call: Call) -> Reply {
    let ask = call.ask();
    let id = ask.state().log.map(|log| log.to_string()).unwrap_or_default();
    Ok(ask.answer(json!({ "nodeId": id, "nodeName": "Countersign", "nodeType": "GOVERN" })))
}

/// Free software: there is nothing to be licensed, and so nothing that could end.
fn free() -> Json {
    json!({ "valid": true, "expired": false, "license": env!("CARGO_PKG_LICENSE"), "needed": false })
}

async fn licence(call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    Ok(ask.answer(free()))
}

/// A licence is not needed and not kept; a script that sets one goes on.
async fn set_licence(call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    call.object()?;
    Ok(ask.answer(free()))
}

async fn logs(call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    Ok(ask.answer(json!([AUDIT_LOG])))
}

async fn log(Segments(name): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    if name != AUDIT_LOG {
        return Err(ask.missing(format_args!("the log {name}")));
    }
    let after = Position(ask.position().0.saturating_sub(LOG_EVENTS_MAX));
    let events = ask.snapshot.views.timeline.after(after);
    let lines: String = events.map(|recorded| format!("{}\n", event_json(recorded, ask.state()))).collect();
    Ok(ask.answer(Json::String(lines)))
}

async fn note(Segments(name): Segments<String>, call: Call) -> Reply {
    let params = if call.has_body() { call.object()? } else { Map::new() };
    let entry = audit::Entry::Custom { name: name.into(), params: Json::Object(params).to_string().into() };
    call.submit(audit::Command::Add { entry }, None).await?;
    Ok(call.ask().answer(json!({})))
}

async fn matrix(call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    let enabled = living(ask.state()).filter(|user| user.is_enabled);
    let per_user: Map<String, Json> =
        enabled.map(|user| (user.login.shown().to_owned(), rights(&ask, &Principal::User(user.id)))).collect();
    let per_group: Map<String, Json> = ask.state().access.groups.values().map(|group| {
        let members = living(ask.state()).filter(|user| user.is_enabled && user.groups.contains(&group.id));
        let members: Vec<_> = members.map(|user| user.login.shown()).collect();
        let told = json!({ "admin": group.is_admin, "governArchitect": group.is_architect || group.is_admin, "members": members });
        (group.id.to_string(), told)
    }).collect();
    Ok(ask.answer(json!({ "perUser": per_user, "perGroup": per_group })))
}

/// What somebody may do with all items of each blueprint, roles on single items left aside.
fn rights(ask: &Ask, principal: &Principal) -> Json {
    let state = ask.state();
    let actions = [
        ("artifactRead", Action::Read),
        ("artifactWrite", Action::Write),
        ("artifactCreate", Action::Create),
        ("artifactDelete", Action::Delete),
        ("artifactAdmin", Action::Admin),
    ];
    let of = |blueprint| -> Json {
        let may = |action| allows(state, principal, action, Subject::Blueprint(blueprint));
        actions
            .iter()
            .map(|(word, action)| ((*word).to_owned(), Json::Bool(may(*action))))
            .collect::<Map<_, _>>()
            .into()
    };
    let blueprints: Map<String, Json> =
        state.templates.blueprints.keys().map(|blueprint| (blueprint.to_string(), of(blueprint))).collect();
    json!({
        "admin": is_admin(state, principal),
        "governArchitect": is_architect(state, principal),
        "blueprints": blueprints,
    })
}

async fn usage(call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    let state = ask.state();
    let mut by_blueprint: Map<String, Json> = Map::new();
    for item in state.items.by_id.values() {
        let count = by_blueprint.entry(item.template.blueprint.as_str()).or_insert(0.into());
        *count = (count.as_u64().unwrap_or_default() + 1).into();
    }
    let enabled = living(state).filter(|user| user.is_enabled).count();
    let keys = state.access.keys.values().filter(|key| !key.is_revoked).count();
    Ok(ask.answer(json!({
        "users": living(state).count(),
        "enabledUsers": enabled,
        "groups": state.access.groups.len(),
        "globalApiKeys": keys,
        "roles": state.access.roles.len(),
        "blueprints": state.templates.blueprints.len(),
        "artifacts": state.items.by_id.len(),
        "artifactsByBlueprint": by_blueprint,
        "signoffs": state.signoffs.by_step.len(),
        "events": ask.position().0,
    })))
}
