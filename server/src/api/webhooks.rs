//! Webhook endpoints, for administrators. The secret is shown once, by the request that made the endpoint.

use countersign_core::settings::{Command, Event as Settings};
use countersign_core::{Event, schema};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::deliveries::{Standing, desk_of, standing};
use super::params::{Page, Params, Segments, cursor};
use super::shape::List;
use super::shape::command::CommandShape;
use super::wish::{Nothing, Wish};
use crate::app::App;
use crate::notify::endpoint::{self, Endpoint, Known};
use crate::notify::target;
use crate::notify::webhook::new_secret;
use crate::problem::Problem;

/// Most endpoints.
pub const WEBHOOKS_MAX: usize = 50;
/// Longest description, in bytes.
pub const DESCRIPTION_BYTES_MAX: usize = 1_000;

/// A new endpoint.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Create {
    /// Where events are posted to: https, a public address.
    url: String,
    /// Only events of these types; all when empty.
    #[serde(default)]
    types: Vec<String>,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Deliveries wait while it is not; true when left out.
    enabled: Option<bool>,
}

/// What of an endpoint changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// Where events are posted to.
    url: Option<String>,
    /// Only events of these types; all when empty.
    types: Option<Vec<String>>,
    /// What it is for.
    description: Option<String>,
    /// Deliveries wait while it is not.
    enabled: Option<bool>,
}

/// An endpoint that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookMade {
    /// `wh_…`.
    id: String,
    /// For verifying signatures. Shown once; null when the request was a repetition.
    secret: Option<String>,
    #[serde(flatten)]
    command: CommandShape,
}

/// An endpoint, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookShape {
    id: String,
    url: String,
    types: Vec<String>,
    description: String,
    enabled: bool,
    /// How far it is now, whichever position is asked for.
    #[serde(flatten)]
    standing: Standing,
}

async fn shape(app: &App, known: Known) -> Result<WebhookShape, Problem> {
    let standing = match desk_of(app, &known.id).await {
        Ok(desk) => standing(&desk),
        // Gone since the position that is read.
        Err(problem) if problem.is_refusal() => Standing { cursor: 0, open: 0, dead: 0 },
        Err(problem) => return Err(problem),
    };
    let Known { id, endpoint: Endpoint { url, types, description, enabled, .. }, .. } = known;
    Ok(WebhookShape { id, url, types, description, enabled, standing })
}

fn check(app: &App, endpoint: &Endpoint) -> Result<(), Problem> {
    if let Err(error) = target::check(&endpoint.url, app.config.may_webhooks_be_loopback) {
        return Err(Problem::invalid_field("url", error.code(), error.to_string()));
    }
    for (n, name) in endpoint.types.iter().enumerate() {
        if !schema::catalogue().iter().any(|row| row.name == name) {
            let message = format!("no event is called {name:?}");
            return Err(Problem::invalid_field(format!("types[{n}]"), "unknown_event_type", message));
        }
    }
    if endpoint.description.len() > DESCRIPTION_BYTES_MAX {
        let message = format!("at most {DESCRIPTION_BYTES_MAX} bytes");
        return Err(Problem::invalid_field("description", "text_too_long", message));
    }
    Ok(())
}

fn set(id: &str, endpoint: &Endpoint) -> Result<Command, Problem> {
    let document = serde_json::to_string(endpoint).map_err(|error| Problem::internal(&error))?;
    Ok(Command::Set { name: endpoint::setting_name(id).into(), document: Some(document.into()) })
}

/// Makes an endpoint; it is told of everything that happens from then on.
#[utoipa::path(post, path = "/webhooks", tag = "notifications", request_body = Create,
    responses((status = 201, description = "Made", body = WebhookMade)))]
