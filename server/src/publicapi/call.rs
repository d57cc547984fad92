//! One call of the client: who calls, the query, the body as it came. A body has no content type, a flag is `True`.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Query, Request};
use countersign_core::Command;
use countersign_core::ids::{CredentialId, ItemId};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::auth;
use crate::api::ask::{Answer, Ask};
use crate::api::wish::{BODY_BYTES_MAX, Done, Terms, malformed, parse_any, submit, unreadable};
use crate::app::App;
use crate::auth::Who;
use crate::problem::Problem;
use crate::secrets;

/// What a handler answers; never nothing, since the client parses it.
pub type Reply = Result<Answer<Json>, Problem>;

/// An authenticated call with its body.
#[derive(Debug)]
pub struct Call {
    /// The service.
    pub app: App,
    /// Who calls.
    pub who: Who,
    terms: Terms,
    query: Vec<(String, String)>,
    body: Bytes,
}

impl FromRequest<App> for Call {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let who = auth::who(app, request.headers())?;
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|error| unreadable(&error))?;
        let terms = Terms::public(&who, &parts.headers);
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(query) = query.map_err(|error| Problem::malformed("query_malformed", error.body_text()))?;
        Ok(Self { app: app.clone(), who, terms, query, body })
    }
}

impl Call {
    /// A question about what is newest.
    pub fn ask(&self) -> Ask {
        let latest = self.app.latest();
        Ask::new(self.app.clone(), self.who.clone(), latest.clone(), latest)
    }

    /// A parameter of the query; the last when it is there twice.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that has to be there.
    pub fn needed(&self, name: &'static str) -> Result<&str, Problem> {
        let missing = || Problem::invalid_field(name, "parameter_missing", "is needed");
        self.param(name).filter(|value| !value.is_empty()).ok_or_else(missing)
    }

    /// A parameter that is yes or no, in Python's words or in JSON's.
    pub fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        let wrong = || Problem::invalid_field(name, "parameter_invalid", "is neither true nor false");
        let read = |value: &str| match value {
            _ if value.eq_ignore_ascii_case("true") => Ok(true),
            _ if value.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(wrong()),
        };
        self.param(name).map(read).transpose()
    }

    /// A whole number in the query.
    pub fn number(&self, name: &'static str) -> Result<Option<i64>, Problem> {
        let wrong = |_| Problem::invalid_field(name, "parameter_invalid", "is not a whole number");
        self.param(name).map(|value| value.parse().map_err(wrong)).transpose()
    }

    /// Whether there is a body at all.
    pub fn has_body(&self) -> bool {
        !self.body.trim_ascii().is_empty()
    }

    /// The body, whatever JSON it is.
    pub fn json(&self) -> Result<Json, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| malformed(&error))
    }

    /// The body as an object with all its keys.
    pub fn object(&self) -> Result<Map<String, Json>, Problem> {
        match self.json()? {
            Json::Object(object) => Ok(object),
            _ => Err(Problem::invalid_field("body", "wrong_type", "is not an object")),
        }
    }

    /// The body as what it should be.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        parse_any(&self.body)
    }

    /// Submits one of several commands of a call, the one about this.
    pub async fn submit_part(&self, command: impl Into<Command>, about: &str) -> Result<Done, Problem> {
        submit(&self.app, &self.terms.part(about)?, command.into(), None).await
    }

    /// As [`Call::submit_part`]; a secret that no event came to name is forgotten again.
    pub async fn submit_with_secret(
        &self,
        command: impl Into<Command>,
        about: &str,
        secret: Option<CredentialId>,
    ) -> Result<Done, Problem> {
        secrets::submit_naming(&self.app, &self.terms.part(about)?, command.into(), secret).await
    }

    /// The body as what it should be, which is an object: an array would be taken for one, member by member.
    pub fn read_object<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.object()?;
        self.read()
    }

    /// Submits a command about an item or, without one, about something else.
    pub async fn submit(&self, command: impl Into<Command>, on: Option<ItemId>) -> Result<Done, Problem> {
        submit(&self.app, &self.terms, command.into(), on).await
    }
}
