//! Refusals on the wire: RFC 9457 problem documents. The only place that knows HTTP statuses.
//!
//! What is our own fault is logged here, once, and told to nobody outside.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_core::ids::Position;
use countersign_core::{Rejection, RejectionKind};
use countersign_engine::engine::SubmitError;
use countersign_projections::{AtError, RebuildError, WaitError};
use serde::Serialize;
use utoipa::ToSchema;

/// After how many seconds a client that met a full queue or a view behind its wish may try again.
const RETRY_AFTER_SECONDS: u64 = 1;
/// What stands before a code in a problem's `type`.
const TYPE_PREFIX: &str = "urn:countersign:problem:";

/// Why a request was not fulfilled.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    fields: Vec<WrongField>,
    position: Option<Position>,
    /// When to come again, where that is known better than "soon".
    retry_after_seconds: Option<u64>,
    /// A browser may ask for a key by itself.
    is_challenge: bool,
}

/// One field that a request was refused for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WrongField {
    /// Which, as a path of the body or the name of a parameter.
    pub field: String,
    /// Stable, snake case.
    pub code: Cow<'static, str>,
    /// What is wrong with it, for people.
    pub message: String,
}

/// What a problem says, beside its answer: for a door of HTTP that says it in another form.
#[derive(Debug, Clone)]
pub struct Told {
    /// Stable, snake case.
    pub code: Cow<'static, str>,
    /// This case, for people.
    pub detail: String,
    /// The fields that are wrong.
    pub fields: Vec<WrongField>,
}

/// RFC 9457, with our stable `code`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    /// A URN made of the code.
    r#type: String,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Stable, snake case: what a client decides by.
    code: Cow<'static, str>,
    /// This case, for people.
    detail: String,
    /// The fields that are wrong, when the request was refused for fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<WrongField>,
    /// The log position at which it was refused.
    position: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        let (code, detail, fields) = (code.into(), detail.into(), Vec::new());
        let is_challenge = status == StatusCode::UNAUTHORIZED;
        Self(Box::new(Parts { status, code, detail, fields, position: None, retry_after_seconds: None, is_challenge }))
    }

    /// 400: not even readable.
    pub fn malformed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: nobody we know.
    pub fn unauthenticated(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// 401 for the web UI: it shows its own form, where a challenge would make the browser show another.
    pub fn signed_out(code: &'static str, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, code, detail);
        problem.0.is_challenge = false;
        problem
    }

    /// 429: too many failures; not before so long.
    #[must_use]
    pub fn locked_out(wait: std::time::Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(1);
        let detail = format!("too many attempts failed; the next may be made in {seconds} seconds");
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "locked_out", detail);
        problem.0.retry_after_seconds = Some(seconds);
        problem
    }

    /// 415: a body of another kind.
    pub fn unsupported(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, detail)
    }

    /// 403: known, but may not.
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404: not there, or not for this reader, which is the same.
    pub fn missing(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("{what} does not exist"))
    }

    /// 409: not as things are.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 413: above a bound.
    pub fn too_large(code: &'static str, max_bytes: u64) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, format!("at most {max_bytes} bytes are allowed"))
    }

    /// 431: above the bound of a request's head.
    pub fn headers_too_large(max_bytes: usize) -> Self {
        let detail = format!("at most {max_bytes} bytes of headers are allowed");
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail)
    }

    /// 422: readable, but wrong.
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 422 for one named field or parameter.
    pub fn invalid_field(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        let mut problem = Self::invalid(code, format!("{field}: {message}"));
        problem.0.fields.push(WrongField { field, code: code.into(), message });
        problem
    }

    /// 503: later perhaps.
    pub fn later(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// 500: our fault. The cause is logged here and told to nobody outside.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong here; the log of the service says what",
        )
    }

    /// By status, for what the framework itself refuses.
    pub fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("route_not_found", "there is no such route"),
            StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this route has no such method"),
            StatusCode::REQUEST_TIMEOUT => ("timeout", "the request took too long"),
            StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "the body is larger than allowed"),
            _ => ("refused", "the request was refused"),
        };
        Self::new(status, code, detail)
    }

    /// The same problem in other words.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// The same problem, with the position at which it was found.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.0.position = Some(position);
        self
    }

    /// Refused for good, as against a fault of ours after which nobody knows.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.0.status.is_client_error()
    }

    /// Status, code and detail, for doors that are not HTTP.
    #[must_use]
    pub fn told(self) -> (u16, String, String) {
        (self.0.status.as_u16(), self.0.code.into_owned(), self.0.detail)
    }

    /// What it says, for a door that says it in another form.
    #[must_use]
    pub fn tell(&self) -> Told {
        Told { code: self.0.code.clone(), detail: self.0.detail.clone(), fields: self.0.fields.clone() }
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }
}

