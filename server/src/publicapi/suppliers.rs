//! People from elsewhere: LDAP, Azure AD, custom suppliers. None of them is built, and whoever asks for one is told so;
//! people of our own have nothing to be synchronised with and stay as they are.

use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Value as Json, json};

use super::call::{Call, Reply};
use super::futures::Futures;
use super::object::Object;
use super::users::{BULK_MAX, living, source_of, wanted};
use crate::api::params::Segments;
use crate::app::App;
use crate::problem::Problem;

/// Where people come from that are our own.
const OWN: [&str; 2] = ["LOCAL", "LOCAL_NO_AUTH"];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/users/{login}/actions/resync", post(resync))
        .route("/admin/users/actions/resync-multi", post(resync_many))
        .route("/admin/users/actions/provision", post(provision))
        .route("/admin/external-groups", get(fetch))
        .route("/admin/external-users", get(fetch))
}

fn not_built(source: &str) -> Problem {
    let detail =
        format!("users and groups from {source} are not built: Countersign knows people of its own and OpenID Connect");
    Problem::invalid("supplier_not_built", detail)
}

async fn resync(Extension(futures): Extension<Futures>, Segments(login): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    let source = source_of(wanted(&ask, &login)?);
    let started = futures.start(&ask, "Synchronise users", synchronise(vec![(login, source)]))?;
    Ok(ask.answer(started))
}

async fn resync_many(Extension(futures): Extension<Futures>, call: Call) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    let people = if call.has_body() {
        let logins: Vec<String> = call.read()?;
        if logins.len() > BULK_MAX {
            return Err(Problem::invalid_field("body", "too_many", format!("at most {BULK_MAX} at once")));
        }
        let each = |login: String| wanted(&ask, &login).map(|user| source_of(user)).map(|source| (login, source));
        logins.into_iter().map(each).collect::<Result<_, _>>()?
    } else {
        living(ask.state()).map(|user| (user.login.shown().to_owned(), source_of(user))).collect::<Vec<_>>()
    };
    if people.is_empty() {
        return Ok(ask.answer(json!({ "hasResult": true, "result": [] })));
    }
    let started = futures.start(&ask, "Synchronise users", synchronise(people))?;
    Ok(ask.answer(started))
}

/// One after the other, giving way to others between them.
async fn synchronise(people: Vec<(String, String)>) -> Result<Json, Problem> {
    let mut told = Vec::new();
    for (login, source) in people {
        if !OWN.contains(&source.as_str()) {
            return Err(not_built(&format!("{source} (as {login} is)")));
        }
        told.push(json!({ "login": login, "status": "UNCHANGED" }));
        tokio::task::yield_now().await;
    }
    Ok(Json::Array(told))
}

async fn provision(call: Call) -> Reply {
    call.ask().need_admin()?;
    let given = Object::body(call.object()?);
    given.list("users")?;
    Err(not_built(given.needed("userSourceType")?))
}

async fn fetch(call: Call) -> Reply {
    call.ask().need_admin()?;
    Err(not_built(call.needed("userSourceType")?))
}