pub async fn create(wish: Wish<Create>) -> Result<Answer<WebhookMade>, Problem> {
    wish.need_admin()?;
    let Create { url, types, description, enabled } = &wish.body;
    let endpoint = Endpoint {
        url: url.clone(),
        types: types.clone(),
        description: description.clone(),
        enabled: enabled.unwrap_or(true),
        credential: uuid::Uuid::new_v4(),
    };
    check(&wish.app, &endpoint)?;
    if endpoint::all(&wish.latest().state).count() >= WEBHOOKS_MAX {
        return Err(Problem::invalid("too_many_webhooks", format!("there are {WEBHOOKS_MAX} webhooks already")));
    }
    let (credential, secret) = (endpoint.credential(), new_secret());
    let (vault, kept) = (wish.app.vault.clone(), secret.clone());
    let kept = tokio::task::spawn_blocking(move || vault.put_secret(credential, &kept));
    kept.await.map_err(|error| Problem::internal(&error))?.map_err(|error| Problem::internal(&error))?;
    let done = wish.submit_with_secret(set(&endpoint::new_id(), &endpoint)?, Some(credential)).await?;
    // A repetition tells of the endpoint that was made then.
    let made = done.events.iter().find_map(|recorded| match &recorded.event {
        Event::Settings(Settings::SettingsChanged { name, .. }) => endpoint::id_of(name).map(str::to_owned),
        _ => None,
    });
    let secret = (!done.is_repeated).then_some(secret);
    Ok(done.created_as(|command| WebhookMade { id: made.unwrap_or_default(), secret, command }))
}

/// All endpoints, in order of making.
#[utoipa::path(get, path = "/webhooks", tag = "notifications", params(Page),
    responses((status = 200, description = "One page of endpoints", body = List<WebhookShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<WebhookShape>>, Problem> {
    ask.need_admin()?;
    let (limit, after) = (page.limit()?, page.after::<String>()?);
    let known = endpoint::all(ask.state()).filter(|known| after.as_ref().is_none_or(|after| known.id > *after));
    let mut known: Vec<_> = known.take(limit + 1).collect();
    let has_more = known.len() > limit;
    known.truncate(limit);
    let next_cursor = known.last().filter(|_| has_more).map(|known| cursor(&known.id));
    let mut items = Vec::new();
    for known in known {
        items.push(shape(&ask.app, known).await?);
    }
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

/// One endpoint.
#[utoipa::path(get, path = "/webhooks/{id}", tag = "notifications",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, description = "The endpoint", body = WebhookShape)))]
pub async fn read(ask: Ask, Segments(id): Segments<String>) -> Result<Answer<WebhookShape>, Problem> {
    ask.need_admin()?;
    let known = endpoint::find(ask.state(), &id).ok_or_else(|| ask.missing(format_args!("the webhook {id}")))?;
    Ok(ask.answer(shape(&ask.app, known).await?))
}

/// Changes an endpoint.
#[utoipa::path(put, path = "/webhooks/{id}", tag = "notifications", request_body = Change,
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, description = "Changed", body = CommandShape)))]
pub async fn change(Segments(id): Segments<String>, wish: Wish<Change>) -> Result<Answer<CommandShape>, Problem> {
    wish.need_admin()?;
    let mut endpoint = known(&wish, &id)?.endpoint;
    let Change { url, types, description, enabled } = &wish.body;
    if let Some(url) = url {
        endpoint.url.clone_from(url);
    }
    if let Some(types) = types {
        endpoint.types.clone_from(types);
    }
    if let Some(description) = description {
        endpoint.description.clone_from(description);
    }
    endpoint.enabled = enabled.unwrap_or(endpoint.enabled);
    check(&wish.app, &endpoint)?;
    Ok(wish.submit(set(&id, &endpoint)?, None).await?.answer())
}

/// Removes an endpoint, its secret and what was not told to it yet.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "notifications",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, description = "Removed", body = CommandShape)))]
pub async fn delete(Segments(id): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    wish.need_admin()?;
    let credential = known(&wish, &id)?.endpoint.credential();
    let command = Command::Set { name: endpoint::setting_name(&id).into(), document: None };
    let done = wish.submit(command, None).await?;
    let vault = wish.app.vault.clone();
    let removed = tokio::task::spawn_blocking(move || vault.remove(credential)).await;
    if !matches!(removed, Ok(Ok(_))) {
        tracing::warn!("the secret of a webhook that is gone stays in the vault");
    }
    Ok(done.answer())
}

fn known<T>(wish: &Wish<T>, id: &str) -> Result<Known, Problem> {
    let latest = wish.latest();
    let missing = || Problem::missing(format_args!("the webhook {id}")).at(latest.position());
    endpoint::find(&latest.state, id).ok_or_else(missing)
}
