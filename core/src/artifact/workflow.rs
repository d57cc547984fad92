//! The workflow of an item: which steps show, and the moves between them.

use std::sync::Arc;

use super::computed::field_value;
use super::rights::field_access;
use super::state::{Item, StepStatus};
use super::{Event, Rejection, fields};
use crate::blueprint::Condition;
use crate::draft::Draft;
use crate::ids::{ItemId, StepId};
use crate::rejection::FieldProblems;
use crate::signoff::{self, Status};
use crate::state::State;

/// One step as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// Which.
    pub id: StepId,
    /// What people read.
    pub name: Arc<str>,
    /// Where it stands.
    pub status: StepStatus,
    /// Whether its condition holds.
    pub is_visible: bool,
}

impl StepView {
    const fn is_open(&self) -> bool {
        matches!(self.status, StepStatus::NotStarted | StepStatus::Ongoing)
    }
}

/// The steps of an item in workflow order, hidden ones included.
#[must_use]
pub fn steps(state: &State, item: &Item) -> Vec<StepView> {
    let version = state.templates.version(&item.template);
    let view = |step: &super::Step| {
        let defined = version.and_then(|version| version.definition.step(&step.id));
        let condition = defined.and_then(|step| step.visible_when.as_ref());
        StepView {
            id: step.id.clone(),
            name: defined.map_or_else(|| step.id.as_str().into(), |step| step.name.clone()),
            status: step.status,
            is_visible: condition.is_none_or(|condition| holds(state, item, condition)),
        }
    };
    item.steps.iter().map(view).collect()
}

/// `status.stepId` of the public API: none without a workflow or before its start, else the ongoing step, else the
/// first that is not started, else the last that is finished. Hidden steps do not count.
#[must_use]
pub fn legacy_step_id(state: &State, item: &Item) -> Option<StepId> {
    let visible: Vec<_> = steps(state, item).into_iter().filter(|step| step.is_visible).collect();
    if visible.iter().all(|step| step.status == StepStatus::NotStarted) {
        return None;
    }
    let first = |status| visible.iter().find(|step| step.status == status);
    let last_finished = || visible.iter().rfind(|step| step.status == StepStatus::Finished);
    let found = first(StepStatus::Ongoing).or_else(|| first(StepStatus::NotStarted)).or_else(last_finished);
    found.map(|step| step.id.clone())
}

fn holds(state: &State, item: &Item, condition: &Condition) -> bool {
    match condition {
        Condition::FieldEquals { field, value } => field_value(state, item, field)
            .is_some_and(|held| held.scalars().any(|scalar| scalar.text_form() == **value)),
        Condition::Not(condition) => !holds(state, item, condition),
        Condition::All(conditions) => conditions.iter().all(|condition| holds(state, item, condition)),
        Condition::Any(conditions) => conditions.iter().any(|condition| holds(state, item, condition)),
    }
}

/// A workflow in the middle of a command: read afresh for every move.
struct Workflow {
    item: ItemId,
    steps: Vec<StepView>,
    /// Where the step in question stands in `steps`.
    at: usize,
    step: StepView,
}

impl Workflow {
    fn read(draft: &Draft<'_>, item: ItemId, step: &StepId) -> Result<Self, Rejection> {
        let found = draft.state().items.by_id.get(&item);
        let steps = found.map(|found| steps(draft.state(), found)).unwrap_or_default();
        let found = steps.iter().enumerate().find(|(_, found)| found.id == *step);
        let Some((at, step)) = found.map(|(at, step)| (at, step.clone())) else {
            return Err(Rejection::StepUnknown { item, step: step.clone() });
        };
        Ok(Self { item, steps, at, step })
    }

    fn refuse_hidden(&self) -> Result<(), Rejection> {
        if self.step.is_visible { Ok(()) } else { Err(Rejection::StepHidden { step: self.step.id.clone() }) }
    }

    fn ongoing(&self) -> Option<&StepView> {
        self.steps.iter().find(|step| step.is_visible && step.status == StepStatus::Ongoing)
    }

    fn is_next(&self) -> bool {
        let next = self.steps.iter().find(|step| step.is_visible && step.status == StepStatus::NotStarted);
        next.is_some_and(|next| next.id == self.step.id)
    }

    /// The workflow passes the open steps that are hidden, from `from` on, up to the next open one that shows.
    fn pass(&self, draft: &mut Draft<'_>, from: usize) -> Option<&StepView> {
        let mut open = self.steps.iter().skip(from).filter(|step| step.is_open());
        open.find(|step| {
            if !step.is_visible {
                self.skip(draft, step);
            }
            step.is_visible
        })
    }

    fn pass_before(&self, draft: &mut Draft<'_>) {
        for step in self.steps.iter().take(self.at).filter(|step| step.is_open() && !step.is_visible) {
            self.skip(draft, step);
        }
    }

    fn skip(&self, draft: &mut Draft<'_>, step: &StepView) {
        if missing_approval(draft.state(), self.item, &step.id).is_some() {
            draft.emit(Event::SignoffPassedOver { item: self.item, step: step.id.clone() });
        }
        draft.emit(Event::StepSkipped { item: self.item, step: step.id.clone() });
    }

    fn start(&self, draft: &mut Draft<'_>) {
        self.pass_before(draft);
        draft.emit(Event::StepStarted { item: self.item, step: self.step.id.clone() });
    }
}

/// The status of a step's mandatory sign-off that is not approved.
fn missing_approval(state: &State, item: ItemId, step: &StepId) -> Option<Status> {
    let (_, signoff) = signoff::of_item(state, item).find(|(key, _)| key.step == *step)?;
    let is_mandatory = state.templates.configuration(signoff.configured_at).is_some_and(|found| found.mandatory);
    (is_mandatory && signoff.status != Status::Approved).then_some(signoff.status)
}

