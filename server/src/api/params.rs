//! Query parameters: an ill-typed one is refused by name.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::problem::Problem;

/// Entries of a page unless told otherwise.
pub const LIMIT: usize = 50;
/// Most entries of a page.
pub const LIMIT_MAX: usize = 1000;

/// The query of a request, as `T` wants it.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> Params<T> {
    /// Of this URI.
    pub fn of(uri: &Uri) -> Result<Self, Problem> {
        Query::<T>::try_from_uri(uri).map(|Query(params)| Self(params)).map_err(|error| {
            let text = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            match text.split_once(": ") {
                Some((field, message)) => Problem::invalid_field(field, "parameter_invalid", message),
                None => Problem::invalid("parameter_invalid", text),
            }
        })
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.uri)
    }
}

/// The variable segments of a path.
#[derive(Debug)]
pub struct Segments<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let unreadable = |_| Problem::malformed("path_malformed", "the path is not UTF-8");
        Path::<T>::from_request_parts(parts, state).await.map(|Path(segments)| Self(segments)).map_err(unreadable)
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// How many entries, 1 to 1000; 50 when left out.
    pub(super) limit: Option<usize>,
    /// The `nextCursor` of the page before.
    pub(super) cursor: Option<String>,
}

impl Page {
    /// How many entries at most.
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(LIMIT),
            Some(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::invalid_field("limit", "limit_out_of_range", format!("1 to {LIMIT_MAX}"))),
        }
    }

    /// What the cursor says came last.
    pub fn after<K: FromStr>(&self) -> Result<Option<K>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let text = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or_else(|| Problem::invalid_field("cursor", "cursor_invalid", "not a cursor of this list"))
    }
}

/// Opaque to clients: names the entry after which the next page begins.
#[must_use]
pub fn cursor(last: impl std::fmt::Display) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(last.to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;

    #[test]
    fn an_ill_typed_parameter_is_refused_by_name() {
        let problem = Params::<Page>::of(&"/x?limit=many".parse().unwrap()).unwrap_err();
        assert!(format!("{problem:?}").contains("field: \"limit\""), "{problem:?}");
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let page = Page { limit: None, cursor: Some(cursor(7)) };
        assert_eq!(page.after::<u32>().unwrap(), Some(7));
    }

    #[test]
    fn a_cursor_of_something_else_is_refused() {
        let page = Page { limit: None, cursor: Some("nonsense!".to_owned()) };
        assert_eq!(page.after::<u32>().unwrap_err().code(), "cursor_invalid");
    }

    #[test]
    fn a_page_has_at_least_one_and_at_most_a_thousand_entries() {
        for (limit, is_good) in [(0, false), (1, true), (1000, true), (1001, false)] {
            assert_eq!(Page { limit: Some(limit), cursor: None }.limit().is_ok(), is_good, "{limit}");
        }
    }
}
