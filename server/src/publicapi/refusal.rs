//! Refusals as the client reads them: an object with `errorType`, `message` and `detailedMessage`, whatever refused.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use crate::problem::{Problem, Told, WrongField};

/// The client prints the type and the detailed message; keys that say nothing would be printed too.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    error_type: &'static str,
    message: String,
    detailed_message: String,
}

/// The same answer when it is none of a refusal; else the refusal in the client's form.
pub(super) fn told(response: Response) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let told = parts.extensions.remove::<Told>().unwrap_or_else(|| Problem::of_status(status).tell());
    let message = sentence(&told);
    let body = Shape { error_type: error_type(status, &told.code), detailed_message: message.clone(), message };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    parts.headers.remove(header::TRANSFER_ENCODING);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    Response::from_parts(parts, Body::from(bytes))
}

/// The names that Dataiku's server is known to use, and alike ones for the rest.
fn error_type(status: StatusCode, code: &str) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "NotFoundException",
        StatusCode::UNAUTHORIZED => "UnauthorizedException",
        StatusCode::FORBIDDEN => "ForbiddenException",
        StatusCode::METHOD_NOT_ALLOWED => "MethodNotAllowedException",
        StatusCode::SERVICE_UNAVAILABLE => "UnavailableException",
        status if status.is_server_error() => "InternalException",
        _ if code == "malformed_json" => "JsonParseException",
        _ => "ValidationException",
    }
}

/// Fields are refused with the sentences that Dataiku documents: scripts look for them.
fn sentence(told: &Told) -> String {
    if told.code != "fields_invalid" {
        return told.detail.clone();
    }
    let is_unknown = |field: &&WrongField| field.code == "unknown_field";
    let unknown: Vec<_> = told.fields.iter().filter(is_unknown).map(|field| field.field.as_str()).collect();
    let known =
        told.fields.iter().filter(|field| !is_unknown(field)).map(
            |WrongField { field, code, message }| match &**code {
                "required" => format!("Field ID '{field}' is required"),
                "list_expected" => format!("Field `{field}` is a list."),
                "not_a_list" => format!("Field `{field}` is not a list."),
                _ => format!("Field `{field}` {message}"),
            },
        );
    let unknown = (!unknown.is_empty()).then(|| {
        let names = unknown.join(", ");
        format!("Some fields of Artifact were not found in its blueprint version reference. Field names: {names}")
    });
    unknown.into_iter().chain(known).collect::<Vec<_>>().join("; ")
}
