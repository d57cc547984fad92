//! Business initiatives: what their projects' steps, sign-offs and ratings add up to.
//!
//! The projects of an initiative are found through the state's references, their steps and ratings on the board; what is
//! kept here is only which sign-offs stand below which govern project.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::artifact::{self, parent};
use countersign_core::ids::{Digest, FieldId, ItemId, StepId};
use countersign_core::signoff::{Status, of_item};
use countersign_core::{Event, Recorded, State};
use imbl::OrdMap;

use super::board::{self, Board};
use crate::projection::{Projection, Rows};
use crate::sight::FieldReader;

/// What can hold govern projects.
pub const BLUEPRINT: &str = "bp.system.business_initiative";
/// How far up the project of an item is looked for: version, model, project.
const LEVELS_MAX: usize = 4;
const FIELD: &str = "business_initiative";

/// Sign-offs of govern projects and of all that is governed below them.
#[derive(Debug, Clone, Default)]
pub struct Initiatives {
    by_project: OrdMap<ItemId, OrdMap<ItemId, Vec<Status>>>,
    project_of: OrdMap<ItemId, ItemId>,
}

/// What the projects of one initiative add up to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RollUp {
    /// Its projects that are not archived, in order of making.
    pub projects: Vec<ItemId>,
    /// How many stand at which step; nothing for what has not begun.
    pub steps: BTreeMap<Option<StepId>, usize>,
    /// Sign-offs of the projects and below them.
    pub signoffs: Signoffs,
    /// 20 to 80.
    pub value: Rating,
    /// 20 to 80, as rated: the higher, the riskier.
    pub risk: Rating,
}

/// How many sign-offs stand how; what has not begun or was abandoned is in none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signoffs {
    /// For feedback or for approval.
    pub waiting: usize,
    /// Approved.
    pub approved: usize,
    /// Rejected.
    pub rejected: usize,
}

/// Scores of the projects that are rated.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rating {
    /// How many are.
    pub rated: usize,
    /// The highest.
    pub max: Option<u8>,
    /// The mean.
    pub average: Option<f64>,
}

impl Rating {
    fn of(scores: &[u8]) -> Self {
        let sum: u32 = scores.iter().copied().map(u32::from).sum();
        let count = u32::try_from(scores.len()).unwrap_or(u32::MAX);
        let average = (count > 0).then(|| f64::from(sum) / f64::from(count));
        Self { rated: scores.len(), max: scores.iter().copied().max(), average }
    }
}

impl Initiatives {
    /// What a reader sees of an initiative's projects.
    pub fn roll_up(
        &self,
        state: &State,
        board: &Board,
        initiative: ItemId,
        is_readable: &dyn Fn(ItemId) -> bool,
        reader: Option<&FieldReader>,
    ) -> RollUp {
        let field = FieldId::from(FIELD);
        let referrers = state.items.referrers.get(&initiative).into_iter().flatten();
        let projects = referrers.filter(|(through, _)| *through == field).map(|(_, project)| *project);
        // Whether a project belongs here is told by a field of its own.
        let is_told = |project: &ItemId| reader.is_none_or(|reader| reader.fields(*project).reads(&field));
        let cards = projects.filter(is_told).filter_map(|project| board.get(state, project, reader));
        let (mut roll_up, mut values, mut risks) = (RollUp::default(), Vec::new(), Vec::new());
        for card in cards.filter(|card| !card.is_archived && is_readable(card.item)) {
            roll_up.projects.push(card.item);
            *roll_up.steps.entry(card.step.clone()).or_default() += 1;
            values.extend(card.value_score);
            // The card has the score of the matrix, 100 minus the rating.
            risks.extend(card.risk_score.map(|score| 100_u8.saturating_sub(score)));
            for (item, statuses) in self.by_project.get(&card.item).into_iter().flatten() {
                if is_readable(*item) {
                    statuses.iter().for_each(|status| roll_up.signoffs.count(*status));
                }
            }
        }
        roll_up.projects.sort_unstable();
        (roll_up.value, roll_up.risk) = (Rating::of(&values), Rating::of(&risks));
        roll_up
    }

    fn refresh(&mut self, item: ItemId, state: &State) {
        if let Some(project) = self.project_of.remove(&item)
            && let Some(below) = self.by_project.get_mut(&project)
        {
            below.remove(&item);
            if below.is_empty() {
                self.by_project.remove(&project);
            }
        }
        let statuses: Vec<Status> = of_item(state, item).map(|(_, signoff)| signoff.status).collect();
        let archived = state.items.by_id.get(&item).is_none_or(|found| found.is_archived);
        if archived || statuses.is_empty() {
            return;
        }
        if let Some(project) = project_of(state, item) {
            self.project_of.insert(item, project);
            self.by_project.entry(project).or_default().insert(item, statuses);
        }
    }
}

impl Signoffs {
    fn count(&mut self, status: Status) {
        match status {
            Status::WaitingForFeedback | Status::WaitingForApproval => self.waiting += 1,
            Status::Approved => self.approved += 1,
            Status::Rejected => self.rejected += 1,
            Status::NotStarted | Status::Abandoned => {}
        }
    }
}

/// The govern project that a govern item is, or hangs below.
fn project_of(state: &State, item: ItemId) -> Option<ItemId> {
    let mut at = item;
    for _ in 0..LEVELS_MAX {
        let found = state.items.by_id.get(&at)?;
        if found.template.blueprint.as_str() == board::BLUEPRINT {
            return Some(at);
        }
        at = parent(state, found)?;
    }
    None
}

/// Whether an event can take an item, with what hangs below it, to another project.
fn moves(event: &Event, state: &State) -> bool {
    let parent_field = |item: &ItemId| {
        let version = state.templates.version(&state.items.by_id.get(item)?.template)?;
        version.definition.parent_field.clone()
    };
    match event {
        Event::Item(artifact::Event::FieldsEdited { item, changes }) => {
            parent_field(item).is_some_and(|field| changes.iter().any(|change| change.field == field))
        }
        Event::Item(artifact::Event::ItemMigrated { .. }) => true,
        _ => false,
    }
}

/// Everything that hangs below an item, by parents.
fn below(state: &State, item: ItemId) -> BTreeSet<ItemId> {
    let mut found = BTreeSet::new();
    let mut next = vec![item];
    while let Some(above) = next.pop() {
        for (_, heir) in state.items.referrers.get(&above).into_iter().flatten() {
            let hangs = state.items.by_id.get(heir).is_some_and(|heir| parent(state, heir) == Some(above));
            if hangs && found.insert(*heir) {
                next.push(*heir);
            }
        }
    }
    found
}

impl Projection for Initiatives {
    const NAME: &'static str = "initiatives";
    const REVISION: u32 = 2;

    fn apply(&mut self, event: &Recorded, state: &State) {
        let Some(item) = event.event.item() else { return };
        self.refresh(item, state);
        if moves(&event.event, state) {
            below(state, item).into_iter().for_each(|item| self.refresh(item, state));
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for (project, below) in &self.by_project {
            for (item, statuses) in below {
                let words: Vec<&str> = statuses.iter().map(|status| status.word()).collect();
                rows.row(&(project, item, words));
            }
        }
        rows.digest()
    }
}
