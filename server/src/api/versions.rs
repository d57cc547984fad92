//! Templates: versions of blueprints. Everybody reads them; administrators change them.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use countersign_core::artifact;
use countersign_core::audit::Entry;
use countersign_core::blueprint::{self, Command, Version};
use countersign_core::ids::{BlueprintId, StepId, TemplateId, VersionId};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::params::{Params, Segments};
use super::shape::List;
use super::shape::command::CommandShape;
use super::shape::configuration::{SettingShape, setting};
use super::shape::template::{self, DiffShape, StatusWord, VersionHeadShape, VersionShape};
use super::wish::{Nothing, Wish, item_id};
use crate::problem::Problem;

/// A new template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Create {
    /// `bv.` and a name of your own.
    version_id: String,
    /// Fields and workflow in the form of the public API; left out: none yet.
    #[serde(default)]
    #[schema(value_type = Object)]
    blueprint_version: Map<String, Json>,
}

/// What a template is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Edit {
    /// The whole of it, in the form of the public API.
    #[schema(value_type = Object)]
    blueprint_version: Map<String, Json>,
    /// Items may lose values and steps by it.
    #[serde(default)]
    danger_zone_accepted: bool,
}

/// What the export of a template says; where it came from means nothing here.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Import {
    /// Where it was exported.
    #[serde(rename = "blueprintId")]
    _blueprint_id: Option<String>,
    /// What it was called there.
    #[serde(rename = "versionId")]
    _version_id: Option<String>,
    /// What it was there; it becomes a draft.
    #[serde(rename = "status")]
    _status: Option<StatusWord>,
    /// What it was forked from there.
    #[serde(rename = "origin")]
    _origin: Option<String>,
    /// Fields and workflow.
    #[schema(value_type = Object)]
    blueprint_version: Map<String, Json>,
    /// How its steps are signed off; roles stay, people, groups and keys fall away.
    #[serde(default)]
    signoff_configurations: BTreeMap<String, SettingShape>,
}

/// A copy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fork {
    /// `bv.` and a name of your own.
    version_id: String,
    /// What people call it; left out: as its origin.
    name: Option<String>,
}

/// What a template becomes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStatus {
    /// Drafts are not applied, active ones are, archived ones no longer.
    status: StatusWord,
}

/// To what an item is moved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Migrate {
    /// Another active version of its blueprint.
    version_id: String,
    /// It may lose values and steps by it.
    #[serde(default)]
    danger_zone_accepted: bool,
}

/// With what it is compared.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Against {
    /// Another version of the blueprint; left out: the origin.
    against: Option<String>,
}

fn template(bp: &str, bv: &str) -> TemplateId {
    TemplateId { blueprint: BlueprintId::from(bp), version: VersionId::from(bv) }
}

fn find<'a>(ask: &'a Ask, bp: &str, bv: &str) -> Result<&'a Arc<Version>, Problem> {
    let missing = || ask.missing(format_args!("the version {bv} of {bp}"));
    ask.state().templates.version(&template(bp, bv)).ok_or_else(missing)
}

/// The templates of a kind of item.
#[utoipa::path(get, path = "/blueprints/{bp}/versions", tag = "templates",
    params(("bp" = String, Path, description = "The blueprint")),
    responses((status = 200, description = "All of them", body = List<VersionHeadShape>)))]
pub async fn list(ask: Ask, Segments(bp): Segments<String>) -> Result<Answer<List<VersionHeadShape>>, Problem> {
    let missing = || ask.missing(format_args!("the blueprint {bp}"));
    let found = ask.state().templates.blueprints.get(&BlueprintId::from(bp.as_str())).ok_or_else(missing)?;
    let items = found.versions.values().map(|version| template::head(version)).collect();
    Ok(ask.answer(List { items, next_cursor: None, position: ask.position().0 }))
}

/// Makes a template, as a draft.
#[utoipa::path(post, path = "/blueprints/{bp}/versions", tag = "templates", request_body = Create,
    params(("bp" = String, Path, description = "The blueprint")),
    responses((status = 201, description = "Made", body = CommandShape)))]
