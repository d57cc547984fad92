//! A wish: one principal asking for one change. Reads the body, the idempotency key and the expectation, submits, and
//! answers once the snapshot covers what came of it.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use countersign_core::access::may::is_admin;
use countersign_core::artifact::Event as ItemEvent;
use countersign_core::context::{Caller, Channel, Principal, RequestKey};
use countersign_core::ids::{CorrelationId, CredentialId, Digest, FieldId, ItemId, Position};
use countersign_core::signoff::SignoffKey;
use countersign_core::{Command, Event, Recorded, State};
use countersign_engine::engine::{Receipt, SubmitError};
use countersign_projections::Snapshot;
use countersign_projections::sight::{Sight as _, StateReader};
use serde::de::DeserializeOwned;

use super::ask::{Answer, wait};
use super::shape::command::{CommandShape, Referrer, made, names};
use super::shape::item::item;
use super::shape::signoff::signoff;
use crate::app::App;
use crate::auth::Who;
use crate::hooks::consult;
use crate::hooks::door::FROM_SCRIPT;
use crate::problem::Problem;
use crate::secrets;

/// Largest JSON body, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest idempotency key.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// The header of the idempotency key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Wished for without a body, or with `{}`.
#[derive(Debug, Clone, Copy, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// An authenticated wish with its body.
#[derive(Debug)]
pub struct Wish<T> {
    /// The service.
    pub app: App,
    /// Who wishes.
    pub who: Who,
    /// What exactly.
    pub body: T,
    terms: Terms,
}

/// Who asks, on which terms: everything of a wish but its body.
#[derive(Debug)]
pub struct Terms {
    caller: Caller,
    expected: Option<Position>,
    /// A hook asks: what it wants to change it says in its answer.
    is_script: bool,
}

impl Terms {
    /// Without idempotency key and expectation, for doors that are not HTTP.
    #[must_use]
    pub fn plain(principal: Principal, channel: Channel) -> Self {
        let correlation = CorrelationId(uuid::Uuid::new_v4());
        Self { caller: Caller::new(principal, channel, correlation), expected: None, is_script: false }
    }

    /// Of a call of the public API, which knows neither idempotency keys nor expectations.
    #[must_use]
    pub fn public(who: &Who, headers: &HeaderMap) -> Self {
        let mut caller = who.caller(headers);
        caller.channel = Channel::PublicApi;
        Self { caller, expected: None, is_script: headers.contains_key(FROM_SCRIPT) }
    }

    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.caller.principal
    }

    /// The terms of one command among several of a request: its idempotency key is the request's and what it is about.
    pub fn part(&self, about: impl std::fmt::Display) -> Result<Self, Problem> {
        if self.expected.is_some() {
            let detail = "If-Match is for commands on one item";
            return Err(Problem::invalid("if_match_not_applicable", detail));
        }
        let mut caller = self.caller.clone();
        if let Some(request) = &mut caller.request {
            request.key = format!("{} {about}", request.key).into();
        }
        Ok(Self { caller, expected: None, is_script: self.is_script })
    }

    /// Who asks, and what ties together everything that the request causes.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// From the headers of a request and what makes it that request.
    pub fn of(who: &Who, headers: &HeaderMap, request: &[&[u8]]) -> Result<Self, Problem> {
        let mut caller = who.caller(headers);
        if let Some(key) = headers.get(IDEMPOTENCY_KEY) {
            caller.request = Some(RequestKey { key: idempotency_key(key)?, request: digest(request) });
        }
        let expected = headers.get(header::IF_MATCH).map(expectation).transpose()?;
        Ok(Self { caller, expected, is_script: headers.contains_key(FROM_SCRIPT) })
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Wish<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let who = Who::from_parts(app, &parts).await?;
        let bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(|error| unreadable(&error))?;
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
        let terms = Terms::of(&who, &parts.headers, &[parts.method.as_str().as_bytes(), path.as_bytes(), &bytes])?;
        Ok(Self { app: app.clone(), who, body: parse(&bytes)?, terms })
    }
}

impl<T> Wish<T> {
    /// On which terms it is wished.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Submits a command about an item or, without one, about something else.
    pub async fn submit(&self, command: impl Into<Command>, on: Option<ItemId>) -> Result<Done, Problem> {
        submit(&self.app, &self.terms, command.into(), on).await
    }

    /// As [`Wish::submit`]; a secret that no event came to name is forgotten again.
    pub async fn submit_with_secret(
        &self,
        command: impl Into<Command>,
        secret: Option<CredentialId>,
    ) -> Result<Done, Problem> {
        secrets::submit_naming(&self.app, &self.terms, command.into(), secret).await
    }

