//! What deployers ask about a deployment of theirs: the gate's answer in upstream's messages, about what stands there or
//! about another bundle that would.

use axum::Router;
use axum::routing::get;
use countersign_core::deploy::gate::{Question, answer};
use countersign_core::deploy::{Deployed, InfraKind, Policy};
use countersign_core::sync::SyncObject;
use countersign_core::{Rejection, State};
use countersign_engine::clock::{Clock as _, SystemClock};
use serde_json::{Value as Json, json};

use super::call::{Call, Reply};
use crate::api::ask::Ask;
use crate::api::gate::gate_answer;
use crate::api::params::Segments;
use crate::app::App;
use crate::problem::Problem;

/// Method and path, as [`ROUTES`](super::routes::ROUTES) has them for the client's own calls.
pub const DEPLOYER_ROUTES: [(&str, &str); 2] = [
    ("GET", "/project-deployer/deployments/{id}/governance-status"),
    ("GET", "/api-deployer/deployments/{id}/governance-status"),
];

pub(super) fn routes() -> Router<App> {
    let [(_, project), (_, service)] = DEPLOYER_ROUTES;
    Router::new().route(project, get(of_project)).route(service, get(of_service))
}

async fn of_project(Segments(id): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    let mut found = find(&ask, &id, InfraKind::Project)?;
    if let Some(bundle) = call.param("bundleId").filter(|bundle| !bundle.is_empty()) {
        for subject in &mut found.subjects {
            if let SyncObject::Bundle { bundle: held, .. } = &mut subject.object {
                *held = bundle.into();
            }
        }
    }
    status(&ask, &found)
}

async fn of_service(Segments(id): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    if call.param("version").is_some_and(|version| !version.is_empty()) {
        let message = "versions of packages are not told to this service; ask about what is deployed";
        return Err(Problem::invalid_field("version", "parameter_invalid", message));
    }
    status(&ask, &find(&ask, &id, InfraKind::Api)?)
}

/// The one deployment of this id that the asker may read.
fn find(ask: &Ask, id: &str, kind: InfraKind) -> Result<Deployed, Problem> {
    let state = ask.state();
    let is_meant = |(item, deployed): &(&countersign_core::ids::ItemId, &std::sync::Arc<Deployed>)| {
        let source = state.items.by_id.get(*item).and_then(|item| item.source.as_ref());
        let is_named = source.is_some_and(
            |source| matches!(&source.key.object, SyncObject::Deployment { deployment } if **deployment == *id),
        );
        is_named && kind_of(state, deployed) == Some(kind) && ask.may_read(**item)
    };
    let mut found = state.infrastructures.deployed.iter().filter(is_meant);
    let (_, first) = found.next().ok_or_else(|| ask.missing(format_args!("the deployment {id}")))?;
    match found.next() {
        None => Ok(Deployed::clone(first)),
        Some(_) => Err(Problem::conflict("deployment_ambiguous", format!("several deployers have a deployment {id}"))),
    }
}

fn kind_of(state: &State, deployed: &Deployed) -> Option<InfraKind> {
    state.infrastructures.by_key.get(&deployed.infra).map(|infra| infra.kind)
}

fn status(ask: &Ask, deployed: &Deployed) -> Reply {
    let state = ask.state();
    let (infra, subjects) = (&deployed.infra, deployed.subjects.clone());
    let question = Question { node: Some(infra.node.clone()), infra: infra.infra.clone(), subjects, digest: None };
    let at = SystemClock.now().max(state.head_at);
    let verdict = answer(state, &question, at).map_err(|refused| Problem::from(Rejection::from(refused)))?;
    if verdict.policy == Policy::NoCheck {
        let detail = format!("the infrastructure {} checks nothing: its policy is NO_CHECK", infra.infra);
        return Err(Problem::conflict("gate_not_checked", detail));
    }
    let told = gate_answer(state, &ask.who.principal, &verdict, false, ask.position().0);
    let mut messages: Vec<Json> = told.messages.iter().filter_map(|told| serde_json::to_value(told).ok()).collect();
    if messages.is_empty() {
        messages.push(json!({
            "severity": "SUCCESS",
            "isFatal": false,
            "code": "APPROVED",
            "title": "Approved",
            "message": "everything that the infrastructure asks for is there",
            "details": "",
        }));
    }
    Ok(ask.answer(json!({ "messages": messages })))
}