pub async fn create(Segments(bp): Segments<String>, wish: Wish<Create>) -> Result<Answer<CommandShape>, Problem> {
    let document = template::text(&wish.body.blueprint_version).into();
    let command = Command::CreateVersion { template: template(&bp, &wish.body.version_id), document };
    Ok(wish.submit(command, None).await?.created())
}

/// A template with its sign-off configurations.
#[utoipa::path(get, path = "/blueprints/{bp}/versions/{bv}", tag = "templates",
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "Its version")),
    responses((status = 200, description = "The template", body = VersionShape)))]
pub async fn read(ask: Ask, Segments((bp, bv)): Segments<(String, String)>) -> Result<Answer<VersionShape>, Problem> {
    let found = find(&ask, &bp, &bv)?;
    Ok(ask.answer(template::version(ask.state(), found)))
}

/// Changes a template, and the items that are of it.
#[utoipa::path(put, path = "/blueprints/{bp}/versions/{bv}", tag = "templates", request_body = Edit,
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "Its version")),
    responses((status = 200, description = "Changed", body = CommandShape)))]
pub async fn edit(
    Segments((bp, bv)): Segments<(String, String)>,
    wish: Wish<Edit>,
) -> Result<Answer<CommandShape>, Problem> {
    let document = template::text(&wish.body.blueprint_version).into();
    let accepts_loss = wish.body.danger_zone_accepted;
    let command = Command::EditVersion { template: template(&bp, &bv), document, accepts_loss };
    Ok(wish.submit(command, None).await?.answer())
}

/// Deletes a template that no item is of.
#[utoipa::path(delete, path = "/blueprints/{bp}/versions/{bv}", tag = "templates",
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "Its version")),
    responses((status = 200, description = "Deleted", body = CommandShape)))]
pub async fn delete(
    Segments((bp, bv)): Segments<(String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    Ok(wish.submit(Command::DeleteVersion { template: template(&bp, &bv) }, None).await?.answer())
}

/// Makes a template a draft, active or archived.
#[utoipa::path(put, path = "/blueprints/{bp}/versions/{bv}/status", tag = "templates", request_body = SetStatus,
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "Its version")),
    responses((status = 200, description = "So it is", body = CommandShape)))]
pub async fn set_status(
    Segments((bp, bv)): Segments<(String, String)>,
    wish: Wish<SetStatus>,
) -> Result<Answer<CommandShape>, Problem> {
    let command = Command::SetStatus { template: template(&bp, &bv), status: wish.body.status.into() };
    Ok(wish.submit(command, None).await?.answer())
}

/// A template as import takes it.
#[utoipa::path(get, path = "/blueprints/{bp}/versions/{bv}/export", tag = "templates",
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "Its version")),
    responses((status = 200, description = "The template", body = VersionShape)))]
pub async fn export(
    ask: Ask,
    headers: HeaderMap,
    Segments((bp, bv)): Segments<(String, String)>,
) -> Result<Answer<VersionShape>, Problem> {
    let found = find(&ask, &bp, &bv)?;
    ask.note(&headers, Entry::Export { what: format!("{bp} {bv}").into() }).await?;
    Ok(ask.answer(template::version(ask.state(), found)))
}

/// Makes this template, as a draft, from what was exported.
#[utoipa::path(post, path = "/blueprints/{bp}/versions/{bv}/import", tag = "templates", request_body = Import,
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "The new version")),
    responses((status = 201, description = "Made", body = CommandShape)))]
pub async fn import(
    Segments((bp, bv)): Segments<(String, String)>,
    wish: Wish<Import>,
) -> Result<Answer<CommandShape>, Problem> {
    let document = template::text(&wish.body.blueprint_version).into();
    let latest = wish.latest();
    let given = wish.body.signoff_configurations.iter();
    let signoffs = given
        .map(|(step, setting)| Ok((StepId::from(step.as_str()), setting.imported(&latest.state)?)))
        .collect::<Result<_, Problem>>()?;
    let command = Command::ImportVersion { template: template(&bp, &bv), document, signoffs };
    Ok(wish.submit(command, None).await?.created())
}

/// Copies a template with its sign-off configurations into a new draft of the same blueprint.
#[utoipa::path(post, path = "/blueprints/{bp}/versions/{bv}/fork", tag = "templates", request_body = Fork,
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "The origin")),
    responses((status = 201, description = "Forked", body = CommandShape)))]
