//! Govern projects as a portfolio: the workflow board, the value × risk matrix, the gauges.

use std::sync::Arc;

use countersign_core::artifact::{Item, StepStatus};
use countersign_core::ids::{BlueprintId, Digest, FieldId, ItemId, StepId};
use countersign_core::{Recorded, State};
use imbl::OrdMap;

use crate::derive;
use crate::projection::{Projection, Rows};
use crate::sight::FieldReader;

/// What stands on the board.
pub const BLUEPRINT: &str = "bp.system.govern_project";

const DECISION: &str = "qualification_resulting_decision";
const VALUE: &str = "qualification_value_rating";
const RISK: &str = "qualification_risk_rating";
const VALUE_SCORE: &str = "qualification_value_score";
const RISK_SCORE: &str = "qualification_risk_score";

/// One card per govern project.
#[derive(Debug, Clone, Default)]
pub struct Board {
    cards: OrdMap<ItemId, Arc<Card>>,
}

/// A govern project.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Card {
    /// Which.
    pub item: ItemId,
    /// Where its workflow is; nothing before it began.
    pub step: Option<StepId>,
    /// How it fares.
    pub progress: Progress,
    /// 20, 40, 60, 80 for Low to High.
    pub value_score: Option<u8>,
    /// 100 minus the value of the rating.
    pub risk_score: Option<u8>,
    /// Out of the daily lists.
    pub is_archived: bool,
}

/// How a govern project fares; the decision of the qualification comes before the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    /// No step began.
    NotStarted,
    /// Some did.
    InProgress,
    /// All are finished or passed.
    Finished,
    /// The decision was On hold.
    OnHold,
    /// The decision was No go; finishes nothing by itself.
    Stopped,
}

impl Progress {
    /// All of them, in the order of the gauges.
    pub const ALL: [Self; 5] = [Self::NotStarted, Self::InProgress, Self::Finished, Self::OnHold, Self::Stopped];

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotStarted => "NOT_STARTED",
            Self::InProgress => "IN_PROGRESS",
            Self::Finished => "FINISHED",
            Self::OnHold => "ON_HOLD",
            Self::Stopped => "STOPPED",
        }
    }

    fn of(item: &Item, reads: &dyn Fn(&str) -> bool) -> Self {
        let is_done = |status| matches!(status, StepStatus::Finished | StepStatus::Skipped);
        match item.fields.get(DECISION).filter(|_| reads(DECISION)).and_then(|value| value.as_text()) {
            Some("No go") => Self::Stopped,
            Some("On hold") => Self::OnHold,
            _ if item.steps.iter().all(|step| step.status == StepStatus::NotStarted) => Self::NotStarted,
            _ if item.steps.iter().all(|step| is_done(step.status)) => Self::Finished,
            _ => Self::InProgress,
        }
    }
}

/// One column of the workflow board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The step; nothing for what has not begun.
    pub step: Option<StepId>,
    /// In order of making.
    pub cards: Vec<Arc<Card>>,
}

/// One cell of the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Both scores; nothing where a rating is missing.
    pub value_score: Option<u8>,
    /// See [`Card::risk_score`].
    pub risk_score: Option<u8>,
    /// In order of making.
    pub cards: Vec<Arc<Card>>,
}

impl Card {
    fn of(state: &State, item: &Item, reads: &dyn Fn(&str) -> bool) -> Self {
        let rating = |field, score| rating(item, field).filter(|_| reads(field) && reads(score));
        Self {
            item: item.id,
            step: derive::current_step(state, item),
            progress: Progress::of(item, reads),
            value_score: rating(VALUE, VALUE_SCORE),
            risk_score: rating(RISK, RISK_SCORE).map(|rating| 100_u8.saturating_sub(rating)),
            is_archived: item.is_archived,
        }
    }
}

