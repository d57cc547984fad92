//! Items: lists, one item, Save, create, delete.

use countersign_core::artifact::{Command, StepStatus};
use countersign_core::ids::{BlueprintId, ItemId, StepId, TemplateId, VersionId};
use countersign_core::signoff::Status;
use countersign_projections::page::Order;
use countersign_projections::views::items::{Query, Sort};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::shape::command::CommandShape;
use super::shape::item::{ItemShape, item};
use super::shape::{List, people, value};
use super::wish::{Nothing, Wish, item_id};
use crate::problem::Problem;

/// Which items, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of this blueprint.
    blueprint: Option<String>,
    /// Words, all of which the name, the id, a foreign key or a text field holds or begins with.
    q: Option<String>,
    /// Governed, or governable and not governed.
    governed: Option<bool>,
    /// Archived or not; all when left out.
    archived: Option<bool>,
    /// The workflow is at this step.
    step: Option<String>,
    /// The sign-off that stands for the item has this status.
    signoff: Option<String>,
    /// `name`, `created`, `modified` or `step`, also `id` and `changed`; with `-` before it, the other way round.
    sort: Option<String>,
}

/// A new item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Create {
    /// What it is an item of.
    blueprint_id: String,
    /// Needed only when several versions are active.
    version_id: Option<String>,
    /// What people call it.
    name: String,
    /// Its fields.
    #[serde(default)]
    #[schema(value_type = Object)]
    fields: Map<String, Json>,
}

/// One Save: all or nothing, the moves last and in workflow order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Save {
    /// A new name.
    name: Option<String>,
    /// Fields to change; null clears one.
    #[serde(default)]
    #[schema(value_type = Object)]
    fields: Map<String, Json>,
    /// Steps to move.
    #[serde(default)]
    steps: std::collections::BTreeMap<String, StepWord>,
}

/// Where a step is to stand.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StepWord {
    /// Done.
    Finished,
    /// Being worked on.
    Ongoing,
    /// Not begun.
    NotStarted,
}

impl From<StepWord> for StepStatus {
    fn from(word: StepWord) -> Self {
        match word {
            StepWord::Finished => Self::Finished,
            StepWord::Ongoing => Self::Ongoing,
            StepWord::NotStarted => Self::NotStarted,
        }
    }
}

impl Which {
    pub(crate) fn query(&self, ask: &Ask, page: &Page) -> Result<Query, Problem> {
        let text = self.sort.as_deref().unwrap_or("name");
        let (word, order) = text.strip_prefix('-').map_or((text, Order::Ascending), |word| (word, Order::Descending));
        let sort = match word {
            "name" => Sort::Name,
            "id" | "created" => Sort::Id,
            "changed" | "modified" => Sort::Changed,
            "step" => Sort::Step,
            _ => {
                let wanted = "name, created, modified or step, perhaps after a -";
                return Err(Problem::invalid_field("sort", "unknown_value", wanted));
            }
        };
        Ok(Query {
            blueprint: self.blueprint.as_deref().map(BlueprintId::from),
            q: self.q.clone().filter(|q| !q.is_empty()),
            governed: self.governed,
            archived: self.archived,
            step: self.step.as_deref().map(StepId::from),
            signoff: self.signoff.as_deref().map(signoff_status).transpose()?,
            sort,
            order,
            cursor: page.after()?,
            limit: page.limit()?,
            scope: ask.plan().cloned(),
            fields: ask.field_reader().cloned(),
        })
    }
}

fn signoff_status(word: &str) -> Result<Status, Problem> {
    let unknown = || Problem::invalid_field("signoff", "unknown_value", "not a status of a sign-off");
    Status::ALL.into_iter().find(|status| status.word() == word).ok_or_else(unknown)
}

/// Items that the reader may read.
#[utoipa::path(get, path = "/items", tag = "items", params(Which, Page),
    responses((status = 200, description = "One page of items", body = List<ItemShape>)))]
