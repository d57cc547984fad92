//! Asks the hooks of all items that a command would touch, and makes of what they say one command again.
//!
//! The command is decided beforehand, on the newest state, to see what it would do; hooks see that. The engine decides it
//! again together with what they want, and refuses when the items are no longer those that the hooks saw.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_core::artifact::{Command as ItemCommand, Event as ItemEvent, Rejection as Refusal};
use countersign_core::command::{Hooked, Proposal};
use countersign_core::context::{Caller, Context};
use countersign_core::ids::{ItemId, Position};
use countersign_core::rejection::{FieldProblem, FieldProblems};
use countersign_core::rules::{Event as RuleEvent, Governing};
use countersign_core::{Command, Event, Outcome, Recorded, Rejection, State, handle};
use countersign_engine::clock::{Clock as _, SystemClock};
use countersign_engine::engine::{Receipt, SubmitError};
use serde_json::{Map, Value as Json};

use super::lists::{Hook, Lists, Phase, are_there};
use super::run::{Handler, RunError, Said};
use super::{Hooks, Script, migration};
use crate::api::ask::wait;
use crate::api::shape::value::inputs;
use crate::app::App;
use crate::publicapi::artifacts;

/// How often hooks are asked again because the items changed meanwhile.
const ATTEMPTS_MAX: usize = 5;
/// Items whose hooks run after one command because hooks asked for it.
const QUEUE_MAX: usize = 50;
/// What a script says when it refuses.
const ERROR: &str = "ERROR";

type Touched = BTreeMap<ItemId, Phase>;

/// Submits a command after the hooks of the templates concerned, when there are any.
pub async fn submit(app: &App, caller: &Caller, command: Command) -> Result<Receipt, SubmitError> {
    let concerns = matches!(command, Command::Item(_)) && concerns(&app.latest().state, &command);
    let Some(hooks) = app.hooks.as_ref().filter(|_| concerns) else {
        if concerns {
            migration::refuse(&app.latest().state, caller, &command)?;
        }
        return app.engine.submit(command, caller.clone()).await;
    };
    let first = attempt(app, hooks, caller, &command).await?;
    let mut queue = first.queue;
    for _ in 0..QUEUE_MAX {
        let Some(item) = queue.pop() else { break };
        let update = ItemCommand::Save { item, name: None, fields: Vec::new(), steps: Vec::new() };
        match attempt(app, hooks, &Caller::system(caller.correlation), &update.into()).await {
            Ok(next) => queue.extend(next.queue),
            // As upstream: this runs after the commit, which it cannot undo.
            Err(error) => tracing::warn!(%item, code = error.code(), "a hook that another one asked for failed"),
        }
    }
    Ok(first.receipt)
}

fn concerns(state: &State, command: &Command) -> bool {
    are_there(state) || migration::is_by_script(state, command)
}

/// Whether something happened that scripts would have been asked about, if this service ran any.
pub fn were_hooks_off(app: &App, state: &State, events: &[Arc<Recorded>]) -> bool {
    if app.hooks.is_some() {
        return false;
    }
    let are_there = are_there(state);
    let has_hooks = |item| lists(state, item).is_ok_and(|lists| !lists.is_empty());
    let is_for_script = |event: &Event| match event {
        Event::Item(event) => are_there && has_hooks(event.item()),
        Event::Rules(RuleEvent::GovernanceScriptSet { script }) => script.is_some(),
        Event::Rules(RuleEvent::GovernanceRuleSet { rules, .. }) => {
            rules.iter().any(|rule| rule.governing == Governing::Script)
        }
        _ => false,
    };
    events.iter().any(|recorded| is_for_script(&recorded.event))
}

struct Attempted {
    receipt: Receipt,
    queue: Vec<ItemId>,
}