impl Board {
    /// The cards that a reader may see and that are not archived, in order of making.
    pub fn cards(
        &self,
        state: &State,
        is_readable: &dyn Fn(ItemId) -> bool,
        reader: Option<&FieldReader>,
    ) -> Vec<Arc<Card>> {
        let cards = self.cards.values().filter(|card| !card.is_archived && is_readable(card.item));
        cards.map(|card| seen(state, card, reader)).collect()
    }

    /// The card of a govern project, as a reader sees it.
    #[must_use]
    pub fn get(&self, state: &State, item: ItemId, reader: Option<&FieldReader>) -> Option<Arc<Card>> {
        self.cards.get(&item).map(|card| seen(state, card, reader))
    }
}

/// A card without what the fields tell that are hidden from its reader.
fn seen(state: &State, card: &Arc<Card>, reader: Option<&FieldReader>) -> Arc<Card> {
    let reader = reader.filter(|reader| reader.hides_in(&BlueprintId::from(BLUEPRINT)));
    match (reader, state.items.by_id.get(&card.item)) {
        (Some(reader), Some(item)) => {
            let fields = reader.fields(card.item);
            Arc::new(Card::of(state, item, &|field| fields.reads(&FieldId::from(field))))
        }
        _ => card.clone(),
    }
}

/// The workflow board: what has not begun, then every step of the templates in use, empty columns included.
#[must_use]
pub fn columns(state: &State, cards: Vec<Arc<Card>>) -> Vec<Column> {
    let mut columns: Vec<Column> = std::iter::once(None)
        .chain(steps(state).into_iter().map(Some))
        .map(|step| Column { step, cards: Vec::new() })
        .collect();
    for card in cards {
        match columns.iter_mut().find(|column| column.step == card.step) {
            Some(column) => column.cards.push(card),
            None => columns.push(Column { step: card.step.clone(), cards: vec![card] }),
        }
    }
    columns
}

/// The value × risk matrix: the cells that hold something, unrated ones first.
#[must_use]
pub fn matrix(cards: Vec<Arc<Card>>) -> Vec<Cell> {
    let mut cells = std::collections::BTreeMap::<_, Vec<Arc<Card>>>::new();
    for card in cards {
        cells.entry((card.value_score, card.risk_score)).or_default().push(card);
    }
    cells.into_iter().map(|((value_score, risk_score), cards)| Cell { value_score, risk_score, cards }).collect()
}

/// How many fare how, in the order of [`Progress::ALL`].
#[must_use]
pub fn gauges(cards: &[Arc<Card>]) -> [(Progress, usize); 5] {
    Progress::ALL.map(|progress| (progress, cards.iter().filter(|card| card.progress == progress).count()))
}

/// The steps of the blueprint's templates, each once, in workflow order.
fn steps(state: &State) -> Vec<StepId> {
    let versions =
        state.templates.blueprints.get(BLUEPRINT).into_iter().flat_map(|blueprint| blueprint.versions.values());
    let mut steps = Vec::new();
    for step in versions.flat_map(|version| &version.definition.steps) {
        if !steps.contains(&step.id) {
            steps.push(step.id.clone());
        }
    }
    steps
}

fn rating(item: &Item, field: &str) -> Option<u8> {
    match item.fields.get(field)?.as_text()? {
        "Low" => Some(20),
        "Medium low" => Some(40),
        "Medium high" => Some(60),
        "High" => Some(80),
        _ => None,
    }
}

impl Projection for Board {
    const NAME: &'static str = "board";
    const REVISION: u32 = 1;

    fn apply(&mut self, event: &Recorded, state: &State) {
        let Some(id) = event.event.item() else { return };
        let item = state.items.by_id.get(&id);
        let Some(item) = item.filter(|item| item.template.blueprint == BlueprintId::from(BLUEPRINT)) else {
            self.cards.remove(&id);
            return;
        };
        let card = Card::of(state, item, &|_| true);
        if self.cards.get(&id).is_none_or(|known| **known != card) {
            self.cards.insert(id, Arc::new(card));
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for row in &self.cards {
            rows.row(&row);
        }
        rows.digest()
    }
}
