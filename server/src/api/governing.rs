//! Governing synced items; hiding, archiving and back.

use countersign_core::artifact::{ChildRule, ChildrenRules, Command, Event as ItemEvent, Govern};
use countersign_core::ids::{ItemId, VersionId};
use countersign_core::{Event, Recorded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::Answer;
use super::params::Segments;
use super::shape::command::CommandShape;
use super::wish::{Done, Nothing, Wish, item_id};
use crate::problem::Problem;

/// How a synced item is to be governed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GovernBody {
    /// A version of the govern blueprint; needed only when several are active.
    template: Option<String>,
    /// What is governed below it; a kind left out is `none`.
    #[serde(default)]
    children: Children,
    /// Govern ungoverned parents in the same command.
    #[serde(default)]
    govern_parents: bool,
    /// Attach to this govern item instead of making one.
    attach_to: Option<String>,
    /// The business initiative of a project.
    initiative: Option<String>,
}

/// A rule per kind of child.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Children {
    bundles: Rule,
    models: Rule,
    model_versions: Rule,
}

impl From<ChildRule> for Rule {
    fn from(rule: ChildRule) -> Self {
        match rule {
            ChildRule::None => Self::None,
            ChildRule::Existing => Self::Existing,
            ChildRule::All => Self::All,
        }
    }
}

impl From<ChildrenRules> for Children {
    fn from(rules: ChildrenRules) -> Self {
        Self { bundles: rules.bundles.into(), models: rules.models.into(), model_versions: rules.model_versions.into() }
    }
}

impl From<Children> for ChildrenRules {
    fn from(children: Children) -> Self {
        Self {
            bundles: children.bundles.into(),
            models: children.models.into(),
            model_versions: children.model_versions.into(),
        }
    }
}

/// Which children.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// None.
    #[default]
    None,
    /// Those that exist now.
    Existing,
    /// Those and all to come.
    All,
}

impl From<Rule> for ChildRule {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::None => Self::None,
            Rule::Existing => Self::Existing,
            Rule::All => Self::All,
        }
    }
}

/// Makes a govern item for a synced one, or attaches it to an existing one.
#[utoipa::path(post, path = "/items/{ar}/govern", tag = "governing", request_body = GovernBody,
    params(("ar" = String, Path, description = "The synced item")),
    responses((status = 201, description = "Governed", body = CommandShape)))]
pub async fn govern(Segments(ar): Segments<String>, wish: Wish<GovernBody>) -> Result<Answer<CommandShape>, Problem> {
    let source = item_id(&ar)?;
    let command = wish.body.of(source)?;
    let mut done = wish.submit(Command::Govern(command), Some(source)).await?;
    done.shape.govern_item = govern_item(&done, source);
    done.shape.id.clone_from(&done.shape.govern_item);
    Ok(done.created())
}

impl GovernBody {
    /// The command for this source.
    pub(super) fn of(&self, source: ItemId) -> Result<Govern, Problem> {
        Ok(Govern {
            source,
            version: self.template.as_deref().map(VersionId::from),
            children: self.children.into(),
            with_parents: self.govern_parents,
            attach_to: reference("attachTo", self.attach_to.as_deref())?,
            initiative: reference("initiative", self.initiative.as_deref())?,
        })
    }
}

/// The govern item that governs a source after a command.
pub(super) fn govern_item(done: &Done, source: ItemId) -> Option<String> {
    let made = done.events.iter().find_map(|recorded| governing(recorded, source));
    let made = made.or_else(|| countersign_projections::derive::governed_by(&done.state, source));
    made.map(|item| item.to_string())
}

/// The govern item that an event gave to this source.
fn governing(recorded: &Recorded, wanted: ItemId) -> Option<ItemId> {
    match &recorded.event {
        Event::Item(ItemEvent::ItemGoverned { item, source, .. } | ItemEvent::ItemAttached { item, source, .. })
            if *source == wanted =>
        {
            Some(*item)
        }
        _ => None,
    }
}

fn reference(field: &'static str, text: Option<&str>) -> Result<Option<ItemId>, Problem> {
    let wrong = |_| Problem::invalid_field(field, "wrong_type", "an item id such as ar.12");
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

/// Hides a synced item and what is below it from what could be governed.
#[utoipa::path(post, path = "/items/{ar}/hide", tag = "governing", request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Hidden", body = CommandShape)))]
pub async fn hide(Segments(ar): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    plain(&ar, &wish, |item| Command::Hide { item }).await
}

/// Shows a hidden item again.
#[utoipa::path(post, path = "/items/{ar}/show", tag = "governing", request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Shown", body = CommandShape)))]
pub async fn show(Segments(ar): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    plain(&ar, &wish, |item| Command::Show { item }).await
}

/// Takes an item out of the daily lists; it is no longer changeable. What refers to it is told.
#[utoipa::path(post, path = "/items/{ar}/archive", tag = "governing", request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Archived", body = CommandShape)))]
pub async fn archive(Segments(ar): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    let done = wish.submit(Command::Archive { item }, Some(item)).await?;
    Ok(done.with_item(item).with_referrers(item).answer())
}

/// Brings an archived item back.
#[utoipa::path(post, path = "/items/{ar}/restore", tag = "governing", request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Restored", body = CommandShape)))]
pub async fn restore(Segments(ar): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    plain(&ar, &wish, |item| Command::Restore { item }).await
}

async fn plain(
    ar: &str,
    wish: &Wish<Nothing>,
    command: impl FnOnce(ItemId) -> Command,
) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(ar)?;
    Ok(wish.submit(command(item), Some(item)).await?.with_item(item).answer())
}
