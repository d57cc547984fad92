//! Uploaded files: streamed into the content-addressed store, synced, and only then named by an event.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use countersign_core::artifact::Held;
use countersign_core::audit::Entry;
use countersign_core::ids::FileId;
use countersign_core::series::{Command, File};
use countersign_engine::files::{FileError, Stored};
use countersign_projections::sight::Sight as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::GOVERN_POSITION;
use super::ask::{Answer, Ask};
use super::params::Segments;
use super::shape::command::CommandShape;
use super::shape::people;
use super::wish::{Terms, submit};
use crate::app::App;
use crate::auth::Who;
use crate::problem::Problem;

/// Longest name of a file, in bytes.
const NAME_BYTES_MAX: usize = 255;
/// The part of the form that holds the file.
const PART: &str = "file";

/// The form.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "documents the form; it is read as a stream")]
pub struct Upload {
    /// The file, with its name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// An uploaded file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileShape {
    /// `uf.3`.
    id: String,
    name: String,
    /// In bytes.
    size: u64,
    sha256: String,
    media_type: Option<String>,
    owner: String,
    at: String,
}

/// A file that was taken in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    /// `uf.3`.
    id: String,
    name: String,
    /// In bytes.
    size: u64,
    sha256: String,
    #[serde(flatten)]
    command: CommandShape,
}

/// Takes a file in: multipart/form-data with one part `file`.
#[utoipa::path(post, path = "/files", tag = "files",
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses((status = 201, description = "Taken in", body = Uploaded)))]
pub async fn upload(State(app): State<App>, request: Request) -> Result<Answer<Uploaded>, Problem> {
    let (parts, body) = request.into_parts();
    let who = Who::from_parts(&app, &parts).await?;
    let headers = parts.headers.clone();
    let request = Request::from_parts(parts, body);
    let path = request.uri().path().to_owned();
    let Taken { name, media_type, stored: Stored { digest, size_bytes } } = take_in(&app, request).await?;
    let terms = Terms::of(&who, &headers, &[b"POST", path.as_bytes(), name.as_bytes(), &digest.0])?;
    let command = Command::RegisterFile { name: name.as_str().into(), size_bytes, media_type, digest };
    let done = submit(&app, &terms, command.into(), None).await?;
    Ok(done.created_as(|mut command| Uploaded {
        id: command.id.take().unwrap_or_default(),
        name,
        size: size_bytes,
        sha256: digest.to_string(),
        command,
    }))
}

/// A file in the store that no event names yet.
#[derive(Debug)]
pub(crate) struct Taken {
    pub name: String,
    pub media_type: Option<Arc<str>>,
    pub stored: Stored,
}

/// Streams the one part of a form into the store.
pub(crate) async fn take_in(app: &App, request: Request) -> Result<Taken, Problem> {
    let mut form = Multipart::from_request(request, app)
        .await
        .map_err(|error| Problem::malformed("multipart_malformed", error.body_text()))?;
    let unreadable =
        |error: axum::extract::multipart::MultipartError| Problem::malformed("multipart_malformed", error.body_text());
    let part = form.next_field().await.map_err(unreadable)?;
    let part = part.filter(|part| part.name() == Some(PART));
    let missing = || Problem::invalid_field(PART, "missing_field", "the form needs one part of this name, first");
    let part = part.ok_or_else(missing)?;
    let name = name(part.file_name())?;
    let media_type = part.content_type().map(str::to_owned).filter(|text| text.len() <= NAME_BYTES_MAX);
    let max_bytes = app.config.upload_bytes_max;
    let stored = app.files.put(part, max_bytes).await.map_err(refused)?;
    if form.next_field().await.map_err(unreadable)?.is_some() {
        return Err(Problem::invalid_field(PART, "unknown_field", "the form has one part only"));
    }
    Ok(Taken { name, media_type: media_type.map(Into::into), stored })
}

fn name(given: Option<&str>) -> Result<String, Problem> {
    // Some clients send a whole path; only its last part is a name.
    let name = given.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let is_good = (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
    let message = format!("the file needs a name of 1 to {NAME_BYTES_MAX} bytes without control characters");
    is_good.then(|| name.to_owned()).ok_or_else(|| Problem::invalid_field("filename", "name_invalid", message))
}

fn refused(error: FileError) -> Problem {
    match error {
        FileError::TooLarge { max_bytes } => Problem::too_large("file_too_large", max_bytes),
        FileError::BrokenOff { .. } => Problem::malformed("upload_broken_off", "the upload broke off"),
        error => Problem::internal(&error),
    }
}

/// A file and what is known of it.
#[utoipa::path(get, path = "/files/{uf}", tag = "files", params(("uf" = String, Path, description = "The file")),
    responses((status = 200, description = "The file's description", body = FileShape)))]
pub async fn read(ask: Ask, Segments(uf): Segments<String>) -> Result<Answer<FileShape>, Problem> {
    let file = find(&ask, &uf)?;
    let shape = FileShape {
        id: file.id.to_string(),
        name: file.name.to_string(),
        size: file.size_bytes,
        sha256: file.digest.to_string(),
        media_type: file.media_type.as_ref().map(ToString::to_string),
        owner: people::name(ask.state(), &file.owner),
        at: file.at.to_string(),
    };
    Ok(ask.answer(shape))
}

/// The bytes of a file, always as an attachment that no browser runs; the log tells who took them.
#[utoipa::path(get, path = "/files/{uf}/content", tag = "files",
    params(("uf" = String, Path, description = "The file")),
    responses((status = 200, description = "The bytes", content_type = "application/octet-stream", body = [u8])))]
pub async fn content(ask: Ask, headers: HeaderMap, Segments(uf): Segments<String>) -> Result<Response, Problem> {
    attachment(&ask, &headers, &uf).await
}

/// The bytes of a file that the reader may read.
pub(crate) async fn attachment(ask: &Ask, headers: &HeaderMap, uf: &str) -> Result<Response, Problem> {
    let file = find(ask, uf)?;
    let (size_bytes, bytes) = ask.app.files.get(file.digest).await.map_err(|error| Problem::internal(&error))?;
    ask.note(headers, Entry::Download { file: file.id }).await?;
    let mut response = Body::from_stream(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size_bytes));
    let media_type = file.media_type.as_deref().and_then(|text| HeaderValue::from_str(text).ok());
    let media_type = media_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, media_type);
    let name = percent_encoding::utf8_percent_encode(&file.name, percent_encoding::NON_ALPHANUMERIC);
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{name}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(GOVERN_POSITION, HeaderValue::from(ask.position().0));
    Ok(response)
}

/// A file that the reader uploaded, or that an item he may read refers to; administrators read all.
pub(crate) fn find<'a>(ask: &'a Ask, uf: &str) -> Result<&'a File, Problem> {
    let missing = || ask.missing(format_args!("the file {uf}"));
    let id: FileId = uf.parse().map_err(|_| missing())?;
    let file = ask.state().files.by_id.get(&id).ok_or_else(missing)?;
    let is_own = file.owner == ask.who.principal;
    (is_own || ask.is_admin() || is_held(ask, Held::File(id))).then_some(&**file).ok_or_else(missing)
}

/// Whether an item that the reader may read holds it, in a field that he may read.
pub(crate) fn is_held(ask: &Ask, held: Held) -> bool {
    let mut holders = ask.state().items.holders.get(&held).into_iter().flatten();
    holders.any(|(field, item)| ask.may_read(*item) && ask.fields(*item).reads(field))
}