/// No step is finished while a required field holds nothing, as in an item that was governed without one.
fn refuse_incomplete(draft: &Draft<'_>, item: ItemId) -> Result<(), Rejection> {
    let Some(found) = draft.state().items.by_id.get(&item) else { return Ok(()) };
    let Some(version) = draft.state().templates.version(&found.template) else { return Ok(()) };
    let access = field_access(draft, version, Some(found));
    let problems: Vec<_> = fields::missing(&version.definition, Some(found), &access).collect();
    if problems.is_empty() { Ok(()) } else { Err(Rejection::FieldsInvalid { problems: FieldProblems(problems) }) }
}

/// *Set as finished*. Finishing what is finished changes nothing.
pub(super) fn finish(draft: &mut Draft<'_>, item: ItemId, step: &StepId) -> Result<(), Rejection> {
    let workflow = Workflow::read(draft, item, step)?;
    if workflow.step.status == StepStatus::Finished {
        return Ok(());
    }
    workflow.refuse_hidden()?;
    let starts = match workflow.step.status {
        StepStatus::NotStarted if workflow.ongoing().is_none() && workflow.is_next() => true,
        StepStatus::Ongoing => false,
        _ => return Err(Rejection::StepNotOngoing { step: step.clone() }),
    };
    refuse_incomplete(draft, item)?;
    // An approval that was lost after its step was finished holds back every later step as well.
    let until_here = workflow.steps.iter().take(workflow.at.saturating_add(1));
    for earlier in until_here.filter(|earlier| earlier.is_visible && earlier.status != StepStatus::Skipped) {
        if let Some(status) = missing_approval(draft.state(), item, &earlier.id) {
            return Err(Rejection::SignoffNotApproved { step: earlier.id.clone(), status: status.word() });
        }
    }
    if starts {
        workflow.start(draft);
    } else {
        workflow.pass_before(draft);
    }
    draft.emit(Event::StepFinished { item, step: step.clone() });
    let next = workflow.pass(draft, workflow.at.saturating_add(1));
    let is_other = |other: &&StepView| other.is_visible && other.status == StepStatus::Ongoing && other.id != *step;
    let is_other_ongoing = workflow.steps.iter().any(|other| is_other(&other));
    if let Some(next) = next
        && next.status == StepStatus::NotStarted
        && !is_other_ongoing
    {
        draft.emit(Event::StepStarted { item, step: next.id.clone() });
    }
    Ok(())
}

/// Makes the first unstarted step ongoing. Starting what is ongoing changes nothing.
pub(super) fn start(draft: &mut Draft<'_>, item: ItemId, step: &StepId) -> Result<(), Rejection> {
    let workflow = Workflow::read(draft, item, step)?;
    match workflow.step.status {
        StepStatus::Ongoing => return Ok(()),
        StepStatus::Finished | StepStatus::Skipped => return Err(Rejection::StepAlreadyDone { step: step.clone() }),
        StepStatus::NotStarted => {}
    }
    workflow.refuse_hidden()?;
    if let Some(ongoing) = workflow.ongoing() {
        return Err(Rejection::AnotherStepOngoing { step: step.clone(), ongoing: ongoing.id.clone() });
    }
    if !workflow.is_next() {
        return Err(Rejection::StepOutOfOrder { step: step.clone() });
    }
    workflow.start(draft);
    Ok(())
}

/// Makes a finished or skipped step ongoing again; later steps keep their state. Changes nothing on an ongoing one.
pub(super) fn reopen(draft: &mut Draft<'_>, item: ItemId, step: &StepId) -> Result<(), Rejection> {
    let workflow = Workflow::read(draft, item, step)?;
    match workflow.step.status {
        StepStatus::Ongoing => return Ok(()),
        StepStatus::NotStarted => return Err(Rejection::StepNotFinished { step: step.clone() }),
        StepStatus::Finished | StepStatus::Skipped => {}
    }
    workflow.refuse_hidden()?;
    draft.emit(Event::StepReopened { item, step: step.clone(), is_ongoing: true });
    Ok(())
}

/// The moves of one Save, in workflow order, each checked against what the ones before it did.
pub(super) fn move_steps(draft: &mut Draft<'_>, item: ItemId, moves: &[(StepId, StepStatus)]) -> Result<(), Rejection> {
    let mut ordered = Vec::with_capacity(moves.len());
    for (step, wanted) in moves {
        ordered.push((Workflow::read(draft, item, step)?.at, step, *wanted));
    }
    ordered.sort_by_key(|(at, ..)| *at);
    ordered.into_iter().try_for_each(|(_, step, wanted)| move_step(draft, item, step, wanted))
}

fn move_step(draft: &mut Draft<'_>, item: ItemId, step: &StepId, wanted: StepStatus) -> Result<(), Rejection> {
    let now = Workflow::read(draft, item, step)?.step.status;
    match (now, wanted) {
        (now, wanted) if now == wanted => Ok(()),
        (_, StepStatus::Finished) => finish(draft, item, step),
        (StepStatus::NotStarted, StepStatus::Ongoing) => start(draft, item, step),
        (_, StepStatus::Ongoing) => reopen(draft, item, step),
        (_, StepStatus::NotStarted) => {
            draft.emit(Event::StepReopened { item, step: step.clone(), is_ongoing: false });
            Ok(())
        }
        (_, StepStatus::Skipped) => Err(Rejection::StepStatusInvalid { step: step.clone() }),
    }
}