/// Which status tells which kind of refusal.
const fn status_of(kind: RejectionKind) -> StatusCode {
    match kind {
        RejectionKind::Input => StatusCode::UNPROCESSABLE_ENTITY,
        RejectionKind::State => StatusCode::CONFLICT,
        RejectionKind::Permission => StatusCode::FORBIDDEN,
        RejectionKind::Missing => StatusCode::NOT_FOUND,
        RejectionKind::Stale => StatusCode::PRECONDITION_FAILED,
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let mut problem = Self::new(status_of(rejection.kind()), rejection.code(), rejection.to_string());
        problem.0.fields = rejection
            .fields()
            .iter()
            .map(|wrong| WrongField {
                field: wrong.field.to_string(),
                code: wrong.code.into(),
                message: wrong.message.clone(),
            })
            .collect();
        problem
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Rejected { rejection, position } => Self::from(rejection).at(position),
            SubmitError::Busy => Self::later("busy", "too many commands are waiting"),
            SubmitError::Stopped => Self::later("stopping", "the service is stopping"),
            error @ SubmitError::Poisoned => {
                tracing::error!(%error, "a command was refused");
                Self::later("poisoned", "the log accepts no more events until an operator looks at it")
            }
            error @ SubmitError::Internal => Self::internal(&error),
        }
    }
}

impl From<AtError> for Problem {
    fn from(error: AtError) -> Self {
        match error {
            AtError::BeyondHead { head, .. } => {
                Self::invalid_field("as_of", "as_of_beyond_head", error.to_string()).at(head)
            }
            AtError::Busy => Self::later("busy", error.to_string()),
            error @ (AtError::Fold { .. } | AtError::BrokenOff) => Self::internal(&error),
        }
    }
}

impl From<WaitError> for Problem {
    fn from(error: WaitError) -> Self {
        let (WaitError::TimedOut { reached, .. } | WaitError::Stopped { reached }) = error;
        Self::later(error.code(), error.to_string()).at(reached)
    }
}

impl From<RebuildError> for Problem {
    fn from(error: RebuildError) -> Self {
        match error {
            RebuildError::Unknown { name } => Self::missing(format_args!("the projection {name}")),
            RebuildError::Busy => Self::later("busy", error.to_string()),
            error @ (RebuildError::Fold { .. } | RebuildError::BrokenOff) => Self::internal(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let told = self.tell();
        let Parts { status, code, detail, fields, position, retry_after_seconds, is_challenge } = *self.0;
        let body = ProblemBody {
            r#type: format!("{TYPE_PREFIX}{code}"),
            title: status.canonical_reason().unwrap_or("Refused"),
            status: status.as_u16(),
            code,
            detail,
            fields,
            position: position.map(|position| position.0),
        };
        let mut response = (status, Json(body)).into_response();
        response.extensions_mut().insert(told);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(position) = position {
            headers.insert(crate::api::GOVERN_POSITION, HeaderValue::from(position.0));
        }
        let soon = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_SECONDS);
        if let Some(seconds) = retry_after_seconds.or(soon) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if is_challenge {
            let challenge = HeaderValue::from_static("Basic realm=\"countersign\", charset=\"UTF-8\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
