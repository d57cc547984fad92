//! The HTTP server: routes, what surrounds every one of them, and its graceful end.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_swagger_ui::SwaggerUi;

use crate::api::{self, GOVERN_POSITION};
use crate::app::App;
use crate::problem::Problem;
use crate::{health, metrics, peer, publicapi, session};

/// How long a request may take; uploads and downloads have [`TRANSFER_TIME_MAX`], event streams no end.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// How long an upload, a rebuild or a verification may take.
const TRANSFER_TIME_MAX: Duration = Duration::from_secs(900);
/// Most bytes of a path with its query.
const URI_BYTES_MAX: usize = 8 * 1024;
/// Most bytes of all headers of a request, names included.
const HEADERS_BYTES_MAX: usize = 32 * 1024;
/// Longest request id that a client may choose; a longer one is replaced.
const REQUEST_ID_BYTES_MAX: usize = 128;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What a browser may do with an answer: nothing. What is meant to be shown says more itself.
const CONTENT_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
/// The API's pages load their own scripts and styles, and ask their own service.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// For one year every connection has to be one with TLS.
const TRANSPORT_SECURITY: &str = "max-age=31536000";

/// Everything that is served.
pub fn router(app: App) -> Router {
    let (api, document) = api::router();
    let api = api.layer(session::layer(&app));
    let docs = SwaggerUi::new("/api/docs").url("/api/v1/openapi.json", document);
    let docs = Router::from(docs).layer(header_layer(header::CONTENT_SECURITY_POLICY, DOCS_POLICY));
    let transport =
        app.config.tls.is_some().then(|| header_layer(header::STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY));
    let around = ServiceBuilder::new()
        .layer(from_fn(identified))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header_layer(HeaderName::from_static("x-frame-options"), "DENY"))
        .layer(header_layer(header::REFERRER_POLICY, "no-referrer"))
        .layer(header_layer(header::CACHE_CONTROL, "no-store"))
        .layer(header_layer(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY))
        .layer(header_layer(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(header_layer(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .option_layer(transport)
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::internal(&"a handler panicked").into_response()
        }));
    let root = root_routes().into_iter().fold(api, |router, (path, handler)| router.route(path, handler));
    let all = root
        .merge(publicapi::router())
        .merge(docs)
        .fallback(|| async { Problem::of_status(StatusCode::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { Problem::of_status(StatusCode::METHOD_NOT_ALLOWED) })
        // Bodies have bounds of their own: JSON in `wish`, uploads in `files`.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(app.clone(), positioned))
        .layer(from_fn_with_state(app.clone(), peer::noted))
        .layer(from_fn(bounded))
        .route_layer(from_fn(metrics::measure))
        .layer(around)
        .with_state(app);
    publicapi::transport::around(all)
}

/// What is asked at the root, with GET.
fn root_routes() -> [(&'static str, MethodRouter<App>); 3] {
    [("/livez", get(health::livez)), ("/readyz", get(health::readyz)), ("/metrics", get(metrics::render))]
}

/// Every path that no API document lists; each answers GET.
#[must_use]
pub fn root_paths() -> Vec<&'static str> {
    root_routes().into_iter().map(|(path, _)| path).collect()
}

/// Sets a header that the handler did not set.
fn header_layer(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// An answer that rests on no snapshot says where the service is.
async fn positioned(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with(api::PREFIX);
    let mut response = next.run(request).await;
    if is_api && !response.headers().contains_key(GOVERN_POSITION) {
        response.headers_mut().insert(GOVERN_POSITION, HeaderValue::from(app.latest().position().0));
    }
    response
}

/// A client's request id goes into logs and answers: only one that harms neither is kept.
async fn identified(mut request: Request, next: Next) -> Response {
    let is_good = |value: &HeaderValue| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    if request.headers().get(&REQUEST_ID).is_some_and(|value| !is_good(value)) {
        request.headers_mut().remove(&REQUEST_ID);
    }
    next.run(request).await
}

async fn bounded(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let length = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    if length > URI_BYTES_MAX {
        return Problem::malformed("uri_too_long", format!("at most {URI_BYTES_MAX} bytes are allowed"))
            .into_response();
    }
    let headers = request.headers().iter();
    let headers_bytes: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers_bytes > HEADERS_BYTES_MAX {
        return Problem::headers_too_large(HEADERS_BYTES_MAX).into_response();
    }
    let is_transfer = ["/api/v1/files", "/dip/publicapi/uploaded-file"].iter().any(|prefix| path.starts_with(prefix));
    let is_long = is_transfer || path.ends_with("/rebuild") || path.ends_with("/log/verify");
    let time_max = if is_long { TRANSFER_TIME_MAX } else { REQUEST_TIME_MAX };
    // The stream's headers are sent at once; its body is not part of this.
    match tokio::time::timeout(time_max, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => Problem::later("timeout", "the request took too long").into_response(),
    }
}