async fn attempt(app: &App, hooks: &Hooks, caller: &Caller, command: &Command) -> Result<Attempted, SubmitError> {
    let mut left = ATTEMPTS_MAX;
    loop {
        let before = app.latest().state.clone();
        let by_script = migration::complete(app, hooks, caller, &before, command).await?;
        let command = by_script.as_ref().unwrap_or(command);
        let mut asking = Asking::decide(app, hooks, caller, before, command)?;
        asking.ask_before().await?;
        left = left.saturating_sub(1);
        match app.engine.submit(asking.hooked(command), caller.clone()).await {
            Err(SubmitError::Rejected { rejection, position }) if rejection.code() == "hooks_outdated" && left > 0 => {
                seen(app, position).await;
            }
            Err(error) => return Err(error),
            Ok(receipt) => {
                seen(app, receipt.position).await;
                if receipt.repeated.is_none() {
                    asking.tell_after(&receipt.state).await;
                }
                return Ok(Attempted { receipt, queue: asking.queue });
            }
        }
    }
}

/// Waits until requests see the log up to there: hooks decide on what requests see, and whoever asked sees all of it.
async fn seen(app: &App, position: Position) {
    if wait(app, position).await.is_err() {
        tracing::warn!(%position, "hooks go on before the views have followed");
    }
}

/// What a command would do to a state.
pub(super) fn decide(before: &State, caller: &Caller, command: &Command) -> Result<Outcome, SubmitError> {
    // Neither the time nor the seed of this decision is kept.
    let context = Context { caller: caller.clone(), at: SystemClock.now().max(before.head_at), seed: [0; 32] };
    handle(before, command, &context).map_err(|rejection| refused(before, rejection))
}

pub(super) const fn refused(before: &State, rejection: Rejection) -> SubmitError {
    SubmitError::Rejected { rejection, position: before.head }
}

/// One command, as it would be on one state, and what hooks said so far.
struct Asking<'a> {
    app: &'a App,
    hooks: &'a Hooks,
    caller: &'a Caller,
    /// The state before the command.
    before: State,
    outcome: Outcome,
    touched: Touched,
    proposals: Vec<Proposal>,
    queue: Vec<ItemId>,
}

impl<'a> Asking<'a> {
    fn decide(
        app: &'a App,
        hooks: &'a Hooks,
        caller: &'a Caller,
        before: State,
        command: &Command,
    ) -> Result<Self, SubmitError> {
        let outcome = decide(&before, caller, command)?;
        let touched = touched(command, &outcome.events);
        Ok(Self { app, hooks, caller, before, outcome, touched, proposals: Vec::new(), queue: Vec::new() })
    }

    fn hooked(&self, command: &Command) -> Command {
        let position = |item: &ItemId| self.before.items.by_id.get(item).map(|found| found.position);
        let seen = self.touched.keys().map(|item| (*item, position(item))).collect();
        let proposals = self.proposals.clone();
        Command::Hooked(Box::new(Hooked { command: command.clone(), seen, proposals }))
    }

    async fn ask_before(&mut self) -> Result<(), SubmitError> {
        if self.outcome.repeated.is_some() {
            return Ok(());
        }
        for (item, phase) in self.touched.clone() {
            let state = if phase == Phase::Delete { self.before.clone() } else { self.outcome.state.clone() };
            let lists = lists(&state, item).map_err(|rejection| self.refused(rejection))?;
            let mut seen = None;
            for hook in lists.before(phase) {
                let shown = seen.get_or_insert_with(|| artifacts::enriched(&state, item)).clone();
                let said = self.run(hook, item, phase, shown.clone()).await?;
                seen = Some(self.hear(hook, item, phase, shown, said)?);
            }
        }
        Ok(())
    }

    /// What the next hook of the same item sees, after this one's wishes.
    fn hear(&mut self, hook: &Hook, item: ItemId, phase: Phase, shown: Json, said: Said) -> Result<Json, SubmitError> {
        if said.status == ERROR {
            return Err(self.refused(refusal(hook, item, said)));
        }
        let mut shown = shown;
        self.queue.extend(asked_for(&said).filter(|next| *next != item));
        if phase == Phase::Delete {
            return Ok(shown);
        }
        let artifact = shown.get_mut("artifact");
        let held = artifact.as_ref().and_then(|artifact| artifact.get("fields")).and_then(Json::as_object);
        let changed = changed(held.unwrap_or(&Map::new()), &said.fields);
        let name = said.name.filter(|name| artifact.as_ref().is_some_and(|held| held["name"] != **name));
        if let Some(Json::Object(artifact)) = artifact {
            artifact.insert("fields".to_owned(), Json::Object(said.fields));
            artifact.extend(name.iter().map(|name| ("name".to_owned(), Json::from(name.as_str()))));
        }
        if name.is_some() || !changed.is_empty() {
            let proposal = Proposal { item, name: name.map(Arc::from), fields: inputs(&changed) };
            self.proposals.push(proposal);
        }
        Ok(shown)
    }