pub async fn fork(
    Segments((bp, bv)): Segments<(String, String)>,
    wish: Wish<Fork>,
) -> Result<Answer<CommandShape>, Problem> {
    let version = VersionId::from(wish.body.version_id.as_str());
    let name = wish.body.name.as_deref().map(Into::into);
    let command = Command::Fork { from: template(&bp, &bv), version, name };
    Ok(wish.submit(command, None).await?.created())
}

/// What a template says other than its origin, or than another version.
#[utoipa::path(get, path = "/blueprints/{bp}/versions/{bv}/diff", tag = "templates",
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "Its version"), Against),
    responses((status = 200, description = "The difference", body = DiffShape)))]
pub async fn diff(
    ask: Ask,
    Segments((bp, bv)): Segments<(String, String)>,
    Params(against): Params<Against>,
) -> Result<Answer<DiffShape>, Problem> {
    let new = find(&ask, &bp, &bv)?;
    let origin = || new.origin.as_ref().map(ToString::to_string);
    let missing = || Problem::invalid_field("against", "parameter_missing", "it has no origin; name a version");
    let old = find(&ask, &bp, &against.against.or_else(origin).ok_or_else(missing)?)?;
    Ok(ask.answer(template::diff(old, blueprint::diff(&ask.state().templates, old, new))))
}

/// How a step of a template is signed off.
#[utoipa::path(get, path = "/blueprints/{bp}/versions/{bv}/steps/{step}/signoff", tag = "templates",
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "Its version"),
        ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "The configuration", body = SettingShape)))]
pub async fn signoff(
    ask: Ask,
    Segments((bp, bv, step)): Segments<(String, String, String)>,
) -> Result<Answer<SettingShape>, Problem> {
    let found = find(&ask, &bp, &bv)?;
    let missing = || ask.missing(format_args!("a sign-off configuration of step {step}"));
    let at = found.configured.get(&StepId::from(step.as_str())).ok_or_else(missing)?;
    let configuration = ask.state().templates.configuration(*at).ok_or_else(missing)?;
    Ok(ask.answer(setting(ask.state(), configuration)))
}

/// Configures the sign-off of a step, for items still to come and for resets that take the configuration afresh.
#[utoipa::path(put, path = "/blueprints/{bp}/versions/{bv}/steps/{step}/signoff", tag = "templates",
    request_body = SettingShape,
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "Its version"),
        ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Configured", body = CommandShape)))]
pub async fn configure(
    Segments((bp, bv, step)): Segments<(String, String, String)>,
    wish: Wish<SettingShape>,
) -> Result<Answer<CommandShape>, Problem> {
    let configuration = Arc::new(wish.body.configuration(&wish.latest().state)?);
    let step = StepId::from(step.as_str());
    let command = Command::ConfigureSignoff { template: template(&bp, &bv), step, configuration };
    Ok(wish.submit(command, None).await?.answer())
}

/// Takes the sign-off of a step away, for items still to come.
#[utoipa::path(delete, path = "/blueprints/{bp}/versions/{bv}/steps/{step}/signoff", tag = "templates",
    params(("bp" = String, Path, description = "The blueprint"), ("bv" = String, Path, description = "Its version"),
        ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Removed", body = CommandShape)))]
pub async fn remove_signoff(
    Segments((bp, bv, step)): Segments<(String, String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    let command = Command::RemoveSignoff { template: template(&bp, &bv), step: StepId::from(step.as_str()) };
    Ok(wish.submit(command, None).await?.answer())
}

/// Moves an item to another version of its blueprint, by its script where that version lists one for where the item
/// comes from (`migrationPaths`); steps with the same id keep their state.
#[utoipa::path(post, path = "/items/{ar}/migrate", tag = "items", request_body = Migrate,
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Moved", body = CommandShape)))]
pub async fn migrate(Segments(ar): Segments<String>, wish: Wish<Migrate>) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    let version = VersionId::from(wish.body.version_id.as_str());
    let accepts_loss = wish.body.danger_zone_accepted;
    let command = artifact::Command::Migrate { item, version, accepts_loss, rewrite: None };
    Ok(wish.submit(command, Some(item)).await?.with_item(item).answer())
}
