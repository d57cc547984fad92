//! Who asks: a key as Basic user name (with any password) or as Bearer token, or a ticket, which is a key as well.
//! Cookies never count here.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::app::App;
use crate::auth::Who;
use crate::problem::Problem;

/// The header of a client that was made with a ticket instead of a key.
const TICKET: &str = "x-dku-apiticket";

/// Finds out from the headers, or says why not.
pub(super) fn who(app: &App, headers: &HeaderMap) -> Result<Who, Problem> {
    Who::with_secret(app, headers, &secret(headers)?)
}

/// The key of a request, in whichever of these forms.
pub(crate) fn secret(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(given) = headers.get(header::AUTHORIZATION) else {
        let missing = || Problem::unauthenticated("key_missing", "an API key or a ticket is needed");
        let ticket = headers.get(TICKET).ok_or_else(missing)?;
        return Ok(text(ticket.as_bytes()));
    };
    let malformed = || {
        let detail = "the Authorization header is neither Basic KEY: nor Bearer KEY";
        Problem::unauthenticated("authorization_malformed", detail)
    };
    let given = text(given.as_bytes());
    let (scheme, rest) = given.split_once(' ').ok_or_else(malformed)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let user = text(&BASE64_STANDARD.decode(rest).map_err(|_| malformed())?);
    Ok(user.split_once(':').ok_or_else(malformed)?.0.to_owned())
}

/// The client writes in UTF-8 what does not fit into Latin-1, and in Latin-1 what does.
fn text(bytes: &[u8]) -> String {
    let latin = || bytes.iter().copied().map(char::from).collect();
    std::str::from_utf8(bytes).map_or_else(|_| latin(), str::to_owned)
}