    /// Post hooks see what is durable; what they say changes nothing any more.
    async fn tell_after(&mut self, after: &State) {
        for (item, phase) in std::mem::take(&mut self.touched) {
            let state = if phase == Phase::Delete { self.before.clone() } else { after.clone() };
            let Ok(lists) = lists(&state, item) else { continue };
            for hook in lists.after(phase) {
                match self.run(hook, item, phase, artifacts::enriched(&state, item)).await {
                    Ok(said) => self.queue.extend(asked_for(&said)),
                    Err(error) => tracing::warn!(%item, hook = hook.name, %error, "a post hook failed"),
                }
            }
        }
    }

    async fn run(&self, hook: &Hook, item: ItemId, phase: Phase, shown: Json) -> Result<Said, SubmitError> {
        let mut told = shown;
        if let Json::Object(told) = &mut told {
            told.insert("phase".to_owned(), phase.word().into());
        }
        let script = Script { name: &hook.name, text: &hook.script, handler: Handler::Hook };
        let said = self.hooks.run(self.app, self.caller, script, told).await;
        said.map_err(|error| match error {
            RunError::Busy => SubmitError::Busy,
            error => {
                let why = error.to_string();
                self.refused(Refusal::HookFailed { item, hook: hook.name.as_str().into(), why }.into())
            }
        })
    }

    const fn refused(&self, rejection: Rejection) -> SubmitError {
        refused(&self.before, rejection)
    }
}

/// What the command does to which items. A Save counts also when it changes nothing.
fn touched(command: &Command, events: &[Recorded]) -> Touched {
    let mut touched = Touched::new();
    if let Command::Item(ItemCommand::Save { item, .. }) = command {
        touched.insert(*item, Phase::Update);
    }
    for recorded in events {
        let Some(item) = recorded.event.item() else { continue };
        match &recorded.event {
            Event::Item(ItemEvent::ItemCreated { .. } | ItemEvent::ItemGoverned { .. }) => {
                touched.insert(item, Phase::Create);
            }
            Event::Item(ItemEvent::ItemDeleted { .. }) => {
                touched.insert(item, Phase::Delete);
            }
            _ => {
                touched.entry(item).or_insert(Phase::Update);
            }
        }
    }
    touched
}

fn lists(state: &State, item: ItemId) -> Result<Lists, Rejection> {
    let version = state.items.by_id.get(&item).and_then(|found| state.templates.version(&found.template));
    version
        .map_or_else(|| Ok(Lists::default()), |version| Lists::of(version))
        .map_err(|error| Refusal::HookFailed { item, hook: "logicalHookList".into(), why: error.to_string() }.into())
}

/// The items whose hooks shall run next.
fn asked_for(said: &Said) -> impl Iterator<Item = ItemId> {
    said.artifact_ids_to_update.iter().filter_map(|id| id.parse().ok()).take(QUEUE_MAX)
}

/// The fields that are others now; those that are gone are null.
pub(super) fn changed(before: &Map<String, Json>, after: &Map<String, Json>) -> Map<String, Json> {
    let set = after.iter().filter(|(field, value)| before.get(*field).unwrap_or(&Json::Null) != *value);
    let gone = before.keys().filter(|field| !after.contains_key(*field)).map(|field| (field.clone(), Json::Null));
    set.map(|(field, value)| (field.clone(), value.clone())).chain(gone).collect()
}

fn refusal(hook: &Hook, item: ItemId, said: Said) -> Rejection {
    let problems = said.field_messages.into_iter().map(|(field, message)| {
        let message = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
        FieldProblem { field: field.into(), code: "hook", message }
    });
    let problems = FieldProblems(problems.collect());
    Refusal::HookRefused { item, hook: hook.name.as_str().into(), message: said.message, problems }.into()
}
