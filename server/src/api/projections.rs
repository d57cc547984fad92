//! Operations: how the read models stand, and whether they are what the log says.

use countersign_projections::projection::state_digest;
use countersign_projections::{Rebuild, Views};
use serde::Serialize;
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::Segments;
use super::wish::{Nothing, Wish};
use crate::problem::Problem;

/// The state's name among the digests.
const STATE: &str = "state";
/// Stands for all of them in a rebuild.
const ALL: &str = "all";

/// All read models.
#[derive(Debug, Serialize, ToSchema)]
pub struct Projections {
    items: Vec<ProjectionShape>,
    position: u64,
}

/// How a read model stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectionShape {
    name: &'static str,
    /// Raised when it began to look at events in another way.
    revision: u32,
    /// The last event in it.
    position: u64,
    /// How many events of the snapshot that is read are not in it.
    lag: u64,
}

/// What a read model amounts to.
#[derive(Debug, Serialize, ToSchema)]
pub struct DigestShape {
    name: String,
    revision: u32,
    position: u64,
    /// SHA-256 over its rows in key order: two builds of one log agree.
    digest: String,
}

/// What a rebuild found.
#[derive(Debug, Serialize, ToSchema)]
pub struct RebuildShape {
    /// Every rebuilt one was as the log says.
    equal: bool,
    items: Vec<RebuiltShape>,
    /// Where live and rebuilt were compared.
    position: u64,
}

/// One read model, as it was and as the log says it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct RebuiltShape {
    name: &'static str,
    revision: u32,
    live: String,
    rebuilt: String,
    equal: bool,
}

/// How the read models stand.
#[utoipa::path(get, path = "/projections", tag = "operations",
    responses((status = 200, description = "All of them", body = Projections)))]
pub async fn list(ask: Ask) -> Result<Answer<Projections>, Problem> {
    ask.need_admin()?;
    let position = ask.position().0;
    let each = |(name, revision): &(&'static str, u32)| ProjectionShape { name, revision: *revision, position, lag: 0 };
    Ok(ask.answer(Projections { items: Views::ALL.iter().map(each).collect(), position }))
}

/// What a read model, or the `state`, amounts to.
#[utoipa::path(get, path = "/projections/{name}/digest", tag = "operations",
    params(("name" = String, Path, description = "The read model, or `state`")),
    responses((status = 200, description = "Its digest", body = DigestShape)))]
pub async fn digest(ask: Ask, Segments(name): Segments<String>) -> Result<Answer<DigestShape>, Problem> {
    ask.need_admin()?;
    let (snapshot, wanted) = (ask.snapshot.clone(), name.clone());
    let found = tokio::task::spawn_blocking(move || match wanted.as_str() {
        STATE => Some((0, state_digest(&snapshot.state))),
        name => snapshot.views.summary(name).map(|summary| (summary.revision, summary.digest)),
    });
    let found = found.await.map_err(|error| Problem::internal(&error))?;
    let (revision, digest) = found.ok_or_else(|| ask.missing(format_args!("the projection {name}")))?;
    let shape = DigestShape { name, revision, position: ask.position().0, digest: digest.to_string() };
    Ok(ask.answer(shape))
}

/// Folds a read model (or `all`) from the log beside the live one, compares, and swaps.
#[utoipa::path(post, path = "/projections/{name}/rebuild", tag = "operations", request_body = Option<Nothing>,
    params(("name" = String, Path, description = "The read model, or `all`")),
    responses((status = 200, description = "Rebuilt", body = RebuildShape)))]
pub async fn rebuild(Segments(name): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<RebuildShape>, Problem> {
    wish.need_admin()?;
    let only = (name != ALL).then_some(name.as_str());
    let rebuild = wish.app.snapshots.rebuild(only).await?;
    Ok(Answer::ok(rebuild.position, shape(&rebuild)))
}

/// As it is told on every door.
#[must_use]
pub fn shape(rebuild: &Rebuild) -> RebuildShape {
    let each = |rebuilt: &countersign_projections::Rebuilt| RebuiltShape {
        name: rebuilt.name,
        revision: rebuilt.revision,
        live: rebuilt.live.to_string(),
        rebuilt: rebuilt.rebuilt.to_string(),
        equal: rebuilt.is_equal(),
    };
    RebuildShape {
        equal: rebuild.is_equal(),
        items: rebuild.compared.iter().map(each).collect(),
        position: rebuild.position.0,
    }
}
