//! The OpenAPI 3.1 document: what all routes have in common is written here once.

use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, Required, Response,
    ResponseBuilder, Type,
};
use utoipa::{IntoParams as _, PartialSchema as _, ToSchema as _};

use super::ask::When;
use crate::problem::{ProblemBody, WrongField};

/// Refusals of every route, of commands too, and of commands only.
const ALWAYS: &[(u16, &str)] = &[
    (400, "The request is malformed"),
    (401, "No key, or one that opens nothing"),
    (403, "The caller may not"),
    (404, "It does not exist, or not for the caller"),
    (422, "A field or parameter is wrong; `fields` names it"),
    (503, "Not now: see Retry-After"),
];
const COMMANDS: &[(u16, &str)] =
    &[(409, "The state forbids it"), (412, "The item changed since `If-Match`"), (413, "The body is too large")];

/// Title and version.
#[must_use]
pub fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Countersign")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("The native API: an event-sourced governance backend for AI and data projects."))
        .build();
    OpenApiBuilder::new().info(info).build()
}

/// Adds to every operation what all have in common.
pub fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    for (name, schema) in [(ProblemBody::name(), ProblemBody::schema()), (WrongField::name(), WrongField::schema())] {
        components.schemas.insert(name.into_owned(), schema);
    }
    for (name, scheme) in [("basic", HttpAuthScheme::Basic), ("bearer", HttpAuthScheme::Bearer)] {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(scheme).build());
        components.security_schemes.insert(name.to_owned(), RefOr::T(scheme));
    }
    let none: [String; 0] = [];
    document.security =
        Some(vec![SecurityRequirement::new("basic", none.clone()), SecurityRequirement::new("bearer", none)]);
    for path in document.paths.paths.values_mut() {
        each_operation(path, describe);
    }
}

fn each_operation(path: &mut PathItem, mut with: impl FnMut(HttpMethod, &mut Operation)) {
    for (method, operation) in [
        (HttpMethod::Get, &mut path.get),
        (HttpMethod::Put, &mut path.put),
        (HttpMethod::Post, &mut path.post),
        (HttpMethod::Delete, &mut path.delete),
        (HttpMethod::Patch, &mut path.patch),
    ] {
        if let Some(operation) = operation {
            with(method, operation);
        }
    }
}

fn describe(method: HttpMethod, operation: &mut Operation) {
    let is_question = method == HttpMethod::Get;
    let commands = if is_question { &[] } else { COMMANDS };
    for (status, description) in ALWAYS.iter().chain(commands) {
        operation.responses.responses.insert(status.to_string(), RefOr::T(problem(description)));
    }
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(header("X-DKU-ProxyUser", "Act as this login; for administrators' keys"));
    if is_question {
        parameters.extend(When::into_params(|| Some(ParameterIn::Query)).into_iter().map(RefOr::T));
    } else {
        parameters.push(header("Idempotency-Key", "Makes the request safe to repeat: 1 to 255 printable characters"));
        parameters.push(header("X-CSRF-Token", "The session's token; needed with a cookie, not with a key"));
        parameters.push(header("If-Match", "Only while the item's position is this: its ETag"));
    }
}

fn header(name: &str, description: &str) -> RefOr<Parameter> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text))
        .build();
    RefOr::T(parameter)
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
