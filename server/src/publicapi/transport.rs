//! What the client's requests look like on the wire, put in order before they are routed: both prefixes lead to one,
//! repeated slashes count once and a trailing one not at all. Without redirects, which would turn a POST into a GET.
//!
//! Only below the prefixes, and only slashes that are there as such: an encoded one is part of an id.

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tower::Layer as _;

use super::{PREFIX, refusal};

/// What the public API's paths begin with: as the client asks, and as Dataiku's documentation has it.
pub const PREFIXES: [&str; 2] = [PREFIX, "/public/api"];

/// Everything that is served, with the public API's paths in order and its refusals in its own form.
pub fn around(inner: Router) -> Router {
    Router::new().fallback_service(from_fn(through).layer(inner))
}

async fn through(mut request: Request, next: Next) -> Response {
    let Some(uri) = in_order(request.uri()) else { return next.run(request).await };
    *request.uri_mut() = uri;
    refusal::told(next.run(request).await)
}

/// The same URI with its path in order; nothing when it is none of the public API's.
fn in_order(uri: &Uri) -> Option<Uri> {
    let mut path = String::with_capacity(uri.path().len());
    for segment in uri.path().split('/').filter(|segment| !segment.is_empty()) {
        path.push('/');
        path.push_str(segment);
    }
    let prefix = |prefix: &&str| path.strip_prefix(*prefix);
    let rest = PREFIXES.iter().find_map(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{PREFIX}{rest}{query}")).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_put_in_order_below_the_prefixes_and_nowhere_else() {
        for (given, wanted) in [
            ("/dip/publicapi/futures/", "/dip/publicapi/futures"),
            ("//dip/publicapi//admin//iam/sso-settings", "/dip/publicapi/admin/iam/sso-settings"),
            ("/public/api/admin/users/?a=//b/", "/dip/publicapi/admin/users?a=//b/"),
            ("/dip/publicapi/groups/a%2Fb%2F", "/dip/publicapi/groups/a%2Fb%2F"),
            ("/dip/publicapi", "/dip/publicapi"),
        ] {
            assert_eq!(in_order(&given.parse().unwrap()).unwrap().to_string(), wanted, "{given}");
        }
        for other in ["//livez", "/api/v1/me/", "/dip/publicapis/x", "/public/apis", "/x/dip/publicapi/users"] {
            assert_eq!(in_order(&other.parse().unwrap()), None, "{other}");
        }
    }
}
