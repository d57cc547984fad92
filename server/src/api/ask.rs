//! A question: one principal reading one snapshot. Every GET takes `as_of`, `as_of_time` and `min_position`.
//!
//! Time travel is filtered by today's rights and by those of then. Whatever is rendered comes from the snapshot alone,
//! so that the same position gives the same bytes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_core::State;
use countersign_core::access::may::{Action, Subject, allows, is_admin, may};
use countersign_core::artifact::Item;
use countersign_core::audit::{self, Entry};
use countersign_core::ids::{ItemId, Position};
use countersign_core::time::Timestamp;
use countersign_projections::Snapshot;
use countersign_projections::readable::{Plan, Scope};
use countersign_projections::sight::{FieldReader, Seen, Sight};
use serde::Deserialize;
use utoipa::IntoParams;

use super::GOVERN_POSITION;
use super::params::Params;
use crate::app::App;
use crate::auth::Who;
use crate::problem::Problem;

/// How long a read waits for `min_position`.
const MIN_POSITION_WAIT: Duration = Duration::from_secs(5);

/// Which position an answer is wanted from; the newest when nothing is said.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct When {
    /// As things were at this log position.
    as_of: Option<u64>,
    /// As things were at this instant (RFC 3339).
    as_of_time: Option<String>,
    /// Not before this position is visible; waited for, then 503.
    min_position: Option<u64>,
}

/// An authenticated reader and the snapshot that the answer is made from.
#[derive(Debug)]
pub struct Ask {
    /// The service.
    pub app: App,
    /// Who reads.
    pub who: Who,
    /// What is read.
    pub snapshot: Arc<Snapshot>,
    /// The newest, for today's rights.
    pub latest: Arc<Snapshot>,
    plan: OnceLock<Option<Arc<Plan>>>,
    fields: OnceLock<Option<Arc<FieldReader>>>,
}

impl FromRequestParts<App> for Ask {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let who = Who::from_parts(app, parts).await?;
        let Params(when) = Params::<When>::of(&parts.uri)?;
        if let Some(position) = when.min_position {
            wait(app, Position(position)).await?;
        }
        let latest = app.latest();
        let snapshot = travel(app, &latest, &when).await?;
        Ok(Self::new(app.clone(), who, snapshot, latest))
    }
}

/// The newest snapshot once it covers `position`.
pub(crate) async fn wait(app: &App, position: Position) -> Result<Arc<Snapshot>, Problem> {
    Ok(app.snapshots.wait_for(position, MIN_POSITION_WAIT).await?)
}

async fn travel(app: &App, latest: &Arc<Snapshot>, when: &When) -> Result<Arc<Snapshot>, Problem> {
    match (when.as_of, &when.as_of_time) {
        (None, None) => Ok(latest.clone()),
        (Some(_), Some(_)) => {
            Err(Problem::invalid_field("as_of_time", "parameters_contradict", "not together with as_of"))
        }
        (Some(position), None) => Ok(app.snapshots.at(Position(position)).await?),
        (None, Some(text)) => {
            let wrong = |_| Problem::invalid_field("as_of_time", "parameter_invalid", "not an RFC 3339 time");
            let time: Timestamp = text.parse().map_err(wrong)?;
            Ok(app.snapshots.at_time(time).await?)
        }
    }
}

impl Ask {
    /// A question about this snapshot.
    #[must_use]
    pub fn new(app: App, who: Who, snapshot: Arc<Snapshot>, latest: Arc<Snapshot>) -> Self {
        Self { app, who, snapshot, latest, plan: OnceLock::new(), fields: OnceLock::new() }
    }

