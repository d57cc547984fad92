//! Business initiatives, and what their projects add up to.

use countersign_core::ids::BlueprintId;
use countersign_projections::views::initiatives::{BLUEPRINT, Rating, RollUp};
use countersign_projections::views::items::{Query, Sort};
use serde::Serialize;
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, cursor};
use super::shape::List;
use super::shape::item::{ItemShape, item};
use crate::problem::Problem;

/// An initiative and its projects, as far as the reader may see them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitiativeShape {
    #[serde(flatten)]
    item: ItemShape,
    roll_up: RollUpShape,
}

/// What the projects that are not archived add up to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollUpShape {
    /// Their ids.
    projects: Vec<String>,
    /// How many stand at which step.
    steps: Vec<StepCount>,
    /// Sign-offs of the projects and of what is governed below them.
    signoffs: SignoffCounts,
    /// The higher, the more valuable.
    value: RatingShape,
    /// The higher, the riskier.
    risk: RatingShape,
}

/// How many projects stand at a step.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepCount {
    /// The step; null for what has not begun.
    step: Option<String>,
    count: usize,
}

/// How many sign-offs stand how.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignoffCounts {
    /// For feedback or for approval.
    waiting: usize,
    approved: usize,
    rejected: usize,
}

/// Scores of the projects that are rated.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatingShape {
    /// How many are.
    rated: usize,
    /// 20, 40, 60 or 80; null while none is rated.
    max: Option<u8>,
    /// The mean; null while none is rated.
    average: Option<f64>,
}

impl From<Rating> for RatingShape {
    fn from(Rating { rated, max, average }: Rating) -> Self {
        Self { rated, max, average }
    }
}

fn shape(roll_up: RollUp) -> RollUpShape {
    let steps = roll_up.steps.into_iter();
    RollUpShape {
        projects: roll_up.projects.iter().map(ToString::to_string).collect(),
        steps: steps.map(|(step, count)| StepCount { step: step.map(|step| step.to_string()), count }).collect(),
        signoffs: SignoffCounts {
            waiting: roll_up.signoffs.waiting,
            approved: roll_up.signoffs.approved,
            rejected: roll_up.signoffs.rejected,
        },
        value: roll_up.value.into(),
        risk: roll_up.risk.into(),
    }
}

/// Business initiatives that are not archived, by name, each with what its projects add up to.
#[utoipa::path(get, path = "/initiatives", tag = "views", params(Page),
    responses((status = 200, description = "One page of initiatives", body = List<InitiativeShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<InitiativeShape>>, Problem> {
    let query = Query {
        blueprint: Some(BlueprintId::from(BLUEPRINT)),
        archived: Some(false),
        sort: Sort::Name,
        cursor: page.after()?,
        limit: page.limit()?,
        scope: ask.plan().cloned(),
        ..Query::default()
    };
    let (readable, reader) = (|id| ask.may_read(id), ask.field_reader().map(std::sync::Arc::as_ref));
    let (state, views) = (ask.state(), &ask.snapshot.views);
    let page = views.items.list(state, &query, &readable);
    let found = page.rows.iter().filter_map(|id| state.items.by_id.get(id));
    let items = found.map(|found| InitiativeShape {
        item: item(state, found, &ask),
        roll_up: shape(views.initiatives.roll_up(state, &views.board, found.id, &readable, reader)),
    });
    let list = List { items: items.collect(), next_cursor: page.next.map(cursor), position: ask.position().0 };
    Ok(ask.answer(list))
}