    /// Refuses whoever does not administrate the instance.
    pub fn need_admin(&self) -> Result<(), Problem> {
        let latest = self.app.latest();
        let refusal = || Problem::forbidden("forbidden", "this needs an administrator").at(latest.position());
        is_admin(&latest.state, &self.who.principal).then_some(()).ok_or_else(|| {
            self.app.refusals.count_early(&self.who.principal, self.who.via, "forbidden");
            refusal()
        })
    }

    /// The state on which names in the body are looked up.
    #[must_use]
    pub fn latest(&self) -> Arc<Snapshot> {
        self.app.latest()
    }
}

/// Submits on these terms and waits until the snapshot covers the answer.
pub async fn submit(app: &App, terms: &Terms, command: Command, on: Option<ItemId>) -> Result<Done, Problem> {
    if terms.is_script {
        let detail = "a hook asks and changes nothing itself: it says what it wants in its handler";
        return Err(Problem::forbidden("script_cannot_write", detail));
    }
    let mut caller = terms.caller.clone();
    if let Some(expected) = terms.expected {
        let not_here = || Problem::invalid("if_match_not_applicable", "If-Match is for commands on an existing item");
        caller.expected = Some((on.ok_or_else(not_here)?, expected));
    }
    let principal = caller.principal.clone();
    let submitted = consult::submit(app, &caller, command).await;
    if let Err(SubmitError::Rejected { rejection, .. }) = &submitted {
        app.refusals.count(&caller, rejection);
    }
    crate::metrics::command(outcome(&submitted));
    let receipt = submitted?;
    let snapshot = wait(app, receipt.position).await?;
    let (events, state) = match receipt.repeated {
        None => (receipt.events, receipt.state),
        Some((first, last)) => {
            let before = Position(first.0.saturating_sub(1));
            let events = snapshot.views.timeline.after(before).take_while(|event| event.position <= last);
            (events.cloned().collect(), app.snapshots.at(last).await?.state.clone())
        }
    };
    let position = events.last().map_or(receipt.position, |last| last.position);
    let notes = if consult::were_hooks_off(app, &state, &events) { vec!["hooks_off"] } else { Vec::new() };
    let (events_told, id) = (names(&events), made(&events));
    let shape = CommandShape { position: position.0, events: events_told, id, notes, ..CommandShape::default() };
    Ok(Done { events, state, principal, is_repeated: receipt.repeated.is_some(), shape })
}

fn outcome(submitted: &Result<Receipt, SubmitError>) -> &'static str {
    match submitted {
        Ok(Receipt { repeated: Some(_), .. }) => "repeated",
        Ok(receipt) if receipt.events.is_empty() => "unchanged",
        Ok(_) => "done",
        Err(SubmitError::Rejected { .. }) => "refused",
        Err(_) => "failed",
    }
}

/// A fulfilled wish.
#[derive(Debug)]
pub struct Done {
    /// What happened.
    pub events: Vec<Arc<Recorded>>,
    /// The state after exactly these events.
    pub state: State,
    /// An earlier identical request was answered again.
    pub is_repeated: bool,
    /// Whose wish it was.
    principal: Principal,
    /// The answer as far as it is made.
    pub shape: CommandShape,
}

impl Done {
    /// Shows the item as it is now, unless it is gone or not for the reader.
    #[must_use]
    pub fn with_item(mut self, id: ItemId) -> Self {
        let reader = StateReader::new(&self.state, &self.principal);
        let found = self.state.items.by_id.get(&id).filter(|_| reader.sees(id));
        self.shape.item = found.map(|found| item(&self.state, found, &reader));
        self
    }

    /// Tells what refers to an item, as far as the reader may see it.
    #[must_use]
    pub fn with_referrers(mut self, id: ItemId) -> Self {
        let found = self.state.items.referrers.get(&id).into_iter().flatten();
        let all = found.map(|(field, item)| (*item, field.clone())).collect();
        self.shape.referrers = Some(self.readable(all));
        self
    }

    /// Tells what referred to a deleted item: what the command cleared.
    #[must_use]
    pub fn with_cleared_referrers(mut self, id: ItemId) -> Self {
        let cleared = self.events.iter().filter_map(|recorded| match &recorded.event {
            Event::Item(ItemEvent::FieldsEdited { item, changes }) if *item != id => Some((*item, changes)),
            _ => None,
        });
        let all = cleared.flat_map(|(item, changes)| changes.iter().map(move |change| (item, change.field.clone())));
        self.shape.referrers = Some(self.readable(all.collect()));
        self
    }

    fn readable(&self, all: Vec<(ItemId, FieldId)>) -> Vec<Referrer> {
        let reader = StateReader::new(&self.state, &self.principal);
        let shown = all.into_iter().filter(|(item, field)| reader.sees(*item) && reader.fields(*item).reads(field));
        shown.map(|(item, field)| Referrer { item: item.to_string(), field: field.to_string() }).collect()
    }