    /// The state that is read.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.snapshot.state
    }

    /// The position that is read.
    #[must_use]
    pub fn position(&self) -> Position {
        self.snapshot.position()
    }

    /// May the item be read, then and today? Of an item that is gone today, then decides together with its blueprint.
    #[must_use]
    pub fn may_read(&self, item: ItemId) -> bool {
        let then = &self.snapshot.state;
        let blueprint = then.items.by_id.get(&item).map(|found| &found.template.blueprint);
        if blueprint.is_some_and(|of| self.plan().is_some_and(|plan| plan.of(of) == Scope::All)) {
            return true;
        }
        if !allows(then, &self.who.principal, Action::Read, Subject::Item(item)) {
            return false;
        }
        if Arc::ptr_eq(&self.snapshot, &self.latest) {
            return true;
        }
        let today = &self.latest.state;
        match then.items.by_id.get(&item) {
            Some(found) if !today.items.by_id.contains_key(&item) => {
                let blueprint = Subject::Blueprint(&found.template.blueprint);
                allows(today, &self.who.principal, Action::Read, blueprint)
            }
            _ => allows(today, &self.who.principal, Action::Read, Subject::Item(item)),
        }
    }

    /// What the reader may read, known beforehand; not on a journey into the past, where two times' rights count.
    #[must_use]
    pub fn plan(&self) -> Option<&Arc<Plan>> {
        let is_now = || Arc::ptr_eq(&self.snapshot, &self.latest);
        let plan = || is_now().then(|| self.app.plans.of(&self.snapshot, &self.who.principal));
        self.plan.get_or_init(plan).as_ref()
    }

    /// The reader, when fields may be hidden from him, then or today.
    #[must_use]
    pub fn field_reader(&self) -> Option<&Arc<FieldReader>> {
        let of = || {
            let today = (!Arc::ptr_eq(&self.snapshot, &self.latest)).then_some(&self.latest.state);
            FieldReader::of(&self.who.principal, &self.snapshot.state, today).map(Arc::new)
        };
        self.fields.get_or_init(of).as_ref()
    }

    /// Administrates the instance, then and today.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        let principal = &self.who.principal;
        is_admin(&self.snapshot.state, principal) && is_admin(&self.latest.state, principal)
    }

    /// Refuses whoever does not administrate the instance.
    pub fn need_admin(&self) -> Result<(), Problem> {
        let refusal = || Problem::forbidden("forbidden", "this needs an administrator").at(self.position());
        self.is_admin().then_some(()).ok_or_else(refusal)
    }

    /// Refuses whoever may not do this there, then or today.
    pub fn need(&self, action: Action, on: Subject<'_>) -> Result<(), Problem> {
        for state in [&self.snapshot.state, &self.latest.state] {
            let verdict = may(state, &self.who.principal, action, on);
            if !verdict.is_allowed {
                return Err(Problem::forbidden("forbidden", verdict.because).at(self.position()));
            }
        }
        Ok(())
    }

    /// The item that a path names; one that may not be read does not exist.
    pub fn item(&self, id: &str) -> Result<&Arc<Item>, Problem> {
        let missing = || Problem::missing(format_args!("the item {id}")).at(self.position());
        let item: ItemId = id.parse().map_err(|_| missing())?;
        self.state().items.by_id.get(&item).filter(|_| self.may_read(item)).ok_or_else(missing)
    }

    /// Tells the log what the asker takes away, before he has it.
    pub async fn note(&self, headers: &HeaderMap, entry: Entry) -> Result<(), Problem> {
        let command = audit::Command::Add { entry };
        let receipt = self.app.engine.submit(command.into(), self.who.caller(headers)).await?;
        wait(&self.app, receipt.position).await.map(drop)
    }

    /// A refusal of this question, with its position.
    #[must_use]
    pub fn missing(&self, what: impl std::fmt::Display) -> Problem {
        Problem::missing(what).at(self.position())
    }

    /// The answer to this question.
    #[must_use]
    pub fn answer<T>(&self, body: T) -> Answer<T> {
        Answer { status: StatusCode::OK, position: self.position(), etag: None, body }
    }
}

impl Sight for Ask {
    fn sees(&self, item: ItemId) -> bool {
        self.may_read(item)
    }

    fn fields(&self, item: ItemId) -> Seen<'_> {
        self.field_reader().map_or_else(Seen::default, |reader| reader.fields(item))
    }

    fn designs(&self) -> bool {
        self.need(Action::Read, Subject::Design).is_ok()
    }
}

/// A JSON body with the position it was made from.
#[derive(Debug)]
pub struct Answer<T> {
    pub(crate) status: StatusCode,
    pub(crate) position: Position,
    pub(crate) etag: Option<Position>,
    pub(crate) body: T,
}

impl<T> Answer<T> {
    /// 200, made from this position.
    #[must_use]
    pub fn ok(position: Position, body: T) -> Self {
        Self { status: StatusCode::OK, position, etag: None, body }
    }

    /// With the item's last position as its ETag.
    #[must_use]
    pub fn tagged(mut self, etag: Position) -> Self {
        self.etag = Some(etag);
        self
    }
}

impl<T: serde::Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        response.headers_mut().insert(GOVERN_POSITION, HeaderValue::from(self.position.0));
        if let Some(etag) = self.etag
            && let Ok(value) = HeaderValue::from_str(&format!("\"{etag}\""))
        {
            response.headers_mut().insert(header::ETAG, value);
        }
        response
    }
}
