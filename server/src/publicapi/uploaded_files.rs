//! Uploaded files: taken in as a form whose part has no type, given out as they are, forgotten while nothing holds them.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use countersign_core::ids::FileId;
use countersign_core::series::{Command, File};
use serde_json::{Map, Value as Json, json};

use super::auth;
use super::call::{Call, Reply};
use crate::api::ask::Ask;
use crate::api::files::{Taken, attachment, find, take_in};
use crate::api::params::Segments;
use crate::api::shape::people;
use crate::api::wish::{Terms, submit};
use crate::app::App;
use crate::problem::Problem;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/uploaded-files", post(upload))
        .route("/uploaded-file/{uf}", get(read).delete(delete))
        .route("/uploaded-file/{uf}/download", get(download))
}

async fn upload(State(app): State<App>, request: Request) -> Reply {
    let who = auth::who(&app, request.headers())?;
    let terms = Terms::public(&who, request.headers());
    let Taken { name, media_type, stored } = take_in(&app, request).await?;
    // The client writes a quote in a name so that it does not end it.
    let name = name.replace("%22", "\"").into();
    let (size_bytes, digest) = (stored.size_bytes, stored.digest);
    let command = Command::RegisterFile { name, size_bytes, media_type, digest };
    let done = submit(&app, &terms, command.into(), None).await?;
    let latest = app.latest();
    let ask = Ask::new(app.clone(), who, latest.clone(), latest);
    let made = done.shape.id.unwrap_or_default();
    Ok(ask.answer(shape(&ask, find(&ask, &made)?)))
}

async fn read(Segments(uf): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    Ok(ask.answer(shape(&ask, find(&ask, &uf)?)))
}

async fn download(Segments(uf): Segments<String>, headers: HeaderMap, call: Call) -> Result<Response, Problem> {
    attachment(&call.ask(), &headers, &uf).await
}

async fn delete(Segments(uf): Segments<String>, call: Call) -> Reply {
    let file: FileId = uf.parse().map_err(|_| Problem::missing(format_args!("the file {uf}")))?;
    let done = call.submit(Command::DeleteFile { file }, None).await?;
    Ok(done.answer_as(|_| json!({})))
}

fn shape(ask: &Ask, file: &File) -> Json {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), file.id.to_string().into());
    shown.insert("name".to_owned(), (&*file.name).into());
    shown.insert("size".to_owned(), file.size_bytes.into());
    if let Some(media_type) = &file.media_type {
        shown.insert("contentType".to_owned(), (&**media_type).into());
    }
    shown.insert("owner".to_owned(), people::name(ask.state(), &file.owner).into());
    Json::Object(shown)
}