pub async fn list(
    ask: Ask,
    Params(which): Params<Which>,
    Params(page): Params<Page>,
) -> Result<Answer<List<ItemShape>>, Problem> {
    let query = which.query(&ask, &page)?;
    let readable = |item: ItemId| ask.may_read(item);
    let page = ask.snapshot.views.items.list(ask.state(), &query, &readable);
    Ok(ask.answer(shown(&ask, page)))
}

/// A page of ids as a list of items.
pub(crate) fn shown(ask: &Ask, page: countersign_projections::page::Page<ItemId>) -> List<ItemShape> {
    let found = page.rows.iter().filter_map(|id| ask.state().items.by_id.get(id));
    List {
        items: found.map(|found| item(ask.state(), found, ask)).collect(),
        next_cursor: page.next.map(cursor),
        position: ask.position().0,
    }
}

/// One item; its position is its ETag.
#[utoipa::path(get, path = "/items/{ar}", tag = "items", params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "The item", body = ItemShape)))]
pub async fn read(ask: Ask, Segments(ar): Segments<String>) -> Result<Answer<ItemShape>, Problem> {
    let found = ask.item(&ar)?;
    let shape = item(ask.state(), found, &ask);
    Ok(ask.answer(shape).tagged(found.position))
}

/// Makes an item of a template that people may make items of.
#[utoipa::path(post, path = "/items", tag = "items", request_body = Create,
    responses((status = 201, description = "Made", body = CommandShape)))]
pub async fn create(wish: Wish<Create>) -> Result<Answer<CommandShape>, Problem> {
    let body = &wish.body;
    let blueprint = BlueprintId::from(body.blueprint_id.as_str());
    let version = body.version_id.as_deref().map(VersionId::from);
    let mut fields = value::inputs(&body.fields);
    let latest = wish.latest();
    let template = version
        .clone()
        .or_else(|| only_active(&latest.state, &blueprint))
        .map(|version| TemplateId { blueprint: blueprint.clone(), version });
    people::resolve(&latest.state, template.as_ref(), &mut fields);
    let name = body.name.as_str().into();
    let command = Command::Create { blueprint, version, name, fields, steps: Vec::new() };
    let done = wish.submit(command, None).await?;
    Ok(done.with_made_item().created())
}

fn only_active(state: &countersign_core::State, blueprint: &BlueprintId) -> Option<VersionId> {
    let versions = &state.templates.blueprints.get(blueprint)?.versions;
    let active = countersign_core::blueprint::VersionStatus::Active;
    versions.iter().find(|(_, version)| version.status == active).map(|(id, _)| id.clone())
}

/// Changes name, fields and steps in one atomic command.
#[utoipa::path(patch, path = "/items/{ar}", tag = "items", request_body = Save,
    params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Saved", body = CommandShape)))]
pub async fn save(Segments(ar): Segments<String>, wish: Wish<Save>) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    let body = &wish.body;
    let mut fields = value::inputs(&body.fields);
    let latest = wish.latest();
    let template = latest.state.items.by_id.get(&item).map(|found| &found.template);
    people::resolve(&latest.state, template, &mut fields);
    let steps = body.steps.iter().map(|(step, word)| (StepId::from(step.as_str()), (*word).into())).collect();
    let command = Command::Save { item, name: body.name.as_deref().map(Into::into), fields, steps };
    let done = wish.submit(command, Some(item)).await?;
    Ok(done.with_item(item).answer())
}

/// Deletes an item; its history stays. What referred to it is told, and refers to it no longer.
#[utoipa::path(delete, path = "/items/{ar}", tag = "items", params(("ar" = String, Path, description = "The item")),
    responses((status = 200, description = "Deleted", body = CommandShape)))]
pub async fn delete(Segments(ar): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<CommandShape>, Problem> {
    let item = item_id(&ar)?;
    let done = wish.submit(Command::Delete { item }, Some(item)).await?;
    Ok(done.with_cleared_referrers(item).answer())
}