    /// Shows the item that the first event made.
    #[must_use]
    pub fn with_made_item(self) -> Self {
        match self.events.first().and_then(|recorded| recorded.event.item()) {
            Some(id) => self.with_item(id),
            None => self,
        }
    }

    /// Shows the sign-off as it is now.
    #[must_use]
    pub fn with_signoff(mut self, key: &SignoffKey) -> Self {
        let found = self.state.signoffs.by_step.get(key);
        self.shape.signoff = found.map(|found| signoff(&self.state, key, found, &self.principal));
        self
    }

    /// 200.
    #[must_use]
    pub fn answer(self) -> Answer<CommandShape> {
        self.with_status(StatusCode::OK)
    }

    /// 201.
    #[must_use]
    pub fn created(self) -> Answer<CommandShape> {
        self.with_status(StatusCode::CREATED)
    }

    fn with_status(self, status: StatusCode) -> Answer<CommandShape> {
        Answer { status, position: Position(self.shape.position), etag: None, body: self.shape }
    }

    /// 200 with a body of its own, made from the shape so far.
    #[must_use]
    pub fn answer_as<T>(self, body: impl FnOnce(CommandShape) -> T) -> Answer<T> {
        Answer::ok(Position(self.shape.position), body(self.shape))
    }

    /// 201 with a body of its own, made from the shape so far.
    #[must_use]
    pub fn created_as<T>(self, body: impl FnOnce(CommandShape) -> T) -> Answer<T> {
        let position = Position(self.shape.position);
        Answer { status: StatusCode::CREATED, position, etag: None, body: body(self.shape) }
    }
}

/// `ar.12` of a path.
pub fn item_id(text: &str) -> Result<ItemId, Problem> {
    text.parse().map_err(|_| Problem::missing(format_args!("the item {text}")))
}

fn idempotency_key(value: &axum::http::HeaderValue) -> Result<Arc<str>, Problem> {
    let text = value.to_str().ok().filter(|text| (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len()));
    text.map(Arc::from).ok_or_else(|| {
        let message = format!("1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable characters");
        Problem::invalid_field("Idempotency-Key", "idempotency_key_invalid", message)
    })
}

/// `If-Match: "42"`, or the bare number.
fn expectation(value: &axum::http::HeaderValue) -> Result<Position, Problem> {
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    bare.parse()
        .map(Position)
        .map_err(|_| Problem::invalid_field("If-Match", "if_match_invalid", "the item's position, as its ETag says it"))
}

// Each part is preceded by its length, so that two requests never run into the same bytes.
fn digest(parts: &[&[u8]]) -> Digest {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    Digest::of(&bytes)
}

pub(crate) fn unreadable(error: &axum::Error) -> Problem {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit exceeded") {
            return Problem::too_large("body_too_large", BODY_BYTES_MAX as u64);
        }
        cause = error.source();
    }
    Problem::malformed("body_unreadable", "the body ended before its end")
}

pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    // Read to its end first: what is not JSON is told as that, whatever else is wrong with it.
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).map_err(|error| malformed(&error))?;
    // serde would take an array for a struct, member by member.
    if bytes.trim_ascii().first() != Some(&b'{') {
        return Err(Problem::invalid_field("body", "wrong_type", "not an object"));
    }
    parse_any(bytes)
}

/// Any JSON, as what it should be.
pub(crate) fn parse_any<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() { wrong_data(&path, &inner) } else { malformed(&inner) }
    })
}

pub(crate) fn malformed(error: &serde_json::Error) -> Problem {
    Problem::malformed("malformed_json", format!("the body is not JSON: {error}"))
}

/// Names the field: serde tells of unknown and missing ones only in its sentence, within backticks.
fn wrong_data(path: &str, error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let named = message.split('`').nth(1).unwrap_or_default();
    let code = match message {
        _ if message.starts_with("unknown field") => "unknown_field",
        _ if message.starts_with("missing field") => "missing_field",
        _ if message.starts_with("duplicate field") => "duplicate_field",
        _ if message.starts_with("unknown variant") => "unknown_value",
        _ => "wrong_type",
    };
    let names_itself = matches!(code, "unknown_field" | "missing_field" | "duplicate_field");
    let path = if path == "." { "" } else { path };
    let field = match (names_itself, path) {
        (false, "") => "body".to_owned(),
        (false, _) => path.to_owned(),
        (true, "") => named.to_owned(),
        (true, _) if path == named || path.ends_with(&format!(".{named}")) => path.to_owned(),
        (true, _) => format!("{path}.{named}"),
    };
    Problem::invalid_field(field, code, message)
}
